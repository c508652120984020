import type { Migration } from '../migrate.ts'

/** What a host says of its volumes and snapshots is compared with what it said before. */
export const factsByHost: Migration = {
  id: '0067-facts-by-host',
  async up(db) {
    await db.schema.createIndex('volumeFactsByHost').on('volumeFacts').column('hostId').execute()
    await db.schema.createIndex('snapshotFactsByHost').on('snapshotFacts').column('hostId').execute()
  },
}
