const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Ctrl-C reaches us twice: from the terminal, and passed on by npm. What comes within this time is one. */
const oneSignalMs = 300

/**
 * Passes signals on, each once, and stays until the child has ended. A child in our own group hears the terminal by itself; what
 * it hears then is not said again. The answer tells whether there was any.
 */
function passSignals(child, alone) {
  const last = {}
  for (const signal of signals) {
    process.on(signal, () => {
      const again = Date.now() - (last[signal] || 0) < oneSignalMs
      last[signal] = Date.now()
      if (!again && (alone || signal === 'SIGTERM')) send(child, signal, alone)
    })
  }
  return () => Object.keys(last).length > 0
}

function send(child, signal, alone) {
  try {
    process.kill(alone ? -child.pid : child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error // It has just ended.
  }
}

module.exports = { passSignals }
