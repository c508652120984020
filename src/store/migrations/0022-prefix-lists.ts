import type { Migration } from '../migrate.ts'

/** Managed prefix lists, and what each of their versions held. */
export const prefixLists: Migration = {
  id: '0022-prefix-lists',
  async up(db) {
    await db.schema
      .createTable('prefixLists')
      .addColumn('id', 'text', (it) => it.primaryKey())
      .addColumn('accountId', 'text', (it) => it.notNull())
      .addColumn('name', 'text', (it) => it.notNull())
      .addColumn('family', 'text', (it) => it.notNull())
      .addColumn('maxEntries', 'integer', (it) => it.notNull())
      .addColumn('version', 'integer', (it) => it.notNull())
      .addColumn('state', 'text', (it) => it.notNull())
      .addColumn('createdAt', 'bigint', (it) => it.notNull())
      .execute()
    await db.schema.createIndex('prefixListsByAccount').on('prefixLists').column('accountId').execute()
    await db.schema
      .createTable('prefixListVersions')
      .addColumn('prefixListId', 'text', (it) => it.notNull().references('prefixLists.id').onDelete('cascade'))
      .addColumn('version', 'integer', (it) => it.notNull())
      .addColumn('entriesJson', 'text', (it) => it.notNull())
      .addPrimaryKeyConstraint('prefixListVersionsKey', ['prefixListId', 'version'])
      .execute()
  },
}
