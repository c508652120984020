/** fio in a guest: brought there with the libraries that it is linked to, and what it says of a disk. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { run } from '../../src/base/subprocess.ts'
import { type GuestShell, inGuest } from './guest-shell.ts'

export const patterns = {
  fill: { title: '1M written in a row, the first time', rw: 'write', bs: '1M', depth: 4 },
  write: { title: '1M written in a row', rw: 'write', bs: '1M', depth: 4 },
  read: { title: '1M read in a row', rw: 'read', bs: '1M', depth: 4 },
  randread1: { title: '4k read anywhere, one at a time', rw: 'randread', bs: '4k', depth: 1 },
  randread32: { title: '4k read anywhere, 32 at once', rw: 'randread', bs: '4k', depth: 32 },
  randwrite1: { title: '4k written anywhere, one at a time', rw: 'randwrite', bs: '4k', depth: 1 },
  randwrite32: { title: '4k written anywhere, 32 at once', rw: 'randwrite', bs: '4k', depth: 32 },
  sync1: { title: '4k written anywhere, each flushed', rw: 'randwrite', bs: '4k', depth: 1, fsync: 1 },
} as const satisfies Record<string, Pattern>

interface Pattern {
  readonly title: string
  readonly rw: string
  readonly bs: string
  readonly depth: number
  readonly fsync?: number
}

export type PatternName = keyof typeof patterns

/** Requests a second, each of the pattern's size. */
export type FioResult = Readonly<Record<PatternName, number>>

const folder = '/run/fio'
export const fioRegionMiB = 256

/** Puts fio and its libraries into the guest's memory. */
export async function bringFio(shell: GuestShell): Promise<void> {
  const linked = await run('ldd', ['/usr/bin/fio'])
  const names = ['/usr/bin/fio', ...[...linked.matchAll(/(\/\S+)\s+\(0x/g)].map((it) => it[1]!)]
  const place = await mkdtemp(join(tmpdir(), 'fio-'))
  try {
    await run('cp', ['--dereference', '--target-directory', place, ...names])
    await run('tar', ['-czf', join(place, 'fio.tar.gz'), '-C', place, ...names.map((it) => basename(it))])
    const script = `mkdir -p ${folder} && mount -t tmpfs -o size=120M none ${folder} && tar -xz -C ${folder}`
    await inGuest(shell, script, { stdin: await readFile(join(place, 'fio.tar.gz')) })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/** Measures a disk of the guest, each pattern for so many seconds. What is in its first part is lost. */
export async function measureDisk(shell: GuestShell, device: string, seconds: number): Promise<FioResult> {
  const jobs = (Object.entries(patterns) as [PatternName, Pattern][]).flatMap(([name, it]) => [
    ...[`--name=${name}`, '--stonewall', `--rw=${it.rw}`, `--bs=${it.bs}`, `--iodepth=${it.depth}`],
    ...(it.fsync ? [`--fsync=${it.fsync}`] : []),
    ...(name === 'fill' ? [] : ['--time_based=1', `--runtime=${seconds}`]),
  ])
  const common = [`--filename=${device}`, '--direct=1', '--ioengine=libaio', `--size=${fioRegionMiB}M`]
  const said = await fio(shell, [...common, '--randrepeat=0', '--output-format=json', ...jobs])
  const found = (JSON.parse(said.slice(said.indexOf('{'))) as { jobs: FioJob[] }).jobs
  return Object.fromEntries(found.map((it) => [it.jobname, it.read.iops + it.write.iops])) as FioResult
}

/** Writes so much of what no disk could make smaller, from `atMiB` on. */
export async function fillDisk(shell: GuestShell, device: string, sizeMiB: number, atMiB = 0): Promise<void> {
  const what = [
    '--name=fill',
    '--rw=write',
    '--bs=1M',
    '--iodepth=4',
    '--direct=1',
    '--ioengine=libaio',
    '--end_fsync=1',
  ]
  await fio(shell, [...what, `--filename=${device}`, `--size=${sizeMiB}M`, `--offset=${atMiB}M`])
}

function fio(shell: GuestShell, args: readonly string[]): Promise<string> {
  return inGuest(shell, `${folder}/ld-linux-x86-64.so.2 --library-path ${folder} ${folder}/fio ${args.join(' ')}`)
}

interface FioJob {
  readonly jobname: PatternName
  readonly read: { readonly iops: number }
  readonly write: { readonly iops: number }
}
