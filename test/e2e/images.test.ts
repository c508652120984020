import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, SubprocessError } from '../../src/base/subprocess.ts'
import { eventually, TestCloud } from './cloud.ts'
import { nothingLeft } from './leftovers.ts'
import { uefiDisk } from './uefi-disk.ts'

let cloud: TestCloud
let work: string

beforeAll(async () => {
  cloud = await TestCloud.start()
  await cloud.end('SIGTERM')
  const settings = join(cloud.data, 'cloud.json')
  // No room for what nobody uses: each image that comes drives another out.
  await writeFile(settings, JSON.stringify({ ...JSON.parse(await readFile(settings, 'utf8')), imageCacheGiB: 0 }))
  await cloud.up()
  work = join(cloud.data, 'work')
  await mkdir(work)
  await writeFile(join(cloud.data, 'bobrc'), await cloud.cumulet('account', 'create', 'bob'))
})

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

/** Runs a line of a shell as the cloud's first account, or as the one whose profile is `rc`. */
function shell(line: string, rc = 'cumuletrc'): Promise<string> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: cloud.data }
  return run('sh', ['-ec', `. "$1"; ${line}`, 'sh', join(cloud.data, rc)], { env, cwd: work, timeoutMs: 60_000 })
}

async function refusal(line: string, rc?: string): Promise<string> {
  try {
    return `not refused: ${await shell(line, rc)}`
  } catch (error) {
    if (error instanceof SubprocessError) return error.stderr
    throw error
  }
}

/** The fields of the image's line, once it is pending no more. */
function settled(image: string): Promise<string[]> {
  return eventually(async () => {
    const fields = (await shell(`ec2-describe-images ${image}`)).split('\t')
    return fields[4] === 'pending' ? undefined : fields
  })
}

const secondOf = (line: string) => line.trim().split('\t')[1]!

test('a directory is bundled, uploaded, registered, shared, and another account logs into it', async () => {
  const tiny = await cloud.image()
  await copyFile(join(cloud.data, 'images', tiny, 'root.img'), join(work, 'root.img'))
  await writeFile(join(work, 'mark'), 'made for this test\n')
  await run('debugfs', ['-w', '-R', `write ${join(work, 'mark')} mark`, join(work, 'root.img')])
  await mkdir(join(work, 'tree'))
  await run('debugfs', ['-R', `rdump / ${join(work, 'tree')}`, join(work, 'root.img')])
  expect(await shell('ec2-bundle-image -i tree -r x86_64 -p box -d .')).toBe('Wrote manifest box.manifest.xml\n')
  expect(await shell('ec2-upload-bundle -b bundles/a -m box.manifest.xml')).toBe(
    'Uploaded bundles/a/box.manifest.xml\n',
  )
  const image = secondOf(await shell('ec2-register bundles/a/box.manifest.xml -n box'))
  expect((await settled(image))[4]).toBe('available')
  await shell('ec2-upload-bundle -b bundles/c -m box.manifest.xml')
  expect((await settled(secondOf(await shell('ec2-register bundles/c/box.manifest.xml -n other'))))[4]).toBe(
    'available',
  )
  expect(await readdir(join(cloud.data, 'images'))).not.toContain(image) // Whoever launches it has it fetched again.

  expect(await refusal(`ec2-run-instances ${image} -t m1.small`, 'bobrc')).toContain('InvalidAMIID.NotFound')
  const [, bob] = /EC2_USER_ID='(\d+)'/.exec(await readFile(join(cloud.data, 'bobrc'), 'utf8'))!
  await shell(`ec2-modify-image-attribute ${image} -l -a ${bob}`)
  await shell('ec2-create-keypair key -f key.pem; ec2-authorize default -P tcp -p 22', 'bobrc')
  const [kernel, ramdisk] = [tiny.replace('ami-', 'aki-'), tiny.replace('ami-', 'ari-')]
  const lines = (
    await shell(`ec2-run-instances ${image} -t m1.small -k key --kernel ${kernel} --ramdisk ${ramdisk}`, 'bobrc')
  ).split('\n')
  const instance = secondOf(lines.find((it) => it.startsWith('INSTANCE'))!)
  const address = await eventually(async () => {
    const fields = (await shell(`ec2-describe-instances ${instance}`, 'bobrc'))
      .split('\n')
      .find((it) => it.startsWith('INSTANCE'))!
    return fields.includes('\trunning\t') ? /\t(198\.\d+\.\d+\.\d+|\d+\.\d+\.\d+\.\d+)\t/.exec(fields)![1] : undefined
  })
  expect(await eventually(() => cloud.ssh(join(work, 'key.pem'), address!, 'cat /mark'))).toBe('made for this test\n')

  await shell(`ec2-deregister ${image}`)
  expect(await refusal(`ec2-run-instances ${image}`, 'bobrc')).toContain('InvalidAMIID.NotFound')
  expect(await cloud.ssh(join(work, 'key.pem'), address!, 'cat /mark')).toBe('made for this test\n')
  await shell(`ec2-terminate-instances ${instance}`, 'bobrc')
  await nothingLeft(cloud)
})

