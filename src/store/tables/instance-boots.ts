/** Rows of what launches chose to boot through. */
import type { InstanceId } from '../../model/ids.ts'

export interface InstanceBootTables {
  instanceBoots: InstanceBootRow
}

/** Null: as the image says. */
export interface InstanceBootRow {
  instanceId: InstanceId
  kernelId: string | null
  ramdiskId: string | null
}
