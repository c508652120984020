/** Kinds of resources that this cloud does not have yet: none is described, and those that are named are not found. */
import { type ErrorCode, refuse } from '../../model/errors.ts'
import { absent, type FilterTable } from '../../query/filters.ts'

/** No rows; refuses the first id that is asked for. */
export async function none(code: ErrorCode, ids: readonly string[] = []): Promise<readonly undefined[]> {
  return ids[0] === undefined ? [] : refuse(code, { id: ids[0] })
}

/** Filters of these names, that nothing passes. */
export function filtersOfNone(names: readonly string[]): FilterTable<unknown> {
  return absent(...names, 'tag-key', 'tag-value')
}

/** What nothing is named or shown by. */
export const ofNone = {
  key: (): string => '',
  render: (): undefined => undefined,
}
