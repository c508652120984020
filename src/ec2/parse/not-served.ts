import { refuse } from '../../model/errors.ts'

/** Refuses a request that gives one of these parameters a value that would mean something: nothing is ignored. */
export function refuseParameters<I extends object>(input: I, names: readonly (keyof I & string)[]): void {
  const given = names.find((it) => isGiven(input[it]))
  if (given) refuse('UnsupportedOperation', { message: `The parameter ${given} is not served by this cloud.` })
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false && value !== ''
}
