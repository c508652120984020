const { spawn } = require('child_process')
const { closeSync, existsSync, mkdirSync, openSync, rmdirSync, unlinkSync } = require('fs')
const { constants } = require('os')
const { dirname, join } = require('path')
const { passSignals } = require('./signals.cjs')

/** What a cloud says to its starter between its words, as src/bin/starter.ts has them: it serves; what follows is a complaint. */
const serves = '\x04'
const complains = '\x15'

const options = ['-d', '--detach']

/**
 * Starts a cloud in a session of its own, shows what it says of its start, and gives the status to end with: 0 as soon as it
 * serves. What it writes later goes to its log. It keeps nothing of who started it: no terminal, no folder, no variable of npm.
 * @param {string[]} command `cumulet up` with all that it is told; its data directory is `data`
 * @param {string} data
 * @param {NodeJS.ProcessEnv} env
 */
async function detach([program, ...args], data, env) {
  const logs = join(data, 'logs')
  const log = join(logs, 'control.log')
  makeFolder(data, 0o755)
  makeFolder(logs, 0o700)
  const file = openSync(log, 'a', 0o640)
  const child = spawn(
    program,
    args.filter((it) => !options.includes(it)),
    {
      detached: true,
      cwd: '/',
      env: Object.assign(withoutNpm(env), { CUMULET_STARTER: process.stdout.isTTY ? 'terminal' : 'plain' }),
      stdio: ['ignore', file, file, 'pipe'],
    },
  )
  closeSync(file)
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => resolve(signal ? 128 + constants.signals[signal] : status))
  })
  const wasStopped = passSignals(child, true)
  const said = heardFrom(child.stdio[3])
  await Promise.race([said, ended])
  if ((await said) && !wasStopped()) {
    child.unref()
    child.stdio[3].destroy()
    return 0
  }
  const status = await ended
  if (wasStopped()) {
    process.stderr.write('\nStopped before it served. `cumulet down` takes away what had begun.\n')
    return 130
  }
  if (!existsSync(join(data, 'cloud.json'))) leaveNothing(log, logs, data)
  else process.stderr.write(`The start failed. Its log: ${log}\n`)
  return status || 1
}

/** Shows what comes until the end, or until the cloud serves: that is the answer. */
function heardFrom(pipe) {
  let to = process.stdout
  return new Promise((resolve) => {
    pipe.setEncoding('utf8')
    pipe.on('data', (text) => {
      const [words, ...complaints] = text.replace(serves, '').split(complains)
      to.write(words)
      for (const it of complaints) {
        to = process.stderr
        to.write(it)
      }
      if (text.includes(serves)) resolve(true)
    })
    pipe.once('error', () => resolve(false))
    pipe.once('close', () => resolve(false))
  })
}

/** Where no cloud came of it, there shall be no folder that looks like one. */
function leaveNothing(log, ...folders) {
  try {
    unlinkSync(log)
    folders.forEach((it) => {
      rmdirSync(it)
    })
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code)) throw error
  }
}

/** With those above it; Node's own way is younger than Node 10. */
function makeFolder(folder, mode) {
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    if (error.code === 'EEXIST') return
    if (error.code !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolder(dirname(folder), 0o755)
    mkdirSync(folder, mode)
  }
}

function withoutNpm(env) {
  const names = Object.keys(env).filter((it) => !it.startsWith('npm_') && it !== 'INIT_CWD')
  return names.reduce((kept, it) => Object.assign(kept, { [it]: env[it] }), {})
}

/** @param {string[]} args */
function wantsDetached(args) {
  return args.some((it) => options.includes(it)) && !args.includes('--help') && !args.includes('-h')
}

module.exports = { detach, wantsDetached }

// As a program: the data directory, and what would serve in the foreground.
if (require.main === module) {
  const [data, ...command] = process.argv.slice(2)
  detach(command, data, process.env).then((status) => {
    process.exitCode = status
  })
}
