import { copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../../../../base/fault.ts'
import { reseedProgram } from '../../../../base/reseed-program.ts'
import { run } from '../../../../base/subprocess.ts'

/** A kernel and a first program, enough to see from inside what the driver has made. */
export interface TestGuest {
  readonly kernel: string
  readonly ramdisk: string
}

/** Modules in the order in which they can be loaded. */
const modules = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci',
  'drivers/block/virtio_blk',
  'net/core/failover',
  'drivers/net/net_failover',
  'drivers/net/virtio_net',
  'drivers/char/hw_random/virtio-rng',
  'drivers/input/evdev',
  'drivers/acpi/button',
]

/** Says what it finds, then does what `guest=` of the command line says: `off`, `deaf`, `flood`, or obey the power button. */
const init = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec >/dev/console 2>&1
read -r up rest </proc/uptime
echo "guest: init at $up"
for module in /modules/*; do insmod $module; done
dmi=/sys/class/dmi/id
echo "guest: system $(cat $dmi/sys_vendor) $(cat $dmi/product_uuid) $(cat $dmi/product_serial) $(cat $dmi/board_asset_tag)"
for disk in /sys/block/vd*; do [ -e $disk ] && echo "guest: disk $(cat $disk/serial) $(cat $disk/size)"; done
for nic in /sys/class/net/eth*; do [ -e $nic ] && echo "guest: nic $(cat $nic/address)"; done
echo "guest: random $(cat /sys/class/misc/hw_random/rng_current)"
echo "guest: processors $(grep -c ^processor /proc/cpuinfo)"
await() { until read -r first </identity && [ "$first" != "$1" ]; do usleep 10000; done; }
read -r line </proc/cmdline
case $line in
  *guest=flood*) while :; do echo "guest: a line that is there to fill the console, and then another one"; done ;;
  *guest=write*) echo written >/dev/vda; sync; dd if=/dev/vda bs=7 count=1 2>/dev/null; echo ;;
  *guest=net*) ip link set eth0 up; ip address add 192.0.2.2/24 dev eth0 ;;
esac
case " $line " in
  *' cumulet.park '*)
    page='#
'
    for double in 1 2 3 4 5 6 7 8 9 10 11; do page=$page$page; done
    printf '%s' "$page" >/identity
    echo "cumulet: parked"
    await '#'
    [ "$first" != 'rehearsal=yes' ] || { echo "cumulet: rehearsed"; await 'rehearsal=yes'; }
    /reseed </identity >/dev/urandom && echo "guest: reseeded"
    . /identity
    random=$(head -c 32 /dev/urandom | hexdump -v -e '/1 "%02x"')
    echo "guest: copy $ip $(cat /sys/class/net/eth0/address) $(cat $dmi/product_uuid) $(cat $dmi/board_asset_tag) $random"
    ;;
esac
for input in /sys/class/input/event*; do
  grep -q 'Power Button' $input/device/name && exec 3</dev/input/\${input##*/}
done
echo "guest: ready"
case $line in
  *guest=off*) poweroff -f ;;
  *guest=deaf*) while :; do sleep 1000; done ;;
esac
head -c 24 <&3 >/dev/null
poweroff -f
`

/** Makes the guest from Debian's kernel and busybox, once for each version of this file and of the kernel. */
export async function buildTestGuest(): Promise<TestGuest> {
  const home = join(tmpdir(), 'cumulet-test-guest')
  const name = await kernelPackage()
  const { mtimeMs } = await stat(import.meta.filename)
  const done = join(home, `${name}-${Math.round(mtimeMs)}`)
  const guest = { kernel: join(done, 'vmlinuz'), ramdisk: join(done, 'initrd') }
  if (await exists(guest.ramdisk)) return guest
  await mkdir(home, { recursive: true })
  const scratch = await mkdtemp(join(home, 'new-'))
  try {
    await build(name, scratch)
    await rm(done, { recursive: true, force: true })
    await rename(join(scratch, 'result'), done)
    return guest
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function build(name: string, scratch: string): Promise<void> {
  const [root, unpacked, result] = ['root', 'unpacked', 'result'].map((it) => join(scratch, it)) as [
    string,
    string,
    string,
  ]
  await run('apt-get', ['download', '-o', 'APT::Sandbox::User=root', name], { cwd: scratch, timeoutMs: 300_000 })
  const archive = (await readdir(scratch)).find((it) => it.endsWith('.deb'))
  if (!archive) throw new Fault(`no package ${name}`)
  await run('dpkg-deb', ['-x', join(scratch, archive), unpacked])
  const version = name.slice('linux-image-'.length)
  for (const it of ['bin', 'dev', 'proc', 'sys', 'modules']) await mkdir(join(root, it), { recursive: true })
  await mkdir(result)
  await copyFile('/bin/busybox', join(root, 'bin/busybox'))
  for (const [index, it] of modules.entries()) {
    await copyFile(
      join(unpacked, 'lib/modules', version, 'kernel', `${it}.ko`),
      join(root, 'modules', `${10 + index}.ko`),
    )
  }
  await writeFile(join(root, 'init'), init, { mode: 0o755 })
  await writeFile(join(root, 'reseed'), reseedProgram(), { mode: 0o755 })
  await run('mknod', [join(root, 'dev/console'), 'c', '5', '1'])
  const files = (await run('find', ['.'], { cwd: root })).trim()
  await run('cpio', ['-o', '-H', 'newc', '--quiet', '-F', join(result, 'initrd')], { cwd: root, stdin: `${files}\n` })
  await copyFile(join(unpacked, 'boot', `vmlinuz-${version}`), join(result, 'vmlinuz'))
}

/** The kernel that Debian's meta package stands for today. */
async function kernelPackage(): Promise<string> {
  const found = /linux-image-\d\S*/.exec(await run('apt-cache', ['depends', 'linux-image-cloud-amd64']))
  if (!found) throw new Fault('apt knows no kernel: apt-get update')
  return found[0]
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
