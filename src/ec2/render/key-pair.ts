/** Key pairs as answers have them. Source: EC2 API Reference, "KeyPair", "KeyPairInfo". */
import type { KeyPairInfo } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { KeyPairRow } from '../../store/tables/resources.ts'

/** What every answer says of a key pair. */
export function renderKeyPair(row: KeyPairRow, tags: Tags) {
  return { KeyPairId: row.id, KeyName: row.name, KeyFingerprint: row.fingerprint, Tags: tagList(tags) }
}

export function renderKeyPairInfo(row: KeyPairRow & { readonly tags: Tags }, withPublicKey: boolean): KeyPairInfo {
  return {
    ...renderKeyPair(row, row.tags),
    KeyType: row.type,
    CreateTime: new Date(row.createdAt),
    ...(withPublicKey && { PublicKey: row.publicKey }),
  }
}
