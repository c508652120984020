const { spawn } = require('child_process')
const { existsSync } = require('fs')
const { constants } = require('os')
const { join } = require('path')
const { capture, tail } = require('./capture.cjs')
const { detach, wantsDetached } = require('./detach.cjs')
const { passSignals } = require('./signals.cjs')
const { Trouble } = require('./trouble.cjs')

const scripts = { test: 'scripts/test.ts', bench: 'scripts/bench.ts' }

/** Those that ask nothing: they get a process group of their own. */
const served = ['up', 'test', 'bench']

/**
 * Runs what was asked for until it ends, or until it serves in the background; gives its status.
 * @param {import('./request.cjs').Request} request
 */
function launch(request, node, root) {
  const env = environment(root)
  const { data, rest } = request
  if (request.command === 'up' && wantsDetached(rest)) return detach([node, ...programOf(request, root)], data, env)
  const alone = served.includes(request.command)
  const [command, ...args] = commandLine(request, node, root)
  const child = spawn(command, args, {
    env,
    detached: alone,
    stdio: [alone ? 'ignore' : 'inherit', 'inherit', 'inherit'],
  })
  passSignals(child, alone)
  return new Promise((resolve, reject) => {
    child.once('error', ({ message }) => reject(new Trouble(`${node} does not run here: ${message}`)))
    child.once('exit', (status, signal) => resolve(signal ? 128 + constants.signals[signal] : status))
  })
}

/** Tells what we started to end, should this process be killed: a group of its own would never hear of it. */
const setpriv = '/usr/bin/setpriv'

/** @param {import('./request.cjs').Request} request */
function commandLine(request, node, root) {
  const ending = served.includes(request.command) && existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', '--'] : []
  return [...ending, node, ...programOf(request, root)]
}

/** @param {import('./request.cjs').Request} request */
function programOf({ command, data, rest }, root) {
  if (scripts[command]) return ['--no-warnings', join(root, scripts[command]), ...rest]
  return [...flags, join(root, cumulet), '--data', data, command, ...rest]
}

const cumulet = 'src/bin/cumulet.ts'

/**
 * As in bin/cumulet; a test compares them. Room for young garbage, and no object that is old from the start: ADR 11. Optimised code of
 * at most 0 bytes, and a collector that can be asked: src/bin/small.ts.
 */
const flags = [
  ...['--no-warnings', '--max-semi-space-size=16', '--no-allocation-site-pretenuring'],
  ...['--max-optimized-bytecode-size=0', '--expose-gc'],
]

/** Node keeps what it compiled in there, if the user has no better place. */
function environment(root) {
  return Object.assign({ NODE_COMPILE_CACHE: join(root, '.cache', 'compiled') }, process.env)
}

/** Throws `Trouble` where the pinned Node is there but does not run: for lack of a library, or on another C library. */
async function tryNode(node) {
  const { status, out } = await capture(node, ['--version'])
  if (status !== 0) throw new Trouble(`The Node that Cumulet brings does not run on this machine:\n${tail(out, 5)}`)
}

/**
 * Has the program compiled and kept. Measured: a process that starts from there is 35 MB smaller, because it need not load what
 * takes types out of sources, and a second faster. Whether it works shows later; a start without is only slower.
 */
async function warm(node, root) {
  await capture(node, [...flags, join(root, cumulet), 'warm'], { env: environment(root) })
}

module.exports = { commandLine, flags, launch, tryNode, warm }
