/**
 * Makes the machine ready for what was asked, and runs it on the Node that this project pins: `node bin/bootstrap.cjs up`,
 * as `npm start` calls it. Runs on any Node since 10 and uses no packages: it is what installs them. So is all in bootstrap/.
 */
const { join } = require('path')
const { ensureDebianPackages } = require('./bootstrap/debian.cjs')
const { launch, tryNode, warm } = require('./bootstrap/launch.cjs')
const { ensureModules } = require('./bootstrap/modules.cjs')
const { nodeFor } = require('./bootstrap/node.cjs')
const { progressOn } = require('./bootstrap/progress.cjs')
const { needsMachines, parseRequest } = require('./bootstrap/request.cjs')
const { checkPlatform } = require('./bootstrap/platform.cjs')
const { Trouble } = require('./bootstrap/trouble.cjs')

const root = join(__dirname, '..')

/** Gives the status to end with. `prepare` before the command leaves it at making ready: bin/start does the rest. */
async function main() {
  const progress = progressOn(process.stdout)
  const alone = process.argv[2] === 'prepare'
  const request = parseRequest(
    process.argv.slice(alone ? 3 : 2),
    process.env,
    process.getuid ? process.getuid() === 0 : false,
  )
  const withMachines = needsMachines(request)
  if (withMachines) checkPlatform(request, process)
  const what = ['test', 'bench'].includes(request.command) ? request.command : withMachines ? 'machines' : 'api'
  await ensureDebianPackages(what, process, progress)
  const areNew = await ensureModules({ root, withTools: request.command === 'test', env: process.env, progress })
  const node = nodeFor(root, process)
  if (areNew) {
    await tryNode(node)
    await progress.step('Program', 'compiling', () => warm(node, root))
  }
  return alone ? 0 : launch(request, node, root)
}

/** What went wrong outside is told in words; a bug with its trace. The last line of `test` is a count, come what may. */
function tell(error) {
  process.stderr.write(`\n${error instanceof Trouble ? error.message : error.stack}\n`)
  if (process.argv[2] === 'test') process.stdout.write('0 passed, 1 failed\n')
  return 1
}

main()
  .catch(tell)
  .then((status) => {
    process.exitCode = status
  })
