/**
 * What the guest of a copy is told of who it is: lines that a shell reads, in place of DHCP and of its first requests for metadata,
 * which all say the same. The seed is first: whoever reads 512 bytes has it.
 */
import ipaddr from 'ipaddr.js'
import { hex, type Random } from '../base/random.ts'
import { textAt } from '../host-api/metadata-tree.ts'
import type { DomainSpec, RouterSpec, VifSpec } from '../host-api/spec.ts'

const seedBytes = 64
/** Source: drivers/hypervisor/driver.ts, Copied. */
const mostBytes = 4096

/** Undefined where these routers do not have its first NIC, or its owner's key is longer than there is room. */
export function identityOf(
  { vifs: [first] }: DomainSpec,
  routers: readonly RouterSpec[],
  { random, now }: { readonly random: Random; readonly now: Date },
): string | undefined {
  const router = routers.find(({ vifs }) => vifs.some((it) => it.id === first?.id))
  const vif = router?.vifs.find((it) => it.id === first?.id)
  const subnet = router?.subnets.find((it) => it.id === vif?.subnet)
  if (!router || !vif || !subnet) return undefined
  const [, prefix] = ipaddr.IPv4.parseCIDR(subnet.cidr)
  const told = {
    seed: hex(random, 2 * seedBytes),
    time: Math.round(now.getTime() / 1000),
    ip: vif.address,
    mask: `${prefix}`,
    netmask: ipaddr.IPv4.subnetMaskFromPrefixLength(prefix).toString(),
    router: subnet.gateway,
    mtu: router.mtu,
    hostname: vif.hostname,
    domain: subnet.domainName,
    dns: subnet.dns.join(' '),
    ...ofMetadata(vif),
  }
  const text = linesOf(told)
  return Buffer.byteLength(text) <= mostBytes ? text : undefined
}

/**
 * What a guest is told that shall do once, as nobody, what it will do when it is somebody: in its first line, that it is not.
 * Source: RFC 5737 (192.0.2.0/24).
 */
export function rehearsal({ random, now }: { readonly random: Random; readonly now: Date }): string {
  const told = {
    ...{ seed: hex(random, 2 * seedBytes), time: Math.round(now.getTime() / 1000), ip: '192.0.2.2', mask: '24' },
    ...{ netmask: '255.255.255.0', router: '192.0.2.1', mtu: 1500, hostname: 'nobody', domain: '', dns: '192.0.2.1' },
    ...{ key: 'nobody', my_instance: '', my_name: '', my_others: '', my_ipv6: '', my_user_data: '' },
  }
  return `rehearsal=yes\n${linesOf(told)}`
}

function linesOf(told: Readonly<Record<string, string | number>>): string {
  return Object.entries(told)
    .map(([name, value]) => `${name}=${quoted(`${value}`)}\n`)
    .join('')
}

/** What the guest would ask for first: nothing, where it may not ask. */
function ofMetadata({ mac, address, metadata: { enabled, tree, userData } }: VifSpec): Record<string, string> {
  const said = (path: string) => (enabled ? (textAt(tree, `meta-data/${path}`) ?? '').trim() : '')
  const ofNic = (path: string) => said(`network/interfaces/macs/${mac}/${path}`)
  const others = ofNic('local-ipv4s').split('\n')
  return {
    key: said('public-keys/0/openssh-key'),
    my_instance: said('instance-id'),
    my_name: said('local-hostname'),
    my_others: others.filter((it) => it !== address).join(' '),
    my_ipv6: ofNic('subnet-ipv6-cidr-blocks') && 'yes',
    my_user_data: enabled && userData !== undefined ? 'yes' : '',
  }
}

/** Source: POSIX, Shell Command Language, 2.2.2 "Single-Quotes". */
function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}
