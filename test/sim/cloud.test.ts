import { describe, expect, test } from 'vitest'
import { Slots } from '../../src/base/slots.ts'
import type { HostId, InstanceId } from '../../src/model/ids.ts'
import type { InstanceRow } from '../../src/store/tables/resources.ts'
import { SimulatedCloud } from './cloud.ts'

const minute = 60_000

describe('instances on hosts of fakes', () => {
  test('launched ones run, and terminated ones leave nothing', async () => {
    await using cloud = await SimulatedCloud.open()
    const rows = await cloud.launch(2)
    expect(rows.map((it) => it.hostId).sort()).toEqual(['a1', 'a2'])
    for (const { id } of rows) await cloud.untilState(id, 'running')
    for (const { id } of rows) await cloud.terminate(id)
    for (const { id } of rows) await cloud.untilState(id, 'terminated')
    await expectNothing(cloud)
  })

  test('each host is what the rows say when all has come to rest', async () => {
    await using cloud = await SimulatedCloud.open()
    const [gone, stays] = await launchTwo(cloud)
    await cloud.terminate(gone.id)
    await cloud.untilState(gone.id, 'terminated')
    await cloud.until(async () =>
      (await cloud.specs()).every((it) => cloud.host(it.host).spec?.generation === it.generation),
    )
    for (const spec of await cloud.specs()) {
      const kept = cloud.host(spec.host).spec
      expect(kept?.routers).toEqual(spec.routers)
    }
    expect((await cloud.instance(stays.id)).state).toBe('running')
  })

  test('an interface comes to an instance, survives deaths of processes with it, and outlives it', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    const id = await cloud.attachNew(row.id)
    await cloud.until(async () => (await cloud.interfaceOf(id)).attachmentState === 'attached')
    expect(guestOf(cloud, row)?.status.vifs).toContain(id)
    await restart(cloud)
    await cloud.startAgent(hostOf(row))
    expect((await cloud.interfaceOf(id)).attachmentState).toBe('attached')
    await cloud.terminate(row.id)
    await cloud.untilState(row.id, 'terminated')
    expect(await cloud.interfaceOf(id)).toMatchObject({ instanceId: null, attachmentId: null })
    await cloud.until(async () => (await cloud.strands('attachment')) === 0)
  })

  test('an interface whose guest is deaf leaves once the guest hears', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    const id = await cloud.attachNew(row.id)
    await cloud.until(async () => (await cloud.interfaceOf(id)).attachmentState === 'attached')
    const { guests } = cloud.host(row.hostId)
    guests.setTemper(row.domainId, 'deaf')
    await cloud.detach(id)
    await cloud.until(() => cloud.host(row.hostId).spec?.domains[0]?.vifs.length === 1)
    expect(await cloud.interfaceOf(id)).toMatchObject({ instanceId: row.id, attachmentState: 'detaching' })
    guests.setTemper(row.domainId, 'obedient')
    await cloud.until(async () => (await cloud.interfaceOf(id)).instanceId === null)
    expect(guestOf(cloud, row)?.status.vifs).not.toContain(id)
    await cloud.until(() => cloud.host(row.hostId).routers.routers.values().next().value?.vifs.length === 1)
  })

  test('a reboot happens once, and the guest runs on', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    await cloud.reboot(row.id)
    await cloud.until(() => guestOf(cloud, row)?.status.reboots === 1)
    await cloud.startAgent(hostOf(row))
    await restart(cloud)
    expect(guestOf(cloud, row)?.status).toMatchObject({ state: 'running', reboots: 1 })
    expect((await cloud.instance(row.id)).state).toBe('running')
  })

  test('a deaf guest that reboots is terminated all the same', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    cloud.host(row.hostId).guests.setTemper(row.domainId, 'deaf')
    await cloud.reboot(row.id)
    await cloud.terminate(row.id)
    await cloud.untilState(row.id, 'terminated')
    await expectNothing(cloud)
  })

  test('a guest that powers itself off ends its instance', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    cloud.host(row.hostId).guests.powerOff(row.domainId)
    await cloud.untilState(row.id, 'terminated')
    expect((await cloud.instance(row.id)).stateReason).toBe('guestShutdown')
    await expectNothing(cloud)
  })

  test('a guest whose process dies is lost', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    cloud.host(row.hostId).guests.crash(row.domainId)
    await cloud.untilState(row.id, 'terminated')
    expect((await cloud.instance(row.id)).stateReason).toBe('lost')
    await expectNothing(cloud)
  })

  test('a guest that waits for its turn is not given up, however long that takes', async () => {
    await using cloud = await SimulatedCloud.open()
    const comingUp = new Slots(1)
    const leave = await comingUp.take(new AbortController().signal)
    for (const { id } of cloud.hosts) await cloud.startAgent(id, [], { comingUp })
    let rows: InstanceRow[] = []
    await cloud.until(async () => {
      rows = await cloud.launch().catch(() => []) // Hosts are there once they have said hello again.
      return rows.length > 0
    })
    const [row] = rows as [InstanceRow]
    const end = cloud.clock.now().getTime() + 12 * minute
    await cloud.until(async () => {
      await cloud.clock.advance(5_000)
      expect((await cloud.instance(row.id)).state).toBe('pending')
      return cloud.clock.now().getTime() > end
    })
    leave()
    await cloud.untilState(row.id, 'running')
  })

  test('a guest that does not boot is given up after five attempts', async () => {
    await using cloud = await SimulatedCloud.open()
    for (const { guests } of cloud.hosts) guests.refuseBoot('dom_1')
    const [row] = (await cloud.launch()) as [InstanceRow]
    await cloud.untilState(row.id, 'terminated')
    expect((await cloud.instance(row.id)).stateReason).toBe('internalError')
    await expectNothing(cloud)
  })

  test('a guest that is terminated while it boots leaves nothing', async () => {
    await using cloud = await SimulatedCloud.open({ bootMs: 3_000 })
    const [row] = (await cloud.launch()) as [InstanceRow]
    await cloud.until(() => cloud.host(row.hostId).disks.domains.size === 1)
    await cloud.terminate(row.id)
    await cloud.untilState(row.id, 'terminated')
    await expectNothing(cloud)
  })
})