test('a bundle in which one bit was flipped is refused with the reason, and leaves nothing', async () => {
  const part = await readFile(join(work, 'box.part.0'))
  part[part.length >> 1]! ^= 1
  await writeFile(join(work, 'box.part.0'), part)
  const before = (await readdir(join(cloud.data, 'images'))).sort()
  await shell('ec2-upload-bundle -b bundles/b -m box.manifest.xml')
  const image = secondOf(await shell('ec2-register bundles/b/box.manifest.xml -n flipped'))
  expect((await settled(image))[4]).toBe('failed')
  const { Images } = (await cloud.aws('ec2', 'describe-images', '--image-ids', image)) as {
    Images: { StateReason: { Message: string } }[]
  }
  expect(Images[0]!.StateReason.Message).toBe('the digest of box.part.0 is not that of the manifest')
  const after = (await readdir(join(cloud.data, 'images'))).filter((it) => before.includes(it) || it.includes(image))
  expect(after.filter((it) => it.includes(image))).toEqual([])
})

interface Task {
  readonly Status: string
  readonly StatusMessage?: string
  readonly ImageId?: string
}

/** The task, once it is active no more. */
function ended(kind: 'import' | 'export', id: string): Promise<Task> {
  return eventually(async () => {
    const option = kind === 'import' ? '--import-task-ids' : '--export-image-task-ids'
    const answer = await cloud.aws('ec2', `describe-${kind}-image-tasks`, option, id)
    const [task] = Object.values(answer)[0] as Task[]
    return task!.Status === 'completed' || task!.Status === 'deleted' ? task : undefined
  })
}

/** Keys and formats: the root's first. */
async function importDisks(...disks: readonly (readonly [key: string, format: string])[]): Promise<Task> {
  const containers = disks.map(([key, format]) => `Format=${format},UserBucket={S3Bucket=bundles,S3Key=${key}}`)
  const { ImportTaskId } = await cloud.aws('ec2', 'import-image', '--disk-containers', ...containers)
  return ended('import', ImportTaskId as string)
}

async function launch(image: string): Promise<{ id: string; ssh: (command: string) => Promise<string> }> {
  const id = secondOf((await shell(`ec2-run-instances ${image} -t m1.small -k mine`)).split('\n')[1]!)
  const address = await eventually(async () => {
    const fields = (await shell(`ec2-describe-instances ${id}`)).split('\n')[1]!.split('\t')
    return fields[5] === 'running' ? fields[16] : undefined
  })
  return { id, ssh: (command) => eventually(() => cloud.ssh(join(work, 'mine.pem'), address, command)) }
}

test('a disk becomes an image; what an instance of it made of it goes out, comes in again, and boots', async () => {
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', join(work, 'root.img'), join(work, 'disk.qcow2')])
  await cloud.awsText('s3', 'cp', '--quiet', join(work, 'disk.qcow2'), 's3://bundles/disk.qcow2')
  await shell('ec2-create-keypair mine > mine.pem; chmod 600 mine.pem; ec2-authorize default -P tcp -p 22')
  const first = await importDisks(['disk.qcow2', 'QCOW2'])
  expect(first).toMatchObject({ Status: 'completed' })
  const author = await launch(first.ImageId!)
  expect(await author.ssh('cat /mark && echo written here > /kept && sync')).toBe('made for this test\n')
  const of = ['--instance-id', author.id, '--name', 'kept', '--no-reboot']
  const image = (await cloud.aws('ec2', 'create-image', ...of))['ImageId'] as string
  expect((await settled(image))[4]).toBe('available')

  const place = ['--disk-image-format', 'VMDK', '--s3-export-location', 'S3Bucket=bundles,S3Prefix=out/']
  const { ExportImageTaskId } = await cloud.aws('ec2', 'export-image', '--image-id', image, ...place)
  expect(await ended('export', ExportImageTaskId as string)).toMatchObject({ Status: 'completed' })
  await writeFile(join(work, 'data.raw'), 'data'.padEnd(2 ** 20))
  await cloud.awsText('s3', 'cp', '--quiet', join(work, 'data.raw'), 's3://bundles/data.raw')
  const again = await importDisks([`out/${ExportImageTaskId}.vmdk`, 'VMDK'], ['data.raw', 'RAW'])
  expect(again).toMatchObject({ Status: 'completed' })
  const reader = await launch(again.ImageId!)
  expect(await reader.ssh('cat /mark /kept; head -c 4 /dev/vdb')).toBe('made for this test\nwritten here\ndata')
  await shell(`ec2-terminate-instances ${author.id} ${reader.id}`)
})

