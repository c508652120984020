import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { run } from '../../../../base/subprocess.ts'
import type { TapPoint } from '../../driver.ts'

/** A network namespace to run things in. */
export class Place {
  readonly namespace: string

  constructor(namespace: string) {
    this.namespace = namespace
  }

  /** Runs a command inside; its output. Throws where it fails or takes longer than `timeoutMs`. */
  async run(argv: readonly string[], { stdin = '', timeoutMs = 20_000 } = {}): Promise<string> {
    return await run('nsenter', [`--net=/run/netns/${this.namespace}`, ...argv], { stdin, timeoutMs })
  }

  /** Whether the command ends well. */
  async can(...argv: readonly string[]): Promise<boolean> {
    return await this.run(argv).then(
      () => true,
      () => false,
    )
  }
}

/**
 * A guest without a hypervisor: a network namespace whose `eth0` is wired to a vif's tap. What its programs see of the
 * network is what a virtual machine's would.
 */
export class Guest extends Place implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack

  private constructor(namespace: string, stack: AsyncDisposableStack) {
    super(namespace)
    this.#stack = stack
  }

  static async plugIn(point: TapPoint, mac: string): Promise<Guest> {
    await using stack = new AsyncDisposableStack()
    const namespace = `guest${Math.random().toString(36).slice(2, 12)}`
    await run('ip', ['netns', 'add', namespace])
    stack.defer(async () => void (await run('ip', ['netns', 'delete', namespace])))
    await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    await plug([point.namespace, point.tap, namespace, 'eth0', mac], stack)
    return new Guest(namespace, stack.move())
  }

  /** Asks for an address as a small Linux does, and configures it. What the lease said, by busybox's names. */
  async dhcp({ tries = 10 } = {}): Promise<Record<string, string>> {
    const directory = await mkdtemp(join(tmpdir(), 'lease-'))
    try {
      const script = join(directory, 'script')
      await writeFile(script, leaseScript, { mode: 0o755 })
      const wanted = ['router', 'dns', 'domain', 'hostname', 'mtu', 'lease'].flatMap((it) => ['-O', it])
      const udhcpc = [
        'busybox',
        'udhcpc',
        '-i',
        'eth0',
        '-n',
        '-q',
        '-f',
        '-t',
        String(tries),
        '-T',
        '1',
        '-s',
        script,
        ...wanted,
      ]
      return parse(await this.run(udhcpc))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  /** Asks for an address of IPv6, and configures it: alone, as the way to everything is what the router advertises. */
  async dhcp6({ tries = 10 } = {}): Promise<string> {
    const script = fileURLToPath(new URL('./dhcp6.py', import.meta.url))
    const address = (await this.run(['/usr/bin/python3', script, 'eth0', String(tries)])).trim()
    if (address !== '') await this.run(['ip', 'addr', 'replace', `${address}/128`, 'dev', 'eth0', 'nodad'])
    return address
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

const leaseScript = `#!/bin/sh
[ "$1" = bound ] || exit 0
env
ip link set dev $interface mtu \${mtu:-1500}
ip addr replace $ip/$mask dev $interface
ip route replace default via $router dev $interface
`

function parse(output: string): Record<string, string> {
  const pairs = output.split('\n').map((it) => /^([a-z]+)=(.*)$/.exec(it))
  return Object.fromEntries(pairs.flatMap((it) => (it ? [[it[1] ?? '', it[2] ?? '']] : [])))
}

async function plug(args: readonly string[], stack: AsyncDisposableStack): Promise<void> {
  const script = fileURLToPath(new URL('./plug.py', import.meta.url))
  const child = spawn('/usr/bin/python3', [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  stack.defer(async () => {
    child.stdin.end()
    await ended
  })
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  if (first[0] !== 'up') throw new Error(`no wire: exit ${first[0]}`)
}
