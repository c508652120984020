const { readFileSync } = require('fs')
const { homedir } = require('os')
const { join, resolve } = require('path')
const { Trouble } = require('./trouble.cjs')

/**
 * @typedef {object} Request
 * @property {string} command
 * @property {string} [data] the data directory, where the command is one of `cumulet`
 * @property {string[]} rest arguments of the command
 */

const scripts = ['test', 'bench']

/**
 * What the command line asks for. `cumulet` takes `--data` before its command; behind it, where `npm start --` puts it, it is
 * found too.
 * @returns {Request}
 */
function parseRequest(argv, env, isRoot) {
  const [command = 'up', ...rest] = argv
  if (scripts.includes(command)) return { command, rest }
  const at = rest.findIndex((it) => it === '--data' || it.startsWith('--data='))
  const from = env.INIT_CWD || '.'
  if (at < 0) return { command, data: resolve(from, defaultDataDirectory(env, isRoot)), rest }
  const [flag, next] = rest.splice(at, rest[at] === '--data' ? 2 : 1)
  const given = flag === '--data' ? next : flag.slice('--data='.length)
  if (!given) throw new Trouble('--data wants a directory')
  return { command, data: resolve(from, given), rest }
}

/** As in src/bin/settings.ts; a test compares them. */
function defaultDataDirectory(env, isRoot) {
  if (env.CUMULET_HOME !== undefined) return env.CUMULET_HOME
  if (isRoot) return '/var/lib/cumulet'
  const home = env.XDG_DATA_HOME === undefined ? join(homedir(), '.local', 'share') : env.XDG_DATA_HOME
  return join(home, 'cumulet')
}

/**
 * Whether guests will run: the one thing that needs Linux, root and Debian's packages.
 * @param {Request} request
 */
function needsMachines({ command, data, rest }) {
  if (command === 'bench') return true
  if (command !== 'up' || rest.includes('--help') || rest.includes('-h')) return false
  return (hypervisorIn(rest) || hypervisorOfCloud(data)) !== 'fake'
}

function hypervisorIn(rest) {
  const at = rest.lastIndexOf('--hypervisor')
  if (at >= 0) return rest[at + 1]
  const joined = rest.find((it) => it.startsWith('--hypervisor='))
  return joined && joined.slice('--hypervisor='.length)
}

/** What the cloud that is already there was made with. */
function hypervisorOfCloud(data) {
  try {
    return JSON.parse(readFileSync(join(data, 'cloud.json'), 'utf8')).hypervisor
  } catch (_) {
    return undefined // None there yet, or one that `cumulet` will say more about.
  }
}

module.exports = { defaultDataDirectory, needsMachines, parseRequest }
