import type { Migration } from '../migrate.ts'

/** Network ACLs, their entries, and the subnets that have another than their VPC's default one. */
export const networkAcls: Migration = {
  id: '0023-network-acls',
  async up(db) {
    await db.schema
      .createTable('networkAcls')
      .addColumn('id', 'text', (it) => it.primaryKey())
      .addColumn('vpcId', 'text', (it) => it.notNull().references('vpcs.id').onDelete('cascade'))
      .addColumn('accountId', 'text', (it) => it.notNull())
      .addColumn('isDefault', 'integer', (it) => it.notNull())
      .addColumn('createdAt', 'bigint', (it) => it.notNull())
      .execute()
    await db.schema.createIndex('networkAclsByVpc').on('networkAcls').column('vpcId').execute()
    await db.schema
      .createTable('networkAclEntries')
      .addColumn('aclId', 'text', (it) => it.notNull().references('networkAcls.id').onDelete('cascade'))
      .addColumn('egress', 'integer', (it) => it.notNull())
      .addColumn('number', 'integer', (it) => it.notNull())
      .addColumn('ruleJson', 'text', (it) => it.notNull())
      .addPrimaryKeyConstraint('networkAclEntriesKey', ['aclId', 'egress', 'number'])
      .execute()
    await db.schema
      .createTable('networkAclAssociations')
      .addColumn('subnetId', 'text', (it) => it.primaryKey().references('subnets.id').onDelete('cascade'))
      .addColumn('id', 'text', (it) => it.notNull().unique())
      .addColumn('aclId', 'text', (it) => it.notNull().references('networkAcls.id'))
      .execute()
  },
}
