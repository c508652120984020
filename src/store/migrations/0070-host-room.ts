import { type Kysely, sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * What instances claim of a host stands in the host's own row, so that the emptiest hosts of a zone are the first of an index: a launch
 * looks at no others. And where the edges are, which each change of a VPC asks for.
 */
export const hostRoom: Migration = {
  id: '0070-host-room',
  async up(db) {
    for (const it of ['instanceClaims', 'instanceUnclaims', 'instanceMoves'])
      await sql.raw(`drop trigger "${it}"`).execute(db)
    for (const column of ['domains', 'claimedMib'])
      await db.schema
        .alterTable('hosts')
        .addColumn(column, 'integer', (it) => it.notNull().defaultTo(0))
        .execute()
    await sql`update hosts set domains = it.domains, "claimedMib" = it."memoryMib" from "hostClaims" it
      where it."hostId" = hosts.id`.execute(db)
    await db.schema.dropTable('hostClaims').execute()
    await trigger(db, 'instanceClaims', 'insert', claim)
    await trigger(db, 'instanceUnclaims', 'delete', release)
    await trigger(db, 'instanceMoves', 'update of "hostId", "memoryMib"', `${release} ${claim}`)
    await sql`create index "hostsByRoom" on hosts
      (zone, ("memoryMib" - "claimedMib" - domains * 48) desc, domains, id) where connected = 1 and "isEdge" = 0`.execute(
      db,
    )
    await sql`create index "edges" on hosts (id) where "isEdge" = 1`.execute(db)
  },
}

const claim = `update hosts set domains = domains + 1, "claimedMib" = "claimedMib" + new."memoryMib" where id = new."hostId";`
const release = `update hosts set domains = domains - 1, "claimedMib" = "claimedMib" - old."memoryMib" where id = old."hostId";`

async function trigger(db: Kysely<unknown>, name: string, event: string, steps: string): Promise<void> {
  await sql.raw(`create trigger "${name}" after ${event} on instances begin ${steps} end`).execute(db)
}
