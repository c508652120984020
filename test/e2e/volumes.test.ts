import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EC2 } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { identify, sendKill } from '../../src/base/process.ts'
import { eventually, TestCloud } from './cloud.ts'
import { nothingLeft } from './leftovers.ts'

let cloud: TestCloud
let image: string
let onVolume: string
let key: string

interface Guest {
  readonly id: string
  readonly address: string
}

beforeAll(async () => {
  cloud = await TestCloud.start()
  image = await cloud.image()
  onVolume = await cloud.image('cumulet-tiny-ebs')
  const { KeyMaterial } = await cloud.aws('ec2', 'create-key-pair', '--key-name', 'test', '--key-type', 'ed25519')
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
  const open = ['--group-name', 'default', '--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
  await cloud.aws('ec2', 'authorize-security-group-ingress', ...open)
})

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

async function launch(of = image, ...more: string[]): Promise<Guest> {
  const asked = ['--image-id', of, '--key-name', 'test', '--placement', 'AvailabilityZone=us-west-2a', ...more]
  const { Instances } = (await cloud.aws('ec2', 'run-instances', ...asked)) as { Instances: { InstanceId: string }[] }
  const id = Instances[0]!.InstanceId
  await until(id, 'running')
  return { id, address: await addressOf(id) }
}

async function addressOf(id: string): Promise<string> {
  const query = 'Reservations[0].Instances[0].PublicIpAddress'
  const asked = ['--instance-ids', id, '--query', query, '--output', 'text']
  return (await cloud.awsText('ec2', 'describe-instances', ...asked)).trim()
}

const run = (guest: Guest, command: string) => cloud.ssh(key, guest.address, command)
const runSoon = (guest: Guest, command: string) => eventually(() => run(guest, command))

async function create(...more: string[]): Promise<string> {
  const asked = ['--availability-zone', 'us-west-2a', ...more]
  const { VolumeId } = (await cloud.aws('ec2', 'create-volume', ...asked)) as { VolumeId: string }
  await until(VolumeId, 'available')
  return VolumeId
}

async function attach(volume: string, { id }: Guest, device: string): Promise<void> {
  await cloud.aws('ec2', 'attach-volume', '--volume-id', volume, '--instance-id', id, '--device', device)
  await eventually(async () => ((await attachmentState(volume)) === 'attached' ? true : undefined))
}

/** The CLI's own waiters look every fifteen seconds. */
async function until(id: string, state: string): Promise<void> {
  await eventually(async () => ((await stateOf(id)) === state ? true : undefined))
}

async function stateOf(id: string): Promise<string> {
  const [what, query] = id.startsWith('vol-')
    ? ['volume', 'Volumes[0].State']
    : id.startsWith('snap-')
      ? ['snapshot', 'Snapshots[0].State']
      : ['instance', 'Reservations[0].Instances[0].State.Name']
  const asked = [`--${what}-ids`, id, '--query', query!, '--output', 'text']
  return (await cloud.awsText('ec2', `describe-${what}s`, ...asked)).trim()
}

async function attachmentState(volume: string): Promise<string> {
  const query = 'Volumes[0].Attachments[0].State'
  const asked = ['--volume-ids', volume, '--query', query, '--output', 'text']
  return (await cloud.awsText('ec2', 'describe-volumes', ...asked)).trim()
}

async function detach(volume: string): Promise<void> {
  await cloud.aws('ec2', 'detach-volume', '--volume-id', volume)
  await until(volume, 'available')
}

async function terminate(...guests: Guest[]): Promise<void> {
  const ids = guests.map((it) => it.id)
  await cloud.aws('ec2', 'terminate-instances', '--instance-ids', ...ids)
  for (const it of ids) await until(it, 'terminated')
}

test('what is written to a volume outlives machines, servers and agents, and a snapshot holds a moment of it', {
  timeout: 240_000,
}, async () => {
  const [one, two, volume] = await Promise.all([launch(), launch(), create('--size', '1')])
  await attach(volume, one, '/dev/xvdf')
  await runSoon(one, 'test -b /dev/xvdf && test -b /dev/sdf')
  expect(await run(one, 'cat /sys/block/vd*/serial')).toContain(volume.replace('-', ''))
  await run(one, 'mke2fs -q -F /dev/xvdf 2>/dev/null || mkfs.ext2 -F /dev/xvdf; mkdir -p /vol; mount /dev/xvdf /vol')
  await run(one, 'echo first >/vol/state; sync')

  // The volume's server dies, and the guest does not notice.
  const pid = Number((await serversOf(volume))[0])
  sendKill(identify(pid)!)
  await run(one, 'echo second >/vol/state; sync')
  await cloud.end('SIGKILL')
  sendKill(identify(await cloud.agentPid())!)
  await run(one, 'sync; cat /vol/state')
  await cloud.up()

  const snapshot = await snapshotOf(volume)
  await run(one, 'echo third >/vol/state; sync')
  expect(await cloud.awsRefusal('ec2', 'delete-volume', '--volume-id', volume)).toContain('VolumeInUse')
  const another = ['--volume-id', volume, '--instance-id', two.id, '--device', '/dev/sdf']
  expect(await cloud.awsRefusal('ec2', 'attach-volume', ...another)).toContain('VolumeInUse')

  await run(one, 'umount /vol')
  await detach(volume)
  expect(await run(one, 'ls /dev/xvdf 2>&1 || true')).toContain('No such file')
  await terminate(one)

  await attach(volume, two, '/dev/sdg')
  await runSoon(two, 'test -b /dev/sdg')
  expect(await run(two, 'mkdir -p /vol && mount /dev/sdg /vol && cat /vol/state')).toBe('third\n')

  const older = await create('--snapshot-id', snapshot)
  await attach(older, two, '/dev/sdh')
  await runSoon(two, 'test -b /dev/sdh')
  expect(await run(two, 'mkdir -p /old && mount /dev/sdh /old && cat /old/state')).toBe('second\n')

  // Terminating detaches, without an unmount.
  await run(two, 'echo fourth >/vol/state; sync')
  await terminate(two)
  for (const it of [volume, older]) await until(it, 'available')
  for (const it of [volume, older]) await cloud.aws('ec2', 'delete-volume', '--volume-id', it)
  await cloud.aws('ec2', 'wait', 'volume-deleted', '--volume-ids', volume, older)
  await cloud.aws('ec2', 'delete-snapshot', '--snapshot-id', snapshot)
  await nothingLeft(cloud)
})

test('volumes that are attached while a guest comes up are there, each by its name', async () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  const ec2 = new EC2({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  const volumes = await Promise.all(
    ['f', 'g', 'h', 'i'].map(async (letter) => {
      const { VolumeId } = await ec2.createVolume({ AvailabilityZone: 'us-west-2a', Size: 1 })
      return { letter, VolumeId: VolumeId! }
    }),
  )
  const asked = { ImageId: image, KeyName: 'test', Placement: { AvailabilityZone: 'us-west-2a' } }
  const { Instances } = await ec2.runInstances({ ...asked, MinCount: 1, MaxCount: 1 })
  const InstanceId = Instances![0]!.InstanceId!
  for (const { letter, VolumeId } of volumes) {
    await eventually(() => ec2.attachVolume({ VolumeId, InstanceId, Device: `/dev/sd${letter}` }))
    await delay(100)
  }
  const guest = { id: InstanceId, address: await addressOf(InstanceId) }
  await runSoon(guest, volumes.map(({ letter }) => `test -b /dev/sd${letter}`).join(' && '))
  await terminate(guest)
  ec2.destroy()
})

test('an instance on a volume stops, starts again with all that it had, and takes its volume along when it ends', {
  timeout: 240_000,
}, async () => {
  const mapping = '[{"DeviceName":"/dev/sdf","Ebs":{"VolumeSize":1,"DeleteOnTermination":false}}]'
  const guest = await launch(onVolume, '--block-device-mappings', mapping)
  await runSoon(guest, 'echo kept >/root/kept; sync; test -b /dev/sdf')
  const before = await instanceOf(guest.id)
  expect(before.RootDeviceType).toBe('ebs')
  const volumeAt = (device: string) => before.BlockDeviceMappings.find((it) => it.DeviceName === device)!.Ebs.VolumeId

  await cloud.aws('ec2', 'stop-instances', '--instance-ids', guest.id)
  await until(guest.id, 'stopped')
  const stopped = await instanceOf(guest.id)
  expect([stopped.PublicIpAddress, stopped.PrivateIpAddress]).toEqual([undefined, before.PrivateIpAddress])
  await nothingLeft(cloud)
  const type = ['--instance-id', guest.id, '--instance-type', 'Value=m1.large']
  await cloud.aws('ec2', 'modify-instance-attribute', ...type)

  await cloud.aws('ec2', 'start-instances', '--instance-ids', guest.id)
  await until(guest.id, 'running')
  const again = await instanceOf(guest.id)
  expect(again.PrivateIpAddress).toBe(before.PrivateIpAddress)
  const moved = { id: guest.id, address: again.PublicIpAddress! }
  expect(await runSoon(moved, 'cat /root/kept; grep -c ^processor /proc/cpuinfo; ls /dev/sdf')).toBe(
    'kept\n2\n/dev/sdf\n',
  )

  // Its machine dies: the disks are what they were, so it is stopped rather than lost.
  const { domainsOf } = await import('./leftovers.ts')
  sendKill(identify((await domainsOf(cloud)).find((it) => it.instance === guest.id)!.pid)!)
  await until(guest.id, 'stopped')

  await terminate(moved)
  const [root, other] = [volumeAt('/dev/sda1'), volumeAt('/dev/sdf')]
  await until(other, 'available')
  await eventually(async () => (await cloud.awsRefusal('ec2', 'describe-volumes', '--volume-ids', root)) || undefined)
  await cloud.aws('ec2', 'delete-volume', '--volume-id', other)
  await nothingLeft(cloud)
})

interface Described {
  readonly RootDeviceType: string
  readonly PrivateIpAddress: string
  readonly PublicIpAddress?: string
  readonly BlockDeviceMappings: { DeviceName: string; Ebs: { VolumeId: string } }[]
}

async function instanceOf(id: string): Promise<Described> {
  const { Reservations } = (await cloud.aws('ec2', 'describe-instances', '--instance-ids', id)) as {
    Reservations: { Instances: Described[] }[]
  }
  return Reservations[0]!.Instances[0]!
}

async function snapshotOf(volume: string): Promise<string> {
  const { SnapshotId, State } = (await cloud.aws('ec2', 'create-snapshot', '--volume-id', volume)) as {
    SnapshotId: string
    State: string
  }
  expect(State).toBe('pending')
  await until(SnapshotId, 'completed')
  return SnapshotId
}

/** Numbers of the processes that serve the volume. */
async function serversOf(volume: string): Promise<string[]> {
  const { glob, readFile } = await import('node:fs/promises')
  const found: string[] = []
  for await (const file of glob('/proc/[0-9]*/cmdline')) {
    const words = await readFile(file, 'utf8').catch(() => '') // It may end meanwhile.
    if (words.startsWith('qemu-storage-daemon') && words.includes(`${cloud.data}/volumes/`) && words.includes(volume))
      found.push(file.split('/')[2]!)
  }
  return found
}
