import { rm, truncate } from 'node:fs/promises'
import { run } from '../../base/subprocess.ts'
import { refuseComplaints } from '../ext4.ts'

export interface FolderExt4Options {
  readonly sizeMiB: number
  readonly label: string
  /** Also the seed of its hashes. */
  readonly uuid: string
  /** Of everything in it, but for when contents last changed. Seconds since 1970. */
  readonly time: number
}

/** As Debian's own `mke2fs` makes ext4, written out: the result must not depend on this machine's /etc/mke2fs.conf. */
const features = [
  'has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file',
  'dir_nlink,extra_isize,metadata_csum',
].join()

/**
 * Makes `file` an ext4 file system with all that is in `folder`: owners, modes, times of contents, links, devices, extended
 * attributes. The same content gives the same bytes: `mke2fs -d` takes entries by their names, and what it copies of the
 * host's own times (of changes and accesses) is overwritten. Source: e2fsprogs 1.47.0, misc/create_inode.c.
 */
export async function ext4FromFolder(
  folder: string,
  file: string,
  options: FolderExt4Options,
  abort: AbortSignal,
): Promise<void> {
  const time = String(options.time)
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C',
    E2FSPROGS_FAKE_TIME: time,
    MKE2FS_CONFIG: '/dev/null',
  }
  const asking = { env, abort, timeoutMs: 600_000 }
  const extended = `hash_seed=${options.uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0`
  const shape = ['-b', '4096', '-I', '256', '-i', '16384', '-m', '1', '-O', `none,${features}`, '-E', extended]
  const name = ['-L', options.label, '-U', options.uuid]
  await rm(file, { force: true })
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', ...shape, ...name, '-d', folder, file, `${options.sizeMiB}M`], asking)
  const last = lastInode(await run('dumpe2fs', ['-h', file], asking))
  await run('debugfs', ['-w', '-f', '-', file], {
    ...asking,
    stdin: timeCommands(last, time),
    warnings: refuseComplaints,
  })
  await run('e2fsck', ['-fn', file], asking)
  await truncate(file, options.sizeMiB * 2 ** 20)
}

/** How large a file system should be that gets all of `folder`: a quarter more, and room for a journal. */
export async function fittingMiB(folder: string, abort: AbortSignal): Promise<number> {
  const used = Number.parseInt(await run('du', ['-sxm', folder], { abort, timeoutMs: 600_000 }), 10)
  return Math.ceil((used * 1.25 + 128) / 64) * 64
}

/** The first inode that is not set aside. Source: Linux, Documentation/filesystems/ext4/special_inodes.rst. */
const firstInode = 11

/** Inodes are given in the order of their numbers. */
function lastInode(superblock: string): number {
  const number = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, 'm').exec(superblock)?.[1])
  return number('Inode count') - number('Free inodes')
}

/** The root is inode 2. */
function timeCommands(last: number, time: string): string {
  const inodes = [2, ...Array.from({ length: last - firstInode + 1 }, (_, index) => firstInode + index)]
  const lines = inodes.flatMap((it) =>
    ['atime', 'ctime', 'crtime'].map((name) => `set_inode_field <${it}> ${name} @${time}`),
  )
  return `${lines.join('\n')}\n`
}
