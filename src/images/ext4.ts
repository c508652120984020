import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { run } from '../base/subprocess.ts'
import type { Entry } from './cpio.ts'

export interface Ext4Options {
  readonly blocks: number
  readonly blockSize: number
  readonly label: string
  /** Also the seed of its hashes. */
  readonly uuid: string
}

/** 2026-01-01: the time of everything in the file system. */
const epoch = '1767225600'

/** Nothing of our own environment: the result must not depend on who asks. */
const env = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  E2FSPROGS_FAKE_TIME: epoch,
  SOURCE_DATE_EPOCH: epoch,
  MKE2FS_CONFIG: '/dev/null',
}

/**
 * Makes `file` an ext4 file system with these entries, all owned by root; the same entries give the same bytes. Filled by
 * debugfs and not by `mke2fs -d`, which takes the order of the entries and their change times from the host.
 */
export async function makeExt4(file: string, entries: readonly Entry[], options: Ext4Options, abort: AbortSignal) {
  const scratch = await mkdtemp(join(tmpdir(), 'cumulet-ext4-'))
  try {
    await run('mke2fs', [...creation(options), file, String(options.blocks)], { env, abort })
    const commands = await Promise.all(entries.map((it, index) => commandsFor(it, join(scratch, String(index)))))
    await writeFile(join(scratch, 'commands'), `${commands.flat().join('\n')}\n`)
    const said: string[] = []
    await run('debugfs', ['-w', '-f', join(scratch, 'commands'), file], {
      env,
      abort,
      warnings: (text) => said.push(text),
    })
    refuseComplaints(said.join(''))
    await run('e2fsck', ['-fn', file], { env, abort })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** debugfs ends with status 0 whatever went wrong: only its version is no complaint. */
export function refuseComplaints(said: string): void {
  const wrong = said.split('\n').filter((it) => it !== '' && !/^debugfs \d/.test(it))
  if (wrong.length > 0) throw new Fault(`debugfs: ${wrong.slice(0, 3).join('; ')}`)
}

/** Inodes for a small system, and room to grow a thousand times. No `metadata_csum`: the kernel starts faster without. */
function creation(options: Ext4Options): string[] {
  const features =
    'has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,uninit_bg'
  const extended = `hash_seed=${options.uuid},lazy_itable_init=0,root_owner=0:0`
  const sizes = [
    '-b',
    String(options.blockSize),
    '-I',
    '256',
    '-N',
    '640',
    '-m',
    '0',
    '-J',
    `size=${(1024 * options.blockSize) / 1048576}`,
  ]
  return [
    '-q',
    '-F',
    '-t',
    'ext4',
    '-O',
    `none,${features}`,
    ...sizes,
    '-L',
    options.label,
    '-U',
    options.uuid,
    '-E',
    extended,
  ]
}

/** What debugfs must do for one entry; the content of a file goes by way of `scratch`. */
async function commandsFor(entry: Entry, scratch: string): Promise<string[]> {
  const path = `/${entry.path}`
  if (/[\s"]/.test(path)) throw new Fault(`a path that debugfs cannot take: ${path}`)
  switch (entry.kind) {
    case 'folder':
      return [`mkdir ${path}`, ...attributes(path, 0o040000 | entry.mode)]
    case 'link':
      return [`symlink ${path} ${entry.target}`, ...attributes(path, 0o120777)]
    case 'device':
      return [
        `cd ${dirname(path)}`,
        `mknod ${path.slice(path.lastIndexOf('/') + 1)} c ${entry.major} ${entry.minor}`,
        'cd /',
        ...attributes(path, 0o020000 | entry.mode),
      ]
    case 'file':
      await mkdir(dirname(scratch), { recursive: true })
      await writeFile(scratch, entry.content)
      return [`write ${scratch} ${path}`, ...attributes(path, 0o100000 | entry.mode)]
  }
}

function attributes(path: string, mode: number): string[] {
  const set = {
    mode: `0${mode.toString(8)}`,
    uid: '0',
    gid: '0',
    atime: `@${epoch}`,
    ctime: `@${epoch}`,
    mtime: `@${epoch}`,
    crtime: `@${epoch}`,
  }
  return Object.entries(set).map(([name, value]) => `set_inode_field ${path} ${name} ${value}`)
}
