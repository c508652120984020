import { type Kysely, sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/**
 * What the instances of each host claim of it, together: kept by the database itself with each instance that is written, so that
 * placing one asks nothing of all others.
 */
export const hostClaims: Migration = {
  id: '0064-host-claims',
  async up(db) {
    await db.schema
      .createTable('hostClaims')
      .addColumn('hostId', 'text', (it) => it.primaryKey())
      .addColumn('domains', 'integer', (it) => it.notNull())
      .addColumn('memoryMib', 'integer', (it) => it.notNull())
      .execute()
    await sql`insert into "hostClaims" select "hostId", count(*), sum("memoryMib") from instances
      where "hostId" is not null group by "hostId"`.execute(db)
    await trigger(db, 'instanceClaims', 'insert', claim)
    await trigger(db, 'instanceUnclaims', 'delete', release)
    await trigger(db, 'instanceMoves', 'update of "hostId", "memoryMib"', `${release} ${claim}`)
  },
}

const claim = `insert into "hostClaims" select new."hostId", 1, new."memoryMib" where new."hostId" is not null
  on conflict ("hostId") do update set domains = domains + 1, "memoryMib" = "memoryMib" + excluded."memoryMib";`
const release = `update "hostClaims" set domains = domains - 1, "memoryMib" = "memoryMib" - old."memoryMib"
  where "hostId" = old."hostId";`

async function trigger(db: Kysely<unknown>, name: string, event: string, steps: string): Promise<void> {
  await sql.raw(`create trigger "${name}" after ${event} on instances begin ${steps} end`).execute(db)
}
