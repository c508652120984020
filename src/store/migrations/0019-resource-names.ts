import type { Migration } from '../migrate.ts'

/** Instances whose ids are names that lead to their private addresses. */
export const resourceNames: Migration = {
  id: '0019-resource-names',
  async up(db) {
    await db.schema
      .createTable('resourceNames')
      .addColumn('instanceId', 'text', (it) => it.primaryKey().references('instances.id').onDelete('cascade'))
      .execute()
  },
}
