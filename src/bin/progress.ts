/** Progress as a person reads it: one line a step, with what it took. */
export interface Progress {
  /** Shows `label` while `work` goes on, then a tick and the time it took; on failure a cross. Its details replace each other. */
  step<T>(label: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>
  say(text: string): void
}

/** Where it is shown. */
interface Out {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export function progressOn(out: Out, now: () => number): Progress {
  const rewrite = (text: string) => {
    if (out.isTTY) out.write(`\r\x1b[K${text}`)
  }
  return {
    say: (text) => void out.write(`${text}\n`),
    async step(label, work) {
      const begun = now()
      rewrite(`  ${label} …`)
      const end = (mark: string, note = '') => {
        rewrite('')
        out.write(`${mark} ${label}${note}\n`)
      }
      try {
        const value = await work((text) => rewrite(`  ${label}: ${text}`))
        const seconds = (now() - begun) / 1000
        end('✓', seconds >= 0.5 ? ` (${seconds.toFixed(1)} s)` : '')
        return value
      } catch (error) {
        end('✗')
        throw error
      }
    },
  }
}
