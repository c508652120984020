import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault, messageOf, systemCode } from '../../../base/fault.ts'
import { run } from '../../../base/subprocess.ts'
import { type Accelerator, acceleratorArguments, boardArguments, memoryArguments } from './arguments.ts'
import { trialGreeting, trialGuest } from './trial-guest.ts'

export interface Trial {
  readonly accelerator: Accelerator
  /** In words. */
  readonly why: string
}

/** Long enough for a loaded machine; where KVM works the guest speaks within a second. */
const trialMs = 8_000
const trialMiB = 64

/**
 * Which accelerator works here: KVM if a guest really boots with it, else TCG. That `/dev/kvm` is there, or opens, proves
 * nothing. Throws a `Fault` if no guest boots at all.
 */
export async function bootTrial(abort: AbortSignal): Promise<Trial> {
  const failure = (await kvmState()) === 'none' ? 'there is no /dev/kvm' : await whyNot('kvm', abort)
  if (failure === undefined) return { accelerator: 'kvm', why: 'a guest booted with KVM' }
  const worse = await whyNot('tcg', abort)
  if (worse !== undefined) throw new Fault(`no guest boots: ${worse}`)
  return { accelerator: 'tcg', why: inShort(failure) }
}

const longestWhy = 100

/** The first complaint of QEMU, without its own name before it: what comes after is its consequence. */
function inShort(failure: string): string {
  const first =
    failure.replace(/^(QEMU ended \([^)]*\): )\S*qemu-system-\S+: /, '$1').split(/\n| qemu-system-/)[0] ?? failure
  return first.length <= longestWhy ? first : `${first.slice(0, longestWhy)}…`
}

/** Changes with all that may change the result of `bootTrial`: QEMU, the kernel, the device. */
export async function trialKey(): Promise<string> {
  const version = (await run('qemu-system-x86_64', ['--version'])).split('\n')[0] ?? ''
  return [version, release(), `kvm ${await kvmState()}`].join('; ')
}

async function kvmState(): Promise<string> {
  try {
    const { mode, uid, gid, rdev } = await stat('/dev/kvm')
    return [mode.toString(8), uid, gid, rdev].join(' ')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'none'
    throw error
  }
}

/** Boots the trial guest: nothing if it speaks in time, else the reason. */
async function whyNot(accelerator: Accelerator, abort: AbortSignal): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'trial-'))
  try {
    const kernel = join(folder, 'kernel')
    await writeFile(kernel, trialGuest())
    await hear(trialArguments(accelerator, kernel), abort)
    return undefined
  } catch (error) {
    abort.throwIfAborted()
    return messageOf(error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The board and processor that domains get, and nothing else. */
function trialArguments(accelerator: Accelerator, kernel: string): string[] {
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-kernel', kernel]
  const serial = ['-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial']
  return [
    ...bare,
    ...boardArguments(),
    ...acceleratorArguments(accelerator, trialMiB),
    ...memoryArguments(trialMiB),
    ...serial,
  ]
}

/** Resolves when the guest has greeted; its process is gone either way. */
async function hear(args: readonly string[], abort: AbortSignal): Promise<void> {
  abort.throwIfAborted()
  const child = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const said = { out: '', err: '' }
  const late = setTimeout(() => reject(new Fault(`the guest was silent for ${trialMs} ms`)), trialMs)
  const aborted = () => reject(abort.reason)
  abort.addEventListener('abort', aborted)
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk))
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk
    if (said.out.includes(trialGreeting)) resolve()
  })
  const closed = new Promise<void>((done) => child.once('close', () => done()))
  child.once('error', (cause) => reject(new Fault(`QEMU did not start: ${cause.message}`, { cause })))
  child.once('close', (code, signal) =>
    reject(new Fault(`QEMU ended (${signal ?? code}): ${said.err.trim().replaceAll(/\s+/g, ' ')}`)),
  )
  try {
    await promise
  } finally {
    clearTimeout(late)
    abort.removeEventListener('abort', aborted)
    child.kill('SIGKILL')
    if (child.pid !== undefined) await closed
  }
}
