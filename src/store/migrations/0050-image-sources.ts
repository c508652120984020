import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** What images on volumes are made of, how their instances map devices, and reboots that are held for them. */
export const imageSources: Migration = {
  id: '0050-image-sources',
  async up(db) {
    await db.schema
      .alterTable('images')
      .addColumn('rootDeviceName', 'text', (it) => it.notNull().defaultTo('/dev/sda1'))
      .execute()
    await db.schema.alterTable('images').addColumn('sourceInstanceId', 'text').execute()
    await db.schema.alterTable('instances').addColumn('holdReboot', 'integer').execute()
    await db.schema.alterTable('instances').addColumn('disksJson', 'text').execute()
    await db.schema.alterTable('domainFacts').addColumn('heldReboot', 'integer').execute()
    await db.schema.alterTable('snapshots').addColumn('originImageId', 'text').execute()
    await db.schema.alterTable('volumes').addColumn('originImageId', 'text').execute()
    await sql`update snapshots set "originImageId" =
      (select max("bootImageId") from images where images."rootSnapshotId" = snapshots.id)`.execute(db)
    await sql`update volumes set "originImageId" =
      (select "originImageId" from snapshots where snapshots.id = volumes."snapshotId")`.execute(db)
    await sql`update snapshots set "originImageId" =
      (select "originImageId" from volumes where volumes.id = snapshots."volumeId")
      where "originImageId" is null`.execute(db)
  },
}
