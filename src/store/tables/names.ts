import type { InstanceId } from '../../model/ids.ts'

export interface NameTables {
  resourceNames: ResourceNameRow
}

/** An instance whose id is a name that leads to its private address. */
export interface ResourceNameRow {
  instanceId: InstanceId
}
