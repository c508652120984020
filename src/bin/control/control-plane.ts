/** Wires the control plane: store, strands, hosts, services, front door. */
import { systemClock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import type { Credentials } from '../../control/accounts/accounts.ts'
import { volumeAttachmentMachine } from '../../control/attachments/machine.ts'
import { exportMachine } from '../../control/disk-tasks/export-machine.ts'
import { importMachine } from '../../control/disk-tasks/import-machine.ts'
import { ensureHosts } from '../../control/hosts/hosts.ts'
import { keptSpecs } from '../../control/hosts/kept-scene.ts'
import { HostLinks } from '../../control/hosts/links.ts'
import { BundleImages, type ReadObject } from '../../control/images/bundle-images.ts'
import { ebsImageMachine } from '../../control/images/ebs-machine.ts'
import { imageMachine } from '../../control/images/machine.ts'
import { instanceMachine } from '../../control/instances/machine.ts'
import { tell } from '../../control/instances/news.ts'
import { attachmentMachine } from '../../control/interfaces/attachment-machine.ts'
import { natMachine } from '../../control/nat-gateways/machine.ts'
import { frozen } from '../../control/snapshots/frozen.ts'
import { snapshotMachine } from '../../control/snapshots/machine.ts'
import type { Arrivals } from '../../control/snapshots/source.ts'
import { volumeMachine } from '../../control/volumes/machine.ts'
import { offerObjects, withdrawObjects } from '../../control/vpc-endpoints/services.ts'
import { keptAnswers } from '../../ec2/kept-answers.ts'
import type { Handler } from '../../http/exchange.ts'
import { frontDoor } from '../../http/front-door.ts'
import { withRoutes } from '../../http/routes.ts'
import { type Listener, listen } from '../../http/server.ts'
import { verifier } from '../../iam/verify.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { SnapshotId } from '../../model/ids.ts'
import { openCodec } from '../../query/codec.ts'
import { Pager } from '../../query/paging.ts'
import { Blobs } from '../../s3/blobs.ts'
import { readElsewhere } from '../../s3/elsewhere.ts'
import { openObjectStore } from '../../s3/object-store.ts'
import { readObject } from '../../s3/reader.ts'
import { isForObjects } from '../../s3/target.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { Engine } from '../../strand/engine.ts'
import { bind } from '../../strand/machine.ts'
import { endpointNow, homeOf, otherRegion, type Place } from '../joining.ts'
import { type BoxHost, endpointOf, type Paths, type Settings } from '../settings.ts'
import { sweepAsItPasses } from '../small.ts'
import { accountsRoute, certify } from './accounts-route.ts'
import { application, errorRenderer } from './application.ts'
import { openArrivals } from './arrivals.ts'
import { cloudName, ensureKeyFiles, readKey } from './certificates.ts'
import type { DiskService } from './disk-service.ts'
import { openIdentity } from './identity.ts'
import { offerRoute } from './image-offers.ts'
import { metricsRoute } from './metrics.ts'
import { hasUefi, openDisks } from './open-disks.ts'
import { openRegions } from './open-regions.ts'
import { statusRoute } from './status.ts'
import { warmRoute } from './warm-route.ts'

/** Of unpacked images that can be fetched again. */
const usualCacheGiB = 20

export interface ControlPlane extends AsyncDisposable {
  readonly listener: Listener
  readonly store: Store
  readonly hosts: HostLinks
  readonly credentials: Credentials
}

export interface ControlPlaneParts {
  readonly paths: Paths
  readonly settings: Settings
  readonly cloud: Cloud
  readonly boxHosts: readonly (BoxHost & { readonly underlayAddress: string })[]
  readonly log: Log
}

/** Opens everything, the API's port last. Throws a `Fault` that says what is in the way. */
export async function openControlPlane({
  paths,
  settings,
  cloud: alone,
  boxHosts,
  log,
}: ControlPlaneParts): Promise<ControlPlane> {
  await using opened = new AsyncDisposableStack()
  const place = { paths, settings }
  const cloud = await withAccounts(alone, place)
  const [ec2, sts, store] = await Promise.all([
    openCodec('ec2', paths.cache),
    openCodec('sts', paths.cache),
    openStore(paths.store, { log }),
  ])
  opened.defer(() => store.close())
  const identity = opened.use(await openIdentity(place, store, cloud))
  const { credentials, elsewhere, lookup } = identity
  await prepare(store, cloud, boxHosts, identity.forGuests)
  const hosts = new HostLinks({
    store,
    specs: keptSpecs(store, cloud),
    intake: { changed: tell },
    clock: systemClock,
    log: log.child({ part: 'hosts' }),
  })
  opened.defer(() => hosts.close())
  const blobs = new Blobs(paths.objects, systemRandom, sweepAsItPasses())
  const cloudKeys = await ensureKeyFiles(identity.keys, cloudName)
  if (settings.join === undefined) await certify(store, credentials, paths.keys)
  const read: ReadObject = async (account, at, abort) =>
    elsewhere
      ? readElsewhere(await elsewhere(account), at, systemClock.now(), abort)
      : readObject({ store, blobs }, account, at)
  const images = new BundleImages({
    ...{ certificates: identity.certificates, folder: paths.images, cloudKey: await readKey(cloudKeys), read },
    imagesOf: async (region) => (await otherRegion(place, region))?.paths.images,
    ...{ imaginary: settings.hypervisor === 'fake', limitBytes: (settings.imageCacheGiB ?? usualCacheGiB) * 2 ** 30 },
  })
  await images.sweep()
  const disks = openDisks({ store, blobs, elsewhere, read, paths, log: log.child({ part: 'disks' }) })
  const engine = opened.adopt(openEngine({ store, hosts, images, disks, arrivals: openArrivals(place), log }), (it) =>
    it.stop(),
  )
  await engine.start()
  await hosts.listen(paths.agentsSocket)
  const asked = {
    console: hosts.console.bind(hosts),
    frozen: (ids: readonly SnapshotId[], abort: AbortSignal) => frozen(store, systemClock, ids, abort),
  }
  const regions = openRegions(place, cloud.endpoint)
  const outside = { regions, manifests: images, hasUefi }
  const answers = opened.use(keptAnswers(store))
  const around = { clock: systemClock, random: systemRandom, log: log.child({ part: 'ec2' }) }
  const world = { ...outside, store, answers, cloud, hosts: asked, ...around }
  const objects = elsewhere
    ? undefined
    : await openObjectStore({
        ...{ store, lookup, blobs, clock: systemClock, random: systemRandom },
        ...{ region: cloud.region, endpoint: endpointOf(settings), log: log.child({ part: 'objects' }) },
      })
  const door = frontDoor({
    application: application(world, { ec2, sts }, new Pager(pagerSecret(credentials))),
    verify: verifier({ clock: systemClock, lookup }),
    renderError: errorRenderer({ ec2, sts }),
    log: log.child({ part: 'api' }),
  })
  const withObjects: Handler = (head, body, abort) =>
    objects && isForObjects(head) ? objects(head, body, abort) : door(head, body, abort)
  if (objects) opened.use(await listenForGuests(objects, paths, log))
  const routes = [
    ...[statusRoute(store), metricsRoute(store, hosts), offerRoute(store, paths.images)],
    warmRoute({ store, cloud, hosts, clock: systemClock }),
  ]
  if (settings.join === undefined) routes.push(accountsRoute({ store, cloud, keys: paths.keys, operator: credentials }))
  const listener = opened.adopt(
    await listen(withRoutes(routes, withObjects), {
      ...settings.listen,
      unhurried: isForObjects,
      clock: systemClock,
      random: systemRandom,
      log: log.child({ part: 'http' }),
    }),
    (it) => it.close(),
  )
  const resources = opened.move()
  return { listener, store, hosts, credentials, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** The cloud, and where its accounts are if not here. */
async function withAccounts(cloud: Cloud, place: Place): Promise<Cloud> {
  if (place.settings.join === undefined) return cloud
  return { ...cloud, accountsAt: await endpointNow(await homeOf(place)) }
}

/** Where agents bring what guests ask of the object store, and nothing else. */
async function listenForGuests(objects: Handler, { objectsSocket }: Paths, log: Log): Promise<AsyncDisposable> {
  const listener = await listen(objects, {
    ...{ host: 'guests', port: 0, socket: objectsSocket, unhurried: () => true },
    ...{ clock: systemClock, random: systemRandom, log: log.child({ part: 'http' }) },
  })
  return { [Symbol.asyncDispose]: () => listener.close() }
}

interface EngineParts {
  readonly store: Store
  readonly hosts: HostLinks
  readonly images: BundleImages
  readonly disks: DiskService
  readonly arrivals: Arrivals
  readonly log: Log
}

function prepare(
  store: Store,
  cloud: Cloud,
  boxHosts: ControlPlaneParts['boxHosts'],
  objectsForGuests: boolean,
): Promise<void> {
  return store.transact(async (tx) => {
    await ensureHosts(tx, boxHosts)
    await (objectsForGuests ? offerObjects(tx, cloud, systemClock.now()) : withdrawObjects(tx))
  })
}

function openEngine({ store, hosts, images, disks, arrivals, log }: EngineParts): Engine {
  const readConsole = hosts.console.bind(hosts)
  return new Engine({
    store,
    machines: [
      bind(instanceMachine, { readConsole }),
      bind(attachmentMachine, {}),
      bind(natMachine, {}),
      bind(imageMachine, { images }),
      bind(importMachine, { disks }),
      bind(exportMachine, { disks }),
      bind(ebsImageMachine, {}),
      bind(volumeMachine, {}),
      bind(volumeAttachmentMachine, {}),
      bind(snapshotMachine, { arrivals }),
    ],
    clock: systemClock,
    random: systemRandom,
    log: log.child({ part: 'strands' }),
  })
}

/** Tokens of pages outlive a restart, as the secret behind them does. */
function pagerSecret({ secretAccessKey }: Credentials): Buffer {
  return Buffer.from(`pages/${secretAccessKey}`)
}
