import { encryptsByDefault } from '../../../control/volumes/encryption.ts'
import { action } from '../../action.ts'

/**
 * Says whether all volumes that the account makes are encrypted.
 * Source: EC2 API Reference, GetEbsEncryptionByDefault.
 */
export const GetEbsEncryptionByDefault = action('GetEbsEncryptionByDefault', {
  async run(_, { tx, caller }) {
    return { EbsEncryptionByDefault: await encryptsByDefault(tx, caller.account) }
  },
})
