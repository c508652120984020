import type { Migration } from '../migrate.ts'

/** Whether the files of images out of bundles lie here: they can be fetched again. */
export const imageCache: Migration = {
  id: '0058-image-cache',
  async up(db) {
    await db.schema
      .alterTable('bundledImages')
      .addColumn('presence', 'text', (it) => it.notNull().defaultTo('here'))
      .execute()
    await db.schema
      .alterTable('bundledImages')
      .addColumn('bytes', 'bigint', (it) => it.notNull().defaultTo(0))
      .execute()
    await db.schema
      .alterTable('bundledImages')
      .addColumn('usedAt', 'bigint', (it) => it.notNull().defaultTo(0))
      .execute()
  },
}
