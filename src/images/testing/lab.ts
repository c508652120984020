import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../base/fault.ts'
import { run } from '../../base/subprocess.ts'
import type { ImageDescription } from '../image-folder.ts'

export interface GuestDisk {
  readonly file: string
  readonly format: 'raw' | 'qcow2'
  readonly serial: string
}

/** The address that the guest gets, and the one of its router. */
export const guestAddress = '10.87.0.10'
/** The guests of a lab: the first of them where it has but one. */
export const labGuests = [
  { tap: 'tap0', mac: '06:00:00:00:00:01', address: guestAddress },
  { tap: 'tap1', mac: '06:00:00:00:00:02', address: '10.87.0.11' },
] as const
const routerAddress = '10.87.0.1'
const metadataAddress = '169.254.169.254'

/** A tap with the router at its other end, as a cloud's guest has; or two guests that see each other on a bridge. */
type Wiring = 'tap' | 'bridge'

const deviceOf: Readonly<Record<Wiring, string>> = { tap: 'tap0', bridge: 'bridge' }

/**
 * A namespace with DHCP and metadata, for one guest at a time on a tap of its own, or for two on a bridge. Disposing of it
 * leaves nothing.
 */
export class Lab {
  readonly folder: string
  readonly namespace: string
  readonly #wiring: Wiring
  readonly #children: ChildProcess[] = []

