import type { Migration } from '../migrate.ts'

/** Whether guests of the other VPC hear private addresses for public names of this side's. */
export const peeringNames: Migration = {
  id: '0018-peering-names',
  async up(db) {
    for (const column of ['requesterSharesNames', 'accepterSharesNames'])
      await db.schema
        .alterTable('peerings')
        .addColumn(column, 'integer', (it) => it.notNull().defaultTo(0))
        .execute()
  },
}
