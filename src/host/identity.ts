/**
 * What the guest of a copy is told of who it is: lines that a shell reads, in place of DHCP and of its first requests for metadata,
 * which all say the same. The seed is first: whoever reads 512 bytes has it.
 */
import ipaddr from 'ipaddr.js'
import { hex, type Random } from '../base/random.ts'
import type { DomainSpec, RouterSpec } from '../host-api/spec.ts'

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
    key: vif.metadata.enabled ? (vif.metadata.tree['meta-data/public-keys/0/openssh-key'] ?? '').trim() : '',
  }
  const text = Object.entries(told)
    .map(([name, value]) => `${name}=${quoted(`${value}`)}\n`)
    .join('')
  return Buffer.byteLength(text) <= mostBytes ? text : undefined
}

/** Source: POSIX, Shell Command Language, 2.2.2 "Single-Quotes". */
function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}
