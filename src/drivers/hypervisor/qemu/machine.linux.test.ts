import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { chmod, chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { isAlive } from '../../../base/process.ts'
import { run } from '../../../base/subprocess.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import type { DomainId } from '../../../model/ids.ts'
import type { Domain } from '../suite.ts'
import { openControlGroups } from './cgroup.ts'
import type { QemuDriver } from './qemu.ts'
import { readRecord } from './record.ts'
import { processOf, type QemuSubject, qemuSubject } from './testing/subject.ts'

const id: DomainId = `dom_${10_000 + randomInt(1_000_000_000)}`
const namespace = `hv-test-${randomInt(1e9)}`
const never = new AbortController().signal
let subject: QemuSubject
let driver: QemuDriver
let disks: string

beforeAll(async () => {
  subject = await qemuSubject()
  disks = await mkdtemp(join(tmpdir(), 'hv-disks-'))
  await chmod(disks, 0o711)
  await run('ip', ['netns', 'add', namespace])
  await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap', 'user', `${userOfDomain(id)}`])
  await run('ip', ['-n', namespace, 'link', 'set', 'tap0', 'up'])
  driver = await subject.open()
})
afterEach(async () => await driver.forget(id, never))
afterAll(async () => {
  await driver[Symbol.asyncDispose]()
  await subject[Symbol.asyncDispose]()
  await run('ip', ['netns', 'del', namespace])
  await rm(disks, { recursive: true, force: true })
})

it('is what its spec says, seen from inside', async () => {
  const machine = await withDiskAndTap('guest=write guest=deaf')
  await driver.boot(machine.spec, machine.wiring, never)
  const text = await consoleWith('guest: ready')
  expect(text).toContain(`guest: system Amazon EC2 ${machine.spec.uuid} ${machine.spec.uuid} ${machine.spec.instance}`)
  expect(text).toContain(`guest: disk sda1 ${(8 * 2 ** 20) / 512}`)
  expect(text).toContain('guest: nic 02:00:00:00:00:07')
  expect(text).toContain('guest: random virtio_rng')
  expect(text).toContain('guest: processors 2')
  expect(text).toContain('written')
  await using disk = await open(machine.wiring.disks[0]!.file)
  expect((await disk.read(Buffer.alloc(7), 0, 7, 0)).buffer.toString()).toBe('written')
})

it('runs as nobody, in the namespace of its tap, in groups of its own', async () => {
  const machine = await withDiskAndTap('')
  await driver.boot(machine.spec, machine.wiring, never)
  const { pid } = processOf(subject.dataDir, id)!
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim()
  expect(field('Uid')).toBe(Array(4).fill(userOfDomain(id)).join('\t'))
  expect(field('Gid')).toBe(Array(4).fill(userOfDomain(id)).join('\t'))
  expect(field('Groups')).toBe('')
  expect([field('CapEff'), field('CapPrm'), field('CapBnd')]).toEqual(Array(3).fill('0'.repeat(16)))
  expect([field('NoNewPrivs'), field('Seccomp')]).toEqual(['1', '2'])
  expect(readlinkSync(`/proc/${pid}/ns/net`)).toContain(`${statSync(`/run/netns/${namespace}`).ino}`)
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('HOME=')
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(new RegExp(`/cumulet[/-]\\w+-${id}$`, 'gm')) ?? []
  expect(groups.length > 0).toBe(driver.limits !== 'none')
  const { groups: folders } = readRecord(join(subject.dataDir, id))!
  const files = folders.flatMap((it) => ['memory.max', 'memory.limit_in_bytes'].map((name) => join(it, name)))
  const limitsMiB = files.filter(existsSync).map((it) => Number(readFileSync(it, 'utf8')) / 2 ** 20)
  for (const it of limitsMiB) expect(it).toBeGreaterThan(machine.spec.memoryMiB)
  for (const it of limitsMiB) expect(it).toBeLessThan(2 * machine.spec.memoryMiB + 256 + 512)
  expect(limitsMiB).toHaveLength((await openControlGroups()).controllers.includes('memory') ? 1 : 0)
})

it('refuses taps in several namespaces, and leaves nothing', async () => {
  const machine = await withDiskAndTap('')
  const [tap] = machine.wiring.taps
  const vifs = [...machine.spec.vifs, ...machine.spec.vifs]
  const wiring = { ...machine.wiring, taps: [tap!, { ...tap!, namespace: 'elsewhere' }] }
  await expect(driver.boot({ ...machine.spec, vifs }, wiring, never)).rejects.toThrow('several namespaces')
  expect(await subject.remainsOf(id)).toEqual([])
})

it('says what QEMU said when it does not start', async () => {
  const { spec, wiring } = subject.machine(id, '')
  const failed = driver.boot(spec, { ...wiring, ramdisk: '/nonexistent/initrd' }, never)
  await expect(failed).rejects.toThrow('/nonexistent/initrd')
})

it('fills no disk, however much it writes', async () => {
  const { spec, wiring } = subject.machine(id, 'guest=flood')
  await driver.boot(spec, wiring, never)
  for (let taken = 0; taken < 20; ) {
    await delay(100)
    if ((await driver.console(id, 64 * 1024)).includes('a line that is there to fill')) taken++
  }
  expect((await driver.console(id, 1e9)).length).toBeLessThan(1024 * 1024)
  expect(statSync(join(subject.dataDir, id, 'console.log')).size).toBeLessThan(1024 * 1024)
})

it('outlives the process that started it, and what is left of a start that it did not finish goes', async () => {
  await driver[Symbol.asyncDispose]()
  const { spec, wiring } = subject.machine(id, 'guest=deaf')
  const agent = startAgent({ spec, wiring })
  await once(agent.stdout, 'data')
  agent.kill('SIGKILL')
  await once(agent, 'close')
  driver = await subject.open()
  expect(await driver.list(never)).toMatchObject([{ id, state: 'running' }])
  await consoleWith('guest: ready')
  await driver[Symbol.asyncDispose]()

  const file = join(subject.dataDir, id, 'domain.json')
  const process = processOf(subject.dataDir, id)!
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), phase: 'starting' }))
  driver = await subject.open()
  expect(await driver.list(never)).toEqual([])
  expect(isAlive(process)).toBe(false)
  expect(await subject.remainsOf(id)).toEqual([])
})

