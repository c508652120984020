/** The datacentre in a box: which namespaces stand for which hosts of the cloud. */
import { type BoxConfig, usualBox } from '../drivers/network/box/layout.ts'
import { type BoxHost, hostsOf, type Settings } from './settings.ts'

/** The box of these settings. The edge is a place of its own: no guest runs there. */
export function boxOf(settings: Settings): BoxConfig {
  const guests = hostsOf(settings).filter((it) => !it.isEdge)
  return usualBox(
    settings.name,
    guests.map((it) => it.id),
    {
      publicPool: settings.publicNetwork,
      pool6: settings.ipv6Network,
      machine: settings.machineLink,
    },
  )
}

/** The hosts with their places in the underlay. */
export function placedHosts(settings: Settings): (BoxHost & { underlayAddress: string })[] {
  const box = boxOf(settings)
  return hostsOf(settings).map((host) => ({
    ...host,
    underlayAddress: box.hosts.find((it) => it.host === host.id)?.underlayAddress ?? box.edgeAddress,
  }))
}
