/** IPv4 addresses as DNS sees them. Pure. */

/** Four labels or pieces as an address, if they are one: no leading zeros, nothing above 255. */
export function addressOf(pieces: readonly string[]): string | undefined {
  const ok = pieces.length === 4 && pieces.every((it) => /^(0|[1-9][0-9]{0,2})$/.test(it) && Number(it) < 256)
  return ok ? pieces.join('.') : undefined
}

/** Whether `address` is in one of these networks. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const number = numberOf(address)
  return networks.some((it) => {
    const [base = '', length] = it.split('/')
    const size = 2 ** (32 - Number(length))
    return Math.floor(number / size) === Math.floor(numberOf(base) / size)
  })
}

/**
 * Networks that mean something else everywhere: who has their addresses is a question for nobody outside.
 * Source: RFC 6303, section 4; RFC 6598 and RFC 7793 for 100.64.0.0/10.
 */
export const localNetworks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.2.0/24', '192.168.0.0/16', '198.51.100.0/24', '203.0.113.0/24', '255.255.255.255/32'],
]

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}
