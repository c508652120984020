import type { Kysely } from 'kysely'
import type { Migration } from '../migrate.ts'

const text = 'text'
const integer = 'integer'
const moment = 'bigint'

/** Volumes, what they are attached to, snapshots, and what hosts say of them. */
export const volumes: Migration = {
  id: '0026-volumes',
  async up(db) {
    await makeVolumes(db)
    await makeSnapshots(db)
    await makeFacts(db)
  },
}

async function makeVolumes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('volumes')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('accountId', text, (it) => it.notNull())
    .addColumn('zone', text, (it) => it.notNull())
    .addColumn('hostId', text, (it) => it.notNull().references('hosts.id'))
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('sizeGib', integer, (it) => it.notNull())
    .addColumn('type', text, (it) => it.notNull())
    .addColumn('iops', integer)
    .addColumn('throughput', integer)
    .addColumn('multiAttach', integer, (it) => it.notNull())
    .addColumn('snapshotId', text)
    .addColumn('createdAt', moment, (it) => it.notNull())
    .addColumn('wishedIn', integer, (it) => it.notNull())
    .addColumn('autoEnableIo', integer, (it) => it.notNull())
    .execute()
  await db.schema.createIndex('volumesByHost').on('volumes').column('hostId').execute()
  await db.schema
    .createTable('attachments')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('volumeId', text, (it) => it.notNull().references('volumes.id'))
    .addColumn('instanceId', text, (it) => it.notNull().references('instances.id'))
    .addColumn('device', text, (it) => it.notNull())
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('stage', text, (it) => it.notNull())
    .addColumn('slot', integer, (it) => it.notNull())
    .addColumn('deleteOnTermination', integer, (it) => it.notNull())
    .addColumn('attachedAt', moment, (it) => it.notNull())
    .addColumn('exclusive', text, (it) => it.notNull().unique())
    .addColumn('wishedIn', integer, (it) => it.notNull())
    .addUniqueConstraint('attachmentsDevice', ['instanceId', 'device'])
    .addUniqueConstraint('attachmentsSlot', ['instanceId', 'slot'])
    .execute()
  await db.schema.createIndex('attachmentsByVolume').on('attachments').column('volumeId').execute()
}

async function makeSnapshots(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('snapshots')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('accountId', text, (it) => it.notNull())
    .addColumn('ownerAlias', text)
    .addColumn('volumeId', text, (it) => it.notNull())
    .addColumn('sizeGib', integer, (it) => it.notNull())
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('progress', integer, (it) => it.notNull())
    .addColumn('description', text, (it) => it.notNull())
    .addColumn('startedAt', moment, (it) => it.notNull())
    .addColumn('completedAt', moment)
    .addColumn('hostId', text, (it) => it.notNull().references('hosts.id'))
    .addColumn('sourceJson', text, (it) => it.notNull())
    .addColumn('wishedIn', integer, (it) => it.notNull())
    .execute()
  await db.schema
    .createTable('snapshotShares')
    .addColumn('snapshotId', text, (it) => it.notNull().references('snapshots.id').onDelete('cascade'))
    .addColumn('accountId', text, (it) => it.notNull())
    .addPrimaryKeyConstraint('snapshotSharesKey', ['snapshotId', 'accountId'])
    .execute()
}

async function makeFacts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('volumeFacts')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('hostId', text, (it) => it.notNull())
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('sizeMib', integer, (it) => it.notNull())
    .addColumn('domainsJson', text, (it) => it.notNull())
    .addColumn('frozenJson', text, (it) => it.notNull())
    .addColumn('message', text)
    .execute()
  await db.schema
    .createTable('snapshotFacts')
    .addColumn('id', text, (it) => it.primaryKey())
    .addColumn('hostId', text, (it) => it.notNull())
    .addColumn('state', text, (it) => it.notNull())
    .addColumn('progress', integer, (it) => it.notNull())
    .addColumn('bytes', moment)
    .addColumn('message', text)
    .execute()
  await db.schema
    .alterTable('domainFacts')
    .addColumn('pluggedJson', text, (it) => it.notNull().defaultTo('[]'))
    .execute()
}
