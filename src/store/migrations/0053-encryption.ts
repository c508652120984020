import type { Migration } from '../migrate.ts'

/** The keys that volumes and snapshots are encrypted by, and accounts whose new volumes always are. */
export const encryption: Migration = {
  id: '0053-encryption',
  async up(db) {
    for (const table of ['volumes', 'snapshots'] as const)
      await db.schema.alterTable(table).addColumn('keyId', 'text').execute()
    await db.schema
      .alterTable('accounts')
      .addColumn('ebsEncrypted', 'integer', (it) => it.notNull().defaultTo(0))
      .execute()
  },
}
