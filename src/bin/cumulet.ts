/** The `cumulet` command. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { Fault, messageOf } from '../base/fault.ts'
import type { ImportChoices } from './images/import.ts'
import { progressOn } from './progress.ts'
import { type Choices, defaultDataDirectory, type Paths, pathsOf } from './settings.ts'
import { stopAtSignals } from './signals.ts'
import { takeStarter } from './starter.ts'

const stop = stopAtSignals()

// `cumulet status | head` closes the pipe early: that is no failure, and a cloud goes on that nobody reads of.
process.stdout.on('error', () => {})

// Guests' users read images and pass through folders: what is closed to them says so, and no shell's mask closes more.
process.umask(0o022)

const isRoot = process.getuid?.() === 0
const starter = takeStarter(process.env)
const progress = progressOn(starter ?? process.stdout, () => performance.now())

function complain(text: string): void {
  process.stderr.write(text)
  starter?.complain(text)
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function portOrOff(text: string): number | 'off' {
  return text === 'off' ? text : whole(text)
}

function hypervisor(text: string): 'qemu' | 'fake' {
  if (text !== 'qemu' && text !== 'fake') throw new InvalidArgumentError('It must be qemu or fake.')
  return text
}

const program = new Command('cumulet')
  .description('An EC2 that one can own: the API of Amazon EC2, and real machines behind it.')
  .option('--data <directory>', 'where the cloud lives', defaultDataDirectory(process.env, isRoot))
  .showHelpAfterError()
  .enablePositionalOptions()
  .configureOutput({ writeErr: complain })
let data: string | undefined
const paths = (): Paths => pathsOf(data ?? program.opts<{ data: string }>().data)

/** A subcommand. It takes `--data` too, so that it may stand before or after the subcommand's name. */
function subcommand(name: string, options?: { hidden?: boolean }): Command {
  return program.command(name, options).addOption(
    new Option('--data <directory>').hideHelp().argParser((text) => {
      data = text
      return text
    }),
  )
}

subcommand('up')
  .description('bring the cloud up and serve it: until Ctrl-C, or in the background. Guests go on after that')
  .option('-d, --detach', 'serve in the background: return as soon as the cloud serves')
  .option('--foreground', 'serve until Ctrl-C, as it is without --detach', false)
  .option('--hypervisor <qemu|fake>', 'fake: the API alone, nothing boots; runs as any user', hypervisor)
  .option('--name <name>', 'what names of namespaces on this machine begin with')
  .option('--region <region>', "the region's name")
  .option('--join <directory>', 'be another region of the cloud in that data directory', (it) => resolve(it))
  .option('--host <address>', 'address to listen on')
  .option('--port <number>', 'port to listen on', whole)
  .option('--hosts-per-zone <number>', 'how many hosts each zone has', whole)
  .option('--scale <number>', "what instance types' memory and disks are divided by", whole)
  .option('--memory <MiB>', 'what all guests together may take', whole)
  .option('--public-network <cidr>', 'public addresses of guests: a /24')
  .option('--ipv6-network <cidr>', 'what VPCs get their blocks of IPv6 of: a /40')
  .option('--dns-suffix <domain>', "what instances' public names end in, behind the region's name")
  .option('--private-dns-suffix <domain>', "what instances' private names end in, behind the region's name")
  .option('--dns-port <number|off>', 'where public names are told outside', portOrOff)
  .option('--resolver <address,…|machine|off>', 'who is asked for names that are not ours')
  .option('--no-machine-link', 'leave the machine itself without a way to public addresses of guests')
  .action(async (options: Record<string, unknown>) => {
    const { memory, machineLink, detach, foreground, ...rest } = options
    if (detach === true) return startInBackground(foreground === true, rest['join'] as string | undefined)
    const choices = {
      ...rest,
      ...(memory !== undefined && { memoryMiB: memory }),
      ...(machineLink === false && { machineLink }),
    } as Choices
    const { alreadyServes } = await import('./already.ts')
    if (await alreadyServes(paths(), choices, starter)) return
    const { up } = await import('./up.ts')
    await up({ paths: paths(), choices, progress, starter }, stop)
  })

/** Becomes its starter, who is told the flags and arguments that this process was given. */
async function startInBackground(alsoForeground: boolean, join: string | undefined): Promise<void> {
  if (alsoForeground) throw new Fault('It cannot be both --detach and --foreground.')
  const starter = fileURLToPath(new URL('../../bin/bootstrap/detach.cjs', import.meta.url))
  const { data } = paths()
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--data', data]
  if (join !== undefined) again.push('--join', join) // There another folder is the current one.
  if (!process.execve) throw new Fault('This system knows no way into the background.')
  const { keepCompiled } = await import('./compiled.ts')
  await keepCompiled()
  process.execve(process.execPath, [process.execPath, starter, data, ...again], process.env)
}

subcommand('warm', { hidden: true })
  .description('loads the program once, so that Node keeps it compiled: what starts from there is quicker and smaller')
  .action(async () => {
    const { keepCompiled } = await import('./compiled.ts')
    await keepCompiled()
  })

subcommand('status')
  .description('what runs, and whether all is well')
  .action(async () => {
    const { status } = await import('./status.ts')
    process.exitCode = await status(paths(), progress.say)
  })

subcommand('metrics')
  .description('counters for monitoring, as Prometheus reads them: what guests sent in vain, and whether hosts answer')
  .action(async () => {
    const { metrics } = await import('./metrics.ts')
    await metrics(paths(), progress.say)
  })

