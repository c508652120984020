import { Fault } from '../../../base/fault.ts'
import type { DiskSpec } from '../../../host-api/spec.ts'
import type { DomainId, ImageId } from '../../../model/ids.ts'
import type { BlockNode, StorageDriver } from '../driver.ts'

/** What outlives the process that uses the driver. */
export interface FakeDisks {
  readonly domains: Map<DomainId, Map<string, BlockNode>>
  /** Images that are not there: every other is. */
  readonly missing: ReadonlySet<ImageId>
}

/** Disks that are only names. Two drivers over one world are one after the other. */
export class FakeStorage implements StorageDriver {
  readonly #world: FakeDisks

  constructor(world: Partial<FakeDisks> = {}) {
    this.#world = { domains: world.domains ?? new Map(), missing: world.missing ?? new Set() }
  }

  async provide(domain: DomainId, disks: readonly DiskSpec[], abort: AbortSignal): Promise<BlockNode[]> {
    abort.throwIfAborted()
    for (const it of disks) if (it.kind === 'root') await this.imageFile(it.image, it.file)
    const known = this.#world.domains.get(domain) ?? new Map<string, BlockNode>()
    this.#world.domains.set(domain, known)
    return disks.map((it) => {
      const node = known.get(it.name) ?? nodeFor(domain, it)
      known.set(it.name, node)
      return node
    })
  }

  async adopt(domain: DomainId, _folder: string): Promise<void> {
    this.#world.domains.set(domain, new Map())
  }

  async release(domain: DomainId): Promise<void> {
    this.#world.domains.delete(domain)
  }

  async list(): Promise<DomainId[]> {
    return [...this.#world.domains.keys()]
  }

  async imageFile(image: ImageId, file: string): Promise<string> {
    if (this.#world.missing.has(image)) throw new Fault(`the image ${image} has no file ${file} here`)
    return `/imaginary/${image}/${file}`
  }
}

function nodeFor(domain: DomainId, disk: DiskSpec): BlockNode {
  return { file: `/imaginary/disks/${domain}/${disk.name}`, format: 'raw', serial: disk.serial }
}
