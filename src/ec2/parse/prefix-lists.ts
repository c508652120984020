import { refuse } from '../../model/errors.ts'
import type { PrefixListRow } from '../../store/tables/prefix-lists.ts'

/** Source: EC2 API Reference, "CreateManagedPrefixList": up to 255 characters, not beginning with com.amazonaws. */
export function prefixListName(name: string | undefined): string {
  if (!name) return refuse('MissingParameter', { parameter: 'PrefixListName' })
  if (/^com\.amazonaws/i.test(name) || name.length > 255)
    refuse('InvalidParameterValue', { message: `Value (${name}) for parameter PrefixListName is invalid.` })
  return name
}

export function addressFamily(family: string | undefined): PrefixListRow['family'] {
  if (family === 'IPv4' || family === 'IPv6') return family
  return refuse('InvalidParameterValue', { message: `Value (${family}) for parameter AddressFamily is invalid.` })
}

/** Source: VPC User Guide, "Amazon VPC quotas", customer-managed prefix lists: 1,000 entries. */
export function maxEntries(count: number | undefined): number {
  if (count !== undefined && count >= 1 && count <= 1000) return count
  return refuse('InvalidParameterValue', { message: `Value (${count}) for parameter MaxEntries is invalid.` })
}

/** Refuses a version other than the newest. Guess: the text. */
export function checkCurrentVersion({ id, version }: PrefixListRow, asked: number | undefined): void {
  if (asked === undefined || asked === version) return
  const message = `The prefix list '${id}' has the version ${version}, not ${asked}`
  refuse('PrefixListVersionMismatch', { message })
}
