/**
 * Progress as a person reads it: one line a step, looking as src/bin/progress.ts, which wants a newer Node, makes it.
 * @param {NodeJS.WriteStream} out
 */
function progressOn(out) {
  const rewrite = (text) => {
    if (out.isTTY) out.write(`\r\x1b[K${text.slice(0, (out.columns || 80) - 1)}`)
  }
  return {
    say: (text) => {
      out.write(`${text}\n`)
    },
    /** Shows what is done and how far it is, then a tick and the time it took; on failure a cross. */
    async step(label, what, work) {
      const begun = Date.now()
      if (out.isTTY) rewrite(`  ${label}: ${what}`)
      else out.write(`  ${label}: ${what}\n`)
      const end = (line) => {
        rewrite('')
        out.write(`${line}\n`)
      }
      try {
        const value = await work((detail) => rewrite(`  ${label}: ${detail}`))
        end(`✓ ${label} (${((Date.now() - begun) / 1000).toFixed(1)} s)`)
        return value
      } catch (error) {
        end(`✗ ${label}`)
        throw error
      }
    },
  }
}

module.exports = { progressOn }