/** A process that starts the domain, says so, and waits to be killed. */
function startAgent({ spec, wiring }: Domain) {
  const options = `{ dataDir: ${JSON.stringify(subject.dataDir)}, accelerator: 'tcg', clock: systemClock, log: silentLog }`
  const program = `
    import { systemClock } from '${import.meta.dirname}/../../../base/clock.ts'
    import { silentLog } from '${import.meta.dirname}/../../../base/log.ts'
    import { openQemu } from '${import.meta.dirname}/qemu.ts'
    const driver = await openQemu(${options})
    await driver.boot(${JSON.stringify(spec)}, ${JSON.stringify(wiring)}, new AbortController().signal)
    console.log('started')
    setInterval(() => {}, 1000)
  `
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The console, once it has the text. */
async function consoleWith(text: string): Promise<string> {
  for (;;) {
    const found = (await driver.console(id, 64 * 1024)).toString()
    if (found.includes(text)) return found
    await delay(25)
  }
}

async function withDiskAndTap(words: string): Promise<Domain> {
  const file = join(disks, 'sda1')
  await writeFile(file, '', { mode: 0o600 })
  await using handle = await open(file, 'r+')
  await handle.truncate(8 * 2 ** 20)
  await chown(file, userOfDomain(id), userOfDomain(id))
  const { spec, wiring } = subject.machine(id, words, {
    vcpus: 2,
    disks: [{ name: 'sda1', serial: 'sda1', kind: 'swap', sizeMiB: 8 }],
    vifs: [{ id: 'eni-0123456789abcdef0', mac: '02:00:00:00:00:07' }],
  })
  const taps = [{ namespace, tap: 'tap0' }]
  return { spec, wiring: { ...wiring, disks: [{ file, format: 'raw', serial: 'sda1' }], taps } }
}
