import { type Kysely, sql } from 'kysely'
import type { Migration } from '../migrate.ts'

const text = 'text'
const integer = 'integer'
const moment = 'bigint'

/** What makes a VPC more than its subnets: blocks, route tables, gateways, peerings, DHCP options. */
export const vpcs: Migration = {
  id: '0014-vpcs',
  async up(db) {
    await growVpcs(db)
    await makeRouteTables(db)
    await makeGateways(db)
    await makePeerings(db)
  },
}

async function growVpcs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('dhcpOptions')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('accountId', text, (it) => it.notNull())
    .addColumn('optionsJson', text, (it) => it.notNull())
    .execute()
  await db.schema
    .alterTable('vpcs')
    .addColumn('dhcpOptionsId', text, (it) => it.references('dhcpOptions.id'))
    .execute()
  await db.schema
    .alterTable('vpcs')
    .addColumn('dnsSupport', integer, (it) => it.notNull().defaultTo(1))
    .execute()
  await db.schema
    .alterTable('vpcs')
    .addColumn('dnsHostnames', integer, (it) => it.notNull().defaultTo(0))
    .execute()
  await sql`update "vpcs" set "dnsHostnames" = 1 where "isDefault" = 1`.execute(db)
  await db.schema
    .createTable('vpcBlocks')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('vpcId', text, (it) => it.notNull().references('vpcs.id').onDelete('cascade'))
    .addColumn('cidr', text, (it) => it.notNull())
    .addUniqueConstraint('vpcBlocksCidr', ['vpcId', 'cidr'])
    .execute()
}

async function makeRouteTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('routeTables')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('vpcId', text, (it) => it.notNull().references('vpcs.id'))
    .addColumn('accountId', text, (it) => it.notNull())
    .addColumn('number', integer, (it) => it.notNull().unique())
    .execute()
  await db.schema.createIndex('routeTablesByVpc').on('routeTables').column('vpcId').execute()
  await db.schema
    .createTable('routeTableAssociations')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('routeTableId', text, (it) => it.notNull().references('routeTables.id'))
    .addColumn('vpcId', text, (it) => it.notNull().references('vpcs.id'))
    .addColumn('subnetId', text, (it) => it.unique().references('subnets.id'))
    .execute()
  await db.schema
    .createIndex('routeTableAssociationsByVpc')
    .on('routeTableAssociations')
    .columns(['vpcId', 'routeTableId'])
    .execute()
  await db.schema
    .createTable('routes')
    .addColumn('routeTableId', text, (it) => it.notNull().references('routeTables.id').onDelete('cascade'))
    .addColumn('destination', text, (it) => it.notNull())
    .addColumn('target', text, (it) => it.notNull())
    .addPrimaryKeyConstraint('routesKey', ['routeTableId', 'destination'])
    .execute()
  await db.schema.createIndex('routesByTarget').on('routes').column('target').execute()
}

async function makeGateways(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('internetGateways')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('accountId', text, (it) => it.notNull())
    .addColumn('vpcId', text, (it) => it.unique().references('vpcs.id'))
    .execute()
  await db.schema
    .createTable('natGateways')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('accountId', text, (it) => it.notNull())
    .addColumn('vpcId', text, (it) => it.notNull())
    .addColumn('subnetId', text, (it) => it.notNull())
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('createdAt', moment, (it) => it.notNull())
    .addColumn('deletedAt', moment)
    .addColumn('interfaceId', text, (it) => it.notNull())
    .addColumn('privateAddress', text, (it) => it.notNull())
    .addColumn('allocationId', text, (it) => it.notNull())
    .addColumn('publicAddress', text, (it) => it.notNull())
    .addColumn('wishedIn', integer, (it) => it.notNull())
    .execute()
  await db.schema.createIndex('natGatewaysByVpc').on('natGateways').column('vpcId').execute()
}

async function makePeerings(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('peerings')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('requesterVpcId', text, (it) => it.notNull())
    .addColumn('requesterAccountId', text, (it) => it.notNull())
    .addColumn('requesterCidrsJson', text, (it) => it.notNull())
    .addColumn('accepterVpcId', text, (it) => it.notNull())
    .addColumn('accepterAccountId', text, (it) => it.notNull())
    .addColumn('accepterCidrsJson', text, (it) => it.notNull())
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('changedAt', moment, (it) => it.notNull())
    .addColumn('expiresAt', moment, (it) => it.notNull())
    .execute()
  await db.schema.createIndex('peeringsByRequester').on('peerings').column('requesterVpcId').execute()
  await db.schema.createIndex('peeringsByAccepter').on('peerings').column('accepterVpcId').execute()
}
