import type { Migration } from '../migrate.ts'

const text = 'text'
const integer = 'integer'

/** Blocks of VPCs and subnets, addresses of interfaces, and egress-only gateways. */
export const ipv6: Migration = {
  id: '0042-ipv6',
  async up(db) {
    await db.schema
      .createTable('vpcIpv6Blocks')
      .addColumn('id', text, (it) => it.primaryKey())
      .addColumn('vpcId', text, (it) => it.notNull().references('vpcs.id').onDelete('cascade'))
      .addColumn('cidr', text, (it) => it.notNull().unique())
      .execute()
    await db.schema.createIndex('vpcIpv6BlocksByVpc').on('vpcIpv6Blocks').column('vpcId').execute()
    await db.schema
      .createTable('subnetIpv6Blocks')
      .addColumn('id', text, (it) => it.primaryKey())
      .addColumn('subnetId', text, (it) => it.notNull().unique().references('subnets.id').onDelete('cascade'))
      .addColumn('vpcId', text, (it) => it.notNull())
      .addColumn('cidr', text, (it) => it.notNull().unique())
      .execute()
    await db.schema
      .alterTable('subnets')
      .addColumn('assignsIpv6', integer, (it) => it.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createTable('ipv6Addresses')
      .addColumn('address', text, (it) => it.primaryKey())
      .addColumn('interfaceId', text, (it) => it.notNull().references('interfaces.id').onDelete('cascade'))
      .addColumn('position', integer, (it) => it.notNull())
      .execute()
    await db.schema.createIndex('ipv6AddressesByInterface').on('ipv6Addresses').column('interfaceId').execute()
    await db.schema
      .createTable('egressOnlyGateways')
      .addColumn('id', text, (it) => it.primaryKey())
      .addColumn('accountId', text, (it) => it.notNull())
      .addColumn('vpcId', text, (it) => it.notNull().references('vpcs.id'))
      .execute()
    await db.schema.createIndex('egressOnlyGatewaysByVpc').on('egressOnlyGateways').column('vpcId').execute()
  },
}
