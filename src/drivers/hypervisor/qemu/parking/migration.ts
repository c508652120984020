/**
 * The state of a machine's devices and processors, out of one process and into another. Its memory is where both have it.
 * Source: QEMU QMP Reference Manual 7.2, migrate, migrate-incoming, MIGRATION.
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { chown } from 'node:fs/promises'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../../../base/fault.ts'
import type { Control } from '../../../qemu/control.ts'
import type { Qmp } from '../../../qemu/qmp.ts'

export interface Way {
  readonly qmp: Qmp
  readonly control: Control
  readonly abort: AbortSignal
}

/** Nothing of it takes a second: a machine that does not answer in this time is given up. */
const timeoutMs = 20_000

const capabilities = ['x-ignore-shared', 'events'].map((capability) => ({ capability, state: true }))

/**
 * Writes the state of a machine that stands still to a new file. QEMU, which may write nowhere itself, connects to `socket`: a path
 * below a folder that this user can pass through.
 */
export async function saveState(
  { qmp, control, abort }: Way,
  file: string,
  socket: string,
  user: number,
): Promise<void> {
  const server = createServer()
  try {
    server.listen(socket)
    await once(server, 'listening', { signal: abort })
    await chown(socket, user, user)
    await qmp.execute('migrate-set-capabilities', { capabilities }, { abort })
    using saved = control.expect('MIGRATION', hasStatus('completed'))
    using failed = control.expect('MIGRATION', hasStatus('failed'))
    const limit = AbortSignal.any([abort, AbortSignal.timeout(timeoutMs)])
    const connected = once(server, 'connection', { signal: limit })
    await qmp.execute('migrate', { uri: `unix:${socket}` }, { abort })
    const [stream] = await connected
    await pipeline(stream, createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }), { signal: limit })
    await firstOf(saved.seen, failed.seen)
  } finally {
    server.close()
  }
}

/** Reads the state into a process that waits for one, from its descriptor of this number. Throws where it does not fit. */
export async function loadState({ qmp, control, abort }: Way, descriptor: number): Promise<void> {
  await qmp.execute('migrate-set-capabilities', { capabilities }, { abort })
  using loaded = control.expect('MIGRATION', hasStatus('completed'))
  using failed = control.expect('MIGRATION', hasStatus('failed'))
  await qmp.execute('migrate-incoming', { uri: `fd:${descriptor}` }, { timeoutMs, abort })
  await firstOf(loaded.seen, failed.seen)
}

async function firstOf(done: Promise<unknown>, failed: Promise<unknown>): Promise<void> {
  const failure = failed.then(() => {
    throw new Fault("QEMU could not take over the machine's state")
  })
  await Promise.race([done, failure])
}

function hasStatus(wanted: string): (data: unknown) => boolean {
  return (data) => typeof data === 'object' && data !== null && 'status' in data && data.status === wanted
}
