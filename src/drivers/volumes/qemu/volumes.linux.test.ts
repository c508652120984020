import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../base/clock.ts'
import { silentLog } from '../../../base/log.ts'
import { hasEnded, isAlive, sendKill } from '../../../base/process.ts'
import { run } from '../../../base/subprocess.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import type { DomainId, ImageId, SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { Connection, VolumeDriver } from '../driver.ts'
import { volumeSuite } from '../suite.ts'
import { readRecord, type ServerRecord } from './records.ts'
import { SnapshotStore } from './snapshots.ts'
import { openQemuVolumes } from './volumes.ts'

const never = new AbortController().signal
const image: ImageId = 'ami-00000000000000001'
const blockBytes = 4096

async function place() {
  const data = await mkdtemp(join(tmpdir(), 'vols-'))
  await chmod(data, 0o711)
  const [volumes, images, folder] = ['volumes', 'images', 'snapshots'].map((it) => join(data, it)) as [
    string,
    string,
    string,
  ]
  await mkdir(join(images, image), { recursive: true })
  await writeFile(join(images, image, 'root.img'), `${image}${'\0'.repeat(blockBytes)}`)
  await truncate(join(images, image, 'root.img'), 2 ** 20)
  const store = new SnapshotStore({ folder, volumes })
  const serverOf = (id: VolumeId) => readRecord<ServerRecord>(join(volumes, 'a1', id, 'server.json'))?.process
  return {
    data,
    folder: (id: VolumeId) => join(volumes, 'a1', id),
    snapshots: folder,
    image,
    serverOf,
    open: () => openQemuVolumes({ host: 'a1', volumes, store, images, clock: systemClock, log: silentLog }),
    async write(way: Connection, domain: DomainId, block: number, text: string) {
      const padded = text.padEnd(512, '\0')
      const file = join(data, 'written')
      await writeFile(file, padded)
      await chmod(file, 0o644)
      await io(way, domain, `write -s ${file} ${block * blockBytes} 512`, 'flush')
    },
    async read(way: Connection, domain: DomainId, block: number) {
      const said = await io(way, domain, `read -v ${block * blockBytes} 512`)
      const bytes = [...said.matchAll(/^[0-9a-f]{8}: {2}((?:[0-9a-f]{2} )+)/gm)].map((it) => it[1]).join('')
      return Buffer.from(bytes.replaceAll(' ', ''), 'hex').toString().replaceAll('\0', '')
    },
    async crash(id: VolumeId) {
      const process = serverOf(id)!
      sendKill(process)
      await hasEnded(process, { clock: systemClock, timeoutMs: 10_000 })
    },
    async remainsOf(id: VolumeId) {
      const process = serverOf(id)
      const paths = [join(volumes, 'a1', id), join(volumes, 'a1/nbd/dom_1', id)].filter((it) => existsSync(it))
      return [...(process && isAlive(process) ? ['process'] : []), ...paths]
    },
    async [Symbol.asyncDispose]() {
      const driver = await this.open()
      for (const { id } of (await driver.list(never)).volumes) await driver.remove(id, never)
      await driver[Symbol.asyncDispose]()
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** As the domain's own user, who has no other way to the volume. */
function io({ socket, export: name }: Connection, domain: DomainId, ...commands: string[]): Promise<string> {
  const user = userOfDomain(domain)
  const as = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups']
  const words = commands.flatMap((it) => ['-c', it])
  return run('setpriv', [...as, 'qemu-io', '-f', 'raw', ...words, `nbd+unix:///${name}?socket=${socket}`])
}

volumeSuite('volumes in layers', place)

describe('volumes in layers', () => {
  let at: Awaited<ReturnType<typeof place>>
  let driver: VolumeDriver
  const volume: VolumeId = 'vol-abcdef00000000001'
  const limits = { operations: 3000, bytes: 2 ** 27 }
  const serve = (id: VolumeId) => driver.serve(id, { domains: ['dom_1'], limits }, never)
  beforeAll(async () => {
    at = await place()
    driver = await at.open()
    await driver.create({ id: volume, sizeMiB: 1024 }, never)
  })
  afterAll(async () => {
    await driver?.[Symbol.asyncDispose]()
    await at?.[Symbol.asyncDispose]()
  })

  it('cost next to nothing while they are empty', async () => {
    expect((await stat(join(at.folder(volume), '0.qcow2'))).blocks * 512).toBeLessThan(1024 * 1024)
  })

  it('cost a snapshot what changed, not what there is', async () => {
    await serve(volume)
    const way = driver.connection('a1', volume, 'dom_1')
    await io(way, 'dom_1', 'write -P 7 0 32M', 'flush')
    const sizes: number[] = []
    for (const id of ['snap-00000000000000001', 'snap-00000000000000002'] as SnapshotId[]) {
      await driver.freeze(volume, id, never)
      await driver.keep({ id, of: { kind: 'volume', volume } }, never)
      sizes.push((await driver.list(never)).snapshots.find((it) => it.id === id)!.bytes!)
      await io(way, 'dom_1', 'write -P 8 64M 1M', 'flush')
    }
    expect(sizes[0]).toBeGreaterThan(32 * 2 ** 20)
    expect(sizes[1]).toBeLessThan(4 * 2 ** 20)
  })

  it('are broken where a layer is missing or their description is torn, and others go on', async () => {
    const [torn, holed]: VolumeId[] = ['vol-0badbad0000000001', 'vol-0badbad0000000002']
    for (const id of [torn!, holed!]) await driver.create({ id, sizeMiB: 64 }, never)
    await writeFile(join(at.folder(torn!), 'volume.json'), '{"id":"vol-0bad')
    await driver.freeze(holed!, 'snap-00000000000000009', never)
    await rm(join(at.folder(holed!), '0.qcow2'))
    const states = new Map((await driver.list(never)).volumes.map((it) => [it.id, it.state]))
    expect(states).toEqual(
      new Map([
        [volume, 'ready'],
        [torn, 'broken'],
        [holed, 'broken'],
      ]),
    )
    for (const id of [torn!, holed!]) await expect(serve(id)).rejects.toThrow()
    await serve(volume)
    expect((await stat(join(at.folder(torn!), 'volume.json'))).size).toBe(15)
  })

  it('say what the server said where it does not start', async () => {
    const bad: VolumeId = 'vol-0badbad0000000003'
    await driver.create({ id: bad, sizeMiB: 64 }, never)
    await truncate(join(at.folder(bad), '0.qcow2'), 100)
    await expect(serve(bad)).rejects.toThrow(/layer0|0\.qcow2|Image/)
    expect(at.serverOf(bad)).toBeUndefined()
  })
})
