import type { Claim } from '../iam/claim.ts'
import { type Params, paramOf } from '../iam/params.ts'
import { normalizePath } from '../iam/sigv4.ts'

/** Services by the paths that Eucalyptus gave them. Source: Eucalyptus 4 Administration Guide, eucarc and service URLs. */
const byPath: Readonly<Record<string, string>> = {
  '/services/eucalyptus': 'ec2',
  '/services/compute': 'ec2',
  '/services/cloud': 'ec2',
  '/services/euare': 'iam',
  '/services/tokens': 'sts',
  '/services/autoscaling': 'autoscaling',
  '/services/cloudwatch': 'monitoring',
  '/services/loadbalancing': 'elasticloadbalancing',
  '/services/cloudformation': 'cloudformation',
  '/services/simpleworkflow': 'swf',
  '/services/objectstorage': 's3',
  '/services/walrus': 's3',
}

/** Services by API version. EC2 has too many versions to name. Source: the API References, "Common parameters". */
const byVersion: Readonly<Record<string, string>> = {
  '2011-06-15': 'sts',
  '2010-05-08': 'iam',
  '2011-01-01': 'autoscaling',
  '2010-08-01': 'monitoring',
  '2012-06-01': 'elasticloadbalancing',
  '2015-12-01': 'elasticloadbalancing',
  '2010-05-15': 'cloudformation',
}

/** What clients call a service in a SigV4 scope. Any other name tells nothing: old clients make names up. */
const byScope = new Set(['ec2', ...Object.values(byPath), 'ssm', 'iam', 'sts'])

/** Which service a request is for: by its path, else its SigV4 scope, else its version, else EC2. */
export function serviceOf(path: string, claim: Claim, params: Params): string {
  const scope = 'scope' in claim ? claim.scope.service : ''
  return (
    serviceByPath(path) ??
    (byScope.has(scope) ? scope : undefined) ??
    own(byVersion, paramOf(params, 'Version') ?? '') ??
    'ec2'
  )
}

export function serviceByPath(path: string): string | undefined {
  return own(byPath, normalizePath(path).replace(/\/$/, '').toLowerCase())
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
