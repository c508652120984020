import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FakeClock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { run } from '../../base/subprocess.ts'
import { exportDisk } from '../export.ts'
import { DiskTasks } from './disk-tasks.ts'

const { signal: abort } = new AbortController()
const task = 'import-ami-00000001'
const home = 'ami-00000001'
let folder: string
let tasks: DiskTasks
let said: object[]
const at = (...path: string[]) => join(folder, ...path)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-disk-tasks-'))
  await chmod(folder, 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  for (const it of await readdir(folder)) await rm(at(it), { recursive: true })
  said = []
  const hear = (fields: object | string) => void said.push(fields as object)
  const log: Log = { debug: hear, info: hear, warn: hear, error: hear, child: () => log }
  const lender = async () => Promise.reject(new Fault('there is no kernel to lend')) // A whole disk needs none.
  tasks = new DiskTasks({ folder, lender, largestGiB: 1, hasUefi: async () => false, clock: new FakeClock(), log })
})

/** 4 MiB whose first sector could boot. */
function disk(): Buffer {
  const bytes = Buffer.alloc(4 * 2 ** 20)
  bytes.writeUInt8(0xeb, 0)
  bytes.writeUInt16LE(0xaa55, 510)
  bytes.write('at the end', bytes.length - 20)
  return bytes
}

const source = (content: Buffer, bytes = content.length) => ({
  bytes,
  content: (async function* () {
    yield content.subarray(0, 1000)
    yield content.subarray(1000)
  })(),
})

async function packed(as: 'VMDK' | 'VHD' | 'RAW'): Promise<Buffer> {
  await writeFile(at('disk.raw'), disk())
  await exportDisk({ file: at('disk.raw'), format: 'raw' }, at('out', 'disk'), as, abort)
  return readFile(at('out', 'disk'))
}

const nothingLeft = async () => {
  await tasks.clear(task, home, { all: true })
  expect((await readdir(folder)).filter((it) => it !== '.tasks' && it !== 'out' && !it.startsWith('disk'))).toEqual([])
  expect(await readdir(at('.tasks'))).toEqual([])
}

test.each(['VMDK', 'VHD', 'RAW'] as const)('what goes out as %s comes in again, the same to the byte', async (as) => {
  await tasks.fetch(task, source(await packed(as)), abort)
  const format = as.toLowerCase() as 'vmdk' | 'vhd' | 'raw'
  const taken = await tasks.convert(task, { home, name: 'mine', format }, abort)
  expect(taken).toMatchObject({ boot: { firmware: 'bios', commandLine: '' } })
  // A VHD is as large as its geometry says, which may be more.
  expect((await readFile(at(home, 'root.img'))).subarray(0, 4 * 2 ** 20).equals(disk())).toBe(true)
  expect(await tasks.convert(task, { home, name: 'mine' }, abort)).toEqual(taken) // It may be done twice.
  await tasks.clear(task, home, { all: false })
  expect(await readdir(at(home))).toEqual(['taken.json'])
  await nothingLeft()
})

test('a disk that only UEFI starts is refused where that is not installed', async () => {
  const bytes = Buffer.alloc(2 ** 20)
  bytes.writeUInt16LE(0xaa55, 510)
  bytes[446 + 4] = 0xef // a system partition
  await tasks.fetch(task, source(bytes), abort)
  expect(await tasks.convert(task, { home, name: 'mine' }, abort)).toEqual({
    refused: 'it starts by UEFI, and the package ovmf is not installed here',
  })
  await nothingLeft()
})

test('a disk that is no image need not start', async () => {
  await tasks.fetch(task, source(Buffer.alloc(2 ** 20)), abort)
  expect(await tasks.convert(task, { home }, abort)).toEqual({ bytes: 2 ** 20, digest: expect.any(String) })
  await nothingLeft()
})

test('what was fetched by a process that died is asked for again', async () => {
  expect(await tasks.convert(task, { home }, abort)).toBeUndefined()
})

test('a disk that leads to a file of the host is refused and logged, and leaves nothing', async () => {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/passwd', at('disk.qcow2'), '1M'])
  await tasks.fetch(task, source(await readFile(at('disk.qcow2'))), abort)
  expect(await tasks.convert(task, { home }, abort)).toEqual({ refused: 'it is a qcow2 with a backing file' })
  expect(said).toEqual([{ task, reason: 'it is a qcow2 with a backing file' }])
  await nothingLeft()
})

test('a small file that says that it is a large disk is refused before it is unpacked', async () => {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', at('disk.qcow2'), '3T'])
  await tasks.fetch(task, source(await readFile(at('disk.qcow2'))), abort)
  expect(await tasks.convert(task, { home }, abort)).toEqual({
    refused: 'it is a disk of 3072 GiB, and at most 1 are taken',
  })
  await nothingLeft()
})

test('an object that is longer than it was said to be is refused', async () => {
  expect(await tasks.fetch(task, source(Buffer.alloc(5000), 4000), abort)).toEqual({
    refused: 'it is longer than it was said to be',
  })
  await nothingLeft()
})

test('an object for which there is no room is not fetched', async () => {
  expect(await tasks.fetch(task, source(Buffer.alloc(5000), 2 ** 50), abort)).toMatchObject({
    refused: expect.stringMatching(/^it needs 1073741824 MiB/),
  })
  await nothingLeft()
})
