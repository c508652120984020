import type { Migration } from '../migrate.ts'

const text = 'text'
const integer = 'integer'
const moment = 'bigint'

/** Imports of disks out of the object store, and exports of images into it. */
export const diskTasks: Migration = {
  id: '0056-disk-tasks',
  async up(db) {
    await db.schema
      .createTable('diskTasks')
      .addColumn('id', text, (it) => it.primaryKey())
      .addColumn('accountId', text, (it) => it.notNull())
      .addColumn('kind', text, (it) => it.notNull())
      .addColumn('state', text, (it) => it.notNull())
      .addColumn('message', text)
      .addColumn('progress', integer, (it) => it.notNull())
      .addColumn('description', text, (it) => it.notNull())
      .addColumn('format', text)
      .addColumn('bucket', text, (it) => it.notNull())
      .addColumn('key', text, (it) => it.notNull())
      .addColumn('optionsJson', text, (it) => it.notNull())
      .addColumn('imageId', text)
      .addColumn('snapshotId', text)
      .addColumn('diskBytes', moment)
      .addColumn('createdAt', moment, (it) => it.notNull())
      .execute()
    await db.schema.createIndex('diskTasksByAccount').on('diskTasks').column('accountId').execute()
  },
}
