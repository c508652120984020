/** Arithmetic of IPv4 addresses and blocks. Pure. */

/** Whether `text` is an IPv4 address: four numbers without leading zeros. */
export function isAddress(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((it) => /^(0|[1-9]\d{0,2})$/.test(it) && Number(it) < 256)
}

/** An IPv4 address as a number. */
export function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

export function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

export interface Block {
  readonly first: number
  readonly last: number
  readonly prefix: number
}

export function parseBlock(cidr: string): Block {
  const [address, prefix] = cidr.split('/')
  const size = 2 ** (32 - Number(prefix))
  const first = Math.floor(toNumber(address ?? '') / size) * size
  return { first, last: first + size - 1, prefix: Number(prefix) }
}

/** The `index`th block of length `prefix` within `cidr`. */
export function subBlock(cidr: string, prefix: number, index: number): string {
  return `${toAddress(parseBlock(cidr).first + index * 2 ** (32 - prefix))}/${prefix}`
}

/** The router's address: the first after the network's. Source: VPC User Guide, "Subnet sizing". */
export function gatewayOf(cidr: string): string {
  return toAddress(parseBlock(cidr).first + 1)
}

/** Amazon's DNS server: the VPC's first address plus two. Source: VPC User Guide, "Amazon DNS server". */
export function dnsOf(cidr: string): string {
  return toAddress(parseBlock(cidr).first + 2)
}

const reservedAtStart = 4
const reservedAtEnd = 1

/** The first and last address that interfaces may have. EC2 keeps the first four and the last. Source: VPC User Guide, "Subnet sizing". */
export function usable(cidr: string): { first: number; last: number } {
  const { first, last } = parseBlock(cidr)
  return { first: first + reservedAtStart, last: last - reservedAtEnd }
}

/** 0, 1, 2 … below `size`, in lists that grow: who looks for free ones among many finds them in the first, and is soon done where there are few. */
export function* inGrowingLists(size: number): Generator<number[]> {
  let length = 8
  for (let first = 0; first < size; first += length, length = Math.min(2 * length, 1024))
    yield Array.from({ length: Math.min(length, size - first) }, (_, index) => first + index)
}

/** Whether the address is in the block. */
export function inBlock(cidr: string, address: string): boolean {
  const { first, last } = parseBlock(cidr)
  const number = toNumber(address)
  return number >= first && number <= last
}
