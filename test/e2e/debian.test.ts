/** Debian from the recipe to a login: minutes, and so only where asked for, by `npm test -- --debian`. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../src/base/subprocess.ts'
import { debianArchive } from '../../src/images/debian/archive.ts'
import { buildDebian } from '../../src/images/debian/debian.ts'
import { describedIn } from '../../src/images/image-folder.ts'
import { cache, eventually, sshOptions, TestCloud } from './cloud.ts'
import { nothingLeft } from './leftovers.ts'

const config = `#cloud-config
write_files:
  - path: /etc/written
    content: by cloud-config
users:
  - default
  - name: guest
    shell: /bin/sh
runcmd:
  - [sh, -c, 'echo "as $(id -u)" >>/root/commanded']
`
const script = '#!/bin/sh\necho "user data says $((6 * 7))"\necho once >>/root/ran\n'
const multipart = [
  'Content-Type: multipart/mixed; boundary="=="\nMIME-Version: 1.0\n\n',
  `--==\nContent-Type: text/cloud-config\n\n${config}\n`,
  `--==\nContent-Type: text/x-shellscript\n\n${script}\n--==--\n`,
].join('')

describe.runIf(process.env['CUMULET_TEST_DEBIAN'])('Debian', { timeout: 600_000 }, () => {
  let cloud: TestCloud
  let image: string
  let key: string

  beforeAll(async () => {
    cloud = await TestCloud.start(['--scale', '2', '--memory', '9000'])
    await build()
    const filter = 'Name=name,Values=debian-12-amd64-*'
    const answer = await cloud.aws('ec2', 'describe-images', '--owners', '136693071363', '--filters', filter)
    image = (answer as { Images: { ImageId: string }[] }).Images[0]!.ImageId
    const { KeyMaterial } = await cloud.aws('ec2', 'create-key-pair', '--key-name', 'test', '--key-type', 'ed25519')
    key = join(cloud.data, 'test.pem')
    await writeFile(key, String(KeyMaterial), { mode: 0o600 })
    const open = ['--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
    await cloud.aws('ec2', 'authorize-security-group-ingress', '--group-name', 'default', ...open)
  }, 1_800_000)

  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]()
  })

  /** As it lies in the cache, if the archive is still of the same day: it is the same image then, and not built again. */
  async function build(): Promise<void> {
    const [kept, images] = [join(cache, 'images', 'debian'), join(cloud.data, 'images')]
    await mkdir(kept, { recursive: true })
    await run('cp', ['-a', '--sparse=always', `${kept}/.`, images], { timeoutMs: 300_000 })
    await cloud.cumulet('image', 'build', 'debian')
    await rm(kept, { recursive: true })
    await mkdir(kept)
    for (const it of (await readdir(images)).filter((name) => name.startsWith('ami-'))) {
      const image = await readFile(join(images, it, 'image.json'), 'utf8')
      if (image.includes('"debian-'))
        await run('cp', ['-a', '--sparse=always', join(images, it), kept], { timeoutMs: 300_000 })
    }
  }

  test('is the same to the byte when it is built once more, elsewhere and in another time zone', async () => {
    const abort = AbortSignal.timeout(1_200_000)
    const folder = join(cloud.data, 'again')
    await mkdir(folder)
    const zone = process.env['TZ']
    process.env['TZ'] = 'Asia/Kathmandu'
    try {
      const where = { scratch: join(folder, 'scratch'), progress: () => {}, abort }
      const again = await buildDebian(folder, { archive: await debianArchive(abort), ...where })
      const { kernel, ramdisk, root, recipe } = again
      expect(await describedIn(join(cloud.data, 'images', image))).toMatchObject({ kernel, ramdisk, root, recipe })
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
      await rm(folder, { recursive: true })
    }
  }, 1_200_000)

  async function launch(userData: string): Promise<{ id: string; address: string }> {
    await writeFile(join(cloud.data, 'user-data'), userData)
    const more = ['--user-data', `file://${join(cloud.data, 'user-data')}`, '--instance-type', 'm1.small']
    const made = await cloud.aws('ec2', 'run-instances', '--image-id', image, '--key-name', 'test', ...more)
    const id = (made as { Instances: { InstanceId: string }[] }).Instances[0]!.InstanceId
    await cloud.aws('ec2', 'wait', 'instance-running', '--instance-ids', id)
    const query = ['--query', 'Reservations[0].Instances[0].PublicIpAddress', '--output', 'text']
    const address = await cloud.awsText('ec2', 'describe-instances', '--instance-ids', id, ...query)
    return { id, address: address.trim() }
  }

  const ssh = (address: string, command: string) =>
    cloud.outside('ssh', [...sshOptions, '-i', key, `admin@${address}`, command], 300_000)

  /** What the guest says once cloud-init has ended, in whatever way. */
  const settled = async (address: string) => {
    await eventually(() => ssh(address, 'true'), 240_000)
    return await ssh(address, 'cloud-init status --wait --long; cat /run/cloud-init/result.json')
  }

  const terminated = async (id: string) => await cloud.aws('ec2', 'wait', 'instance-terminated', '--instance-ids', id)

  test('starts by its metadata, does what multipart user data say, and does it once', async () => {
    const { id, address } = await launch(multipart)
    const result = await settled(address)
    expect(result).toContain('status: done')
    expect(result).toContain('"datasource": "DataSourceEc2Local"')
    expect(result).toContain('"errors": []')
    expect(await ssh(address, 'sudo grep -cE "WARNING|Traceback" /var/log/cloud-init.log || true')).toBe('0\n')

    const done = 'cat /etc/written; echo; getent passwd guest; sudo cat /root/commanded /root/ran'
    const wanted = /^by cloud-config\nguest:.*\nas 0\nonce\n$/
    expect(await ssh(address, done)).toMatch(wanted)

    expect(await ssh(address, 'hostname -f')).toMatch(/^ip-172-31-\d+-\d+\.us-west-2\.compute\.internal\n$/)
    const disks = await ssh(
      address,
      'df -m --output=size,target / /mnt | tail -2; cat /proc/swaps; readlink /dev/sda3 /dev/xvda3',
    )
    expect(Number(/(\d+) +\/$/m.exec(disks)?.[1])).toBeGreaterThan(7500)
    expect(disks).toMatch(/\/mnt$/m)
    expect(disks).toMatch(/\/dev\/vdc +partition/)
    expect(disks).toContain('vdc\nvdc\n')
    const link = await ssh(
      address,
      'cat /sys/class/net/eth0/mtu; grep -E "^(search|nameserver)" /etc/resolv.conf; resolvectl dns eth0',
    )
    expect(link).toMatch(/^1500\n[\s\S]*search us-west-2\.compute\.internal\n[\s\S]*172\.31\.0\.2/)
    expect(await ssh(address, 'systemctl --failed --no-legend')).toBe('')

    const said = await cloud.awsText('ec2', 'get-console-output', '--instance-id', id, '--latest', '--output', 'text')
    expect(said).toContain('user data says 42')
    expect(said).toContain('BEGIN SSH HOST KEY FINGERPRINTS')

    const before = await ssh(address, 'cat /proc/sys/kernel/random/boot_id; cat /etc/ssh/ssh_host_ed25519_key.pub')
    await cloud.aws('ec2', 'reboot-instances', '--instance-ids', id)
    const after = await eventually(async () => {
      const now = await ssh(address, 'cat /proc/sys/kernel/random/boot_id; cat /etc/ssh/ssh_host_ed25519_key.pub')
      return now.split('\n')[0] === before.split('\n')[0] ? undefined : now
    }, 240_000)
    expect(after.split('\n')[1]).toBe(before.split('\n')[1])
    expect(await settled(address)).toContain('status: done')
    expect(await ssh(address, done)).toMatch(wanted)

    await cloud.aws('ec2', 'terminate-instances', '--instance-ids', id)
    await terminated(id)
    const last = await cloud.awsText('ec2', 'get-console-output', '--instance-id', id, '--output', 'text')
    expect(last).toMatch(/reboot: Power down/) // It obeyed the power button, and was not ended.
  })

  test('does what a script says, and what cloud-config alone says', async () => {
    const [first, second] = [await launch(script), await launch(config)]
    expect(await settled(first.address)).toContain('status: done')
    expect(await ssh(first.address, 'sudo cat /root/ran')).toBe('once\n')
    expect(await settled(second.address)).toContain('status: done')
    expect(await ssh(second.address, 'cat /etc/written; echo; id -un guest; sudo cat /root/commanded')).toBe(
      'by cloud-config\nguest\nas 0\n',
    )
    await ssh(first.address, 'sudo poweroff').catch(() => '') // The connection may go first.
    await terminated(first.id)
    await cloud.aws('ec2', 'terminate-instances', '--instance-ids', second.id)
    await terminated(second.id)
  })

  /** Waits until copies can be made of a machine of the type that is launched. */
  const parked = async () =>
    await eventually(async () => {
      const keys = await readdir(join(cloud.data, 'parked'))
      return keys.some((it) => /^[0-9a-f]{24}$/.test(it)) || undefined
    }, 600_000)

  const kept = [
    'cat /etc/machine-id',
    'hostname',
    'cat /etc/ssh/ssh_host_ed25519_key.pub',
    'sudo cat /etc/ssh/ssh_host_ecdsa_key',
  ]
  const ofMachine = [
    ...kept,
    'cat /proc/sys/kernel/random/boot_id',
    'networkctl status eth0 | grep "DHCP6 Client DUID"',
    'cat /sys/class/dmi/id/board_asset_tag',
    'cat /sys/class/net/eth0/address',
    'head -c 32 /dev/urandom | base64',
    'sudo base64 /var/lib/systemd/random-seed',
    'ls /var/log/journal',
  ]
  /** The answers, one for each command. */
  const answers = async (address: string, commands: readonly string[]) =>
    (await ssh(address, commands.map((it) => `(${it}) | tr '\\n' ' '; echo`).join('; ')))
      .trimEnd()
      .split('\n')
      .map((it) => it.trim())

  test('wakes copies of a machine that was parked, and each is one of its own, for good', async () => {
    const model = await launch(script)
    await settled(model.address)
    await cloud.aws('ec2', 'terminate-instances', '--instance-ids', model.id)
    await parked()

    const copies = [await launch(script), await launch(config)] as const
    const said: string[][] = []
    for (const { id, address } of copies) {
      const result = await settled(address)
      expect(result).toContain('status: done')
      expect(result).toContain('"datasource": "DataSourceEc2Local"')
      expect(result).toContain('"errors": []')
      expect(await ssh(address, 'systemctl --failed --no-legend')).toBe('')
      const console = await cloud.awsText(
        'ec2',
        'get-console-output',
        '--instance-id',
        id,
        '--latest',
        '--output',
        'text',
      )
      expect(console).toMatch(/cumulet: parked in boot [\s\S]*cumulet: woken/)
      const ids = await answers(address, ofMachine)
      expect(ids[6]).toBe(id) // its asset tag
      expect(ids[10]).toBe(ids[0]) // The journal is that of this machine alone.
      expect(await ssh(address, 'sudo cat /sys/class/dmi/id/product_uuid | tr -d -')).toBe(`${ids[0]}\n`)
      expect(await ssh(address, 'journalctl --list-boots --no-pager | grep -c :')).toBe('1\n')
      const clock = Number(await ssh(address, 'date +%s'))
      expect(Math.abs(clock - Date.now() / 1000)).toBeLessThan(60)
      said.push(ids)
    }
    for (const [index, command] of ofMachine.entries()) expect(said[0]![index], command).not.toBe(said[1]![index])
    expect(await ssh(copies[0].address, 'sudo cat /root/ran')).toBe('once\n')
    expect(await ssh(copies[1].address, 'cat /etc/written; echo; sudo cat /root/commanded')).toBe(
      'by cloud-config\nas 0\n',
    )
    const size = await ssh(copies[0].address, 'df -m --output=size / | tail -1')
    expect(Number(size)).toBeGreaterThan(7500)

    const [{ id, address }] = copies
    await cloud.aws('ec2', 'reboot-instances', '--instance-ids', id)
    await eventually(async () => {
      const boot = await ssh(address, 'cat /proc/sys/kernel/random/boot_id /proc/cmdline')
      return !boot.includes(said[0]![4]!) && boot.includes('cumulet.parks') ? true : undefined
    }, 240_000)
    expect(await settled(address)).toContain('status: done')
    expect(await answers(address, kept)).toEqual(said[0]!.slice(0, kept.length))
    expect(await ssh(address, 'sudo cat /root/ran')).toBe('once\n')

    for (const it of copies) await cloud.aws('ec2', 'terminate-instances', '--instance-ids', it.id)
    for (const it of copies) await terminated(it.id)
    await nothingLeft(cloud)
  }, 1_500_000)
})
