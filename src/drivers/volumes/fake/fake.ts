import { Fault } from '../../../base/fault.ts'
import type { SnapshotFact, SnapshotSpec, VolumeFact, VolumesFact } from '../../../host-api/volumes.ts'
import type { DomainId, HostId, SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { Connection, NewVolume, Serving, VolumeDriver } from '../driver.ts'

type Blocks = ReadonlyMap<number, string>

interface FakeVolume {
  readonly fact: VolumeFact
  blocks: Blocks
  readonly frozen: Map<SnapshotId, Blocks>
}

/** What outlives a fake driver. Give it to the next, and to those of other hosts. */
export class FakeVolumesWorld {
  readonly volumes = new Map<VolumeId, FakeVolume>()
  readonly snapshots = new Map<SnapshotId, { readonly fact: SnapshotFact; readonly blocks: Blocks }>()
  readonly watchers = new Set<() => void>()
  /** Volumes that cannot be made or served. */
  readonly refused = new Set<VolumeId>()

  /** What serves the volume dies. */
  crash(id: VolumeId): void {
    const volume = this.volumes.get(id)
    if (volume) this.volumes.set(id, { ...volume, fact: { ...volume.fact, domains: [] } })
    for (const it of this.watchers) it()
  }

  /** As a domain does, by the way that it was shown. */
  write({ socket }: Connection, block: number, text: string): void {
    const volume = this.#behind(socket)
    volume.blocks = new Map([...volume.blocks, [block, text]])
  }

  read({ socket }: Connection, block: number): string {
    return this.#behind(socket).blocks.get(block) ?? ''
  }

  #behind(socket: string): FakeVolume {
    const [, domain, id] = socket.split('/') as [string, DomainId, VolumeId]
    const volume = this.volumes.get(id)
    if (!volume?.fact.domains.includes(domain)) throw new Fault(`nothing is behind ${socket}`)
    return volume
  }
}

/** Volumes that are a few words in memory. */
export class FakeVolumes implements VolumeDriver {
  readonly #world: FakeVolumesWorld
  readonly #watchers = new Set<() => void>()

  constructor(world = new FakeVolumesWorld()) {
    this.#world = world
  }

  async create({ id, sizeMiB, from }: NewVolume, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    if (this.#world.refused.has(id)) throw new Fault(`${id} cannot be made`)
    if (this.#world.volumes.has(id)) return
    const blocks = from === undefined ? new Map() : this.#snapshot(from).blocks
    const fact = { id, state: 'ready', sizeMiB, domains: [], frozen: [] } as const
    this.#world.volumes.set(id, { fact, blocks, frozen: new Map() })
  }

  async resize(id: VolumeId, sizeMiB: number): Promise<void> {
    const { fact } = this.#volume(id)
    this.#change(id, { sizeMiB: Math.max(fact.sizeMiB, sizeMiB) })
  }

  async serve(id: VolumeId, { domains, limits }: Serving): Promise<void> {
    if (domains.length === 0 && !this.#world.volumes.has(id)) return
    if (this.#world.refused.has(id)) throw new Fault(`${id} cannot be served`)
    this.#change(id, { domains, ...(domains.length > 0 && { limits }) })
  }

  connection(_host: HostId, id: VolumeId, domain: DomainId): Connection {
    return { socket: `/${domain}/${id}`, export: 'volume' }
  }

  async freeze(id: VolumeId, snapshot: SnapshotId): Promise<void> {
    const { frozen, blocks, fact } = this.#volume(id)
    if (frozen.has(snapshot)) return
    frozen.set(snapshot, blocks)
    this.#change(id, { frozen: [...fact.frozen, snapshot] })
  }

  async remove(id: VolumeId): Promise<void> {
    this.#world.volumes.delete(id)
  }

  async keep({ id, of }: SnapshotSpec, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    if (this.#world.snapshots.has(id)) return
    this.#world.snapshots.set(id, {
      fact: { id, state: 'complete', progress: 100, bytes: 0 },
      blocks: this.#source(id, of),
    })
  }

  async drop(id: SnapshotId): Promise<void> {
    this.#world.snapshots.delete(id)
    for (const { fact, frozen } of this.#world.volumes.values())
      if (frozen.delete(id)) this.#change(fact.id, { frozen: [...frozen.keys()] })
  }

  async list(abort: AbortSignal): Promise<VolumesFact> {
    abort.throwIfAborted()
    return {
      volumes: [...this.#world.volumes.values()].map((it) => it.fact),
      snapshots: [...this.#world.snapshots.values()].map((it) => it.fact),
    }
  }

  watch(changed: () => void): void {
    this.#watchers.add(changed)
    this.#world.watchers.add(changed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const it of this.#watchers) this.#world.watchers.delete(it)
  }

  #source(id: SnapshotId, of: SnapshotSpec['of']): Blocks {
    if (of.kind === 'image') return new Map([[0, of.image]])
    if (of.kind === 'snapshot') return this.#snapshot(of.snapshot).blocks
    const blocks = this.#volume(of.volume).frozen.get(id)
    if (!blocks) throw new Fault(`${of.volume} was not frozen for ${id}`)
    return blocks
  }

  #change(id: VolumeId, change: Partial<VolumeFact>): void {
    const volume = this.#volume(id)
    this.#world.volumes.set(id, { ...volume, fact: { ...volume.fact, ...change } })
  }

  #volume(id: VolumeId): FakeVolume {
    return this.#world.volumes.get(id) ?? raise(`there is no volume ${id} here`)
  }

  #snapshot(id: SnapshotId) {
    return this.#world.snapshots.get(id) ?? raise(`there is no snapshot ${id} here`)
  }
}

function raise(message: string): never {
  throw new Fault(message)
}
