import { keepKeyPair } from '../../../control/key-pairs/keep.ts'
import { makeKeyPair } from '../../../control/key-pairs/keys.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { keyFormat, keyType, newKeyName } from '../../parse/key-pairs.ts'
import { renderKeyPair } from '../../render/key-pair.ts'

/**
 * Makes a key pair, keeps its public half, and answers the private one, which nobody ever sees again.
 * Refuses: InvalidKeyPair.Duplicate, MissingParameter, InvalidParameterValue.
 * Source: EC2 API Reference, CreateKeyPair.
 */
export const CreateKeyPair = action('CreateKeyPair', {
  creates: ['key-pair'],
  prepare: ({ KeyName, KeyType, KeyFormat }) =>
    makeKeyPair(newKeyName(KeyName), keyType(KeyType), keyFormat(KeyFormat)),
  async run({ KeyName }, context, pair) {
    const { tx, caller } = context
    const row = await keepKeyPair(tx, { account: caller.account, name: KeyName, half: pair }, context)
    await context.tag('key-pair', row.id)
    const tags = (await tagsOf(tx, [row.id])).get(row.id) ?? {}
    return { ...renderKeyPair(row, tags), KeyMaterial: pair.privateKey }
  },
})
