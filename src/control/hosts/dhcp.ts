/** DHCP options of a VPC as hosts give them. Source: RFC 2132; names of dnsmasq 2.90 (`dnsmasq --help dhcp`). */
import type { SubnetSpec } from '../../host-api/spec.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { amazonDns, optionsOf } from '../dhcp-options/options.ts'
import { dnsOf } from '../vpcs/addresses.ts'
import type { Scene } from './scene.ts'

const names = {
  'ntp-servers': 'ntp-server',
  'netbios-name-servers': 'netbios-ns',
  'netbios-node-type': 'netbios-nodetype',
} as const

export function dhcpOf({ network }: Scene, vpc: VpcRow): Pick<SubnetSpec, 'dns' | 'domainName' | 'options'> {
  const row = vpc.dhcpOptionsId === null ? undefined : network.dhcpOptions.get(vpc.dhcpOptionsId)
  const given = row ? optionsOf(row) : {}
  const others = Object.entries(names).flatMap(([key, name]) => (given[key] ? [[name, given[key]] as const] : []))
  return {
    dns: (given['domain-name-servers'] ?? []).map((it) => (it === amazonDns ? dnsOf(vpc.cidr) : it)),
    domainName: given['domain-name']?.[0] ?? '',
    ...(others.length > 0 && { options: Object.fromEntries(others) }),
  }
}
