import type { Migration } from '../migrate.ts'

/** Images out of bundles, whom images are shared with, and the certificates that bundles are signed with. */
export const bundledImages: Migration = {
  id: '0035-bundled-images',
  async up(db) {
    await db.schema
      .createTable('bundledImages')
      .addColumn('imageId', 'text', (it) => it.primaryKey())
      .addColumn('type', 'text', (it) => it.notNull())
      .addColumn('location', 'text', (it) => it.notNull())
      .addColumn('kernelId', 'text')
      .addColumn('ramdiskId', 'text')
      .addColumn('manifest', 'text', (it) => it.notNull())
      .addColumn('failure', 'text')
      .execute()
    await db.schema
      .createTable('launchPermissions')
      .addColumn('imageId', 'text', (it) => it.notNull())
      .addColumn('accountId', 'text', (it) => it.notNull())
      .addPrimaryKeyConstraint('launchPermissionsKey', ['imageId', 'accountId'])
      .execute()
    await db.schema
      .createTable('certificates')
      .addColumn('id', 'text', (it) => it.primaryKey())
      .addColumn('accountId', 'text', (it) => it.notNull())
      .addColumn('pem', 'text', (it) => it.notNull())
      .addColumn('createdAt', 'bigint', (it) => it.notNull())
      .execute()
    await db.schema.createIndex('certificatesByAccount').on('certificates').column('accountId').execute()
  },
}
