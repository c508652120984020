import type { AddressTables } from './tables/addresses.ts'
import type { BundledImageTables } from './tables/bundled-images.ts'
import type { DiskTaskTables } from './tables/disk-tasks.ts'
import type { EngineTables } from './tables/engine.ts'
import type { InstanceBootTables } from './tables/instance-boots.ts'
import type { Ipv6Tables } from './tables/ipv6.ts'
import type { NameTables } from './tables/names.ts'
import type { NetworkAclTables } from './tables/network-acls.ts'
import type { ObjectTables } from './tables/objects.ts'
import type { PrefixListTables } from './tables/prefix-lists.ts'
import type { ResourceTables } from './tables/resources.ts'
import type { VolumeTables } from './tables/volumes.ts'
import type { VpcTables } from './tables/vpcs.ts'

/**
 * Every table. Each area describes its own in `tables/` and joins them here.
 *
 * Columns hold what both SQLite and PostgreSQL hold alike: text, integers (a moment is milliseconds since 1970, a boolean
 * 0 or 1) and JSON as text. Names are written as in TypeScript; Kysely quotes them.
 */
export type Database = AddressTables &
  BundledImageTables &
  DiskTaskTables &
  EngineTables &
  InstanceBootTables &
  Ipv6Tables &
  NameTables &
  NetworkAclTables &
  ObjectTables &
  PrefixListTables &
  ResourceTables &
  VolumeTables &
  VpcTables
