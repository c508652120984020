/** Who started this cloud in the background (bin/bootstrap/detach.cjs), and waits until it serves. */
import { closeSync, writeSync } from 'node:fs'

export interface Starter {
  readonly isTTY: boolean
  write(text: string): void
  /** Shows it as what went wrong. */
  complain(text: string): void
  /** That the cloud serves: the last that it hears. */
  serves(): void
}

const descriptor = 3
const marks = { serves: '\x04', complaint: '\x15' } as const

/** Undefined where nobody waits: in the foreground. Taken out of `env`, as nobody whom we start has this starter. */
export function takeStarter(env: NodeJS.ProcessEnv): Starter | undefined {
  const kind = env['CUMULET_STARTER']
  delete env['CUMULET_STARTER']
  if (kind === undefined) return undefined
  let open = true
  const write = (text: string) => {
    try {
      if (open) writeSync(descriptor, text)
    } catch {
      open = false // It has gone, and the cloud comes up all the same.
    }
  }
  return {
    isTTY: kind === 'terminal',
    write,
    complain: (text) => write(`${marks.complaint}${text}`),
    serves() {
      write(marks.serves)
      open = false
      closeSync(descriptor)
    },
  }
}
