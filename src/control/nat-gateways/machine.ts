/**
 * The life of a NAT gateway, which is rules and a wire at the edge. One teardown, from every step.
 *
 *     open --> settle --> serve --> close --> leave --> linger --> (forgotten)
 *       |\________\_________^                             ^
 *       \____________________ failed _____________________/
 *
 * It fails where its VPC has no internet gateway when it opens. Source: VPC User Guide, "Troubleshoot NAT gateways".
 */
import type { ResourceId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { HostRow } from '../../store/tables/resources.ts'
import type { NatGatewayRow } from '../../store/tables/vpcs.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { removeInterfaces } from '../interfaces/remove.ts'
import { removeTags } from '../tags/tags.ts'

interface Observed {
  readonly id: string
  readonly row: NatGatewayRow
  /** The edge as it last told of itself; none where this cloud has none. */
  readonly edge: HostRow | undefined
}

/** Nobody signals what the edge has carried out, so it is looked for. */
const lookAgainMs = 250
/** How long a deleted gateway is still described. Source: VPC User Guide, "Delete a NAT gateway": about an hour. */
const lingerMs = 60 * 60_000

export const natMachine = machine<Observed>()('nat-gateway', {
  start: 'open',
  teardown: 'close',
  load: observe,
  steps: {
    open: {
      kind: 'decide',
      async run({ tx, self, now }) {
        if (!(await hasGateway(tx, self.row))) {
          await removeInterfaces(tx, [self.row.interfaceId])
          await change(tx, self.row, { state: 'failed', deletedAt: now.getTime() })
          return hop('linger')
        }
        await tell(tx, self.row)
        return hop('settle')
      },
    },
    settle: {
      kind: 'decide',
      async run({ tx, self }) {
        if (!isSettled(self)) return nap(lookAgainMs)
        await change(tx, self.row, { state: 'available' })
        return hop('serve')
      },
    },
    serve: { kind: 'decide', run: async () => nap() },
    close: {
      kind: 'decide',
      async run({ tx, self }) {
        await change(tx, self.row, { state: 'deleting' })
        await tell(tx, self.row)
        return hop('leave')
      },
    },
    leave: {
      kind: 'decide',
      async run({ tx, self, now }) {
        if (!isSettled(self)) return nap(lookAgainMs)
        await removeInterfaces(tx, [self.row.interfaceId])
        await change(tx, self.row, { state: 'deleted', deletedAt: now.getTime() })
        return hop('linger')
      },
    },
    linger: {
      kind: 'decide',
      async run({ tx, self, now }) {
        const end = (self.row.deletedAt ?? 0) + lingerMs
        if (now.getTime() < end) return nap(new Date(end))
        await removeTags(tx, self.row.id, [])
        await tx.db.deleteFrom('natGateways').where('id', '=', self.row.id).execute()
        return done()
      },
    },
  },
})

async function observe(tx: Transaction, id: string): Promise<Observed | undefined> {
  const row = await tx.db
    .selectFrom('natGateways')
    .selectAll()
    .where('id', '=', id as ResourceId<'natgateway'>) // Strands of this machine have no other subjects.
    .executeTakeFirst()
  return row && { id, row, edge: await edgeOf(tx) }
}

function edgeOf({ db }: Reader): Promise<HostRow | undefined> {
  return db.selectFrom('hosts').selectAll().where('isEdge', '=', 1).executeTakeFirst()
}

async function hasGateway({ db }: Reader, { vpcId }: NatGatewayRow): Promise<boolean> {
  const row = await db.selectFrom('internetGateways').select('id').where('vpcId', '=', vpcId).executeTakeFirst()
  return row !== undefined
}

/** Whether the edge has carried out the newest wish for this gateway. */
function isSettled({ row, edge }: Observed): boolean {
  return !edge || edge.settled >= row.wishedIn
}

async function tell(tx: Transaction, row: NatGatewayRow): Promise<void> {
  const edge = await edgeOf(tx)
  const generations = await wishVpc(tx, row.vpcId)
  await change(tx, row, { wishedIn: generations.get(edge?.id ?? '') ?? 0 })
}

async function change(tx: Transaction, { id }: NatGatewayRow, set: Partial<NatGatewayRow>): Promise<void> {
  await tx.db.updateTable('natGateways').set(set).where('id', '=', id).execute()
}
