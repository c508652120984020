/**
 * What a router's namespace sets of the kernel's own behaviour, before it has any link: new links inherit `default`.
 * It forwards, answers ARP for whom it has a route to, tells nobody of shortcuts, and knows no IPv6 unless its VPC does.
 * Source: Linux, Documentation/networking/ip-sysctl.rst.
 */
export const routerSysctls: Readonly<Record<string, number>> = {
  'net.ipv6.conf.all.disable_ipv6': 1,
  'net.ipv6.conf.default.disable_ipv6': 1,
  'net.ipv4.ip_forward': 1,
  'net.ipv4.conf.all.rp_filter': 0,
  'net.ipv4.conf.default.rp_filter': 0,
  'net.ipv4.conf.default.proxy_arp': 1,
  'net.ipv4.conf.all.send_redirects': 0,
  'net.ipv4.conf.default.send_redirects': 0,
  'net.ipv4.conf.all.accept_redirects': 0,
  'net.ipv4.conf.default.accept_redirects': 0,
}

/**
 * The same for IPv6, where the VPC has such addresses. Every address is given: none is made of a MAC or heard of, and none is
 * looked for elsewhere before it is used. The last line lets it begin, so that a loopback address vouches for all others.
 */
export const routerSysctls6: Readonly<Record<string, number>> = {
  'net.ipv6.conf.all.addr_gen_mode': 1,
  'net.ipv6.conf.default.addr_gen_mode': 1,
  'net.ipv6.conf.all.accept_dad': 0,
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.default.dad_transmits': 0,
  'net.ipv6.conf.all.accept_ra': 0,
  'net.ipv6.conf.default.accept_ra': 0,
  'net.ipv6.conf.all.accept_redirects': 0,
  'net.ipv6.conf.default.accept_redirects': 0,
  'net.ipv6.conf.all.forwarding': 1,
  'net.ipv6.conf.all.disable_ipv6': 0,
}
