import type { Migration } from '../migrate.ts'

/** The newest change of each volume, and within which limits hosts serve volumes. */
export const volumeModifications: Migration = {
  id: '0049-volume-modifications',
  async up(db) {
    await db.schema
      .createTable('volumeModifications')
      .addColumn('volumeId', 'text', (it) => it.primaryKey())
      .addColumn('state', 'text', (it) => it.notNull())
      .addColumn('progress', 'integer', (it) => it.notNull())
      .addColumn('originalJson', 'text', (it) => it.notNull())
      .addColumn('targetJson', 'text', (it) => it.notNull())
      .addColumn('message', 'text')
      .addColumn('startedAt', 'bigint', (it) => it.notNull())
      .addColumn('endedAt', 'bigint')
      .execute()
    await db.schema.alterTable('volumeFacts').addColumn('limitsJson', 'text').execute()
  },
}