subcommand('doctor')
  .description('what this machine lacks, and what that costs')
  .action(async () => {
    const { doctor } = await import('./doctor.ts')
    process.exitCode = await doctor(paths(), progress.say, stop)
  })

subcommand('down')
  .description('shut all guests down and stop everything; the data stays')
  .option('--grace <seconds>', 'how long guests may take', whole, 15)
  .option('--leave-guests', 'stop the control plane alone: guests, their network and their metadata go on')
  .action(async ({ grace, leaveGuests }: { grace: number; leaveGuests?: boolean }) => {
    const { down, stopControlPlane } = await import('./down.ts')
    if (leaveGuests) await stopControlPlane({ paths: paths(), progress }, stop)
    else await down({ paths: paths(), graceMs: grace * 1000, progress }, stop)
  })

subcommand('reset')
  .description('stop everything and delete all of it: instances, keys, accounts')
  .option('--yes', 'do not ask')
  .action(async ({ yes }: { yes?: boolean }) => {
    const { reset } = await import('./reset.ts')
    await reset({ paths: paths(), sure: yes === true, progress }, stop)
  })

subcommand('logs')
  .description('follow a log: control (the default), agent, or the console of an instance')
  .argument('[what]', 'control, agent or i-…', 'control')
  .option('-n, --lines <number>', 'how many lines to begin with', whole, 50)
  .option('--no-follow', 'end after them')
  .action(async (what: string, options: { lines: number; follow: boolean }) => {
    const { logs } = await import('./logs.ts')
    process.exitCode = await logs(paths(), what, options, stop)
  })

subcommand('account')
  .description('make another account: cumulet account create NAME > name.rc; . ./name.rc')
  .argument('<create>', 'what to do')
  .argument('<name>', 'what the account is called')
  .action(async (what: string, name: string) => {
    if (what !== 'create') throw new InvalidArgumentError('It can only be create.')
    const { createAccount } = await import('./account.ts')
    process.stdout.write(await createAccount(paths(), name))
  })

subcommand('ssh')
  .description('log into an instance: cumulet ssh [-i KEY] [USER@]i-… [COMMAND…]')
  .argument('<instance>', 'i-…, or USER@i-…')
  .argument('[command...]', 'what to run there')
  .option('-i, --identity <file>', 'private key')
  .passThroughOptions()
  .action(async (instance: string, command: string[], options: { identity?: string }) => {
    const { ssh } = await import('./ssh.ts')
    process.exitCode = await ssh(paths(), { instance, command, ...options })
  })

const image = subcommand('image').description('images beside the tiny one')

image
  .command('list')
  .description('images that lie here, who logs into them, and the room that they take')
  .action(async () => {
    const { listImageFolders } = await import('./images/list.ts')
    await listImageFolders(paths(), progress.say)
  })

image
  .command('build')
  .description('build Debian with cloud-init from the mirror of this machine, and offer it')
  .argument('<debian>', 'what to build', (text) => {
    if (text !== 'debian') throw new InvalidArgumentError('It must be debian.')
    return text
  })
  .action(async () => {
    const { buildImage } = await import('./images/build.ts')
    await buildImage(paths(), progress, stop)
  })

image
  .command('import')
  .description('make an image of a disk, of a directory with a root file system, or of an OCI image')
  .argument('<source>', 'raw, qcow2, VMDK or VHD file; directory; OCI layout or archive')
  .option('--name <name>', "the image's name; default: the file's")
  .addOption(new Option('--format <format>', 'what a file must be').choices(['raw', 'qcow2', 'vmdk', 'vhd']))
  .addOption(new Option('--firmware <firmware>', 'what starts a whole disk').choices(['bios', 'uefi']))
  .option('--largest <GiB>', 'no larger disk is taken', whole, 64)
  .action(async (source: string, options: ImportChoices) => {
    const { importFrom } = await import('./images/import.ts')
    await importFrom(paths(), source, options, progress, stop)
  })

image
  .command('warm')
  .description('park the machine that launches of an image wake from, instead of after the first of them')
  .argument('<image>', 'ami-…')
  .option(
    '--type <type>',
    'of which instances; may be given several times, and the eight used last are kept',
    (it, others: string[] = []) => [...others, it],
  )
  .action(async (id: string, { type }: { type?: string[] }) => {
    const { warmImage } = await import('./images/warm.ts')
    await warmImage(paths(), { image: id, types: type }, progress, stop)
  })

const host = subcommand('host').description('hosts of the box')

host
  .command('lose')
  .description('lose a host as if its power had gone for good: its guests end, others go on')
  .argument('<host>', 'a1, for example: see cumulet status')
  .action(async (name: string) => {
    const { loseHost } = await import('./hosts.ts')
    await loseHost(paths(), name, progress, stop)
  })

host
  .command('return')
  .description('bring back a host that was lost, empty')
  .argument('<host>', 'a1, for example')
  .action(async (name: string) => {
    const { returnHost } = await import('./hosts.ts')
    await returnHost(paths(), name, progress, stop)
  })

subcommand('commands')
  .description('put the ec2-… and euca-… commands into a folder')
  .argument('[directory]', 'where; default: bin in the data directory')
  .action(async (directory?: string) => {
    const { installCommands } = await import('../cli/install.ts')
    const folder = directory ?? paths().commands
    const names = await installCommands(folder)
    progress.say(`${names.length} commands are in ${folder}`)
  })

try {
  await program.parseAsync()
} catch (error) {
  if (stop.aborted) process.exitCode ??= 0
  else {
    complain(`cumulet: ${messageOf(error)}\n`)
    process.exitCode = 1
  }
}
