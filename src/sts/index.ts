/** Every action of STS that is served. */
import { GetCallerIdentity } from './actions/GetCallerIdentity.ts'
import { GetSessionToken } from './actions/GetSessionToken.ts'

export const stsActions = [GetCallerIdentity, GetSessionToken] as const
