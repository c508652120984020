/** How the actions of STS are written: as those of EC2, typed by their own model. */
import type { Context } from '../ec2/action.ts'
import type { Action } from '../query/action.ts'
import type { StsInput, StsOperationName, StsOutput } from '../query/types.ts'

export function stsAction<N extends StsOperationName>(
  name: N,
  run: (input: StsInput<N>, context: Context) => Promise<StsOutput<N>>,
): Action<Context, StsInput<N>, StsOutput<N>> {
  return { kind: 'action', name, creates: [], run }
}
