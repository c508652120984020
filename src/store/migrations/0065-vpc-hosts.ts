import { type Kysely, sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** The hosts on which a VPC has interfaces, counted by the database itself with each row that is written. */
export const vpcHosts: Migration = {
  id: '0065-vpc-hosts',
  async up(db) {
    await db.schema
      .createTable('vpcHosts')
      .addColumn('vpcId', 'text', (it) => it.notNull())
      .addColumn('hostId', 'text', (it) => it.notNull())
      .addColumn('interfaces', 'integer', (it) => it.notNull())
      .addPrimaryKeyConstraint('vpcHostsKey', ['vpcId', 'hostId'])
      .execute()
    await sql`insert into "vpcHosts" select n."vpcId", i."hostId", count(*) from interfaces n
      join instances i on i.id = n."instanceId" where i."hostId" is not null group by n."vpcId", i."hostId"`.execute(db)
    await trigger(db, 'interfaceComes', 'insert on interfaces', comes)
    await trigger(db, 'interfaceGoes', 'delete on interfaces', goes)
    await trigger(db, 'interfaceMoves', 'update of "instanceId", "vpcId" on interfaces', `${goes} ${comes}`)
    await trigger(db, 'guestGoes', 'delete on instances', guestGoes)
    await trigger(db, 'guestMoves', 'update of "hostId" on instances', `${guestGoes} ${guestComes}`)
  },
}

const comes = `insert into "vpcHosts" select new."vpcId", "hostId", 1 from instances
  where id = new."instanceId" and "hostId" is not null on conflict do update
  set interfaces = interfaces + 1;`
const goes = `update "vpcHosts" set interfaces = interfaces - 1 where "vpcId" = old."vpcId"
    and "hostId" = (select "hostId" from instances where id = old."instanceId");
  delete from "vpcHosts" where "vpcId" = old."vpcId" and interfaces = 0;`
const guestComes = `insert into "vpcHosts" select "vpcId", new."hostId", count(*) from interfaces
  where "instanceId" = new.id and new."hostId" is not null group by "vpcId"
  on conflict do update set interfaces = interfaces + excluded.interfaces;`
const guestGoes = `update "vpcHosts" set interfaces = interfaces
    - (select count(*) from interfaces n where n."instanceId" = old.id and n."vpcId" = "vpcHosts"."vpcId")
    where "hostId" = old."hostId" and "vpcId" in (select "vpcId" from interfaces where "instanceId" = old.id);
  delete from "vpcHosts" where "hostId" = old."hostId" and interfaces = 0
    and "vpcId" in (select "vpcId" from interfaces where "instanceId" = old.id);`

async function trigger(db: Kysely<unknown>, name: string, event: string, steps: string): Promise<void> {
  await sql.raw(`create trigger "${name}" after ${event} begin ${steps} end`).execute(db)
}
