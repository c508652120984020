import ipaddr from 'ipaddr.js'
import { refuse } from '../../model/errors.ts'

/**
 * The network of an IPv4 range: `10.17.0.0/15` is 10.16.0.0/15, as EC2 takes it. An address alone is no range.
 * Refuses: InvalidParameterValue. Source: ansible/ansible#21956 for the network; aws-cli#2428 for the text.
 */
export function ipv4Range(text: string | undefined): string {
  return network(text, /^(?:(?:0|[1-9]\d{0,2})(?:\.|(?=\/))){4}\/(?:\d|[12]\d|3[0-2])$/, (cidr) => {
    const { IPv4 } = ipaddr
    return IPv4.networkAddressFromCIDR(cidr).toString()
  })
}

/** The network of an IPv6 range, as RFC 5952 writes it. Refuses: InvalidParameterValue. */
export function ipv6Range(text: string | undefined): string {
  return network(text, /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\/(?:0|[1-9]\d{0,2})$/, (cidr) => {
    const { IPv6 } = ipaddr
    return IPv6.networkAddressFromCIDR(cidr).toRFC5952String()
  })
}

function network(text: string | undefined, form: RegExp, addressOf: (cidr: string) => string): string {
  try {
    if (text !== undefined && form.test(text)) return `${addressOf(text)}${text.slice(text.indexOf('/'))}`
  } catch {
    // The form is right and the numbers are not: refused with the others.
  }
  return refuse('InvalidParameterValue', { message: `CIDR block ${text ?? 'null'} is malformed` })
}
