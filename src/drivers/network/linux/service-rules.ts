import { remembered } from '../../../base/remembered.ts'
import type { RouterSpec } from '../../../host-api/spec.ts'
import { tapName } from './names.ts'
import type { Chain, NamedSet } from './ruleset.ts'
import { drop } from './spoof-counters.ts'

/** Source: VPC User Guide, "DNS quotas": packets per second and interface, to all link-local services together. */
const packetsPerSecond = 1024

/**
 * What a guest says to the object store is held against its groups and, in `acl-rules.ts`, its subnet's ACL, as if it were elsewhere; who has no
 * way there is not heard. Goes into the `input` chain.
 */
export const objectsInput = [
  'ip daddr @objects tcp dport 80 iifname @objects-users iifname vmap @from',
  'ip daddr @objects drop',
]

/** What guests may ask the router itself, beside metadata: names. Goes into the `input` chain. */
export const dnsInput = ['ip daddr @resolvers udp dport 53 accept', 'ip daddr @resolvers tcp dport 53 accept']

export const serviceChains: Readonly<Record<string, Chain>> = {
  'own-answers': {
    hook: 'type filter hook output priority -300; policy accept;',
    rules: ['ip saddr @resolvers udp sport 53 notrack'],
  },
}

/**
 * What a guest says in its own name, before conntrack: of what is for the router's services too much is dropped, and questions over UDP leave
 * no trace there. So a guest that only asks takes neither the machine's time nor its memory from others. A fragment is tracked, as
 * whoever joins fragments must see all of them.
 */
export function guestChains({ dns }: RouterSpec): Record<string, Chain> {
  const servers = ['169.254.0.0/16', ...(dns?.servers ?? []).filter((it) => !it.startsWith('169.254.')).sort()]
  return {
    'from-guest': {
      rules: [
        drop('dhcp', 'udp sport 67 udp dport 68'),
        ...servers.map((it) => `ip daddr ${it} goto services`),
        'accept',
      ],
    },
    services: {
      rules: [
        `update @paces { iifname limit rate over ${packetsPerSecond}/second burst ${packetsPerSecond} packets } drop`,
        'ip daddr @resolvers ip frag-off & 0x3fff == 0 udp dport 53 notrack',
        'accept',
      ],
    },
  }
}

/** `resolvers`: where guests ask for names. `objects`: where the object store is, and who may go there. `paces`: the kernel's own notes of who sent how much. */
export function serviceSets({ dns, objects }: RouterSpec): Record<string, NamedSet> {
  const users = objects
    ? remembered(objects, 'users', [], () => objects.vifs.map((it) => `"${tapName(it)}"`).sort())
    : []
  return {
    resolvers: { kind: 'set', type: 'type ipv4_addr;', elements: (dns?.servers ?? []).toSorted() },
    objects: { kind: 'set', type: 'type ipv4_addr;', elements: objects ? [objects.address] : [] },
    'objects-users': { kind: 'set', type: 'type ifname;', elements: users },
    paces: { kind: 'set', type: 'type ifname; size 65535; flags dynamic,timeout; timeout 10s;', elements: [] },
  }
}
