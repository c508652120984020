/** Whether a cloud can live with its settings: asked before they are kept, as they stay. */
import { Fault } from '../base/fault.ts'
import { canonical, isNetwork } from '../drivers/network/linux/ipv4.ts'
import { canonicalNetwork, isNetwork6 } from '../drivers/network/linux/ipv6.ts'
import { checkCloudName } from '../drivers/network/linux/names.ts'
import type { Settings } from './settings.ts'

/** The fabric's underlay has addresses for many more; a machine has not room for them. */
const mostHostsPerZone = 100

/** Throws a `Fault` that names what is wrong. Names and regions go into arguments, files and names of other programs. */
export function checkSettings(settings: Settings): Settings {
  checkCloudName(settings.name)
  const { region, hostsPerZone, scale, memoryMiB, listen } = settings
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(region)) throw new Fault(`not a name for a region: ${JSON.stringify(region)}`)
  if (!within(hostsPerZone, 1, mostHostsPerZone)) throw new Fault(`A zone has 1 to ${mostHostsPerZone} hosts.`)
  if (!within(scale, 1, 1024)) throw new Fault('The scale must be from 1 to 1024.')
  if (!within(memoryMiB, 1)) throw new Fault('Guests need some memory: at least 1 MiB.')
  if (!within(listen.port, 0, 65_535)) throw new Fault(`not a port: ${listen.port}`)
  if (settings.elasticAddresses !== undefined && !within(settings.elasticAddresses, 0))
    throw new Fault('An account may have a number of elastic addresses: 0 or more.')
  if (settings.volumeCooldownHours !== undefined && !(settings.volumeCooldownHours >= 0))
    throw new Fault('Volumes rest for a number of hours after a change: 0 or more.')
  if (settings.imageCacheGiB !== undefined && !within(settings.imageCacheGiB, 0))
    throw new Fault('The cache of images has a number of GiB: 0 or more.')
  if (settings.standbys !== undefined && !within(settings.standbys, 0, 100))
    throw new Fault('From 0 to 100 machines stand by.')
  if (![undefined, true, false].includes(settings.traces))
    throw new Fault('Traces are written, or they are not: true or false.')
  checkPublicNetwork(settings.publicNetwork)
  checkIpv6Network(settings.ipv6Network)
  return settings
}

function checkPublicNetwork(network: string): void {
  if (!isNetwork(network) || !network.endsWith('/24') || canonical(network) !== network)
    throw new Fault(`The network of public addresses must be a /24, for now: ${network} is none.`)
}

function checkIpv6Network(network: string): void {
  if (!isNetwork6(network) || !network.endsWith('/40') || canonicalNetwork(network) !== network)
    throw new Fault(`The network of IPv6 addresses must be a /40, written the short way: ${network} is none.`)
}

function within(value: number, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}
