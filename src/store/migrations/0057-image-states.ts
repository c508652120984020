import type { Migration } from '../migrate.ts'

/** When an image is out of date, whether it may be deregistered, and what it is a copy of. */
export const imageStates: Migration = {
  id: '0057-image-states',
  async up(db) {
    await db.schema.alterTable('images').addColumn('deprecatedAt', 'bigint').execute()
    await db.schema.alterTable('images').addColumn('protection', 'text').execute()
    await db.schema.alterTable('images').addColumn('sourceImageId', 'text').execute()
    await db.schema.alterTable('images').addColumn('sourceImageRegion', 'text').execute()
  },
}