  static async open(
    metadata: (publicKey: string) => Readonly<Record<string, string>>,
    wiring: Wiring = 'tap',
  ): Promise<Lab> {
    const namespace = `cumulet-lab-${randomBytes(4).toString('hex')}`
    const lab = new Lab(await mkdtemp(join(tmpdir(), 'cumulet-lab-')), namespace, wiring)
    try {
      await lab.#wire()
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(lab.folder, 'key')])
      const publicKey = await readFile(join(lab.folder, 'key.pub'), 'utf8')
      await writeFile(join(lab.folder, 'metadata.json'), JSON.stringify(metadata(publicKey)))
      await lab.#serve()
      return lab
    } catch (error) {
      await lab[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(folder: string, namespace: string, wiring: Wiring) {
    this.folder = folder
    this.namespace = namespace
    this.#wiring = wiring
  }

  async #wire(): Promise<void> {
    await run('ip', ['netns', 'add', this.namespace])
    const ip = (...args: string[]) => run('ip', ['-n', this.namespace, ...args])
    await ip('link', 'set', 'lo', 'up')
    await ip('addr', 'add', `${metadataAddress}/32`, 'dev', 'lo')
    const device = deviceOf[this.#wiring]
    if (this.#wiring === 'bridge') await ip('link', 'add', device, 'type', 'bridge', 'forward_delay', '0')
    for (const { tap } of this.#guests()) await ip('tuntap', 'add', tap, 'mode', 'tap')
    if (this.#wiring === 'bridge')
      for (const { tap } of this.#guests()) await ip('link', 'set', tap, 'master', device, 'up')
    await ip('link', 'set', device, 'address', 'fe:ff:ff:ff:ff:ff', 'up')
    await ip('addr', 'add', `${routerAddress}/24`, 'dev', device)
  }

  #guests(): readonly (typeof labGuests)[number][] {
    return labGuests.slice(0, this.#wiring === 'bridge' ? 2 : 1)
  }

  async #serve(): Promise<void> {
    const hosts = this.#guests().map(({ mac, address }) => `--dhcp-host=${mac},${address}`)
    const mask = this.#wiring === 'bridge' ? [] : ['--dhcp-option=1,255.255.255.255']
    const range = ['--dhcp-range=10.87.0.0,static,255.255.255.0,1h', ...hosts, ...mask]
    const options = [`--dhcp-option=3,${routerAddress}`, '--dhcp-option=6,10.87.0.2', '--dhcp-option=26,1450']
    const files = [`--dhcp-leasefile=${join(this.folder, 'leases')}`, '--conf-file=/dev/null', '--pid-file=']
    const plain = [
      '--keep-in-foreground',
      '--port=0',
      '--no-ping',
      '--bind-dynamic',
      `--interface=${deviceOf[this.#wiring]}`,
      '--log-facility=-',
    ]
    this.start('dnsmasq', [...plain, ...range, ...options, ...files, '--user=root', '--domain=lab.internal'])
    const script = fileURLToPath(new URL('metadata-server.ts', import.meta.url))
    const server = this.start(process.execPath, [script, metadataAddress, join(this.folder, 'metadata.json')])
    if (server.stdout) await once(server.stdout, 'data')
  }

  /** Starts a command in the namespace; it ends with the lab. */
  start(command: string, args: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    return child
  }

  /** Boots the image with these disks. */
  boot(image: ImageDescription, folder: string, disks: readonly GuestDisk[], memoryMiB = 256): Guest {
    const socket = join(this.folder, 'qmp')
    const machine = ['-accel', 'tcg,thread=multi', '-cpu', 'max', '-M', 'q35', '-m', String(memoryMiB)]
    const bare = [
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-serial',
      'stdio',
      '-qmp',
      `unix:${socket},server=on,wait=off`,
    ]
    const boot = [
      '-kernel',
      join(folder, image.kernel?.file ?? 'vmlinuz'),
      '-initrd',
      join(folder, image.ramdisk?.file ?? 'initrd'),
      '-append',
      image.commandLine,
    ]
    const net = [
      '-netdev',
      'tap,id=n0,ifname=tap0,script=no,downscript=no',
      '-device',
      'virtio-net-pci,netdev=n0,mac=06:00:00:00:00:01,romfile=',
    ]
    const ports = ['-device', 'pcie-root-port,id=spare,chassis=1', '-device', 'virtio-rng-pci']
    const drives = disks.flatMap((it, index) => [
      ...['-blockdev', `driver=${it.format},node-name=d${index},file.driver=file,file.filename=${it.file}`],
      ...['-device', `virtio-blk-pci,drive=d${index},serial=${it.serial}`],
    ])
    const startedAt = performance.now()
    return new Guest(
      this,
      this.start('qemu-system-x86_64', [...machine, ...bare, ...boot, ...net, ...ports, ...drives]),
      socket,
      startedAt,
    )
  }

  /** Runs a command in the guest, as root with the lab's key. */
  ssh(command: string, address: string = guestAddress): Promise<string> {
    const options = [
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'BatchMode=yes',
      'ConnectTimeout=10',
      'LogLevel=ERROR',
    ]
    const args = [...options.flatMap((it) => ['-o', it]), '-i', join(this.folder, 'key'), `root@${address}`, command]
    return run('ip', ['netns', 'exec', this.namespace, 'ssh', ...args])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) await ended(child)
    await run('ip', ['netns', 'del', this.namespace])
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** A running guest. */
export class Guest {
  /** All that it wrote to its console. */
  console = ''
  /** Milliseconds from the start of QEMU to the end of each console line. */
  readonly lines: { readonly atMs: number; readonly text: string }[] = []
  readonly #lab: Lab
  readonly #process: ChildProcess
  readonly #socket: string
  readonly #startedAt: number
  #errors = ''

  constructor(lab: Lab, process: ChildProcess, socket: string, startedAt: number) {
    this.#lab = lab
    this.#process = process
    this.#socket = socket
    this.#startedAt = startedAt
    process.stdout?.on('data', (chunk: Buffer) => this.#take(chunk.toString('utf8')))
    process.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString('utf8')
    })
  }

  #take(text: string): void {
    const before = this.console.split('\n').length
    this.console += text
    const lines = this.console.split('\n')
    const atMs = performance.now() - this.#startedAt
    for (const line of lines.slice(before - 1, -1)) this.lines.push({ atMs, text: line.trim() })
  }

  /** Resolves once the console has `text`; throws when the guest ends without. */
  says(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.console.includes(text)) resolve()
      }
      this.#process.stdout?.on('data', look)
      this.#process.once('exit', () =>
        reject(new Fault(`the guest ended: ${this.#errors}${this.console.slice(-2000)}`)),
      )
      look()
    })
  }

  /** Milliseconds from the start of QEMU until the SSH port says who it is. Asks from inside of the namespace. */
  async banner(): Promise<number> {
    const script = `const net = require('node:net'); (function ask() {
      const it = net.connect({ port: 22, host: '${guestAddress}' })
      it.once('data', (data) => { console.log(String(data)); process.exit(0) })
      it.once('error', () => setTimeout(ask, 5)); it.setTimeout(100, () => { it.destroy(new Error('late')) })
    })()`
    const client = this.#lab.start(process.execPath, ['-e', script])
    await once(client, 'exit')
    return performance.now() - this.#startedAt
  }

  /** One QMP command on a connection of its own. */
  async qmp(command: string, args: object = {}): Promise<void> {
    const socket = connect(this.#socket)
    try {
      await once(socket, 'data')
      socket.write('{"execute":"qmp_capabilities"}\n')
      await once(socket, 'data')
      socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      if (answer.includes('"error"')) throw new Fault(`${command}: ${answer.toString('utf8')}`)
    } finally {
      socket.destroy()
    }
  }

  /** Resolves once QEMU has ended. */
  async ended(): Promise<void> {
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
  }
}
