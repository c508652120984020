import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstanceAttributeCommand,
  type DescribeInstanceAttributeCommandInput,
  DescribeInstanceCreditSpecificationsCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  type EC2Client,
  GetConsoleOutputCommand,
  ModifyInstanceAttributeCommand,
  type ModifyInstanceAttributeCommandInput,
  ModifyInstanceMetadataOptionsCommand,
  MonitorInstancesCommand,
  RebootInstancesCommand,
  ResetInstanceAttributeCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  UnmonitorInstancesCommand,
  waitUntilInstanceStatusOk,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { InstanceId } from '../../../model/ids.ts'
import { bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const launch = async (input: Partial<RunInstancesCommandInput> = {}) =>
  (await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, ...input })))
    .Instances![0]!.InstanceId!
const running = async (input: Partial<RunInstancesCommandInput> = {}) => {
  const id = await launch(input)
  await cloud.run(id)
  return id
}
const rowOf = (id: string) =>
  cloud.store.read((reader) =>
    reader.db
      .selectFrom('instances')
      .selectAll()
      .where('id', '=', id as InstanceId)
      .executeTakeFirstOrThrow(),
  )
/** The hosts that `work` wishes something of. */
const told = async (work: () => Promise<unknown>) => {
  const before = await cloud.generations()
  await work()
  return Object.entries(await cloud.generations()).flatMap(([host, generation]) =>
    generation > before[host]! ? [host] : [],
  )
}

describe('every action on an instance', () => {
  test.each([
    ['DescribeInstances', 'InstanceId.1', {}],
    ['DescribeInstanceStatus', 'InstanceId.1', {}],
    ['DescribeInstanceAttribute', 'InstanceId', { Attribute: 'userData' }],
    ['ModifyInstanceAttribute', 'InstanceId', { 'DisableApiStop.Value': 'true' }],
    ['ModifyInstanceMetadataOptions', 'InstanceId', {}],
    ['ResetInstanceAttribute', 'InstanceId', { Attribute: 'sourceDestCheck' }],
    ['GetConsoleOutput', 'InstanceId', {}],
    ['RebootInstances', 'InstanceId.1', {}],
    ['MonitorInstances', 'InstanceId.1', {}],
    ['UnmonitorInstances', 'InstanceId.1', {}],
    ['StopInstances', 'InstanceId.1', {}],
    ['StartInstances', 'InstanceId.1', {}],
    ['TerminateInstances', 'InstanceId.1', {}],
    ['DescribeInstanceCreditSpecifications', 'InstanceId.1', {}],
  ])('%s says that an unknown one is not there, and that a malformed id is none', async (name, parameter, more) => {
    const answer = (id: string) => cloud.ask(name, { ...more, [parameter]: id })
    expect(await answer('i-00000000')).toContain(
      "<Code>InvalidInstanceID.NotFound</Code><Message>The instance ID 'i-00000000' does not exist<",
    )
    expect(await answer('i-1,i-2')).toContain('<Code>InvalidInstanceID.Malformed</Code>')
  })

  test('sees none of another account', async () => {
    const mine = await running()
    expect(await refusal(cloud.client(bob).send(new TerminateInstancesCommand({ InstanceIds: [mine] })))).toMatch(
      /^InvalidInstanceID.NotFound/,
    )
    expect((await cloud.client(bob).send(new DescribeInstancesCommand({}))).Reservations).toEqual([])
  })
})

describe('console output', () => {
  const read = async (InstanceId: string) => {
    const { Output, Timestamp } = await client.send(new GetConsoleOutputCommand({ InstanceId, Latest: true }))
    return { text: Buffer.from(Output ?? '', 'base64').toString(), at: Timestamp }
  }

  test('is read from the host while the instance runs', async () => {
    const id = await running()
    cloud.consoles.set((await rowOf(id)).domainId, 'Linux version 6.1\r\nlogin: ')
    expect(await read(id)).toEqual({ text: 'Linux version 6.1\r\nlogin: ', at: cloud.clock.now() })
  })

  test('is empty while the machine is being made, and while its host is away', async () => {
    const pending = await launch()
    expect((await read(pending)).text).toBe('')
    expect((await read(await running())).text).toBe('')
  })

  test('is kept when the instance has ended, with the time when it was read', async () => {
    const id = await running()
    const row = {
      instanceId: id as InstanceId,
      text: Buffer.from('reboot: Power down').toString('base64'),
      readAt: 1_000,
    }
    await cloud.store.transact((tx) => tx.db.insertInto('consoles').values(row).execute())
    await cloud.end(id)
    expect(await read(id)).toEqual({ text: 'reboot: Power down', at: new Date(1_000) })
  })

  test('is answered to the first clients, that number a single id', async () => {
    const id = await running()
    cloud.consoles.set((await rowOf(id)).domainId, 'hello')
    expect(await cloud.ask('GetConsoleOutput', { 'InstanceId.1': id })).toContain('<output>aGVsbG8=</output>')
  })
})

