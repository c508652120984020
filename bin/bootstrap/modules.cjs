const { createHash } = require('crypto')
const { readFileSync, writeFileSync } = require('fs')
const { basename, join } = require('path')
const { capture, tail } = require('./capture.cjs')
const { pinnedNode } = require('./node.cjs')
const { Trouble } = require('./trouble.cjs')

/**
 * @typedef {{ lock: string, tools: boolean }} Stamp digest of the lockfile that is installed, and whether development
 * dependencies (the tools) are
 * @typedef {Record<string, { version?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }>} Packages
 */

/**
 * Installs the packages of the lockfile unless they are there, and gives whether they are new. Tools that are there stay.
 * Throws `Trouble`.
 */
async function ensureModules({ root, withTools, env, progress }) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const lock = createHash('sha256').update(lockText).digest('hex')
  const stampFile = join(root, 'node_modules', '.cumulet.json')
  const stamp = readJson(stampFile)
  if (isCurrent(stamp, lock, withTools) && hasNode(root)) return false
  const hidden = readJson(join(root, 'node_modules', '.package-lock.json'))
  let tools = hidden && installedOf(JSON.parse(lockText).packages, hidden.packages)
  if (tools === undefined || (withTools && !tools) || !hasNode(root)) {
    tools = withTools || hadTools(stamp, hidden)
    await install(root, tools, env, progress)
  }
  keep(stampFile, { lock, tools })
  return true
}

/** Whether these packages are the wanted ones. */
function isCurrent(stamp, lock, withTools) {
  return stamp !== undefined && stamp.lock === lock && (stamp.tools || !withTools)
}

function hadTools(stamp, hidden) {
  if (stamp) return stamp.tools
  return hidden !== undefined && Object.keys(hidden.packages).some((it) => hidden.packages[it].dev)
}

/**
 * What npm itself installed, by the list it leaves in node_modules: true with tools, false without, undefined if it is not this
 * lockfile. Optional packages are those of other platforms, and may be missing.
 * @param {Packages} wanted
 * @param {Packages} there
 */
function installedOf(wanted, there) {
  const lacking = Object.keys(wanted).filter((path) => {
    const { version, optional, devOptional } = wanted[path]
    return path !== '' && (there[path] ? there[path].version !== version : !optional && !devOptional)
  })
  if (lacking.length === 0) return true
  return lacking.every((path) => wanted[path].dev && !there[path]) ? false : undefined
}

function hasNode(root) {
  return process.platform !== 'linux' || pinnedNode(root, process) !== undefined
}

async function install(root, tools, env, progress) {
  const what = tools ? 'installing the program and its tools' : 'installing the program'
  await progress.step('Node packages', what, async () => {
    const { command, before, major } = await findNpm(env)
    const args = [...before, 'ci', '--no-audit', '--no-fund', ...modeOf(tools, major)]
    const { NODE_ENV: _, ...others } = env
    const { status, out } = await capture(command, args, { cwd: root, env: others })
    if (status !== 0) throw new Trouble(`npm could not install what package-lock.json names:\n${complaint(out)}`)
  })
}

/** What npm calls an error, from its beginning and without traces. */
function complaint(said) {
  const errors = said.split('\n').filter((it) => /^npm (error|ERR!) (?!\s*at )\S/.test(it))
  return errors.length > 0 ? errors.slice(0, 12).join('\n') : tail(said, 12)
}

/** npm 6 and before know nothing of `--omit`. Settings of the user must not leave out what is needed. */
function modeOf(tools, major) {
  if (major < 7) return [`--production=${!tools}`]
  return ['--include=optional', tools ? '--include=dev' : '--omit=dev']
}

/** The npm that started us, else the one on the path. */
async function findNpm(env) {
  const own = env.npm_execpath && basename(env.npm_execpath) === 'npm-cli.js'
  const command = own ? env.npm_node_execpath || process.execPath : 'npm'
  const before = own ? [env.npm_execpath] : []
  const version = await capture(command, [...before, '--version'])
  if (version.status !== 0)
    throw new Trouble('npm is needed to install packages, and there is none (Debian: apt-get install npm).')
  return { command, before, major: Number.parseInt(tail(version.out, 1), 10) }
}

/** Whoever may not write here can still run what is installed: they compare again each time. */
function keep(file, stamp) {
  try {
    writeFileSync(file, `${JSON.stringify(stamp)}\n`)
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
  }
}

/** Undefined where there is none, or half a one. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error instanceof SyntaxError) return undefined
    throw error
  }
}

module.exports = { complaint, ensureModules, installedOf, isCurrent, modeOf }
