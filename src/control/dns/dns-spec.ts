/** What name servers say: those of each VPC, and the one outside. */
import { isDeepStrictEqual } from 'node:util'
import { dictionaryOf } from '../../base/dictionary.ts'
import { remembered } from '../../base/remembered.ts'
import type { DnsSpec, NameRule } from '../../host-api/dns.ts'
import {
  type Cloud,
  objectsAddress,
  objectsDomains,
  privateDomain,
  publicDomain,
  publicPrefix,
} from '../../model/cloud.ts'
import type { VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { Scene } from '../hosts/scene.ts'
import { leadsInto } from '../instances/guest.ts'
import { sharingWith } from '../peerings/options.ts'
import { dnsOf } from '../vpcs/addresses.ts'

/** Source: VPC User Guide, "Amazon DNS server". */
const linkLocalServer = '169.254.169.253'
/** Source: EC2 User Guide, "Instance metadata". */
const metadataAddress = '169.254.169.254'
/** Guess: a minute for names that may lead elsewhere soon. */
const insideSeconds = 60
/** Source: an answer of EC2's own servers, recorded in public: what such a name says never changes. */
const outsideSeconds = 604_800

/**
 * What guests of the VPC are told; undefined where it has no name server. Names of instances are told where the VPC has host
 * names; where it has none, public names are told as outside.
 * Source: VPC User Guide, "DNS attributes for your VPC".
 */
export function dnsSpecOf(scene: Scene, vpc: VpcRow): DnsSpec | undefined {
  if (vpc.dnsSupport === 0) return undefined
  const { network, guests, reverseNames } = scene
  const told = known(scene, vpc)
  const of = [reverseNames, vpc, ...told.map((it) => guests.at(it))]
  return remembered(network, `dns ${vpc.id}`, of, () => makeSpec(scene, vpc, told))
}

function makeSpec(scene: Scene, vpc: VpcRow, told: readonly VpcId[]): DnsSpec {
  const { cloud, network } = scene
  const hostnames = vpc.dnsHostnames === 1
  const blocks = (network.blocks.get(vpc.id) ?? []).map((it) => it.cidr)
  const domain = privateDomain(cloud)
  const instead = hostnames ? privateAddresses(scene, told) : {}
  const inside: NameRule = {
    prefix: 'ip',
    domain,
    within: hostnames ? blocks : [],
    instead: {},
    ttlSeconds: insideSeconds,
    whole: true,
  }
  const outside: NameRule = { ...publicRule(cloud), instead, ttlSeconds: insideSeconds, whole: false }
  return {
    servers: [linkLocalServer, dnsOf(vpc.cidr)],
    rules: [inside, outside],
    // cloud-init asks for it as a single label. Source: cloud-init, DataSourceEc2.py, `metadata_urls`.
    hosts: dictionaryOf([
      ['instance-data', metadataAddress],
      [`instance-data.${domain}`, metadataAddress],
      ...(hostnames ? resourceNames(scene, vpc, domain) : []),
    ]),
    ...(network.objects && { domains: Object.fromEntries(objectsDomains(cloud).map((it) => [it, objectsAddress])) }),
    reverse: scene.reverseNames,
  }
}

/** What the outside is told: public names, and their reverse. */
export function outsideDnsSpec({ cloud, reverseNames }: Scene): DnsSpec {
  const rule: NameRule = { ...publicRule(cloud), instead: {}, ttlSeconds: outsideSeconds, whole: true }
  return { servers: [], rules: [rule], hosts: {}, reverse: reverseNames }
}

/** Reverse names that owners of addresses chose, without the dot at their end; `before`, where they are the same. */
export async function readReverseNames(
  { db }: Reader,
  before: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const rows = await db
    .selectFrom('addresses')
    .select(['publicAddress', 'reverseName'])
    .where('reverseName', 'is not', null)
    .orderBy('publicAddress')
    .execute()
  const after = dictionaryOf(rows.map((row) => [row.publicAddress, row.reverseName!.replace(/\.$/, '')])) // filtered by `is not null`
  return isDeepStrictEqual(before, after) ? before : after
}

function publicRule(cloud: Cloud): Pick<NameRule, 'prefix' | 'domain' | 'within'> {
  const { first } = cloud.publicPool
  return { prefix: publicPrefix, domain: publicDomain(cloud), within: [`${first.replace(/\.\d+$/, '.0')}/24`] }
}

/** The VPC itself and those peers that let it know, both with host names. Source: VPC Peering Guide, "Enable DNS resolution". */
function known({ network }: Scene, { id }: VpcRow): readonly VpcId[] {
  return remembered(network, `known to ${id}`, [], () => {
    const sharing = new Set(sharingWith(id, network.live.peerings.values()))
    const named = network.vpcs.filter((it) => sharing.has(it.id) && it.dnsSupport === 1 && it.dnsHostnames === 1)
    return [id, ...named.map((it) => it.id)]
  })
}

/** Public addresses of these VPCs' guests, and the private ones that they lead to. */
function privateAddresses({ guests }: Scene, vpcs: readonly VpcId[]): Record<string, string> {
  const led = vpcs.flatMap((vpc) => leadsInto(guests, vpc))
  return dictionaryOf(led.map(({ addresses }) => [addresses.publicAddress, addresses.privateAddress]))
}

/** Ids of instances that are names, and their addresses. */
function resourceNames({ guests }: Scene, vpc: VpcRow, domain: string): readonly (readonly [string, string])[] {
  return guests.each(vpc.id, 'names', {
    of: ({ named, instance, interfaces: [nic] }) =>
      named && nic?.vpcId === vpc.id ? [[`${instance.id}.${domain}`, nic.privateAddress] as const] : [],
  })
}
