import type { Migration } from '../migrate.ts'

export const engine: Migration = {
  id: '0001-engine',
  async up(db) {
    await db.schema
      .createTable('strands')
      .addColumn('subject', 'text', (it) => it.primaryKey())
      .addColumn('machine', 'text', (it) => it.notNull())
      .addColumn('step', 'text', (it) => it.notNull())
      .addColumn('kind', 'text', (it) => it.notNull())
      .addColumn('payload', 'text', (it) => it.notNull())
      .addColumn('wakeAt', 'bigint')
      .addColumn('owner', 'text')
      .addColumn('leaseUntil', 'bigint')
      .addColumn('lease', 'bigint', (it) => it.notNull().defaultTo(0))
      .addColumn('attempts', 'integer', (it) => it.notNull().defaultTo(0))
      .addColumn('lastError', 'text')
      .addColumn('failingSince', 'bigint')
      .addColumn('trouble', 'text')
      .addColumn('ending', 'integer', (it) => it.notNull().defaultTo(0))
      .execute()
    await db.schema.createIndex('strandsByWake').on('strands').columns(['kind', 'wakeAt']).execute()
    await db.schema
      .createTable('signals')
      .addColumn('subject', 'text', (it) => it.notNull().references('strands.subject').onDelete('cascade'))
      .addColumn('name', 'text', (it) => it.notNull())
      .addPrimaryKeyConstraint('signalsKey', ['subject', 'name'])
      .execute()
    await db.schema
      .createTable('deadlines')
      .addColumn('subject', 'text', (it) => it.notNull().references('strands.subject').onDelete('cascade'))
      .addColumn('name', 'text', (it) => it.notNull())
      .addColumn('at', 'bigint', (it) => it.notNull())
      .addPrimaryKeyConstraint('deadlinesKey', ['subject', 'name'])
      .execute()
    await db.schema.createIndex('deadlinesByMoment').on('deadlines').column('at').execute()
    await db.schema
      .createTable('sequences')
      .addColumn('name', 'text', (it) => it.primaryKey())
      .addColumn('value', 'bigint', (it) => it.notNull())
      .execute()
  },
}
