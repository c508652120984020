/** Where requests go and whose keys sign them: from flags, then the environment, then the cloud on this machine. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../base/fault.ts'
import type { CommonOptions } from './arguments.ts'

export interface Target {
  readonly endpoint: string
  /** Of the scope that is signed. */
  readonly region: string
  /** The keys; or the name of a profile in the AWS configuration of the user. */
  readonly keys: Keys | { readonly awsProfile: string }
}

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What a running cloud writes into its data directory, for its owner alone. */
export interface Profile extends Keys {
  readonly endpoint: string
  readonly region: string
  readonly account: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The profile of the cloud in this data directory; none where there is no cloud. */
export async function localProfile(dataDir: string): Promise<Profile | undefined> {
  const path = join(dataDir, 'profile.json')
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Profile
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return undefined
    throw new Fault(`${path} cannot be read: ${systemCode(cause) ?? 'it is no JSON'}`, { cause })
  }
}

/** Servers take any region in the scope; a name that is none lets the endpoint's own region answer. */
const noRegion = 'unnamed'

type Flags = Pick<CommonOptions, 'url' | 'region' | 'accessKeyId' | 'secretKey' | 'securityToken'>

/** Names of the variables: those of euca2ools, of the ec2-api-tools, of the AWS SDKs. Throws `Fault` where something is missing. */
export function targetOf(flags: Flags, env: Environment, local: Profile | undefined): Target {
  const [user, region] = userAndRegion(flags.region)
  const endpoint = flags.url ?? first(env, 'EC2_URL', 'AWS_ENDPOINT_URL_EC2', 'AWS_ENDPOINT_URL') ?? local?.endpoint
  if (endpoint === undefined) throw new Fault('no endpoint: start a cloud on this machine, set EC2_URL, or use -U')
  const ownRegion = endpoint === local?.endpoint ? local.region : undefined
  return {
    endpoint,
    region: region ?? first(env, 'AWS_DEFAULT_REGION', 'AWS_REGION', 'EC2_REGION') ?? ownRegion ?? noRegion,
    keys: keysOf(flags, user, env, local),
  }
}

function keysOf(
  { accessKeyId, secretKey, securityToken }: Flags,
  user: string | undefined,
  env: Environment,
  local: Profile | undefined,
): Target['keys'] {
  if (accessKeyId !== undefined && secretKey !== undefined) return keys(accessKeyId, secretKey, securityToken)
  if (accessKeyId !== undefined || secretKey !== undefined) throw new Fault('-I and -S belong together')
  if (user !== undefined) return { awsProfile: user }
  const id = first(env, 'AWS_ACCESS_KEY_ID', 'AWS_ACCESS_KEY', 'EC2_ACCESS_KEY')
  const secret = first(env, 'AWS_SECRET_ACCESS_KEY', 'AWS_SECRET_KEY', 'EC2_SECRET_KEY')
  if (id !== undefined && secret !== undefined)
    return keys(id, secret, securityToken ?? first(env, 'AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN'))
  const awsProfile = first(env, 'AWS_PROFILE')
  if (awsProfile !== undefined) return { awsProfile }
  if (local) return keys(local.accessKeyId, local.secretAccessKey, local.sessionToken)
  throw new Fault('no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use -I and -S')
}

function keys(accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined): Keys {
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

/** `USER@REGION`, `USER@`, or `REGION`. */
function userAndRegion(text: string | undefined): [string | undefined, string | undefined] {
  if (text === undefined) return [undefined, undefined]
  const at = text.lastIndexOf('@')
  return at < 0 ? [undefined, text] : [text.slice(0, at) || undefined, text.slice(at + 1) || undefined]
}

/** The first of these variables that is set to something. */
function first(env: Environment, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((it) => it)
}
