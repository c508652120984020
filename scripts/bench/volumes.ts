/** What volumes cost: to a guest's requests, beside instance storage and a bare QEMU's file; and what attaching and snapshots take. */
import { truncate, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { cloudOf, pathsOf, requireSettings } from '../../src/bin/settings.ts'
import { admit, openControlGroups, removeGroups } from '../../src/drivers/hypervisor/qemu/cgroup.ts'
import { guestAddress, Lab } from '../../src/images/testing/lab.ts'
import { instanceType } from '../../src/model/instance-types.ts'
import { TestCloud } from '../../test/e2e/cloud.ts'
import { type BareMachine, bareArguments, makeDisk } from './bare-guest.ts'
import { type CloudGuest, Ebs } from './ebs.ts'
import { bringFio, type FioResult, fillDisk, measureDisk } from './fio.ts'
import { type GuestShell, inGuest, whenSaid } from './guest-shell.ts'
import { bareMachine } from './launch.ts'
import { banners, now, patienceFor } from './stages.ts'
import { type Summary, summarize } from './statistics.ts'

export interface VolumesResult {
  readonly accelerator: string
  readonly load: number
  /** Seconds that each pattern was measured for, and how often. */
  readonly seconds: number
  readonly rounds: number
  readonly disks: Readonly<Record<Place, readonly FioResult[]>>
  /** Milliseconds from AttachVolume until the guest has the device by its name. */
  readonly attach: Summary
  /** Of a volume of 10 GiB, one after another. */
  readonly snapshots: readonly SnapshotTimes[]
  /** Milliseconds from CreateVolume, of the last snapshot, until the guest has read of it. */
  readonly firstRead: Summary
}

export interface SnapshotTimes {
  readonly changedMiB: number
  readonly answeredMs: number
  readonly completedMs: number
}

export interface VolumesOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

const places = ['bare', 'volume', 'instance'] as const
export type Place = (typeof places)[number]
type Disk = readonly [GuestShell, device: string]

const type = 'm1.small'
const seconds = 3
const device = '/dev/xvdf'
const attachments = 11
const reads = 5

export async function measureVolumes({ rounds, say, abort }: VolumesOptions): Promise<VolumesResult> {
  const load = loadavg()[0] ?? 0
  await using cloud = await TestCloud.start()
  const machine = await bareMachine(pathsOf(cloud.data), abort)
  await using groups = await groupsAsOf(cloud, machine)
  await using lab = await openLab(machine, groups.folders, abort)
  const ebs = await Ebs.open(cloud, abort)
  const guest = await ebs.launch(type)
  const bare: GuestShell = { namespace: lab.namespace, key: join(lab.folder, 'key'), address: guestAddress }
  for (const it of [bare, guest.shell]) await bringFio(it)
  const disks = await compare(ebs, { bare, guest }, { rounds, say, abort })
  const attach = await attachTimes(ebs, guest, say)
  const { snapshots, last } = await snapshotTimes(ebs, guest, say)
  const firstRead = await firstReads(ebs, guest, last, say)
  const { accelerator } = machine
  return { accelerator, load, seconds, rounds, disks, attach, snapshots, firstRead }
}

/** Control groups that leave what is in them as much of the processors as a guest of the cloud has. */
async function groupsAsOf(cloud: TestCloud, { accelerator }: BareMachine) {
  const { ecuPerCore } = cloudOf(await requireSettings(pathsOf(cloud.data)), accelerator)
  const cpuCores = (instanceType(type)?.ecu ?? 1) / ecuPerCore
  const limits = { cpuCores, cpuWeight: 100, memoryMiB: 4096, processes: 256 }
  const folders = await (await openControlGroups()).create(`bench-${process.pid}`, limits)
  return { folders, [Symbol.asyncDispose]: () => removeGroups(folders, systemClock) }
}

/** A bare QEMU with a raw file beside its root disk, which answers SSH, and has as much of the processors as the cloud's. */
async function openLab(machine: BareMachine, groups: readonly string[], abort: AbortSignal): Promise<Lab> {
  await using opened = new AsyncDisposableStack()
  const lab = opened.use(await Lab.open((key) => ({ 'meta-data/public-keys/0/openssh-key': key })))
  const files = { disk: join(lab.folder, 'root.qcow2'), console: join(lab.folder, 'console') }
  const raw = join(lab.folder, 'bench.raw')
  await makeDisk(machine, files.disk)
  await writeFile(raw, '')
  await truncate(raw, 2 ** 30)
  const disk = ['-blockdev', `driver=raw,node-name=bench,file.driver=file,file.filename=${raw}`]
  const args = [...bareArguments(machine, lab.namespace, files), ...disk]
  const device = 'virtio-blk-pci,drive=bench,serial=bench,disable-legacy=on'
  const { pid } = lab.start('qemu-system-x86_64', [...args, '-device', device])
  if (pid === undefined) throw new Fault('QEMU was not started')
  admit(pid, groups)
  await banners(lab.namespace, [guestAddress], patienceFor(1, abort))
  opened.move()
  return lab
}

/** The same requests to each place in turn. */
async function compare(
  ebs: Ebs,
  { bare, guest }: { bare: GuestShell; guest: CloudGuest },
  { rounds, say, abort }: VolumesOptions,
): Promise<Record<Place, FioResult[]>> {
  // As fast as volumes may be: what is measured is the way there, and no limit.
  const volume = await ebs.create({ Size: '128', VolumeType: 'io2', Iops: '64000' })
  await attached(ebs, volume, guest)
  await inGuest(guest.shell, 'umount /mnt')
  const disks: Record<Place, Disk> = {
    bare: [bare, await deviceOf(bare, 'bench')],
    volume: [guest.shell, device],
    instance: [guest.shell, await deviceOf(guest.shell, 'sda2')],
  }
  const seen: Record<Place, FioResult[]> = { bare: [], volume: [], instance: [] }
  for (let round = 1; round <= rounds; round++)
    for (const place of places) {
      abort.throwIfAborted()
      const result = await measureDisk(...disks[place], seconds)
      seen[place].push(result)
      const rates = Object.entries(result).map(([name, rate]) => `${name} ${rate.toFixed(0)}`)
      say(`${place}: ${rates.join(', ')}`)
    }
  await ebs.detach(volume)
  await ebs.remove(volume)
  return seen
}

/** Milliseconds until the guest has the device. */
async function attached(ebs: Ebs, volume: string, guest: CloudGuest): Promise<number> {
  const { said } = await whenSaid(guest.shell, `echo ready; until test -b ${device}; do usleep 2000; done; echo there`)
  const asked = now()
  await ebs.attach(volume, guest, device)
  return (await said) - asked
}

async function attachTimes(ebs: Ebs, guest: CloudGuest, say: (text: string) => void): Promise<Summary> {
  const volume = await ebs.create({ Size: '1' })
  const times: number[] = []
  for (let count = 0; count < attachments; count++) {
    times.push(await attached(ebs, volume, guest))
    await ebs.detach(volume)
  }
  await ebs.remove(volume)
  say(`attached after ${times.map((it) => it.toFixed(0)).join(', ')} ms`)
  return summarize(times)
}

async function snapshotTimes(ebs: Ebs, guest: CloudGuest, say: (text: string) => void) {
  const volume = await ebs.create({ Size: '10', VolumeType: 'gp3', Throughput: '1000', Iops: '5000' })
  await attached(ebs, volume, guest)
  const snapshots: SnapshotTimes[] = []
  let last = ''
  for (const [changedMiB, atMiB] of [[1024, 0] as const, [64, 512] as const, [0, 0] as const]) {
    if (changedMiB > 0) await fillDisk(guest.shell, device, changedMiB, atMiB)
    const { id, ...times } = await ebs.snapshot(volume)
    snapshots.push({ changedMiB, ...times })
    say(`snapshot of ${changedMiB} MiB: ${times.answeredMs.toFixed(0)} ms, ${times.completedMs.toFixed(0)} ms`)
    last = id
  }
  await ebs.detach(volume)
  return { snapshots, last }
}

async function firstReads(
  ebs: Ebs,
  guest: CloudGuest,
  snapshot: string,
  say: (text: string) => void,
): Promise<Summary> {
  const times: number[] = []
  for (let count = 0; count < reads; count++) {
    const look = `until dd if=${device} of=/dev/null bs=4096 count=1 2>/dev/null; do usleep 2000; done`
    const { said } = await whenSaid(guest.shell, `echo ready; ${look}; echo read`)
    const asked = now()
    const volume = await ebs.create({ SnapshotId: snapshot })
    await ebs.attach(volume, guest, device)
    times.push((await said) - asked)
    await ebs.detach(volume)
    await ebs.remove(volume)
  }
  say(`read of a snapshot after ${times.map((it) => it.toFixed(0)).join(', ')} ms`)
  return summarize(times)
}

/** The guest's own name of the disk with this serial number. */
async function deviceOf(shell: GuestShell, serial: string): Promise<string> {
  const said = await inGuest(shell, `grep -lx ${serial} /sys/block/vd*/serial`)
  return `/dev/${said.trim().split('/')[3]}`
}
