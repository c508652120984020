import type { Migration } from '../migrate.ts'

/** Hosts that are away for good, with all that ran on them. */
export const lostHosts: Migration = {
  id: '0015-lost-hosts',
  async up(db) {
    await db.schema
      .alterTable('hosts')
      .addColumn('lost', 'integer', (it) => it.notNull().defaultTo(0))
      .execute()
  },
}
