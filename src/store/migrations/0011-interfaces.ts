import type { Migration } from '../migrate.ts'

/** Interfaces that come to a machine that runs, leave it, and outlive it. */
export const interfaces: Migration = {
  id: '0011-interfaces',
  async up(db) {
    await db.schema
      .alterTable('interfaces')
      .addColumn('attachmentState', 'text', (it) => it.notNull().defaultTo('attached'))
      .execute()
    await db.schema
      .alterTable('interfaces')
      .addColumn('deleteOnTermination', 'integer', (it) => it.notNull().defaultTo(1))
      .execute()
    await db.schema
      .alterTable('domainFacts')
      .addColumn('vifsJson', 'text', (it) => it.notNull().defaultTo('[]'))
      .execute()
  },
}
