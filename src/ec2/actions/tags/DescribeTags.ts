import type { FilterTable } from '../../../query/filters.ts'
import type { TagRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'

interface Row extends TagRow {
  /** For the filter `tag:KEY`: this tag alone. */
  readonly tags: Readonly<Record<string, string>>
}

/**
 * The tags of the caller's resources, one by one.
 * Source: EC2 API Reference, DescribeTags.
 */
export const DescribeTags = describe('DescribeTags', {
  async rows(_input, { tx, caller }): Promise<Row[]> {
    const rows = await tx.db
      .selectFrom('tags')
      .selectAll()
      .where('accountId', '=', caller.account)
      .orderBy('resourceId')
      .orderBy('key')
      .execute()
    return rows.map((row) => ({ ...row, tags: { [row.key]: row.value } }))
  },
  key: (row) => `${row.resourceId} ${row.key}`,
  filters: {
    key: (row) => row.key,
    value: (row) => row.value,
    'resource-id': (row) => row.resourceId,
    'resource-type': (row) => row.kind,
    'tag-key': (row) => row.key,
    'tag-value': (row) => row.value,
  } satisfies FilterTable<Row>,
  render: (row) => ({ ResourceId: row.resourceId, ResourceType: row.kind, Key: row.key, Value: row.value }),
  assemble: (items) => ({ Tags: items }),
})
