import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../../base/clock.ts'
import { Fault } from '../../../../base/fault.ts'
import { type Log, silentLog } from '../../../../base/log.ts'
import { hasEnded, isAlive, sendKill } from '../../../../base/process.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import { userOfDomain } from '../../../../model/domain-user.ts'
import type { DomainId, InstanceId } from '../../../../model/ids.ts'
import type { Domain, Guest, HypervisorSubject } from '../../suite.ts'
import { openQemu, type QemuDriver } from '../qemu.ts'
import { readRecord } from '../record.ts'
import { buildTestGuest } from './guest.ts'

export interface QemuSubject extends HypervisorSubject {
  readonly dataDir: string
  open(log?: Log): Promise<QemuDriver>
  /** A machine whose first program finds these words in its command line. */
  machine(id: DomainId, words: string, more?: Partial<DomainSpec>): Domain
}

/** QEMU with a folder of its own, and the test guest. */
export async function qemuSubject(): Promise<QemuSubject> {
  const { kernel, ramdisk } = await buildTestGuest()
  const dataDir = await mkdtemp(join(tmpdir(), 'hv-'))
  const namespace = `hv-nics-${randomInt(1e9)}`
  await run('ip', ['netns', 'add', namespace])
  const machine = (id: DomainId, words: string, more: Partial<DomainSpec> = {}): Domain => ({
    spec: { ...specOf(id, `console=ttyS0 quiet panic=5 cryptomgr.notests ${words}`), ...more },
    wiring: { kernel, ramdisk, disks: [], taps: [] },
  })
  const open = (log = silentLog) => openQemu({ dataDir, accelerator: 'tcg', clock: systemClock, log })
  return {
    dataDir,
    open,
    machine,
    atOnce: 2,
    domain: (id, guest) => {
      const { spec, wiring } = machine(id, words[guest])
      return { spec, wiring: guest === 'stillborn' ? { ...wiring, kernel: '/nonexistent/vmlinuz' } : wiring }
    },
    async crash(id) {
      const process = processOf(dataDir, id)
      if (!process) throw new Fault(`${id} has no process`)
      sendKill(process)
      await hasEnded(process, { clock: systemClock, timeoutMs: 10_000 })
    },
    async vif(id, number) {
      const tap = `tap${number}`
      await run('ip', ['-n', namespace, 'link', 'del', tap]).catch(() => '') // A tap has one owner for life.
      await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap', 'user', `${userOfDomain(id)}`])
      return { vif: { id: `eni-0000000${number}`, mac: `02:00:00:00:00:0${number}` }, tap: { namespace, tap } }
    },
    remainsOf: (id) => remainsOf(dataDir, id),
    async [Symbol.asyncDispose]() {
      await using driver = await open()
      for (const { id } of await driver.list(never)) await driver.forget(id, never)
      await run('ip', ['netns', 'del', namespace])
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

const never = new AbortController().signal
const words: Readonly<Record<Guest, string>> = {
  obedient: '',
  deaf: 'guest=deaf',
  fleeting: 'guest=off',
  stillborn: '',
}

export function processOf(dataDir: string, id: DomainId) {
  return readRecord(join(dataDir, id))?.process
}

async function remainsOf(dataDir: string, id: DomainId): Promise<string[]> {
  const process = processOf(dataDir, id)
  const folders = existsSync(dataDir) ? (await readdir(dataDir)).filter((it) => it === id) : []
  const groups = await Array.fromAsync(
    glob([`/sys/fs/cgroup/cumulet/*-${id}`, `/sys/fs/cgroup/{cpu,memory,pids}/**/cumulet-*-${id}`]),
  )
  return [...(process && isAlive(process) ? ['process'] : []), ...(await commandsOf(id)), ...folders, ...groups]
}

/** Processes that are named after the domain, in any state but ended. */
async function commandsOf(id: DomainId): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((it) => /^\d+$/.test(it))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0') // It may end meanwhile.
    if (words.some((it, index) => it === '-name' && words[index + 1] === instanceOf(id))) found.push(`pid ${pid}`)
  }
  return found
}

const instanceOf = (id: DomainId): InstanceId => `i-0123456789abc${id.slice('dom_'.length).padStart(4, '0')}`

function specOf(id: DomainId, commandLine: string): DomainSpec {
  return {
    id,
    instance: instanceOf(id),
    uuid: 'ec2f2b8c-0000-4000-8000-000000000001',
    power: 'on',
    graceMs: 1000,
    begun: false,
    reboots: 0,
    vcpus: 1,
    memoryMiB: 160,
    cpuQuotaCores: 1,
    cpuWeight: 100,
    boot: { image: 'ami-0123456789abcdef0', kernel: 'vmlinuz', commandLine },
    disks: [],
    vifs: [],
  }
}
