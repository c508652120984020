/** The `ec2-…` and `euca-…` commands: the first argument is the name under which the launcher was called. */
import { open, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import packageJson from '../../package.json' with { type: 'json' }
import { systemClock } from '../base/clock.ts'
import { connect } from '../cli/client.ts'
import { main, type Outside } from '../cli/main.ts'
import { objectsAt, sendByHttp } from '../cli/objects.ts'
import { localProfile } from '../cli/target.ts'
import { defaultDataDirectory } from './settings.ts'

const outside: Outside = {
  env: process.env,
  version: packageJson.version,
  files: {
    read: (path) => (path === '-' ? buffer(process.stdin) : readFile(path)),
    isFile: async (path) => (await stat(path).catch(() => undefined))?.isFile() ?? false, // what can't be looked at is no file
    async writeSecret(path, text) {
      await using file = await open(path, 'w', 0o600)
      if ((await file.stat()).isFile()) await file.chmod(0o600) // it may have been there, for all to read
      await file.writeFile(text)
    },
  },
  profile: () => localProfile(defaultDataDirectory(process.env, process.getuid?.() === 0)),
  objects: (endpoint, target) =>
    objectsAt(
      endpoint,
      target,
      () => systemClock.now(),
      (it) => sendByHttp(endpoint, it),
    ),
  isTerminal: process.stderr.isTTY === true,
  connect: (target, debug) => connect(target, debug ? { debug } : {}),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
}

// `ec2-describe-images | head` closes the pipe early: that is no failure.
process.stdout.on('error', () => process.exit(0))

const [calledAs = 'ec2', ...rest] = process.argv.slice(2)
const name = basename(calledAs)
const [invokedAs = '', args] = name === 'ec2' ? [`ec2-${rest[0] ?? ''}`, rest.slice(1)] : [name, rest]
process.exitCode = await main(invokedAs, args, outside)
