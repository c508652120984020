import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../base/fault.ts'
import type { HostSpec } from '../host-api/spec.ts'

/** The last spec that was accepted: what an agent goes on with while the control plane is away. */
export interface SpecFile {
  read(): Promise<HostSpec | undefined>
  write(spec: HostSpec): Promise<void>
}

/** Keeps the spec in `path`, replaced whole: a reader never sees half of one. */
export function openSpecFile(path: string): SpecFile {
  let last = Promise.resolve()
  return {
    async read() {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as HostSpec
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return undefined
        throw error
      }
    },
    write(spec) {
      last = last.then(
        () => replace(path, JSON.stringify(spec)),
        () => replace(path, JSON.stringify(spec)),
      )
      return last
    },
  }
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(`${path}.new`, 'w', 0o600)
  await using _ = { [Symbol.asyncDispose]: () => file.close() }
  await file.writeFile(text)
  await rename(`${path}.new`, path)
}
