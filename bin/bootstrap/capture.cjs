const { spawn } = require('child_process')

/**
 * Runs a command and keeps what it says on both streams. Its status is undefined where it could not be started, and then
 * `out` says why.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, status?: (line: string) => void }} [options] `status` is given the lines that it writes to file descriptor 3
 * @returns {Promise<{ status: number | undefined, out: string }>}
 */
function capture(command, args, { env, cwd, status } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe', status ? 'pipe' : 'ignore'] })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        out += text
      })
    }
    if (status) eachLine(child.stdio[3], status)
    child.once('error', ({ message }) => resolve({ status: undefined, out: message }))
    child.once('close', (code) => resolve({ status: code === null ? 1 : code, out }))
  })
}

function eachLine(stream, use) {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    lines.forEach(use)
  })
}

/** The last lines of a text that are not empty. */
function tail(text, count) {
  return text
    .split('\n')
    .filter((it) => it.trim() !== '')
    .slice(-count)
    .join('\n')
}

module.exports = { capture, tail }
