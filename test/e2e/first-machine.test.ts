import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, TestCloud } from './cloud.ts'
import { nothingLeft } from './leftovers.ts'

let cloud: TestCloud
let image: string
let key: string

interface Instance {
  InstanceId: string
  State: { Name: string }
  PublicIpAddress?: string
  PrivateIpAddress?: string
}

beforeAll(async () => {
  cloud = await TestCloud.start()
  image = await cloud.image()
  const { KeyMaterial } = await cloud.aws('ec2', 'create-key-pair', '--key-name', 'test', '--key-type', 'ed25519')
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
})

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

async function launch(...more: string[]): Promise<Instance> {
  const { Instances } = (await cloud.aws(
    'ec2',
    'run-instances',
    '--image-id',
    image,
    '--key-name',
    'test',
    '--instance-type',
    'm1.small',
    ...more,
  )) as {
    Instances: Instance[]
  }
  const id = Instances[0]!.InstanceId
  await cloud.aws('ec2', 'wait', 'instance-running', '--instance-ids', id)
  return describe(id)
}

async function describe(id: string): Promise<Instance> {
  const { Reservations } = (await cloud.aws('ec2', 'describe-instances', '--instance-ids', id)) as {
    Reservations: { Instances: Instance[] }[]
  }
  return Reservations[0]!.Instances[0]!
}

async function terminate(id: string): Promise<void> {
  await cloud.aws('ec2', 'terminate-instances', '--instance-ids', id)
  await cloud.aws('ec2', 'wait', 'instance-terminated', '--instance-ids', id)
}

test('a stranger launches a machine, logs in, reads its console and ends it; nothing is left', async () => {
  const { InstanceId: id, PublicIpAddress: address } = await launch()
  await expect(cloud.ssh(key, address!, 'true')).rejects.toThrow() // The default group lets nobody in.
  await cloud.aws(
    'ec2',
    'authorize-security-group-ingress',
    '--group-name',
    'default',
    '--protocol',
    'tcp',
    '--port',
    '22',
    '--cidr',
    '0.0.0.0/0',
  )
  const said = await eventually(() =>
    cloud.ssh(key, address!, 'uname -n; cat /sys/class/dmi/id/product_uuid; df /mnt; cat /proc/swaps'),
  )
  expect(said).toMatch(/^ip-172-31-/)
  expect(said).toMatch(/^ec2/im)
  expect(said).toMatch(/\/mnt$/m)
  expect(said).toMatch(/partition/)
  const console_ = await cloud.awsText('ec2', 'get-console-output', '--instance-id', id, '--latest', '--output', 'text')
  expect(console_).toContain('cumulet: ready')
  await cloud.aws(
    'ec2',
    'revoke-security-group-ingress',
    '--group-name',
    'default',
    '--protocol',
    'tcp',
    '--port',
    '22',
    '--cidr',
    '0.0.0.0/0',
  )
  await eventually(
    async () =>
      await cloud.ssh(key, address!, 'true').then(
        () => undefined,
        () => true,
      ),
  )
  await terminate(id)
  expect(await cloud.awsText('ec2', 'get-console-output', '--instance-id', id, '--output', 'text')).toContain(
    'cumulet: ready',
  )
  await nothingLeft(cloud)
})

test('user data that is a script runs once, its output is on the console, and a reboot keeps the disks', async () => {
  const script = '#!/bin/sh\necho "user data says $((6 * 7))"\necho once >> /root/ran\n'
  await writeFile(join(cloud.data, 'script'), script)
  await cloud.aws(
    'ec2',
    'authorize-security-group-ingress',
    '--group-name',
    'default',
    '--protocol',
    'tcp',
    '--port',
    '22',
    '--cidr',
    '0.0.0.0/0',
  )
  const { InstanceId: id, PublicIpAddress: address } = await launch(
    '--user-data',
    `file://${join(cloud.data, 'script')}`,
  )
  await eventually(async () => {
    const text = await cloud.awsText('ec2', 'get-console-output', '--instance-id', id, '--latest', '--output', 'text')
    return text.includes('user data says 42') || undefined
  })
  const before = await eventually(() => cloud.ssh(key, address!, 'cat /proc/sys/kernel/random/boot_id'))
  await cloud.aws('ec2', 'reboot-instances', '--instance-ids', id)
  await eventually(async () => {
    const after = await cloud.ssh(key, address!, 'cat /proc/sys/kernel/random/boot_id')
    return after === before ? undefined : after
  })
  expect(await cloud.ssh(key, address!, 'cat /root/ran')).toBe('once\n')
  await terminate(id)
})

test('a guest that powers itself off is terminated, by its own doing', async () => {
  const { InstanceId: id, PublicIpAddress: address } = await launch()
  await eventually(() => cloud.ssh(key, address!, 'true'))
  await cloud.ssh(key, address!, 'poweroff').catch(() => '') // The connection may go first.
  await cloud.aws('ec2', 'wait', 'instance-terminated', '--instance-ids', id)
  const { Reservations } = (await cloud.aws('ec2', 'describe-instances', '--instance-ids', id)) as {
    Reservations: { Instances: { StateReason: { Code: string } }[] }[]
  }
  expect(Reservations[0]!.Instances[0]!.StateReason.Code).toBe('Client.InstanceInitiatedShutdown')
})

test('the control plane and the agent are killed; the guest runs on, and is found and ended by new ones', async () => {
  const { InstanceId: id, PublicIpAddress: address } = await launch()
  const boot = await eventually(() => cloud.ssh(key, address!, 'cat /proc/sys/kernel/random/boot_id'))
  const agent = await cloud.agentPid()
  await cloud.end('SIGKILL')
  process.kill(agent, 'SIGKILL')
  expect(await cloud.ssh(key, address!, 'cat /proc/sys/kernel/random/boot_id')).toBe(boot)
  await cloud.up()
  expect((await describe(id)).State.Name).toBe('running')
  expect(await cloud.ssh(key, address!, 'cat /proc/sys/kernel/random/boot_id')).toBe(boot)
  await terminate(id)
  await nothingLeft(cloud)
})

test('the first launch of a type wakes where a machine of it was parked in advance', async () => {
  expect(await cloud.cumulet('image', 'warm', image, '--type', 'c1.medium')).toMatch(/: parked\n$/)
  const { InstanceId: id } = await launch('--instance-type', 'c1.medium')
  await eventually(async () => {
    const text = await cloud.awsText('ec2', 'get-console-output', '--instance-id', id, '--latest', '--output', 'text')
    return text.includes('cumulet: woken') || undefined
  })
  await terminate(id)
})

test('a virtual machine that is killed is an instance that ended by our fault', async () => {
  const { InstanceId: id } = await launch()
  const agentLog = await readFile(join(cloud.data, 'logs/agent.log'), 'utf8')
  expect(agentLog).not.toContain('"level":50')
  const pid = await pidOf(id)
  process.kill(pid, 'SIGKILL')
  await cloud.aws('ec2', 'wait', 'instance-terminated', '--instance-ids', id)
  await nothingLeft(cloud)
})

/** The virtual machine's process: its arguments name its instance's UUID, found through the spec of its host. */
async function pidOf(id: string): Promise<number> {
  const { domainsOf } = await import('./leftovers.ts')
  return (await domainsOf(cloud)).find((it) => it.instance === id)!.pid
}
