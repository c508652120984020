import type { Migration } from '../migrate.ts'

/** Images whose root is a volume made of a snapshot. */
export const ebsImages: Migration = {
  id: '0027-ebs-images',
  async up(db) {
    await db.schema.alterTable('images').addColumn('rootSnapshotId', 'text').execute()
    await db.schema.alterTable('images').addColumn('bootImageId', 'text').execute()
    await db.schema
      .alterTable('images')
      .addColumn('mappingsJson', 'text', (it) => it.notNull().defaultTo('[]'))
      .execute()
  },
}