describe('deaths of processes', () => {
  test('an agent that ends while a guest boots is followed by one that goes on', async () => {
    await using cloud = await SimulatedCloud.open({ bootMs: 2_000 })
    const [row] = (await cloud.launch()) as [InstanceRow]
    await cloud.until(() => cloud.host(row.hostId).disks.domains.size === 1)
    await cloud.startAgent(hostOf(row))
    await cloud.untilState(row.id, 'running')
  })

  test('a control plane that ends while a guest boots is followed by one that sees it run', async () => {
    await using cloud = await SimulatedCloud.open({ bootMs: 2_000 })
    const [row] = (await cloud.launch()) as [InstanceRow]
    await cloud.until(() => cloud.host(row.hostId).disks.domains.size === 1)
    await restart(cloud)
    await cloud.untilState(row.id, 'running')
  })

  test('a guest that began to run while the control plane was long away is not given up', async () => {
    await using cloud = await SimulatedCloud.open({ bootMs: 2_000 })
    const [row] = (await cloud.launch()) as [InstanceRow]
    await cloud.until(() => cloud.host(row.hostId).disks.domains.size === 1)
    await cloud.stopControl()
    await cloud.until(() => guestOf(cloud, row)?.status.state === 'running')
    await cloud.clock.advance(10 * minute)
    await cloud.startControl()
    await cloud.until(async () => (await cloud.instance(row.id)).state !== 'pending')
    expect((await cloud.instance(row.id)).state).toBe('running')
  })

  test('what happened to guests while the control plane was away is seen', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    await cloud.stopControl()
    cloud.host(row.hostId).guests.powerOff(row.domainId)
    await cloud.startControl()
    await cloud.untilState(row.id, 'terminated')
    await expectNothing(cloud)
  })

  test('both end while an instance is terminated, and it is gone all the same', async () => {
    await using cloud = await SimulatedCloud.open({ shutdownMs: 5_000 })
    const row = await launchOne(cloud)
    await cloud.terminate(row.id)
    await cloud.until(() => guestOf(cloud, row)?.status.buttonPressedAt !== undefined)
    await cloud.stopControl()
    await cloud.startAgent(hostOf(row))
    await cloud.startControl()
    await cloud.untilState(row.id, 'terminated')
    await expectNothing(cloud)
  })

  test('a host that is lost takes its instances along, also those that boot, and comes back empty', async () => {
    await using cloud = await SimulatedCloud.open({ bootMs: 2_000 })
    const rows = await cloud.launch(2)
    const [gone, stays] = ['a1', 'a2'].map((host) => rows.find((it) => it.hostId === host)!) as [
      InstanceRow,
      InstanceRow,
    ]
    await cloud.untilState(stays.id, 'running')
    const late = (await cloud.launch(2)).find((it) => it.hostId === 'a1')!
    await cloud.until(() => cloud.host('a1').disks.domains.size === 2)
    await loseFirstHost(cloud)
    for (const { id } of [gone, late]) {
      await cloud.untilState(id, 'terminated')
      expect((await cloud.instance(id)).stateReason).toBe('lost')
    }
    expect((await cloud.instance(stays.id)).state).toBe('running')
    await cloud.startAgent('a1')
    await cloud.until(async () => (await connectedHosts(cloud)) === 2)
    const [next] = await cloud.launch()
    expect(next?.hostId).toBe('a1')
    await cloud.untilState(next!.id, 'running')
  })

  test('a host that is lost keeps volumes, and holds up nothing that had them', async () => {
    await using cloud = await SimulatedCloud.open()
    const rows = await cloud.launch(2)
    const of = (host: string) => rows.find((it) => it.hostId === host)!.id // one on each
    for (const { id } of rows) await cloud.untilState(id, 'running')
    const [gone, stays] = [await cloud.createVolume(), await cloud.createVolume()]
    expect([gone.hostId, stays.hostId]).toEqual(['a1', 'a1'])
    for (const [volume, instance] of [[gone, of('a1')] as const, [stays, of('a2')] as const]) {
      await cloud.until(async () => (await cloud.volume(volume.id)).state === 'available')
      await cloud.attachVolume(volume, instance)
      await cloud.until(async () => (await cloud.attachmentOf(volume))?.state === 'attached')
    }
    await loseFirstHost(cloud)
    await cloud.untilState(of('a1'), 'terminated')
    expect(await cloud.attachmentOf(gone)).toBeUndefined()
    expect((await cloud.instance(of('a2'))).state).toBe('running')
    await cloud.detachVolume(stays)
    await cloud.until(async () => (await cloud.attachmentOf(stays)) === undefined)
    const next = await cloud.createVolume()
    expect(next.hostId).toBe('a2')
    await cloud.until(async () => (await cloud.volume(next.id)).state === 'available')

    await cloud.startAgent('a1')
    await cloud.attachVolume(gone, of('a2'))
    await cloud.until(async () => (await cloud.attachmentOf(gone))?.state === 'attached')
    expect((await cloud.volume(gone.id)).hostId).toBe('a1')
  })

  test('an instance whose host lost all is lost, and not started again', async () => {
    await using cloud = await SimulatedCloud.open()
    const row = await launchOne(cloud)
    const host = cloud.host(row.hostId)
    await cloud.stopAgent(host.id)
    host.guests.remove(row.domainId)
    host.disks.domains.clear()
    host.routers.routers.clear()
    host.spec = undefined
    await cloud.startAgent(host.id)
    await cloud.untilState(row.id, 'terminated')
    expect((await cloud.instance(row.id)).stateReason).toBe('lost')
    await expectNothing(cloud)
  })
})

