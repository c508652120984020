import type { Migration } from '../migrate.ts'

/** Instances in the order of pages: those of an account, and those of them that are in one state. */
export const instanceIndexes: Migration = {
  id: '0063-instance-indexes',
  async up(db) {
    await db.schema.dropIndex('instancesByAccount').execute()
    await db.schema.createIndex('instancesByAccount').on('instances').columns(['accountId', 'id']).execute()
    await db.schema.createIndex('instancesByState').on('instances').columns(['accountId', 'state', 'id']).execute()
  },
}
