/** What a name server says by itself: names that are made of addresses, and few others. */
export interface DnsSpec {
  /** The router's own addresses at which its guests ask, over UDP and TCP; none outside of routers. */
  readonly servers: readonly string[]
  /** The first that fits counts. */
  readonly rules: readonly NameRule[]
  /** Domains, lower case, and the address of each and of every name below it. Absent: none. */
  readonly domains?: Readonly<Record<string, string>>
  /** Whole names, lower case, and their addresses. */
  readonly hosts: Readonly<Record<string, string>>
  /** Addresses whose reverse name is not what the rules say. */
  readonly reverse: Readonly<Record<string, string>>
}

/** `PREFIX-10-0-0-1.DOMAIN` is 10.0.0.1, and the other way round, for every address of some networks. */
export interface NameRule {
  readonly prefix: string
  readonly domain: string
  readonly within: readonly string[]
  /** Addresses that are answered in place of those in the name. */
  readonly instead: Readonly<Record<string, string>>
  readonly ttlSeconds: number
  /** No name of the domain is anybody else's: what is not there exists nowhere. */
  readonly whole: boolean
}
