const { Trouble } = require('./trouble.cjs')

const apiAlone = 'The API alone, with machines that are only played, needs neither:\n  npm start -- --hypervisor fake'

/** Throws `Trouble` where no guest can run: elsewhere than on Linux, or without root. */
function checkPlatform({ command }, { platform, getuid, env }) {
  if (platform !== 'linux') throw new Trouble(`Machines run on Linux only; this is ${platform}. ${apiAlone}`)
  if (getuid && getuid() === 0) return
  const asRoot = `Machines need root, for network namespaces, taps and firewall rules of their own.`
  throw new Trouble(`${asRoot}\n  ${rootCommand(command, env)}\n${command === 'up' ? apiAlone : ''}`.trimEnd())
}

/** npm 7 and 8 run scripts as the owner of the folder, even when root calls them. Source: npm 9 changelog, "file ownership". */
function rootCommand(command, env) {
  if (env.SUDO_UID !== undefined) return `sudo node bin/bootstrap.cjs ${command}     (this npm gives up root by itself)`
  return command === 'up' ? 'sudo npm start' : `sudo npm run ${command}`
}

module.exports = { checkPlatform }
