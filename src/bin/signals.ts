/** Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. What comes within this time is one. */
const oneSignalMs = 300

/** Aborts at the first signal that asks to end; another one later ends the process where it stands. */
export function stopAtSignals(): AbortSignal {
  const stop = new AbortController()
  let heard: number | undefined
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      heard ??= performance.now()
      stop.abort(new Error(`ended by ${name}`))
      if (performance.now() - heard > oneSignalMs) process.exit(130)
    })
  }
  return stop.signal
}
