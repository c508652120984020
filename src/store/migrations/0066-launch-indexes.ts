import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * What each launch, and each word of a host, looks for among all others: client tokens by their age; attachments, interfaces and volumes
 * that are about to leave; addresses with a name.
 */
export const launchIndexes: Migration = {
  id: '0066-launch-indexes',
  async up(db) {
    await db.schema.createIndex('clientTokensByAge').on('clientTokens').column('createdAt').execute()
    await db.schema.createIndex('attachmentsByWish').on('attachments').columns(['state', 'wishedIn']).execute()
    await db.schema.dropIndex('volumesByHost').execute()
    await db.schema.createIndex('volumesByHost').on('volumes').columns(['hostId', 'state']).execute()
    const few = [
      `"interfacesLeaving" on interfaces ("instanceId") where "attachmentState" = 'detaching'`,
      `"addressesNamed" on addresses ("publicAddress", "reverseName") where "reverseName" is not null`,
    ]
    for (const it of few) await sql.raw(`create index ${it}`).execute(db)
  },
}
