/**
 * Regions of one cloud on one machine. The first keeps accounts and objects; others joined it when they were made. Each says in the
 * folder `regions` of the first where it is: files, so that all know of each other whichever of them runs.
 */
import { mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../base/fault.ts'
import { readElsewhereFile } from './elsewhere.ts'
import { runningProcess } from './running.ts'
import { type Choices, endpointOf, type Paths, pathsOf, readSettings, type Settings, usualRegion } from './settings.ts'

/** A cloud's directory and what it is. */
export interface Place {
  readonly paths: Paths
  readonly settings: Settings
}

/** The place that accounts and objects are in: this one, unless it joined another. */
export async function homeOf(place: Place): Promise<Place> {
  if (place.settings.join === undefined) return place
  const paths = pathsOf(place.settings.join)
  const settings = await readSettings(paths)
  if (!settings) throw new Fault(`This region joined the cloud in ${paths.data}, and there is none any more.`)
  return { paths, settings }
}

/** Where its API is, or will be once it is up: it may have been started at another place than it was made for. */
export async function endpointNow({ paths, settings }: Place): Promise<string> {
  const serving = (await runningProcess(paths.controlState))?.endpoint
  if (serving === undefined) return endpointOf(settings)
  const { hostname, port } = new URL(serving)
  return endpointOf({ listen: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) } })
}

/** All regions of the cloud whose first this is, in the order of their names. One whose directory has gone is none. */
export async function regionsOf(home: Place): Promise<Place[]> {
  const names = (await readdir(home.paths.regions).catch(noneIfMissing)).filter((it) => it.endsWith('.json'))
  const joined = await Promise.all(names.map((it) => placeIn(home, join(home.paths.regions, it))))
  return [home, ...joined.filter((it) => it !== undefined)].sort(byName)
}

function byName(a: Place, b: Place): number {
  return a.settings.region < b.settings.region ? -1 : 1
}

async function placeIn(home: Place, file: string): Promise<Place | undefined> {
  const { data } = JSON.parse(await readFile(file, 'utf8')) as { data: string }
  const paths = pathsOf(data)
  const settings = await readSettings(paths)
  return settings?.join !== undefined && (await isSame(pathsOf(settings.join), home.paths))
    ? { paths, settings }
    : undefined
}

/** The regions beside this one. */
export async function othersOf(place: Place): Promise<Place[]> {
  const all = await regionsOf(await homeOf(place))
  return all.filter((it) => it.settings.region !== place.settings.region)
}

/** Whatever links lead there. */
async function isSame(a: Paths, b: Paths): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map(({ data }) => realpath(data).catch(() => data)))
  return one === other
}

export async function otherRegion(place: Place, name: string): Promise<Place | undefined> {
  return (await othersOf(place)).find((it) => it.settings.region === name)
}

/** Where objects are: elsewhere, if the operator said so, here or in the first region; otherwise in the first region. */
export async function objectsUrl(place: Place): Promise<string> {
  const home = await homeOf(place)
  const elsewhere =
    (await readElsewhereFile(place.paths.objectsElsewhere)) ?? (await readElsewhereFile(home.paths.objectsElsewhere))
  if (elsewhere) return elsewhere.url
  return place.settings.join === undefined ? endpointOf(place.settings) : endpointNow(home)
}

/** Has the first region know where this one is. */
export async function enterRegion(place: Place): Promise<void> {
  if (place.settings.join === undefined) return
  const file = fileOf(place)
  await mkdir(pathsOf(place.settings.join).regions, { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, JSON.stringify({ data: place.paths.data }))
  await rename(`${file}.new`, file)
}

export async function leaveRegions(place: Place): Promise<void> {
  if (place.settings.join !== undefined) await rm(fileOf(place), { force: true })
}

function fileOf({ settings }: Place): string {
  return join(pathsOf(settings.join!).regions, `${settings.region}.json`) // of one that joined
}

/** What a new region that joins the cloud in `paths` must keep clear of: networks of the others. Throws a `Fault` where it cannot join. */
export async function networksToAvoid(paths: Paths, choices: Choices): Promise<string[]> {
  const settings = await readSettings(paths)
  if (!settings) throw new Fault(`There is no cloud in ${paths.data} that could be joined.`)
  if (settings.join !== undefined)
    throw new Fault(`The cloud in ${paths.data} is itself a region of another: join ${settings.join}.`)
  if (settings.hypervisor !== (choices.hypervisor ?? 'qemu'))
    throw new Fault(
      `All regions of a cloud have the same hypervisor: that in ${paths.data} has ${settings.hypervisor}.`,
    )
  const regions = await regionsOf({ paths, settings })
  const wanted = choices.region ?? usualRegion
  const same = regions.find((it) => it.settings.region === wanted)
  if (same) throw new Fault(`The region ${wanted} is in ${same.paths.data} already: choose another --region.`)
  return regions.flatMap(({ settings: { publicNetwork, machineLink } }) => [
    publicNetwork,
    ...(machineLink === 'off' ? [] : [machineLink.network]),
  ])
}

function noneIfMissing(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}
