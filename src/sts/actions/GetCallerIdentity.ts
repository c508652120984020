import { stsAction } from '../action.ts'

/** Who the caller is. Nobody needs a permission for it. Source: STS API Reference, GetCallerIdentity. */
export const GetCallerIdentity = stsAction('GetCallerIdentity', async (_input, { caller }) => ({
  Account: caller.account,
  Arn: caller.arn,
  UserId: caller.userId,
}))
