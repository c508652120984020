const { existsSync } = require('fs')
const { join } = require('path')
const { Trouble } = require('./trouble.cjs')

/** The oldest that runs the sources as they are. */
const oldestMajor = 26

/** The Node that the lockfile pins, if it is installed: npm packages have it for Linux. */
function pinnedNode(root, { platform, arch }) {
  const file = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node')
  return platform === 'linux' && existsSync(file) ? file : undefined
}

/** The Node to run the sources with: the pinned one, else this one if it is new enough. Throws `Trouble`. */
function nodeFor(root, { platform, arch, version, execPath }) {
  const pinned = pinnedNode(root, { platform, arch })
  if (pinned) return pinned
  if (Number.parseInt(version.slice(1), 10) >= oldestMajor) return execPath
  throw new Trouble(
    `Cumulet needs Node ${oldestMajor} or newer. It brings its own for Linux on x64 and arm64; this is Node ${version} on ` +
      `${platform} ${arch}. Install a newer one from https://nodejs.org and start again.`,
  )
}

module.exports = { nodeFor, pinnedNode }
