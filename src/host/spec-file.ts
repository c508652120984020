import { appendFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../base/fault.ts'
import { withChange } from '../host-api/change.ts'
import type { HostSpec, SpecChange } from '../host-api/spec.ts'

/** The last spec that was accepted: what an agent goes on with while the control plane is away. */
export interface SpecFile {
  read(): Promise<HostSpec | undefined>
  write(spec: HostSpec): Promise<void>
  /** Keeps `spec`, which `change` made of the one that was kept last. */
  append(change: SpecChange, spec: HostSpec): Promise<void>
}

/** Changes that are kept beside the spec before it is written whole again. */
const mostChanges = 200

/** Keeps the spec in `path`, replaced whole, and changes of it in a file beside it: a reader never sees half of one. */
export function openSpecFile(path: string): SpecFile {
  let last = Promise.resolve()
  let changes = 0
  /** The generation that the files hold together, if that is known. */
  let kept: number | undefined
  const inTurn = (work: () => Promise<void>) => {
    last = last.then(work, work)
    return last
  }
  const write = async (spec: HostSpec) => {
    kept = undefined
    await replace(path, JSON.stringify(spec))
    await rm(changesOf(path), { force: true })
    changes = 0
    kept = spec.generation
  }
  return {
    async read() {
      const text = await readIfThere(path)
      return text === undefined
        ? undefined
        : withChanges(JSON.parse(text) as HostSpec, await readIfThere(changesOf(path)))
    },
    write: (spec) => inTurn(() => write(spec)),
    append: (change, spec) =>
      inTurn(async () => {
        if (kept !== change.since || changes >= mostChanges) return write(spec)
        kept = undefined
        await appendFile(changesOf(path), `${JSON.stringify(change)}\n`, { mode: 0o600 })
        changes++
        kept = change.generation
      }),
  }
}

/** Changes older than the spec were in it when it was written. One without its end was never taken. */
function withChanges(spec: HostSpec, text = ''): HostSpec {
  const lines = text.split('\n').slice(0, -1)
  const changes = lines.map((it) => JSON.parse(it) as SpecChange)
  return changes.filter((it) => it.since >= spec.generation).reduce<HostSpec>(withChange, spec)
}

function changesOf(path: string): string {
  return `${path}.differences`
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(`${path}.new`, 'w', 0o600)
  await using _ = { [Symbol.asyncDispose]: () => file.close() }
  await file.writeFile(text)
  await rename(`${path}.new`, path)
}
