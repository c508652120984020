/** The VPC that every account has from the start, with a subnet in each zone. */
import type { Random } from '../../base/random.ts'
import { type Cloud, zoneName } from '../../model/cloud.ts'
import { type AccountId, newId } from '../../model/ids.ts'
import { nextNumber } from '../../store/sequences.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { makeGroup } from '../security-groups/groups.ts'
import { subBlock } from './addresses.ts'

/** Source: VPC User Guide, "Default VPC components". */
const defaultCidr = '172.31.0.0/16'
const defaultSubnetPrefix = 20
/** VXLAN identifiers below are left to those who wire networks by hand. */
const firstVni = 4096

export function findDefaultVpc(reader: Reader, account: AccountId): Promise<VpcRow | undefined> {
  return reader.db
    .selectFrom('vpcs')
    .selectAll()
    .where('accountId', '=', account)
    .where('isDefault', '=', 1)
    .executeTakeFirst()
}

/** Makes the account's default VPC unless it is there. */
export async function ensureDefaultVpc(
  tx: Transaction,
  account: AccountId,
  context: { cloud: Cloud; now: Date; random: Random },
): Promise<void> {
  if (await findDefaultVpc(tx, account)) return
  const { cloud, now, random } = context
  const id = newId('vpc', random)
  const vni = firstVni + (await nextNumber(tx, 'vni'))
  await tx.db
    .insertInto('vpcs')
    .values({ id, accountId: account, cidr: defaultCidr, vni, isDefault: 1, createdAt: now.getTime() })
    .execute()
  for (const [index, zone] of cloud.zones.entries()) {
    const cidr = subBlock(defaultCidr, defaultSubnetPrefix, index)
    await tx.db
      .insertInto('subnets')
      .values({
        id: newId('subnet', random),
        vpcId: id,
        accountId: account,
        zone: zoneName(cloud, zone),
        cidr,
        isDefault: 1,
        mapsPublic: 1,
      })
      .execute()
  }
  await makeGroup(tx, { account, vpc: id, name: 'default', description: 'default VPC security group' }, { now, random })
}
