import type { Migration } from '../migrate.ts'

const text = 'text'
const integer = 'integer'
const moment = 'bigint'

/** The object store's buckets, objects and uploads. Their bytes are files, each named by a row of `blobs`. */
export const objects: Migration = {
  id: '0034-objects',
  async up(db) {
    await db.schema
      .createTable('buckets')
      .addColumn('name', text, (it) => it.primaryKey())
      .addColumn('accountId', text, (it) => it.notNull())
      .addColumn('aclJson', text, (it) => it.notNull())
      .addColumn('policyJson', text)
      .addColumn('createdAt', moment, (it) => it.notNull())
      .execute()
    await db.schema
      .createTable('objects')
      .addColumn('bucket', text, (it) => it.notNull().references('buckets.name'))
      .addColumn('key', text, (it) => it.notNull())
      .addColumn('id', text, (it) => it.notNull().unique())
      .addColumn('accountId', text, (it) => it.notNull())
      .addColumn('bytes', moment, (it) => it.notNull())
      .addColumn('etag', text, (it) => it.notNull())
      .addColumn('partCount', integer, (it) => it.notNull())
      .addColumn('headersJson', text, (it) => it.notNull())
      .addColumn('checksumsJson', text, (it) => it.notNull())
      .addColumn('aclJson', text, (it) => it.notNull())
      .addColumn('createdAt', moment, (it) => it.notNull())
      .addPrimaryKeyConstraint('objectsKey', ['bucket', 'key'])
      .execute()
    await db.schema
      .createTable('uploads')
      .addColumn('id', text, (it) => it.primaryKey())
      .addColumn('bucket', text, (it) => it.notNull().references('buckets.name'))
      .addColumn('key', text, (it) => it.notNull())
      .addColumn('accountId', text, (it) => it.notNull())
      .addColumn('headersJson', text, (it) => it.notNull())
      .addColumn('aclJson', text, (it) => it.notNull())
      .addColumn('algorithm', text)
      .addColumn('wholeChecksum', integer, (it) => it.notNull())
      .addColumn('createdAt', moment, (it) => it.notNull())
      .execute()
    await db.schema.createIndex('uploadsByBucket').on('uploads').columns(['bucket', 'key']).execute()
    await db.schema
      .createTable('blobs')
      .addColumn('id', text, (it) => it.primaryKey())
      .addColumn('ownerId', text, (it) => it.notNull())
      .addColumn('part', integer, (it) => it.notNull())
      .addColumn('bytes', moment, (it) => it.notNull())
      .addColumn('md5', text, (it) => it.notNull())
      .addColumn('checksumsJson', text, (it) => it.notNull())
      .addColumn('createdAt', moment, (it) => it.notNull())
      .addUniqueConstraint('blobsPart', ['ownerId', 'part'])
      .execute()
  },
}
