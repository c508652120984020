import type { Migration } from '../migrate.ts'

/** Kernels and RAM disks that launches chose themselves. */
export const instanceBoots: Migration = {
  id: '0035b-instance-boots',
  async up(db) {
    await db.schema
      .createTable('instanceBoots')
      .addColumn('instanceId', 'text', (it) => it.primaryKey())
      .addColumn('kernelId', 'text')
      .addColumn('ramdiskId', 'text')
      .execute()
  },
}
