import type { Migration } from '../migrate.ts'

/** Every public address that is somebody's, one row each, so that none is ever given twice; and secondary private ones. */
export const addresses: Migration = {
  id: '0010-addresses',
  async up(db) {
    await db.schema
      .createTable('addresses')
      .addColumn('id', 'text', (it) => it.primaryKey())
      .addColumn('accountId', 'text', (it) => it.notNull())
      .addColumn('publicAddress', 'text', (it) => it.notNull().unique())
      .addColumn('elastic', 'integer', (it) => it.notNull())
      .addColumn('associationId', 'text', (it) => it.unique())
      .addColumn('interfaceId', 'text', (it) => it.references('interfaces.id'))
      .addColumn('privateAddress', 'text')
      .addColumn('reverseName', 'text')
      .addColumn('createdAt', 'bigint', (it) => it.notNull())
      .addUniqueConstraint('addressesPlace', ['interfaceId', 'privateAddress'])
      .execute()
    await db.schema.createIndex('addressesByAccount').on('addresses').column('accountId').execute()
    await db.schema
      .createTable('secondaryAddresses')
      .addColumn('vpcId', 'text', (it) => it.notNull().references('vpcs.id'))
      .addColumn('address', 'text', (it) => it.notNull())
      .addColumn('interfaceId', 'text', (it) => it.notNull().references('interfaces.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('secondaryAddressesKey', ['vpcId', 'address'])
      .execute()
    await db.schema
      .createIndex('secondaryAddressesByInterface')
      .on('secondaryAddresses')
      .column('interfaceId')
      .execute()
  },
}
