import type { Migration } from '../migrate.ts'

/** Which instances of a host end is asked for with all that it tells: not all that it has need to be looked at. */
export const endingByHost: Migration = {
  id: '0069-ending-by-host',
  async up(db) {
    await db.schema.dropIndex('instancesByHost').execute()
    await db.schema.createIndex('instancesByHost').on('instances').columns(['hostId', 'state']).execute()
  },
}
