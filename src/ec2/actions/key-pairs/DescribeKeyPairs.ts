import { listKeyPairs } from '../../../control/key-pairs/find.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { KeyPairRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'
import { renderKeyPairInfo } from '../../render/key-pair.ts'

type Row = KeyPairRow & { readonly tags: Tags }

/**
 * The caller's key pairs, or those named; the public halves where they are asked for.
 * Refuses: InvalidKeyPair.NotFound.
 * Source: EC2 API Reference, DescribeKeyPairs.
 */
export const DescribeKeyPairs = describe('DescribeKeyPairs', {
  async rows({ KeyNames = [], KeyPairIds = [] }, { tx, caller }): Promise<Row[]> {
    return withTags(tx, await listKeyPairs(tx, caller.account, { names: KeyNames, ids: KeyPairIds }))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    'key-pair-id': (row) => row.id,
    'key-name': (row) => row.name,
    fingerprint: (row) => row.fingerprint,
  },
  render: (row) => row,
  assemble: (rows, { IncludePublicKey = false }) => ({
    KeyPairs: rows.map((row) => renderKeyPairInfo(row, IncludePublicKey)),
  }),
})
