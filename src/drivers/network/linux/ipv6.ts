/** IPv6 networks and addresses as text in, text out. */
import ipaddr from 'ipaddr.js'
import { canonical } from './ipv4.ts'

/** Whether `text` is an IPv6 address without a zone. */
export function isAddress6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)
}

/** Whether `text` is an IPv6 network: address, slash, prefix length. Bits of the host may be set. */
export function isNetwork6(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/')
  return isAddress6(address) && /^\d{1,3}$/.test(length) && Number(length) <= 128 && more.length === 0
}

/** The same addresses in as few of the given networks as possible: those inside another are left out. Sorted. */
export function disjoint6(cidrs: readonly string[]): string[] {
  const sorted = cidrs.map(parse).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.length - b.length))
  const kept: Network[] = []
  for (const it of sorted) {
    const last = kept.at(-1)
    if (!last || it.first > last.last) kept.push(it)
  }
  return kept.map((it) => `${format(it.first)}/${it.length}`)
}

/** The link-local address that a NIC makes of its MAC. Source: RFC 4291, appendix A. */
export function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((it) => Number.parseInt(it, 16))
  return format(fromBytes([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f]))
}

/** The address as one number in hexadecimal, as nft takes bytes of a packet. */
export function hexadecimal6(address: string): string {
  return `0x${fromBytes(ipaddr.IPv6.parse(address).toByteArray()).toString(16).padStart(32, '0')}`
}

/** Whether what is an address or a network is one of IPv6. */
export function isSix(text: string): boolean {
  return text.includes(':')
}

/** `cidr`, of either version of IP, with the bits of the host cleared, as the kernel prints it. */
export function canonicalNetwork(cidr: string): string {
  if (!isSix(cidr)) return canonical(cidr)
  const { first, length } = parse(cidr)
  return `${format(first)}/${length}`
}

/** The address alone as a network: what a route to one guest is to. */
export function alone(address: string): string {
  return `${address}/${isSix(address) ? 128 : 32}`
}

/** Where a host is on the overlay, as IPv6 has to be told: a route to IPv6 takes no next hop of IPv4. */
export function hopOf(underlayAddress: string): string {
  const bytes = underlayAddress.split('.').map(Number)
  return format(fromBytes([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...bytes]))
}

/** As RFC 5952 writes it. */
export function canonical6(address: string): string {
  return ipaddr.IPv6.parse(address).toRFC5952String()
}

interface Network {
  readonly first: bigint
  readonly last: bigint
  readonly length: number
}

function parse(cidr: string): Network {
  const [address, length] = ipaddr.IPv6.parseCIDR(cidr)
  const size = 1n << BigInt(128 - length)
  const value = fromBytes(address.toByteArray())
  const first = value - (value % size)
  return { first, last: first + size - 1n, length }
}

function fromBytes(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, it) => sum * 256n + BigInt(it), 0n)
}

function format(value: bigint): string {
  const bytes = Array.from({ length: 16 }, (_, index) => Number((value >> BigInt(8 * (15 - index))) & 255n))
  return new ipaddr.IPv6(bytes).toRFC5952String()
}
