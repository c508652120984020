import type { Answer } from 'dns-packet'
import type { DnsSpec } from '../../host-api/dns.ts'
import { type Known, lookUp } from './names.ts'
import { type Query, rcodes } from './query.ts'
import type { Said } from './reply.ts'

/** Numbers of the types and classes that we speak of. Source: RFC 1035, section 3.2; RFC 8482 for ANY. */
const types = { a: 1, soa: 6, ptr: 12, any: 255 } as const
const internet = 1
/** Whole zones and their changes: nobody's business. */
const transfers = [251, 252]

/** What the name server of `spec` says to `query` by itself, or that others must be asked. Pure. */
export function answer(query: Query, spec: DnsSpec): Said | 'elsewhere' {
  const { question, edns } = query
  if (edns && edns.version > 0) return { rcode: rcodes.badVers }
  if (question.class !== internet || transfers.includes(question.type)) return { rcode: rcodes.refused }
  const known = lookUp(spec, question.labels)
  if (known.kind === 'elsewhere') return question.type === types.any ? { rcode: rcodes.refused } : 'elsewhere'
  const answers = recordsOf(known, question.type, nameIn(query))
  const rcode = known.kind === 'nothing' ? rcodes.nxDomain : rcodes.noError
  return { rcode, own: true, answers, ...(answers.length === 0 && { authorities: [soa(known.zone, known.zone)] }) }
}

function recordsOf(known: Exclude<Known, { kind: 'elsewhere' }>, type: number, name: string): Answer[] {
  const wants = (it: number) => type === it || type === types.any
  switch (known.kind) {
    case 'address':
      return wants(types.a) ? [{ type: 'A', name, ttl: known.ttlSeconds, data: known.address }] : []
    case 'pointer':
      return wants(types.ptr) ? [{ type: 'PTR', name, ttl: known.ttlSeconds, data: known.name }] : []
    case 'apex':
      return wants(types.soa) ? [soa(known.zone, name)] : []
    case 'nothing':
      return []
  }
}

/** How long it is remembered that something is not there. Source: RFC 2308, section 5. */
const absentSeconds = 60

function soa(zone: string, name: string): Answer {
  const data = {
    mname: `ns0.${zone}`,
    rname: `hostmaster.${zone}`,
    serial: 1,
    refresh: 3600,
    retry: 3600,
    expire: 3600,
    minimum: absentSeconds,
  }
  return { type: 'SOA', name, ttl: absentSeconds, data }
}

/** The name as it was asked for, letter case included. Names of ours have no byte that would be read as something else. */
function nameIn({ question }: Query): string {
  const labels: string[] = []
  for (let at = 0; question.bytes[at]; at += 1 + question.bytes[at]!)
    labels.push(question.bytes.toString('latin1', at + 1, at + 1 + question.bytes[at]!)) // not zero: the loop's condition
  return labels.join('.')
}
