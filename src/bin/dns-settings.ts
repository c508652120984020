/** What a cloud's names end in, where the outside asks for them, and who is asked for all others. */
import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { Fault } from '../base/fault.ts'

export interface DnsSettings {
  readonly publicSuffix: string
  readonly privateSuffix: string
  /** Where the outside asks, at the address that the API listens on. */
  readonly port: number | 'off'
  /** `machine`: those in /etc/resolv.conf. Addresses may have a port: `127.0.0.1:5353`, `[::1]:5353`. */
  readonly resolvers: 'machine' | 'off' | readonly string[]
}

export const usualDns: DnsSettings = {
  publicSuffix: 'compute.amazonaws.com',
  privateSuffix: 'compute.internal',
  port: 8753,
  resolvers: 'machine',
}

export interface DnsChoices {
  readonly dnsSuffix?: string
  readonly privateDnsSuffix?: string
  readonly dnsPort?: number | 'off'
  /** `machine`, `off`, or addresses with commas between. */
  readonly resolver?: string
}

export function chooseDns(choices: DnsChoices, usual: DnsSettings = usualDns): DnsSettings {
  const { dnsSuffix, privateDnsSuffix, dnsPort, resolver } = choices
  const named = resolver === undefined || resolver === 'machine' || resolver === 'off' ? resolver : resolver.split(',')
  return checkDns({
    publicSuffix: dnsSuffix ?? usual.publicSuffix,
    privateSuffix: privateDnsSuffix ?? usual.privateSuffix,
    port: dnsPort ?? usual.port,
    resolvers: named ?? usual.resolvers,
  })
}

/** Whether these choices are what the cloud was made with. */
export function sameDns(choices: DnsChoices, kept: DnsSettings): boolean {
  return isDeepStrictEqual(chooseDns(choices, kept), kept)
}

/** A resolver by its text. Throws a `Fault` where it is none. */
export function resolverOf(text: string): { readonly address: string; readonly port: number } {
  const found =
    /^\[(?<six>[^\]]+)\](?::(?<sixPort>\d+))?$|^(?<four>[\d.]+)(?::(?<fourPort>\d+))?$/.exec(text)?.groups ?? {}
  const address = found['six'] ?? found['four'] ?? text
  const port = Number(found['sixPort'] ?? found['fourPort'] ?? 53)
  if (isIP(address.split('%')[0] ?? '') === 0 || port < 1 || port > 65_535)
    throw new Fault(`not a resolver's address: ${text}`)
  return { address, port }
}

/** The resolvers that a resolv.conf names. Source: resolv.conf(5): three at most. */
export function resolversIn(resolvConf: string): string[] {
  const named = [...resolvConf.matchAll(/^nameserver[ \t]+(\S+)/gm)].map((it) => it[1] ?? '')
  return named.filter((it) => isIP(it.split('%')[0] ?? '') !== 0).slice(0, 3)
}

function checkDns(dns: DnsSettings): DnsSettings {
  for (const suffix of [dns.publicSuffix, dns.privateSuffix])
    if (
      suffix.length > 150 ||
      !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(suffix)
    )
      throw new Fault(`not a suffix for names: ${JSON.stringify(suffix)}`)
  if (dns.port !== 'off' && !(Number.isInteger(dns.port) && dns.port > 0 && dns.port < 65_536))
    throw new Fault(`not a port: ${dns.port}`)
  if (typeof dns.resolvers === 'object') for (const it of dns.resolvers) resolverOf(it)
  return dns
}
