/** A driver's world on a disk, and the way of a domain's own user to what it serves. */
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../../base/clock.ts'
import { openLog } from '../../../../base/log.ts'
import { hasEnded, isAlive, sendKill } from '../../../../base/process.ts'
import { run } from '../../../../base/subprocess.ts'
import { userOfDomain } from '../../../../model/domain-user.ts'
import type { DomainId, ImageId, VolumeId } from '../../../../model/ids.ts'
import type { Connection } from '../../driver.ts'
import { Keyring } from '../keys.ts'
import { readRecord, type ServerRecord } from '../records.ts'
import { SnapshotStore } from '../snapshots.ts'
import { openQemuVolumes, type QemuVolumesOptions } from '../volumes.ts'

const never = new AbortController().signal
const image: ImageId = 'ami-00000000000000001'
const blockBytes = 4096

/** With `apart`, snapshots are on another file system. */
export async function place({ apart = false } = {}) {
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
  if (apart) {
    await mkdir(folder)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=711', 'tmpfs', folder])
  }
  const keys = new Keyring(join(data, 'keys'))
  const store = new SnapshotStore({ folder, volumes, keys })
  const log = openLog({ file: join(data, 'log') })
  const serverOf = (id: VolumeId) => readRecord<ServerRecord>(join(volumes, 'a1', id, 'server.json'))?.process
  return {
    data,
    folder: (id: VolumeId) => join(volumes, 'a1', id),
    snapshots: folder,
    image,
    serverOf,
    open: (more: Partial<QemuVolumesOptions> = {}) =>
      openQemuVolumes({ host: 'a1', volumes, store, keys, images, clock: systemClock, log, ...more }),
    /** What the drivers have logged. */
    logged: () => readFile(join(data, 'log'), 'utf8'),
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
      if (apart) await run('umount', ['-l', folder])
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** As the domain's own user, who has no other way to the volume. */
export function io({ socket, export: name }: Connection, domain: DomainId, ...commands: string[]): Promise<string> {
  const user = userOfDomain(domain)
  const as = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups']
  const words = commands.flatMap((it) => ['-c', it])
  return run('setpriv', [...as, 'qemu-io', '-f', 'raw', ...words, `nbd+unix:///${name}?socket=${socket}`])
}
