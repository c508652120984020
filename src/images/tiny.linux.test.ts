import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../base/subprocess.ts'
import type { ImageDescription } from './image-folder.ts'
import { type Guest, type GuestDisk, Lab } from './testing/lab.ts'
import { buildTinyImage } from './tiny.ts'

const abort = new AbortController().signal
/** Packages are kept between runs; the image is not. */
const cacheDir = fileURLToPath(new URL('../../.cache/images', import.meta.url))

const metadata = (publicKey: string) => ({
  'meta-data/public-keys/0/openssh-key': publicKey,
  'meta-data/local-hostname': 'ip-10-87-0-10.lab.internal',
  'meta-data/local-ipv4': '10.87.0.10',
  'meta-data/instance-id': 'i-0123456789abcdef0',
  'user-data': '#!/bin/sh\necho "user data says $(hostname)"; echo ran >>/root/runs\n',
})

describe('the tiny image', () => {
  let lab: Lab
  let image: ImageDescription
  let folder: string
  const said: string[] = []
  const build = (outDir: string) => buildTinyImage({ cacheDir, outDir, progress: (line) => said.push(line), abort })

  beforeAll(async () => {
    lab = await Lab.open(metadata)
    folder = join(lab.folder, 'image')
    image = await build(folder)
  })
  afterAll(() => lab?.[Symbol.asyncDispose]())

  /** A root disk larger than the image, a formatted scratch disk, and swap. */
  async function disks(): Promise<GuestDisk[]> {
    const file = (name: string) => join(lab.folder, name)
    const root = ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', join(folder, 'root.img'), file('root'), '1G']
    await run('qemu-img', root)
    await run('mke2fs', ['-q', '-t', 'ext4', '-L', 'ephemeral0', file('ephemeral'), '100M'])
    await run('qemu-img', ['create', '-q', '-f', 'raw', file('swap'), '32M'])
    await run('mkswap', [file('swap')])
    return [
      { file: file('root'), format: 'qcow2', serial: 'sda1' },
      { file: file('ephemeral'), format: 'raw', serial: 'sda2' },
      { file: file('swap'), format: 'raw', serial: 'sda3' },
    ]
  }

  it('is built once for a recipe', async () => {
    said.length = 0
    expect(await build(folder)).toEqual(image)
    expect(said).toEqual([])
  })

  it('has the same bytes when it is built again', async () => {
    const again = await build(join(lab.folder, 'again'))
    expect(again).toEqual(image)
    await rm(join(lab.folder, 'again'), { recursive: true })
  })

  it('has a root file system of less than 10 MB', async () => {
    expect((await stat(join(folder, 'root.img'))).size).toBeLessThan(10_000_000)
  })

  describe('booted', () => {
    let guest: Guest
    const links = (paths: string) => lab.ssh(`for path in ${paths}; do readlink $path; done`)
    beforeAll(async () => {
      guest = lab.boot(image, folder, await disks())
      await guest.says('cumulet: ready')
    })

    it('lets the owner of the key in, as root, under the name that metadata gives', async () => {
      expect(await lab.ssh('id -u; hostname')).toBe('0\nip-10-87-0-10\n')
    })

    it('prints the fingerprint of its host key as EC2 images do', async () => {
      const printed = /BEGIN SSH HOST KEY FINGERPRINTS-----\s+ec2: (256 SHA256:\S+)/.exec(guest.console)?.[1]
      const key = await run('ip', ['netns', 'exec', lab.namespace, 'ssh-keyscan', '-t', 'ed25519', '10.87.0.10'])
      expect(await run('ssh-keygen', ['-lf', '-'], { stdin: key })).toContain(printed ?? 'no fingerprint')
    })

    it('opens SSH before it runs the user data', () => {
      const at = (text: string) => guest.console.indexOf(text)
      expect(at('SSH is open')).toBeGreaterThan(0)
      expect(at('SSH is open')).toBeLessThan(at('user data: running'))
    })

    it('runs the user data, with its output on the console and in the log', async () => {
      expect(guest.console).toContain('user data says ip-10-87-0-10')
      expect(await lab.ssh('cat /var/log/user-data.log')).toBe('user data says ip-10-87-0-10\n')
    })

    it('uses its disks: root grown, scratch on /mnt, swap, all by the names of their owner', async () => {
      const sizes = (await lab.ssh('df -m / /mnt | grep dev/')).split('\n')
      expect(Number(sizes[0]?.split(/ +/)[1])).toBeGreaterThan(900)
      expect(sizes[1]).toContain('/mnt')
      expect(await lab.ssh('grep -c dev/vdc /proc/swaps')).toBe('1\n')
      expect(await links('/dev/sda1 /dev/sda2 /dev/xvda3')).toBe('/dev/vda\n/dev/vdb\n/dev/vdc\n')
    })

    it('takes router, MTU and name servers from the lease, on a link without neighbours', async () => {
      const wanted = 'default via 10.87.0.1 dev eth0 \n10.87.0.1 dev eth0 scope link \n'
      expect(await lab.ssh('ip route; cat /sys/class/net/eth0/mtu')).toBe(`${wanted}1450\n`)
      expect(await lab.ssh('cat /etc/resolv.conf')).toBe('search lab.internal\nnameserver 10.87.0.2\n')
    })

    it('names a disk that comes while it runs, and forgets it when it goes', async () => {
      await run('qemu-img', ['create', '-q', '-f', 'raw', join(lab.folder, 'later'), '16M'])
      await guest.qmp('blockdev-add', {
        driver: 'raw',
        'node-name': 'l',
        file: { driver: 'file', filename: join(lab.folder, 'later') },
      })
      await guest.qmp('device_add', { driver: 'virtio-blk-pci', id: 'l', drive: 'l', serial: 'sdf', bus: 'spare' })
      await guest.says('disk sdf came as vdd')
      expect(await links('/dev/sdf /dev/xvdf /dev/disk/by-id/virtio-sdf')).toBe('/dev/vdd\n'.repeat(3))
      await guest.qmp('device_del', { id: 'l' })
      await guest.says('disk vdd went')
      expect(await lab.ssh('ls /dev/sdf 2>&1 || true')).toContain('No such file')
    })

    it('does not run the user data again after a reboot, and keeps its host key', async () => {
      const key = () => lab.ssh('cat /etc/dropbear/dropbear_ed25519_host_key | sha256sum; cat /root/runs')
      const before = await key()
      guest.console = ''
      await lab.ssh('reboot >/dev/null 2>&1 & exit')
      await guest.says('cumulet: ready')
      expect(await key()).toBe(before)
    })

    it('ends cleanly at the power button', async () => {
      await guest.qmp('system_powerdown')
      await guest.ended()
      expect(guest.console).toContain('poweroff: disks are clean')
      const text = await run('dumpe2fs', ['-h', join(lab.folder, 'ephemeral')])
      expect(text).not.toContain('needs_recovery')
    })
  })

  it('has no password and no key of anybody', async () => {
    const passwd = await readFile(new URL('../../images/tiny/root/etc/passwd', import.meta.url), 'utf8')
    expect(passwd.split('\n').filter((line) => line !== '' && line.split(':')[1] !== '*')).toEqual([])
    const list = await run('debugfs', ['-R', 'ls /etc/dropbear', join(folder, 'root.img')])
    expect(list).not.toContain('ed25519')
  })
})
