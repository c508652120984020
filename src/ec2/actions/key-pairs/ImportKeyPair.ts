import { keepKeyPair } from '../../../control/key-pairs/keep.ts'
import { importKeyPair } from '../../../control/key-pairs/keys.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { newKeyName } from '../../parse/key-pairs.ts'
import { renderKeyPair } from '../../render/key-pair.ts'

/**
 * Keeps the public half of a key pair that was made elsewhere: OpenSSH's line, RFC 4716, PEM or DER.
 * Refuses: InvalidKeyPair.Duplicate, InvalidKey.Format, MissingParameter, InvalidParameterValue.
 * Source: EC2 API Reference, ImportKeyPair.
 */
export const ImportKeyPair = action('ImportKeyPair', {
  creates: ['key-pair'],
  async run({ KeyName, PublicKeyMaterial }, context) {
    const { tx, caller } = context
    const name = newKeyName(KeyName)
    const half = importKeyPair(name, PublicKeyMaterial)
    const row = await keepKeyPair(tx, { account: caller.account, name, half }, context)
    await context.tag('key-pair', row.id)
    return renderKeyPair(row, (await tagsOf(tx, [row.id])).get(row.id) ?? {})
  },
})
