import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const launch = (PrivateDnsNameOptions?: ec2.PrivateDnsNameOptionsRequest) =>
  client.send(new ec2.RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, PrivateDnsNameOptions }))
const modify = (input: ec2.ModifyPrivateDnsNameOptionsRequest) =>
  client.send(new ec2.ModifyPrivateDnsNameOptionsCommand(input))

/** Names of instances by their ids, as hosts are told. */
async function names(): Promise<Record<string, string>> {
  const hosts = await cloud.store.read(({ db }) => db.selectFrom('hosts').select('id').execute())
  const ids = hosts.map((it) => it.id)
  const specs = await cloud.store.read((reader) => specsFrom(testCloud)(reader, ids))
  const told = specs.flatMap((it) => it.routers.flatMap((router) => Object.entries(router.dns?.hosts ?? {})))
  return Object.fromEntries(told.filter(([name]) => name.startsWith('i-')))
}

test('the id of an instance is a name from its launch on, or once that is asked for, until it is not', async () => {
  const { Instances } = await launch({ EnableResourceNameDnsARecord: true })
  const { InstanceId, PrivateIpAddress, PrivateDnsNameOptions } = Instances![0]!
  expect(PrivateDnsNameOptions).toMatchObject({ HostnameType: 'ip-name', EnableResourceNameDnsARecord: true })
  await cloud.run(InstanceId!)
  const name = `${InstanceId}.us-west-2.compute.internal`
  expect(await names()).toEqual({ [name]: PrivateIpAddress })
  const Filters = [{ Name: 'private-dns-name-options.enable-resource-name-dns-a-record', Values: ['true'] }]
  const found = await client.send(new ec2.DescribeInstancesCommand({ Filters }))
  expect(found.Reservations).toHaveLength(1)

  expect(await modify({ InstanceId, EnableResourceNameDnsARecord: false })).toMatchObject({ Return: true })
  expect(await names()).toEqual({})
  await modify({ InstanceId, EnableResourceNameDnsARecord: true })
  await modify({ InstanceId, EnableResourceNameDnsARecord: true })
  expect(await names()).toEqual({ [name]: PrivateIpAddress })
})

test('what an id cannot be is refused', async () => {
  const { Instances } = await launch()
  const { InstanceId } = Instances![0]!
  expect(Instances![0]!.PrivateDnsNameOptions?.EnableResourceNameDnsARecord).toBe(false)
  expect(await refusal(launch({ HostnameType: 'resource-name' }))).toMatch(/^UnsupportedOperation/)
  expect(await refusal(modify({ InstanceId, EnableResourceNameDnsAAAARecord: true }))).toMatch(/^UnsupportedOperation/)
  expect(await refusal(modify({ InstanceId }))).toMatch(/^InvalidParameterCombination/)
  expect(await refusal(modify({ InstanceId: 'i-11111111', EnableResourceNameDnsARecord: true }))).toMatch(
    /^InvalidInstanceID.NotFound/,
  )
})
