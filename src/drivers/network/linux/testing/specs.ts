import type { EdgeSpec, GroupSpec, RouterSpec, RuleSpec, VifSpec } from '../../../../host-api/spec.ts'
import type { GroupId, InterfaceId, SubnetId, VpcId } from '../../../../model/ids.ts'

/** Specs of a small VPC, 172.31.0.0/16, for tests. The nth vif has address 172.31.0.(9 + n). */
export const vpc: VpcId = `vpc-${digits(1)}`
export const subnet: SubnetId = `subnet-${digits(1)}`
export const group: GroupId = `sg-${digits(1)}`
export const otherGroup: GroupId = `sg-${digits(2)}`

export function vifId(n: number): InterfaceId {
  return `eni-${digits(n)}`
}

export function vif(n: number, changes: Partial<VifSpec> = {}): VifSpec {
  return {
    id: vifId(n),
    domain: `dom_${n}`,
    mac: `0a:00:00:00:00:${n.toString(16).padStart(2, '0')}`,
    address: `172.31.0.${9 + n}`,
    subnet,
    hostname: `ip-172-31-0-${9 + n}`,
    groups: [group],
    sourceDestCheck: true,
    metadata: { enabled: true, tokens: 'optional', hopLimit: 1, tree: {} },
    ...changes,
  }
}

export function router(vifs: readonly VifSpec[], changes: Partial<RouterSpec> = {}): RouterSpec {
  return {
    vpc,
    vni: 4242,
    mtu: 1500,
    cidrs: ['172.31.0.0/16'],
    subnets: [
      {
        id: subnet,
        cidr: '172.31.0.0/20',
        gateway: '172.31.0.1',
        dns: ['172.31.0.2'],
        domainName: 'us-west-2.compute.internal',
      },
    ],
    vifs,
    groups: [groupSpec(vifs, [...fromMembers, ...everythingOut])],
    routes: [],
    tables: [],
    wires: [],
    ...changes,
  }
}

export function groupSpec(vifs: readonly VifSpec[], rules: readonly RuleSpec[], id = group): GroupSpec {
  return { id, rules, members: vifs.filter((it) => it.groups.includes(id)).map((it) => it.address) }
}

/** The rules of a default group. Source: VPC User Guide, "Default security groups". */
export const fromMembers: readonly RuleSpec[] = [{ direction: 'ingress', protocol: 'all', peer: { group } }]
export const everythingOut: readonly RuleSpec[] = [
  { direction: 'egress', protocol: 'all', peer: { cidr: '0.0.0.0/0' } },
]

export function open(port: number, cidr = '0.0.0.0/0'): RuleSpec {
  return { direction: 'ingress', protocol: 6, range: { from: port, to: port }, peer: { cidr } }
}

export const openPing: RuleSpec = {
  direction: 'ingress',
  protocol: 1,
  range: { from: 8, to: -1 },
  peer: { cidr: '0.0.0.0/0' },
}

export function edge(
  addresses: EdgeSpec['networks'][number]['addresses'],
  routes: EdgeSpec['networks'][number]['routes'],
): EdgeSpec {
  const shape = { vpc, vni: 4242, cidrs: ['172.31.0.0/16'], mtu: 1500, tables: [], nats: [] }
  return { networks: [{ ...shape, addresses, routes }] }
}

function digits(n: number): string {
  return n.toString(16).padStart(17, '0')
}