/** As `cumulet host lose` does: what ran there is gone, what volumes hold is not. The agent of the other host tells. */
async function loseFirstHost(cloud: SimulatedCloud): Promise<void> {
  const host = cloud.host('a1')
  await cloud.stopAgent('a1')
  for (const { status } of host.guests.all()) host.guests.remove(status.id)
  for (const id of host.volumes.volumes.keys()) host.volumes.crash(id)
  host.disks.domains.clear()
  host.routers.routers.clear()
  host.spec = undefined
  await cloud.startAgent('a2', ['a1'])
}

async function launchOne(cloud: SimulatedCloud): Promise<InstanceRow> {
  const [row] = (await cloud.launch()) as [InstanceRow]
  await cloud.untilState(row.id, 'running')
  return row
}

async function launchTwo(cloud: SimulatedCloud): Promise<[InstanceRow, InstanceRow]> {
  const rows = (await cloud.launch(2)) as [InstanceRow, InstanceRow]
  for (const { id } of rows) await cloud.untilState(id, 'running')
  return rows
}

async function restart(cloud: SimulatedCloud): Promise<void> {
  await cloud.stopControl()
  await cloud.startControl()
  await cloud.until(async () => (await connectedHosts(cloud)) === cloud.hosts.length)
}

async function connectedHosts(cloud: SimulatedCloud): Promise<number> {
  const rows = await cloud.store.read(({ db }) => db.selectFrom('hosts').select('connected').execute())
  return rows.filter((it) => it.connected === 1).length
}

function hostOf({ hostId }: { id: InstanceId; hostId: HostId | null }): HostId {
  return hostId! // it has not been terminated yet
}

function guestOf(cloud: SimulatedCloud, { hostId, domainId }: InstanceRow) {
  return cloud.host(hostId).guests.get(domainId)
}

/** Neither on hosts nor in rows is anything left of any instance, but that it was. */
async function expectNothing(cloud: SimulatedCloud): Promise<void> {
  const bare = ({ guests, disks, routers }: SimulatedCloud['hosts'][number]) =>
    guests.all().length + disks.domains.size + routers.routers.size === 0
  await cloud.until(() => cloud.hosts.every(bare))
  const left = await cloud.store.read(async ({ db }) => ({
    claims: await db.selectFrom('instances').select('id').where('hostId', 'is not', null).execute(),
    interfaces: await db.selectFrom('interfaces').select('id').execute(),
    groups: await db.selectFrom('interfaceGroups').selectAll().execute(),
    facts: await db.selectFrom('domainFacts').select('id').execute(),
    deadlines: await db.selectFrom('deadlines').selectAll().execute(),
  }))
  expect(left).toEqual({ claims: [], interfaces: [], groups: [], facts: [], deadlines: [] })
}
