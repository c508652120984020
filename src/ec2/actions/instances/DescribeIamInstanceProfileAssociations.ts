import { describe } from '../../action.ts'
import { none, ofNone } from '../../parse/none.ts'

/**
 * No associations: no instance has a profile yet.
 * Refuses: InvalidAssociationID.NotFound.
 * Source: EC2 API Reference, DescribeIamInstanceProfileAssociations.
 */
export const DescribeIamInstanceProfileAssociations = describe('DescribeIamInstanceProfileAssociations', {
  ...ofNone,
  rows: ({ AssociationIds }) => none('InvalidAssociationID.NotFound', AssociationIds),
  filters: { 'instance-id': () => undefined, state: () => undefined },
  assemble: () => ({ IamInstanceProfileAssociations: [] }),
})
