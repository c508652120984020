import type { Migration } from '../migrate.ts'

/** Whose volumes wait for a snapshot is asked for with each change of one. */
export const volumesBySnapshot: Migration = {
  id: '0068-volumes-by-snapshot',
  async up(db) {
    await db.schema.createIndex('volumesBySnapshot').on('volumes').column('snapshotId').execute()
  },
}
