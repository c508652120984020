/** Arithmetic of IPv6: addresses as numbers, networks as what they begin with. Pure. */
import ipaddr from 'ipaddr.js'

/** Whether what is an address or a network is one of IPv6. */
export function isSix(text: string): boolean {
  return text.includes(':')
}

/** The first address, with the bits of the host cleared, and the length of a network; of an address alone, 128. Throws where it is neither. */
export function parseSix(text: string): { readonly first: bigint; readonly length: number } {
  const [address, length] = text.includes('/') ? ipaddr.IPv6.parseCIDR(text) : [ipaddr.IPv6.parse(text), 128]
  const shift = BigInt(128 - length)
  return { first: (numberOfSix(address.toByteArray()) >> shift) << shift, length }
}

export function numberOfSix(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, it) => sum * 256n + BigInt(it), 0n)
}

/** As RFC 5952 writes it. */
export function formatSix(value: bigint): string {
  const bytes = Array.from({ length: 16 }, (_, index) => Number((value >> BigInt(8 * (15 - index))) & 255n))
  return new ipaddr.IPv6(bytes).toRFC5952String()
}
