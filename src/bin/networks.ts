/**
 * Which networks the box may use towards the machine: those that the machine itself does not. The public addresses of
 * guests become a route of the machine, and a route that is already somebody's must not be bent.
 */
import { Fault } from '../base/fault.ts'
import { run } from '../base/subprocess.ts'
import { parseBlock, subBlock } from '../control/vpcs/addresses.ts'

export interface MachineLinkChoice {
  readonly network: string
  readonly edge: string
  readonly machine: string
}

/** Set aside for benchmarks between devices, so on nobody's machine. Source: RFC 2544, C.2.2; RFC 6890, table 8. */
const setAside = '198.18.0.0/15'
const poolPrefix = 24
const linkPrefix = 30
/** Pools are taken from below, links from above. */
const candidates = 256

/** Blocks that the machine has addresses in or routes to; the default route is none. */
export async function networksInUse(): Promise<string[]> {
  const [addresses, routes] = await Promise.all([
    run('ip', ['-json', '-4', 'address']),
    run('ip', ['-json', '-4', 'route', 'show', 'table', 'all']),
  ])
  const links = JSON.parse(addresses || '[]') as { addr_info: { local: string; prefixlen: number }[] }[]
  const known = JSON.parse(routes || '[]') as { dst: string }[]
  return [
    ...links.flatMap((it) => it.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)),
    ...known
      .map((it) => it.dst)
      .filter((it) => /^\d/.test(it) && !it.startsWith('0.0.0.0'))
      .map((it) => (it.includes('/') ? it : `${it}/32`)),
  ]
}

/** A /24 for public addresses that is not in use. */
export function freePool(inUse: readonly string[]): string {
  return firstFree(inUse, (index) => subBlock(setAside, poolPrefix, index))
}

/** A /30 between edge and machine that is not in use. */
export function freeLink(inUse: readonly string[]): MachineLinkChoice {
  const last = 2 ** (linkPrefix - parseBlock(setAside).prefix) - 1
  const network = firstFree(inUse, (index) => subBlock(setAside, linkPrefix, last - index))
  const address = (host: number) => subBlock(network, 32, host).replace('/32', '')
  return { network, machine: address(1), edge: address(2) }
}

/** Refuses a network that the machine uses. */
export function requireFree(network: string, inUse: readonly string[]): void {
  const taken = inUse.find((it) => overlap(it, network))
  if (taken) throw new Fault(`${network} cannot be the network of public addresses: this machine uses ${taken}.`)
}

function firstFree(inUse: readonly string[], candidate: (index: number) => string): string {
  for (let index = 0; index < candidates; index++) {
    const network = candidate(index)
    if (!inUse.some((it) => overlap(it, network))) return network
  }
  throw new Fault(`This machine uses all of ${setAside}: name a network with --public-network.`)
}

export function overlap(a: string, b: string): boolean {
  const [one, other] = [parseBlock(a), parseBlock(b)]
  return one.first <= other.last && other.first <= one.last
}
