import type { Migration } from '../migrate.ts'

/** Images that are whole disks: their own boot loader starts them. */
export const imageFirmware: Migration = {
  id: '0038-image-firmware',
  async up(db) {
    await db.schema.alterTable('images').addColumn('firmware', 'text').execute()
  },
}
