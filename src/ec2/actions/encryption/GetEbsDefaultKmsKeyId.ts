import { ebsAlias } from '../../../control/volumes/encryption.ts'
import { action } from '../../action.ts'

/**
 * Names the key that encrypts volumes where none is named: the one that each account has.
 * Source: EC2 API Reference, GetEbsDefaultKmsKeyId.
 */
export const GetEbsDefaultKmsKeyId = action('GetEbsDefaultKmsKeyId', {
  run: async () => ({ KmsKeyId: ebsAlias }),
})