test('a disk with a boot sector is imported, and started by it off a volume', async () => {
  // Sends what follows to the first serial port, a byte at a time.
  const code = Buffer.from('FC31C08ED8BE167CAC84C07406BAF803EEEBF5F4EBFD', 'hex')
  const disk = Buffer.alloc(2 ** 20)
  Buffer.concat([code, Buffer.from('a boot sector was here\r\n\0')]).copy(disk)
  disk.writeUInt16LE(0xaa55, 510)
  await writeFile(join(work, 'sector.raw'), disk)
  await cloud.awsText('s3', 'cp', '--quiet', join(work, 'sector.raw'), 's3://bundles/sector.raw')
  const { ImageId } = await importDisks(['sector.raw', 'RAW'])
  await says(ImageId!, 'a boot sector was here')
})

/** An instance of the image comes to write this on its console. */
async function says(image: string, text: string): Promise<void> {
  const instance = secondOf((await shell(`ec2-run-instances ${image} -t m1.small`)).split('\n')[1]!)
  await eventually(async () => {
    const { Output = '' } = await cloud.aws('ec2', 'get-console-output', '--instance-id', instance, '--latest')
    return (Output as string).includes(text) || undefined
  })
  await shell(`ec2-terminate-instances ${instance}`)
}

test('a disk that only UEFI starts is imported, registered once more over its snapshot, and started off volumes', async () => {
  await writeFile(join(work, 'uefi.raw'), uefiDisk('a program of UEFI was here\r\n'))
  await run('qemu-img', ['convert', '-O', 'vmdk', join(work, 'uefi.raw'), join(work, 'uefi.vmdk')])
  await cloud.awsText('s3', 'cp', '--quiet', join(work, 'uefi.vmdk'), 's3://bundles/uefi.vmdk')
  const { ImageId } = await importDisks(['uefi.vmdk', 'VMDK'])
  const { Images } = (await cloud.aws('ec2', 'describe-images', '--image-ids', ImageId!)) as {
    Images: { BootMode: string; BlockDeviceMappings: { Ebs: { SnapshotId: string } }[] }[]
  }
  expect(Images[0]!.BootMode).toBe('uefi')
  const root = `DeviceName=/dev/sda1,Ebs={SnapshotId=${Images[0]!.BlockDeviceMappings[0]!.Ebs.SnapshotId}}`
  const how = ['--name', 'uefi', '--boot-mode', 'uefi', '--root-device-name', '/dev/sda1']
  const again = await cloud.aws('ec2', 'register-image', ...how, '--block-device-mappings', root)
  for (const image of [ImageId!, again['ImageId'] as string]) await says(image, 'a program of UEFI was here')
})

test('a disk that leads to a file of the host is refused with the reason, and leaves nothing', async () => {
  const images = async () => (await readdir(join(cloud.data, 'images'))).sort()
  const before = await images()
  await run('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    'raw',
    '-b',
    '/etc/passwd',
    join(work, 'over.qcow2'),
    '1M',
  ])
  await cloud.awsText('s3', 'cp', '--quiet', join(work, 'over.qcow2'), 's3://bundles/over.qcow2')
  expect(await importDisks(['over.qcow2', 'QCOW2'])).toMatchObject({
    Status: 'deleted',
    StatusMessage: 'ClientError: Disk validation failed [it is a qcow2 with a backing file]',
  })
  expect(await images()).toEqual(before)
  expect(await readdir(join(cloud.data, 'images/.tasks'))).toEqual([])
})
