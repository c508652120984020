const { existsSync } = require('fs')
const { join } = require('path')
const { capture, tail } = require('./capture.cjs')
const { needsOf } = require('./needs.cjs')
const { Trouble } = require('./trouble.cjs')

/**
 * Installs what `what` needs of Debian (needs.cjs) and the machine lacks. Where it cannot, throws `Trouble`; `test` goes on without
 * root, as it does without machines.
 */
async function ensureDebianPackages(what, { platform, env, getuid }, progress) {
  if (platform !== 'linux') return
  const needs = needsOf(what)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's.
  const query = await capture('dpkg-query', ['-W', '-f=${db:Status-Status} ${Package}\\n', ...Object.keys(needs)])
  if (query.status === undefined) return checkPrograms(needs, env)
  const missing = missingAmong(needs, query.out)
  if (missing.length === 0) return
  if (getuid() === 0) await install(missing, needs, progress)
  else progress.say(`Not root: these packages are missing and stay so: ${missing.join(', ')}`)
}

/** Those that dpkg-query, asked for each as `STATUS NAME`, does not call installed. Names it never heard of are not in its answer. */
function missingAmong(needs, answer) {
  const lines = new Set(answer.split('\n'))
  return Object.keys(needs).filter((it) => !lines.has(`installed ${it}`))
}

/** On a Linux that is no Debian, packages have other names; their programs do not. */
function checkPrograms(needs, env) {
  const folders = (env.PATH || '').split(':').concat('/usr/sbin', '/sbin')
  const isThere = (program) => folders.some((it) => existsSync(join(it, program)))
  const lacking = Object.keys(needs).filter((it) => !needs[it].programs.every(isThere))
  if (lacking.length === 0) return
  const lines = lacking.map((it) => `  ${needs[it].programs.join(', ')}: ${needs[it].why}`)
  throw new Trouble(
    `This is no Debian: please install these programs with what it has, and start again.\n${lines.join('\n')}`,
  )
}

async function install(missing, needs, progress) {
  await progress.step('Debian packages', `installing ${missing.join(', ')}`, async (detail) => {
    const update = await aptGet(['update'], detail)
    const done = await aptGet(['install', '-y', '--no-install-recommends', ...missing], detail)
    if (done.status === 0) return
    const why = missing.map((it) => `  ${it}: ${needs[it].why}`).join('\n')
    const said = done.status === undefined ? 'There is no apt-get here.' : `apt-get says:\n${complaints(update, done)}`
    throw new Trouble(`These Debian packages are needed and could not be installed:\n${why}\n${said}`)
  })
}

/** Without network `apt-get update` succeeds, with warnings: they say more than the failure that follows. */
function complaints(...results) {
  const lines = results.map((it) => it.out.split('\n')).reduce((all, more) => all.concat(more), [])
  const telling = Array.from(new Set(lines.filter((it) => /^(E|W|Err):/.test(it))))
  return telling.length > 0 ? telling.slice(-10).join('\n') : tail(results[results.length - 1].out, 10)
}

const keepConfiguration = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']
const lockPatienceMs = 10 * 60 * 1000
const lockPauseMs = 2000

/** Waits while another apt holds a lock, as unattended upgrades do on a machine that has just booted. */
async function aptGet(args, detail) {
  const deadline = Date.now() + lockPatienceMs
  for (;;) {
    const result = await aptGetOnce(args, detail)
    if (result.status === 0 || !isLocked(result.out) || Date.now() > deadline) return result
    detail('waiting for another apt to end')
    await new Promise((resolve) => setTimeout(resolve, lockPauseMs))
  }
}

/** By its text in the C locale: apt's status is 100 for whatever goes wrong. Source: apt-pkg/contrib/fileutl.cc, GetLock. */
function isLocked(said) {
  return /^E: (Could not get lock|Unable to (lock|acquire))/m.test(said)
}

function aptGetOnce(args, detail) {
  const env = Object.assign({}, process.env, {
    LC_ALL: 'C',
    DEBIAN_FRONTEND: 'noninteractive',
    NEEDRESTART_SUSPEND: '1',
  })
  const status = (line) => {
    const shown = describeStatus(line)
    if (shown) detail(shown)
  }
  return capture('apt-get', ['-q', '-o', 'APT::Status-Fd=3', ...keepConfiguration, ...args], { env, status })
}

/** A line of apt's status in words: `pmstatus:nftables:42.8571:Unpacking nftables (amd64)`. Source: apt, README.progress-reporting. */
function describeStatus(line) {
  const match = /^(dl|pm)status:.*?:([0-9.]+):(.+)$/.exec(line)
  return match && `${match[1] === 'dl' ? 'downloading' : 'installing'} ${Math.floor(Number(match[2]))} % (${match[3]})`
}

module.exports = { complaints, describeStatus, ensureDebianPackages, isLocked, missingAmong }
