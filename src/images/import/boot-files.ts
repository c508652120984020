import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../base/fault.ts'
import { openFolder, runConfined, takeOver } from './confined.ts'

/** How a bare file system starts: with what lies in its own /boot, or with what others lend it. */
export interface OwnBoot {
  readonly kernel: string
  readonly ramdisk?: string
}

const largestFile = 512 * 2 ** 20

/**
 * Takes kernel and RAM disk out of /boot of the ext4 file system in `image`, as `vmlinuz` and `initrd` into `folder`; undefined
 * where there is no kernel. `image` must be readable for all. Refuses a file system in which no first program would start.
 */
export async function takeBootFiles(
  image: string,
  folder: string,
  scratch: string,
  abort: AbortSignal,
): Promise<OwnBoot | undefined> {
  await chmod(scratch, 0o711)
  const ask = (request: string) => runConfined('debugfs', ['-c', '-R', request, image], { largestFile, abort })
  if (!(await ask('stat /sbin/init')).includes('Inode: ')) throw new Fault('it has no /sbin/init: nothing would start')
  const { kernel, ramdisk } = newestKernel(await ask('ls -p /boot'))
  if (kernel === undefined) return undefined
  const take = async (name: string, as: string) => {
    const out = await openFolder(join(scratch, as))
    await ask(`dump /boot/${name} ${join(out, as)}`) // It ends well whatever happened.
    const size = await takeOver(out, as, join(folder, as)).catch((cause: unknown) => {
      throw new Fault(`/boot/${name} cannot be read`, { cause })
    })
    if (size === 0) throw new Fault(`/boot/${name} is empty`)
    return as
  }
  return {
    kernel: await take(kernel, 'vmlinuz'),
    ...(ramdisk !== undefined && { ramdisk: await take(ramdisk, 'initrd') }),
  }
}

/**
 * Of what `ls -p` lists (`/inode/mode/uid/gid/name/size/`), the kernel of the highest version, and the RAM disk of the same.
 * Regular files alone, of plain names: links may lead anywhere. Source: names as Debian, Fedora and Alpine give them.
 */
export function newestKernel(listing: string): { kernel?: string; ramdisk?: string } {
  const files = listing
    .split('\n')
    .map((line) => /^\/\d+\/100\d{3}\/\d+\/\d+\/([\w.+~-]+)\/\d+\/$/.exec(line)?.[1])
    .filter((it) => it !== undefined)
  const kernels = files.filter((it) => /^vmlinuz(-|$)/.test(it) && !it.includes('rescue'))
  const kernel = kernels.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  if (kernel === undefined) return {}
  const version = kernel.slice('vmlinuz'.length)
  const names = [`initrd.img${version}`, `initramfs${version}.img`, `initrd${version}`, `initramfs${version}`]
  const ramdisk = names.find((it) => files.includes(it))
  return { kernel, ...(ramdisk !== undefined && { ramdisk }) }
}
