import type { Migration } from '../migrate.ts'

/** Gateway endpoints. Their routes are among all routes, with the endpoint for their target. */
export const vpcEndpoints: Migration = {
  id: '0047-vpc-endpoints',
  async up(db) {
    await db.schema
      .createTable('vpcEndpoints')
      .addColumn('id', 'text', (it) => it.primaryKey())
      .addColumn('accountId', 'text', (it) => it.notNull())
      .addColumn('vpcId', 'text', (it) => it.notNull().references('vpcs.id'))
      .addColumn('serviceName', 'text', (it) => it.notNull())
      .addColumn('policy', 'text', (it) => it.notNull())
      .addColumn('createdAt', 'bigint', (it) => it.notNull())
      .execute()
    await db.schema.createIndex('vpcEndpointsByVpc').on('vpcEndpoints').column('vpcId').execute()
  },
}
