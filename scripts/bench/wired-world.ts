/**
 * Guests at the kernel's own speed: namespaces on virtual Ethernet, which bear the names that taps had when the router was
 * programmed. So its rules, routes and neighbours hold for them, and no program copies their frames.
 */
import { run } from '../../src/base/subprocess.ts'
import { lower, raise } from '../../src/drivers/network/box/box.ts'
import { type BoxConfig, hostPlace, usualBox } from '../../src/drivers/network/box/layout.ts'
import { LinuxNetwork } from '../../src/drivers/network/linux/driver.ts'
import { tapName } from '../../src/drivers/network/linux/names.ts'
import type { RouterSpec, VifSpec } from '../../src/host-api/spec.ts'

const never = new AbortController().signal

/** A namespace with one Ethernet device, `eth0`. */
export interface Wired {
  readonly namespace: string
  readonly address: string
}

export function inside(namespace: string, argv: readonly string[], timeoutMs = 60_000): Promise<string> {
  return run('nsenter', [`--net=/run/netns/${namespace}`, ...argv], { timeoutMs })
}

function name(kind: string): string {
  return `bench${kind}${Math.random().toString(36).slice(2, 9)}`
}

async function namespaceOn(stack: AsyncDisposableStack, namespace: string): Promise<string> {
  await run('ip', ['netns', 'add', namespace])
  stack.defer(async () => void (await run('ip', ['netns', 'delete', namespace])))
  return namespace
}

const device = (namespace: string, ...argv: string[]) => run('ip', ['-n', namespace, ...argv])

/** Two guests on a bare bridge: the floor. */
export async function wireToBridge(stack: AsyncDisposableStack): Promise<[Wired, Wired]> {
  const bridge = await namespaceOn(stack, name('bridge'))
  await device(bridge, 'link', 'add', 'br0', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0')
  await device(bridge, 'link', 'set', 'br0', 'up')
  const guest = async (index: number): Promise<Wired> => {
    const namespace = await namespaceOn(stack, name('guest'))
    const address = `172.31.0.${9 + index}`
    await device(bridge, 'link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    await device(bridge, 'link', 'set', `port${index}`, 'master', 'br0', 'up')
    await device(namespace, 'addr', 'add', `${address}/20`, 'dev', 'eth0')
    await device(namespace, 'link', 'set', 'eth0', 'up')
    return { namespace, address }
  }
  return [await guest(1), await guest(2)]
}

/** Hosts of a box with their drivers, and guests wired to the routers that these made. */
export class WiredWorld implements AsyncDisposable {
  readonly box: BoxConfig
  readonly #stack: AsyncDisposableStack

  static async raise(): Promise<WiredWorld> {
    const box = usualBox(`b${Math.random().toString(36).slice(2, 10)}`, ['h1', 'h2'], { machine: 'off' })
    await using stack = new AsyncDisposableStack()
    stack.defer(() => lower(box.cloud, never))
    await raise(box, never)
    return new WiredWorld(box, stack.move())
  }

  private constructor(box: BoxConfig, stack: AsyncDisposableStack) {
    this.box = box
    this.#stack = stack
  }

  driver(host: 'h1' | 'h2'): LinuxNetwork {
    return new LinuxNetwork({ cloud: this.box.cloud, host, underlay: hostPlace(this.box, host) })
  }

  /** Programs the router, then puts wires in the place of the taps of these vifs. */
  async wire(host: 'h1' | 'h2', spec: RouterSpec, vifs: readonly VifSpec[]): Promise<Wired[]> {
    const net = this.driver(host)
    await net.program(spec, never)
    const wired: Wired[] = []
    const gateway = spec.subnets[0]?.gateway ?? ''
    for (const vif of vifs) {
      const router = net.tapOf(spec.vpc, vif.id).namespace
      wired.push(await putInPlaceOfTap(this.#stack, { router, gateway, ...vif }))
    }
    return wired
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

interface InPlace {
  /** The router's namespace. */
  readonly router: string
  readonly gateway: string
  readonly id: VifSpec['id']
  readonly mac: string
  readonly address: string
}

/** A guest on a wire that bears the name of the tap. */
export async function putInPlaceOfTap(
  stack: AsyncDisposableStack,
  { router, gateway, id, mac, address }: InPlace,
): Promise<Wired> {
  const tap = tapName(id)
  const namespace = await namespaceOn(stack, name('guest'))
  await device(router, 'link', 'del', tap)
  const peer = ['peer', 'name', 'eth0', 'netns', namespace, 'address', mac]
  await device(router, 'link', 'add', tap, 'address', 'fe:ff:ff:ff:ff:ff', 'type', 'veth', ...peer)
  // The kernel takes a while to remove what was in a namespace: the wire shall be gone before its router is.
  stack.defer(async () => void (await device(router, 'link', 'del', tap)))
  await device(router, 'link', 'set', tap, 'up')
  await device(router, 'addr', 'add', `${gateway}/32`, 'dev', tap)
  await device(router, 'route', 'replace', `${address}/32`, 'dev', tap)
  await device(router, 'neigh', 'replace', address, 'lladdr', mac, 'dev', tap, 'nud', 'permanent')
  await device(namespace, 'addr', 'add', `${address}/32`, 'dev', 'eth0')
  await device(namespace, 'link', 'set', 'eth0', 'up')
  await device(namespace, 'route', 'add', gateway, 'dev', 'eth0')
  await device(namespace, 'route', 'add', 'default', 'via', gateway, 'dev', 'eth0')
  return { namespace, address }
}