describe('reboot', () => {
  const reboot = (...InstanceIds: string[]) => client.send(new RebootInstancesCommand({ InstanceIds }))

  test('counts, and tells the host', async () => {
    const id = await running()
    const { hostId } = await rowOf(id)
    expect(await told(() => reboot(id))).toEqual([hostId])
    expect(await rowOf(id)).toMatchObject({ reboots: 1, state: 'running' })
  })

  test('passes over what has ended, and is refused for what does not run yet: then nobody reboots', async () => {
    const [alive, ended, pending] = [await running(), await running(), await launch()]
    await cloud.end(ended)
    await reboot(alive, ended)
    expect(await refusal(reboot(alive, pending))).toBe(
      `IncorrectInstanceState: The instance '${pending}' is not in a state from which it can be rebooted.`,
    )
    expect((await rowOf(alive)).reboots).toBe(1)
  })
})

describe('attributes', () => {
  const read = async (id: string, Attribute: DescribeInstanceAttributeCommandInput['Attribute']) => {
    const {
      $metadata: _,
      InstanceId,
      ...rest
    } = await client.send(new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute }))
    expect(InstanceId).toBe(id)
    return rest
  }
  const modify = (InstanceId: string, input: Partial<ModifyInstanceAttributeCommandInput>) =>
    client.send(new ModifyInstanceAttributeCommand({ InstanceId, ...input }))

  test.each([
    ['instanceType', { InstanceType: { Value: 'm1.small' } }],
    ['kernel', { KernelId: {} }],
    ['ramdisk', { RamdiskId: {} }],
    ['userData', { UserData: { Value: 'aGVsbG8=' } }],
    ['disableApiTermination', { DisableApiTermination: { Value: false } }],
    ['disableApiStop', { DisableApiStop: { Value: false } }],
    ['instanceInitiatedShutdownBehavior', { InstanceInitiatedShutdownBehavior: { Value: 'terminate' } }],
    ['rootDeviceName', { RootDeviceName: { Value: '/dev/sda1' } }],
    ['blockDeviceMapping', { BlockDeviceMappings: [] }],
    ['productCodes', { ProductCodes: [] }],
    ['sourceDestCheck', { SourceDestCheck: { Value: true } }],
    ['groupSet', { Groups: [{ GroupId: expect.stringMatching(/^sg-/), GroupName: 'default' }] }],
    ['ebsOptimized', { EbsOptimized: { Value: false } }],
    ['sriovNetSupport', { SriovNetSupport: {} }],
    ['enaSupport', { EnaSupport: { Value: false } }],
    ['enclaveOptions', { EnclaveOptions: { Enabled: false } }],
  ] as const)('%s is described', async (attribute, answer) => {
    expect(await read(await launch({ UserData: 'aGVsbG8=' }), attribute)).toEqual(answer)
  })

  test('one that nobody knows is refused', async () => {
    const id = await launch()
    expect(await refusal(read(id, 'colour' as never))).toMatch(/^InvalidParameterValue: Value \(colour\)/)
    expect(await refusal(read(id, 'constructor' as never))).toMatch(/^InvalidParameterValue/)
  })

  test('termination is forbidden and allowed again, by new clients and by old ones', async () => {
    const id = await running()
    await modify(id, { DisableApiTermination: { Value: true } })
    expect(await read(id, 'disableApiTermination')).toEqual({ DisableApiTermination: { Value: true } })
    const terminate = () => client.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
    expect(await refusal(terminate())).toBe(
      `OperationNotPermitted: The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    )
    const old = { InstanceId: id, Attribute: 'disableApiTermination', Value: 'False' }
    expect(await cloud.ask('ModifyInstanceAttribute', old)).toContain('<return>true</return>')
    expect((await terminate()).TerminatingInstances).toMatchObject([
      { PreviousState: { Name: 'running' }, CurrentState: { Name: 'shutting-down' } },
    ])
  })

  test('groups change under the running guest, on every host of its VPC', async () => {
    const id = await running()
    const { GroupId } = await client.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web' }))
    const { hostId } = await rowOf(id)
    expect((await told(() => modify(id, { Groups: [GroupId!] }))).sort()).toEqual(['edge', hostId].sort())
    expect(await read(id, 'groupSet')).toEqual({ Groups: [{ GroupId, GroupName: 'web' }] })
    expect(await refusal(modify(id, { Groups: ['sg-00000000'] }))).toMatch(/^InvalidGroup.NotFound/)
    const asEuca2ools = { InstanceId: id, 'SecurityGroupId.1': GroupId! }
    expect(await cloud.ask('ModifyInstanceAttribute', asEuca2ools)).toContain('<return>true</return>')
  })

  test('the source/destination check is turned off, and reset', async () => {
    const id = await running()
    await modify(id, { SourceDestCheck: { Value: false } })
    expect(await read(id, 'sourceDestCheck')).toEqual({ SourceDestCheck: { Value: false } })
    await client.send(new ResetInstanceAttributeCommand({ InstanceId: id, Attribute: 'sourceDestCheck' }))
    expect(await read(id, 'sourceDestCheck')).toEqual({ SourceDestCheck: { Value: true } })
  })

  test.each<[string, Partial<ModifyInstanceAttributeCommandInput>, RegExp]>([
    ['none', {}, /^InvalidParameterCombination: No attributes specified.$/],
    ['an empty list of groups', { Groups: [] }, /^InvalidParameterCombination: No attributes specified.$/],
    [
      'two',
      { EbsOptimized: { Value: true }, SourceDestCheck: { Value: true } },
      /^InvalidParameterCombination: Fields for multiple attribute types specified$/,
    ],
    [
      'a type',
      { InstanceType: { Value: 'm1.large' } },
      /^IncorrectInstanceState: The instance 'i-[0-9a-f]{17}' is not in the 'stopped' state.$/,
    ],
    ['user data', { UserData: { Value: Buffer.from('x') } }, /^IncorrectInstanceState/],
    ['a kernel', { Kernel: { Value: 'aki-fc37bacc' } }, /^IncorrectInstanceState/],
    [
      'a device',
      { BlockDeviceMappings: [{ DeviceName: '/dev/sdf' }] },
      /^InvalidInstanceAttributeValue: No device is currently mapped at \/dev\/sdf$/,
    ],
    ['how it shuts down', { InstanceInitiatedShutdownBehavior: { Value: 'stop' } }, /^UnsupportedOperation/],
    ['how it shuts down to nonsense', { InstanceInitiatedShutdownBehavior: { Value: 'x' } }, /^InvalidParameterValue/],
    ['a word that is no truth', { Attribute: 'disableApiStop', Value: 'perhaps' }, /^InvalidParameterValue/],
    ['a name that is none', { Attribute: 'toString' as never, Value: 'x' }, /^InvalidParameterValue/],
  ])('modifying %s is refused', async (_, input, words) => {
    expect(await refusal(modify(await running(), input))).toMatch(words)
  })

  test('an instance that has ended is changed no more', async () => {
    const id = await running()
    await cloud.end(id)
    for (const input of [
      { SourceDestCheck: { Value: true } },
      { DisableApiStop: { Value: true } },
      { Groups: ['sg-00000000'] },
    ]) {
      expect(await refusal(modify(id, input))).toMatch(/^IncorrectInstanceState/)
    }
    expect(await read(id, 'groupSet')).toEqual({ Groups: [] })
  })
})

describe('metadata options', () => {
  const modify = (InstanceId: string, input: object) =>
    client.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, ...input }))

  test('change one by one, and the host is told', async () => {
    const id = await running()
    const { hostId } = await rowOf(id)
    const hosts = await told(async () => {
      const answer = await modify(id, { HttpTokens: 'required' })
      expect(answer.InstanceMetadataOptions).toMatchObject({
        State: 'pending',
        HttpTokens: 'required',
        HttpPutResponseHopLimit: 1,
      })
    })
    expect(hosts).toEqual([hostId])
    await modify(id, { HttpPutResponseHopLimit: 64 })
    const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
    expect(Reservations?.[0]?.Instances?.[0]?.MetadataOptions).toMatchObject({
      ...{ State: 'applied', HttpTokens: 'required', HttpPutResponseHopLimit: 64, HttpEndpoint: 'enabled' },
    })
  })

  test.each([
    { HttpTokens: 'maybe' },
    { HttpPutResponseHopLimit: 65 },
    { HttpPutResponseHopLimit: 0 },
    { HttpEndpoint: 'on' },
  ])('%j is refused', async (input) => {
    expect(await refusal(modify(await running(), input))).toMatch(/^InvalidParameterValue/)
  })

  test('tags that are shown reach the host, and have to be readable as paths', async () => {
    const id = await running()
    await client.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'a b', Value: '' }] }))
    expect(await refusal(modify(id, { InstanceMetadataTags: 'enabled' }))).toMatch(
      /^InvalidParameterValue: 'a b' is not a valid tag key/,
    )
  })
})

describe('status', () => {
  const status = async (input = {}) =>
    (await client.send(new DescribeInstanceStatusCommand(input))).InstanceStatuses ?? []

  test('is told of running instances, and of all if asked', async () => {
    const [id, pending] = [await running(), await launch()]
    expect(await status()).toMatchObject([
      { InstanceId: id, InstanceStatus: { Status: 'ok' }, SystemStatus: { Status: 'ok' }, Events: [] },
    ])
    const all = await status({ IncludeAllInstances: true })
    expect(all.find((it) => it.InstanceId === pending)).toMatchObject({
      InstanceState: { Name: 'pending' },
      InstanceStatus: { Status: 'not-applicable' },
    })
    expect(await status({ InstanceIds: [pending] })).toEqual([])
  })

  test('is waited for by the official waiter', async () => {
    const id = await running()
    await waitUntilInstanceStatusOk({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { InstanceIds: [id] })
  })

  test('of a lost domain is impaired; of a host that is away there is no data', async () => {
    const id = await running()
    const { domainId, hostId } = await rowOf(id)
    await cloud.store.transact(async (tx) => {
      await tx.db.updateTable('domainFacts').set({ state: 'lost' }).where('id', '=', domainId).execute()
      await tx.db.updateTable('hosts').set({ connected: 0 }).where('id', '=', hostId!).execute()
    })
    expect(await status()).toMatchObject([
      {
        InstanceStatus: { Status: 'impaired', Details: [{ Name: 'reachability', Status: 'failed' }] },
        SystemStatus: { Status: 'insufficient-data' },
      },
    ])
    expect(await status({ Filters: [{ Name: 'system-status.status', Values: ['ok'] }] })).toEqual([])
  })
})

describe('what an instance without volumes cannot do', () => {
  test.each([
    ['stopped', (InstanceIds: string[]) => client.send(new StopInstancesCommand({ InstanceIds }))],
    ['started', (InstanceIds: string[]) => client.send(new StartInstancesCommand({ InstanceIds }))],
  ] as const)('it cannot be %s', async (verb, send) => {
    const id = await running()
    expect(await refusal(send([id]))).toBe(
      `UnsupportedOperation: The instance '${id}' does not have an 'ebs' root device type and cannot be ${verb}.`,
    )
    await cloud.end(id)
    expect(await refusal(send([id]))).toMatch(/^IncorrectInstanceState/)
  })
})

test('detailed monitoring is turned on and off', async () => {
  const id = await running()
  const on = await client.send(new MonitorInstancesCommand({ InstanceIds: [id] }))
  expect(on.InstanceMonitorings).toEqual([{ InstanceId: id, Monitoring: { State: 'enabled' } }])
  expect((await rowOf(id)).monitoring).toBe(1)
  const off = await client.send(new UnmonitorInstancesCommand({ InstanceIds: [id] }))
  expect(off.InstanceMonitorings).toEqual([{ InstanceId: id, Monitoring: { State: 'disabled' } }])
})

test('burstable instances have standard credit; no instance has a profile', async () => {
  const credits = async (InstanceIds?: string[]) =>
    (await client.send(new DescribeInstanceCreditSpecificationsCommand({ InstanceIds }))).InstanceCreditSpecifications
  const [burstable, other] = [await launch({ InstanceType: 't3.micro' }), await launch()]
  expect(await credits([burstable])).toEqual([{ InstanceId: burstable, CpuCredits: 'standard' }])
  expect(await credits()).toEqual([])
  expect(await refusal(credits([other]))).toMatch(/^InvalidParameterValue/)
  const filter = { Filters: [{ Name: 'instance-id', Values: [other] }] }
  expect(
    (await client.send(new DescribeIamInstanceProfileAssociationsCommand(filter))).IamInstanceProfileAssociations,
  ).toEqual([])
})
