import { encryptByDefault } from '../../../control/volumes/encryption.ts'
import { action } from '../../action.ts'

/**
 * Has every volume and every copy of a snapshot that the account makes from now on encrypted, whatever is asked.
 * Source: EC2 API Reference, EnableEbsEncryptionByDefault.
 */
export const EnableEbsEncryptionByDefault = action('EnableEbsEncryptionByDefault', {
  async run(_, { tx, caller }) {
    await encryptByDefault(tx, caller.account, true)
    return { EbsEncryptionByDefault: true }
  },
})
