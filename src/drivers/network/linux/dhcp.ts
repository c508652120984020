import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { RouterSpec, SubnetSpec } from '../../../host-api/spec.ts'
import { endServers, findServer, pidFileArgument, readIfAny, startServer } from './dnsmasq.ts'
import { netmask } from './ipv4.ts'
import { canonicalNetwork } from './ipv6.ts'
import { tapName } from './names.ts'

/**
 * DHCP in a router's namespace, by a dnsmasq that does nothing else. A new guest is a new file in a directory that
 * dnsmasq watches. Everything that is not new restarts it, because nothing else makes it forget a lease, and an address
 * may soon be another guest's: the new one starts before the old one ends, so nobody waits.
 */
export async function serveDhcp(namespace: string, spec: RouterSpec, directory: string, abort: AbortSignal) {
  if (spec.subnets.length === 0) return await endDhcp(directory)
  const hosts = new Map(spec.vifs.map((it) => [`${it.id}`, hostLine(it)]))
  await mkdir(`${directory}/hosts`, { recursive: true, mode: 0o755 })
  const present = await readHosts(directory)
  const additive = [...present].every(([name, line]) => hosts.get(name) === line)
  // Survives us: whoever comes after an unfinished removal restarts too.
  if (!additive) await writeFile(`${directory}/restart`, 'yes')
  await Promise.all([...present.keys()].filter((it) => !hosts.has(it)).map((it) => rm(`${directory}/hosts/${it}`)))
  const fresh = [...hosts].filter(([name, line]) => present.get(name) !== line)
  await Promise.all(fresh.map(([name, line]) => writeFile(`${directory}/hosts/${name}`, line)))
  await ensureRunning(namespace, dhcpCommand(spec, directory), directory, abort)
}

/** As `serveDhcp`, where this process served `before` last. */
export async function changeDhcp(
  namespace: string,
  { before, spec }: { before: RouterSpec; spec: RouterSpec },
  directory: string,
  abort: AbortSignal,
) {
  if (before.vifs === spec.vifs && before.subnets === spec.subnets) return
  const [old, lines] = [before, spec].map((it) => new Map(it.vifs.map((vif) => [vif.id, hostLine(vif)])))
  const isMore = before.subnets === spec.subnets && [...old!].every(([id, line]) => lines!.get(id) === line) // there are two
  if (!isMore) return await serveDhcp(namespace, spec, directory, abort)
  const fresh = [...lines!].filter(([id]) => !old!.has(id)) // as above
  await Promise.all(fresh.map(([id, line]) => writeFile(`${directory}/hosts/${id}`, line)))
  await ensureRunning(namespace, dhcpCommand(spec, directory), directory, abort)
}

/** Ends the router's dnsmasq, if it runs, and forgets its guests. */
export async function endDhcp(directory: string): Promise<void> {
  await endServers(directory)
  await rm(directory, { recursive: true, force: true })
}

/**
 * The dnsmasq that serves `spec`. Each subnet is a range with nothing to give but what the hosts directory says.
 * Answers come at once: no ping before an offer, and none but us knows better (authoritative). They are broadcast,
 * because dnsmasq would otherwise write the guest's MAC into the neighbour table, and that is not its affair.
 * Source: dnsmasq(8), version 2.90.
 */
export function dhcpCommand(spec: RouterSpec, directory: string): string[] {
  return [
    'dnsmasq',
    '--conf-file=/dev/null',
    '--port=0',
    '--bind-dynamic',
    '--interface=t*',
    '--user=dnsmasq',
    '--group=nogroup',
    pidFileArgument(directory),
    `--dhcp-hostsdir=${directory}/hosts`,
    '--leasefile-ro',
    '--no-hosts',
    '--no-resolv',
    '--no-ping',
    '--quiet-dhcp',
    '--dhcp-authoritative',
    '--dhcp-rapid-commit',
    '--dhcp-broadcast',
    '--dhcp-ignore-clid',
    `--dhcp-option-force=option:mtu,${spec.mtu}`,
    ...(spec.subnets.some((it) => it.ipv6) ? ['--enable-ra', serverIdentity] : []),
    ...spec.subnets.toSorted((a, b) => (a.id < b.id ? -1 : 1)).flatMap(subnetArguments),
  ]
}

const leaseSeconds = 86_400

/** The same for every router, as its MAC is: made of a MAC by dnsmasq, it could not be before the first tap. Source: RFC 8415, section 11.3. */
const serverIdentity = '--dhcp-duid=0,fe:ff:ff:ff:ff:ff'

/** Source: leases of EC2's DHCPv6 as guests print them. They are short, since a guest that calls itself otherwise waits for their end. */
const leaseSeconds6 = 450

function subnetArguments({ id, cidr, gateway, dns, domainName, options = {}, ipv6 }: SubnetSpec): string[] {
  return [
    ...(ipv6 ? [rangeOf6(id, ipv6.cidr)] : []),
    `--dhcp-range=set:${id},${cidr.split('/')[0]},static,${netmask(cidr)},${leaseSeconds}`,
    `--dhcp-option=tag:${id},option:router,${gateway}`,
    // An option without a value is one that dnsmasq would give by itself, and does not.
    `--dhcp-option=tag:${id},${['option:dns-server', ...dns].join(',')}`,
    ...(domainName === '' ? [] : [`--dhcp-option=tag:${id},option:domain-name,${domainName}`]),
    ...Object.entries(options)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, values]) => `--dhcp-option=tag:${id},option:${name},${values.join(',')}`),
  ]
}

/**
 * Router advertisements say that addresses are given (M) and that nothing is on the link but the router: a guest sends it all
 * that is not its own, and asks for no neighbour. Source: RFC 4861, section 4.2; dnsmasq(8), `off-link`.
 */
function rangeOf6(id: string, cidr: string): string {
  const [network, length] = canonicalNetwork(cidr).split('/')
  return `--dhcp-range=set:${id},${network},static,off-link,${length},${leaseSeconds6}`
}

/**
 * One guest: its MAC, on its own tap (dnsmasq tags every message with its interface), gets its
 * address, and the first one that it has of IPv6. Others are its own affair, as in EC2.
 */
function hostLine(vif: RouterSpec['vifs'][number]): string {
  const [six] = vif.ipv6 ?? []
  const addresses = six === undefined ? vif.address : `${vif.address},[${six}]`
  return `${vif.mac},tag:${tapName(vif.id)},${addresses},${vif.hostname},${leaseSeconds}\n`
}

async function readHosts(directory: string): Promise<Map<string, string>> {
  const names = await readdir(`${directory}/hosts`)
  const files = names.map(async (it) => [it, await readFile(`${directory}/hosts/${it}`, 'utf8')] as const)
  return new Map(await Promise.all(files))
}

async function ensureRunning(namespace: string, command: string[], directory: string, abort: AbortSignal) {
  const running = await findServer(directory)
  const restart = (await readIfAny(`${directory}/restart`)) !== ''
  if (running && !restart && running.command.join('\0') === command.join('\0')) return
  abort.throwIfAborted()
  await startServer(namespace, command, directory)
  await rm(`${directory}/restart`, { force: true })
}
