/** Kinds of resources that this cloud does not have yet: none is described, and those that are named are not found. */
import { type ErrorCode, refuse } from '../../model/errors.ts'

/** No rows; refuses the first id that is asked for. */
export async function none(code: ErrorCode, ids: readonly string[] = []): Promise<readonly undefined[]> {
  return ids[0] === undefined ? [] : refuse(code, { id: ids[0] })
}

/** What nothing is named or shown by. */
export const ofNone = {
  key: (): string => '',
  render: (): undefined => undefined,
}
