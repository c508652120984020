import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, TestCloud } from './cloud.ts'

let cloud: TestCloud
let image: string
/** An image of two volumes that a guest wrote to. */
let written: string

beforeAll(async () => {
  cloud = await TestCloud.start()
  image = await cloud.image('cumulet-tiny-ebs')
  await letIn(cloud)
})

/** Opens the default group to SSH, and makes the key that guests take. */
async function letIn(to: TestCloud): Promise<void> {
  const { KeyMaterial } = await to.aws('ec2', 'create-key-pair', '--key-name', 'test', '--key-type', 'ed25519')
  await writeFile(join(to.data, 'test.pem'), String(KeyMaterial), { mode: 0o600 })
  const open = ['--group-name', 'default', '--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
  await to.aws('ec2', 'authorize-security-group-ingress', ...open)
}

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

interface Guest {
  readonly of: TestCloud
  readonly id: string
  readonly address: string
}

function launch(image: string, ...more: string[]): Promise<Guest> {
  return launchIn(cloud, image, '--placement', 'AvailabilityZone=us-west-2a', ...more)
}

async function launchIn(of: TestCloud, image: string, ...more: string[]): Promise<Guest> {
  const asked = ['--image-id', image, '--instance-type', 'm1.small', '--key-name', 'test', ...more]
  const { Instances } = (await of.aws('ec2', 'run-instances', ...asked)) as { Instances: { InstanceId: string }[] }
  const id = Instances[0]!.InstanceId
  const told = (what: string) => ['describe-instances', `Reservations[0].Instances[0].${what}`] as const
  await becomesIn(of, 'running', ...told('State.Name'), '--instance-ids', id)
  return { of, id, address: await textIn(of, ...told('PublicIpAddress'), '--instance-ids', id) }
}

const run = ({ of, address }: Guest, command: string) => of.ssh(join(of.data, 'test.pem'), address, command)
const runSoon = (guest: Guest, command: string) => eventually(() => run(guest, command))

type Asked = [action: string, query: string, ...more: string[]]

async function textIn(of: TestCloud, ...[action, query, ...more]: Asked): Promise<string> {
  return (await of.awsText('ec2', action, ...more, '--query', query, '--output', 'text')).trim()
}

async function becomesIn(of: TestCloud, wanted: string, ...asked: Asked): Promise<void> {
  await eventually(async () => ((await textIn(of, ...asked)) === wanted ? true : undefined))
}

const text = (...asked: Asked) => textIn(cloud, ...asked)
const becomes = (wanted: string, ...asked: Asked) => becomesIn(cloud, wanted, ...asked)

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
  written = ImageId
  const another = await launch(ImageId)
  expect(await runSoon(another, 'cat /root/kept; mkdir -p /vol; mount /dev/sdf /vol; cat /vol/state')).toBe(
    'kept\nunsynced\n',
  )
  expect(await runSoon(guest, `cat /root/kept; read up rest </proc/uptime; test \${up%.*} -lt 100 && echo fresh`)).toBe(
    'kept\nfresh\n',
  )
}

test('an image is made of an instance that goes on, and of one that is stopped, with a volume that is encrypted', {
  timeout: 240_000,
}, async () => {
  const mapping = '[{"DeviceName":"/dev/sdf","Ebs":{"VolumeSize":1,"Encrypted":true}}]'
  const guest = await launch(image, '--block-device-mappings', mapping)
  await runSoon(guest, 'test -b /dev/sdf')
  await run(guest, 'mke2fs -q -F /dev/sdf 2>/dev/null || mkfs.ext2 -F /dev/sdf; mkdir -p /vol; mount /dev/sdf /vol')
  const states = async (of: Guest) => runSoon(of, 'mkdir -p /vol; mount /dev/sdf /vol; cat /root/state /vol/state')
  const bootOf = async () => run(guest, 'cat /proc/sys/kernel/random/boot_id')
  const imageOf = async (name: string, ...more: string[]) => {
    const asked = ['--instance-id', guest.id, '--name', name, ...more]
    const { ImageId } = (await cloud.aws('ec2', 'create-image', ...asked)) as { ImageId: string }
    await becomes('available', 'describe-images', 'Images[0].State', '--image-ids', ImageId)
    return ImageId
  }
  await run(guest, 'echo first | tee /root/state >/vol/state; sync')
  const boot = await bootOf()
  const running = await launch(await imageOf('running', '--no-reboot'))
  expect(await states(running)).toBe('first\nfirst\n')
  expect(await bootOf()).toBe(boot)
  await run(guest, 'echo second | tee /root/state >/vol/state')
  await cloud.aws('ec2', 'stop-instances', '--instance-ids', guest.id)
  const state = ['describe-instances', 'Reservations[0].Instances[0].State.Name'] as const
  await becomes('stopped', ...state, '--instance-ids', guest.id)
  const stopped = await launch(await imageOf('stopped'))
  expect(await states(stopped)).toBe('second\nsecond\n')
  const encrypted = ['describe-volumes', 'Volumes[?Attachments[0].Device==`/dev/sdf`].Encrypted'] as const
  const ofStopped = ['--filters', `Name=attachment.instance-id,Values=${stopped.id}`]
  expect(await text(...encrypted, ...ofStopped)).toBe('True')
})

test('an image goes to another region with what was written to its volumes, though the region dies meanwhile; its guest boots there', {
  timeout: 240_000,
}, async () => {
  await using east = await TestCloud.start(['--region', 'us-east-1', '--join', cloud.data])
  expect(await textIn(east, 'describe-regions', 'Regions[].RegionName')).toBe('us-east-1\tus-west-2')
  await letIn(east)
  const asked = ['--source-region', 'us-west-2', '--source-image-id', written, '--name', 'here']
  const { ImageId } = (await east.aws('ec2', 'copy-image', ...asked)) as { ImageId: string }
  expect(ImageId).not.toBe(written)
  await east.end('SIGKILL')
  await east.up()
  await becomesIn(east, 'available', 'describe-images', 'Images[0].State', '--image-ids', ImageId)
  const guest = await launchIn(east, ImageId)
  expect(await runSoon(guest, 'cat /root/kept; mkdir -p /vol; mount /dev/sdf /vol; cat /vol/state')).toBe(
    'kept\nunsynced\n',
  )
  expect(await east.awsRefusal('ec2', 'describe-images', '--image-ids', written)).toContain('InvalidAMIID.NotFound')
  expect(await cloud.cumulet('reset', '--yes').catch(String)).toContain('us-east-1')
})
