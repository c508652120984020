/** Filters of DescribeInstances that the database answers by index, so that few rows are read where few pass. */
import type { InstanceQuery } from '../../control/instances/find.ts'
import type { AccountId, InstanceId, ResourceId } from '../../model/ids.ts'
import { type InstanceState, instanceStates } from '../../model/instance-states.ts'
import { type Filter, literal } from '../../query/filters.ts'

type Narrow = (query: InstanceQuery, values: readonly string[]) => InstanceQuery

const byColumn: Readonly<Record<string, Narrow>> = {
  'instance-id': (query, values) => query.where('id', 'in', values as InstanceId[]),
  'reservation-id': (query, values) => query.where('reservationId', 'in', values as ResourceId<'reservation'>[]),
  'vpc-id': withInterface('vpcId'),
  'subnet-id': withInterface('subnetId'),
}

function withInterface(column: 'vpcId' | 'subnetId'): Narrow {
  return (query, values) =>
    query.where('id', 'in', (it) =>
      it
        .selectFrom('interfaces')
        .select((nic) => nic.ref('instanceId').$castTo<InstanceId>().as('id'))
        .where(column, 'in', values as never[]) // ids of one or the other
        .where('instanceId', 'is not', null),
    )
}

/** Leaves out of the account's instances those that cannot pass; of filters that no index answers, none. A query for each state that is asked for. */
export function narrowed(all: InstanceQuery, account: AccountId, filters: readonly Filter[]): InstanceQuery[] {
  return filters.reduce<InstanceQuery[]>(
    (queries, { Name = '', Values = [] }) => {
      const values = Values.map(literal).filter((it) => it !== undefined)
      if (values.length < Values.length) return queries
      if (Name === 'instance-state-name') return queries.flatMap((it) => inStates(it, values))
      if (Name.startsWith('tag:'))
        return queries.map((it) => withTag(it, account, { key: Name.slice('tag:'.length), values }))
      return Object.hasOwn(byColumn, Name) ? queries.map((it) => byColumn[Name]!(it, values)) : queries // it has it
    },
    [all],
  )
}

/** Of several at once SQLite would look at all instances, and there may be few in any of these. */
function inStates(query: InstanceQuery, values: readonly string[]): InstanceQuery[] {
  return statesIn(values).map((it) => query.where('state', '=', it))
}

function statesIn(values: readonly string[]): InstanceState[] {
  return Object.keys(instanceStates).filter((it): it is InstanceState => values.includes(it))
}

function withTag(
  query: InstanceQuery,
  account: AccountId,
  { key, values }: { readonly key: string; readonly values: readonly string[] },
): InstanceQuery {
  return query.where('id', 'in', (it) =>
    it
      .selectFrom('tags')
      .select((tag) => tag.ref('resourceId').$castTo<InstanceId>().as('id'))
      .where('accountId', '=', account)
      .where('key', '=', key)
      .where('value', 'in', values),
  )
}
