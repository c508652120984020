/** IPv4 networks as text in, text out: what rules and routes are written in. */

/** Whether `text` is an IPv4 address in dotted decimal form without leading zeros. */
export function isAddress(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((it) => /^(0|[1-9]\d{0,2})$/.test(it) && Number(it) < 256)
}

/** Whether `text` is an IPv4 network: address, slash, prefix length. Bits of the host may be set. */
export function isNetwork(text: string): boolean {
  const [address, length, ...more] = text.split('/')
  return isAddress(address ?? '') && /^\d{1,2}$/.test(length ?? '') && Number(length) <= 32 && more.length === 0
}

/** `cidr` with the bits of the host cleared: `10.1.2.3/8` becomes `10.0.0.0/8`. */
export function canonical(cidr: string): string {
  const { first, length } = parse(cidr)
  return `${format(first)}/${length}`
}

/** Dotted netmask of `cidr`. */
export function netmask(cidr: string): string {
  return format(maskOf(parse(cidr).length))
}

/** The same addresses in as few of the given networks as possible: those inside another are left out. Sorted. */
export function disjoint(cidrs: readonly string[]): string[] {
  const sorted = cidrs.map(parse).sort((a, b) => a.first - b.first || a.length - b.length)
  const kept: Network[] = []
  for (const it of sorted) {
    const last = kept.at(-1)
    if (!last || !contains(last, it)) kept.push(it)
  }
  return kept.map((it) => `${format(it.first)}/${it.length}`)
}

interface Network {
  readonly first: number
  readonly length: number
}

function parse(cidr: string): Network {
  const [address = '', length = '32'] = cidr.split('/')
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return { first: (value & maskOf(Number(length))) >>> 0, length: Number(length) }
}

function maskOf(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0
}

function contains(outer: Network, inner: Network): boolean {
  return inner.length >= outer.length && (inner.first & maskOf(outer.length)) >>> 0 === outer.first
}

function format(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}
