import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { listImages } from './find.ts'

/** Refuses what is no name of an image, and one that an image of the account's has. Source: EC2 API Reference, RegisterImage, Name. */
export async function checkImageName(reader: Reader, account: AccountId, name: string): Promise<void> {
  if (!/^[\w()[\] ./'@-]{3,128}$/.test(name)) refuse('InvalidAMIName.Malformed')
  const taken = (await listImages(reader, account)).find(
    (it) => it.accountId === account && it.name === name && it.state !== 'failed',
  )
  if (taken) refuse('InvalidAMIName.Duplicate', { name, id: taken.id })
}
