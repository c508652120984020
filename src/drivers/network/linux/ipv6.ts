/** IPv6 networks and addresses as text in, text out. */
import ipaddr from 'ipaddr.js'
import { formatSix, isSix, numberOfSix, parseSix } from '../../../base/ipv6.ts'
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
  const sorted = cidrs
    .map(parseSix)
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.length - b.length))
  const kept: ReturnType<typeof parseSix>[] = []
  for (const it of sorted) {
    const last = kept.at(-1)
    if (!last || it.first >= last.first + (1n << BigInt(128 - last.length))) kept.push(it)
  }
  return kept.map((it) => `${formatSix(it.first)}/${it.length}`)
}

/** The link-local address that a NIC makes of its MAC. Source: RFC 4291, appendix A. */
export function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((it) => Number.parseInt(it, 16))
  return formatSix(numberOfSix([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f]))
}

/** The address as one number in hexadecimal, as nft takes bytes of a packet. */
export function hexadecimal6(address: string): string {
  return `0x${numberOfSix(ipaddr.IPv6.parse(address).toByteArray()).toString(16).padStart(32, '0')}`
}

/** `cidr`, of either version of IP, with the bits of the host cleared, as the kernel prints it. */
export function canonicalNetwork(cidr: string): string {
  if (!isSix(cidr)) return canonical(cidr)
  const { first, length } = parseSix(cidr)
  return `${formatSix(first)}/${length}`
}

/** The address alone as a network: what a route to one guest is to. */
export function alone(address: string): string {
  return `${address}/${isSix(address) ? 128 : 32}`
}

/** Where a host is on the overlay, as IPv6 has to be told: a route to IPv6 takes no next hop of IPv4. */
export function hopOf(underlayAddress: string): string {
  const bytes = underlayAddress.split('.').map(Number)
  return formatSix(numberOfSix([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...bytes]))
}

/** As RFC 5952 writes it. */
export function canonical6(address: string): string {
  return ipaddr.IPv6.parse(address).toRFC5952String()
}
