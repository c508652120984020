import type { ImageRow, InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import type { BootChoice } from '../images/boot.ts'
import type { Tags } from '../tags/tags.ts'

/** An instance that its host shall have, with what belongs to it. */
export interface Guest {
  readonly instance: InstanceRow
  readonly image: ImageRow
  /** What its launch chose to boot through. */
  readonly boot?: BootChoice | undefined
  readonly interfaces: readonly InterfaceRow[]
  readonly tags: Tags
}
