import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, TestCloud } from './cloud.ts'

let cloud: TestCloud
let image: string
let key: string

beforeAll(async () => {
  cloud = await TestCloud.start()
  image = await cloud.image('cumulet-tiny-ebs')
  const { KeyMaterial } = await cloud.aws('ec2', 'create-key-pair', '--key-name', 'test', '--key-type', 'ed25519')
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
  const open = ['--group-name', 'default', '--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
  await cloud.aws('ec2', 'authorize-security-group-ingress', ...open)
})

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

interface Guest {
  readonly id: string
  readonly address: string
}

async function launch(of: string, ...more: string[]): Promise<Guest> {
  const asked = [
    '--image-id',
    of,
    '--instance-type',
    'm1.small',
    '--key-name',
    'test',
    '--placement',
    'AvailabilityZone=us-west-2a',
    ...more,
  ]
  const { Instances } = (await cloud.aws('ec2', 'run-instances', ...asked)) as { Instances: { InstanceId: string }[] }
  const id = Instances[0]!.InstanceId
  await becomes('running', 'describe-instances', 'Reservations[0].Instances[0].State.Name', '--instance-ids', id)
  const address = await text('describe-instances', 'Reservations[0].Instances[0].PublicIpAddress', '--instance-ids', id)
  return { id, address }
}

const run = (guest: Guest, command: string) => cloud.ssh(key, guest.address, command)
const runSoon = (guest: Guest, command: string) => eventually(() => run(guest, command))

async function text(action: string, query: string, ...more: string[]): Promise<string> {
  return (await cloud.awsText('ec2', action, ...more, '--query', query, '--output', 'text')).trim()
}

async function becomes(wanted: string, action: string, query: string, ...more: string[]): Promise<void> {
  await eventually(async () => ((await text(action, query, ...more)) === wanted ? true : undefined))
}

test('a volume grows under its guest, and an image of both its volumes holds what was written last', {
  timeout: 240_000,
}, async () => {
  const mapping = '[{"DeviceName":"/dev/sdf","Ebs":{"VolumeSize":1,"VolumeType":"gp3"}}]'
  const guest = await launch(image, '--block-device-mappings', mapping)
  await runSoon(guest, 'test -b /dev/sdf')
  const volume = await text(
    'describe-volumes',
    'Volumes[0].VolumeId',
    ...['--filters', `Name=attachment.instance-id,Values=${guest.id}`, 'Name=attachment.device,Values=/dev/sdf'],
  )
  await run(guest, 'mke2fs -q -F /dev/sdf 2>/dev/null || mkfs.ext2 -F /dev/sdf; mkdir -p /vol; mount /dev/sdf /vol')
  await run(guest, 'echo before >/vol/state; sync')
  const disk = (await run(guest, 'basename $(readlink -f /dev/sdf)')).trim()
  const sectors = `cat /sys/block/${disk}/size`
  expect(await run(guest, sectors)).toBe('2097152\n')
  await cloud.aws('ec2', 'modify-volume', '--volume-id', volume, '--size', '2', '--volume-type', 'standard')
  const state = ['describe-volumes-modifications', 'VolumesModifications[0].ModificationState'] as const
  await becomes('completed', ...state, '--volume-ids', volume)
  expect(await run(guest, sectors)).toBe('4194304\n')
  expect(await run(guest, 'echo after >>/vol/state; sync; cat /vol/state')).toBe('before\nafter\n')
  await copy(guest)
})

/** An image of the guest, which goes off for it, and comes back; of both volumes, of which another guest is made. */
async function copy(guest: Guest): Promise<void> {
  await run(guest, 'echo kept >/root/kept; echo unsynced >/vol/state')
  const { ImageId } = (await cloud.aws('ec2', 'create-image', '--instance-id', guest.id, '--name', 'copy')) as {
    ImageId: string
  }
  await becomes('available', 'describe-images', 'Images[0].State', '--image-ids', ImageId)
  const another = await launch(ImageId)
  expect(await runSoon(another, 'cat /root/kept; mkdir -p /vol; mount /dev/sdf /vol; cat /vol/state')).toBe(
    'kept\nunsynced\n',
  )
  expect(await runSoon(guest, `cat /root/kept; read up rest </proc/uptime; test \${up%.*} -lt 100 && echo fresh`)).toBe(
    'kept\nfresh\n',
  )
}
