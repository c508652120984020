import { encryptByDefault } from '../../../control/volumes/encryption.ts'
import { action } from '../../action.ts'

/**
 * Leaves it to each request again whether a volume is encrypted. What is, stays so.
 * Source: EC2 API Reference, DisableEbsEncryptionByDefault.
 */
export const DisableEbsEncryptionByDefault = action('DisableEbsEncryptionByDefault', {
  async run(_, { tx, caller }) {
    await encryptByDefault(tx, caller.account, false)
    return { EbsEncryptionByDefault: false }
  },
})
