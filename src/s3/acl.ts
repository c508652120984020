/** Access control lists: who beside its owner may do what with a bucket or an object. Source: Amazon S3 User Guide, "Access control list (ACL) overview". */
import { createHash } from 'node:crypto'
import type { AccountId } from '../model/ids.ts'
import { refuse } from './errors.ts'
import { type Element, readXml } from './xml.ts'

export const permissions = ['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const
export type Permission = (typeof permissions)[number]

export interface Grant {
  /** A canonical id, or the address of a group. */
  readonly to: { readonly id: string } | { readonly group: string }
  readonly permission: Permission | 'FULL_CONTROL'
}

const groups = {
  all: 'http://acs.amazonaws.com/groups/global/AllUsers',
  authenticated: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
} as const

/** EC2 itself, which fetches bundles. Source: the grant that S3 shows for `aws-exec-read`, as recorded in public reports. */
export const ec2Id = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c'

/** What stands for an account in lists and answers. Guess: AWS' own are 64 hexadecimal digits that mean nothing; these derive from the account's number. */
export function canonicalId(account: AccountId): string {
  return createHash('sha256').update(`canonical/${account}`).digest('hex')
}

/** The grants that a canned list means, beside the owner's. */
export function cannedGrants(name: string, bucketOwner: AccountId): Grant[] {
  const read = (to: Grant['to']): Grant => ({ to, permission: 'READ' })
  switch (name) {
    case 'private':
      return []
    case 'public-read':
      return [read({ group: groups.all })]
    case 'public-read-write':
      return [read({ group: groups.all }), { to: { group: groups.all }, permission: 'WRITE' }]
    case 'authenticated-read':
      return [read({ group: groups.authenticated })]
    case 'aws-exec-read':
    case 'ec2-bundle-read': // Euca2ools' own name of it.
      return [read({ id: ec2Id })]
    case 'bucket-owner-read':
      return [read({ id: canonicalId(bucketOwner) })]
    case 'bucket-owner-full-control':
      return [{ to: { id: canonicalId(bucketOwner) }, permission: 'FULL_CONTROL' }]
    default:
      return refuse('InvalidArgument', `${name.slice(0, 64)} is no canned ACL.`)
  }
}

/** The grants that a request's headers ask for; `undefined` where they ask for none. */
export function grantsOfHeaders(
  header: (name: string) => string | undefined,
  bucketOwner: AccountId,
): Grant[] | undefined {
  const canned = header('x-amz-acl')
  const granted = Object.entries(grantHeaders).flatMap(([name, permission]) =>
    (header(`x-amz-grant-${name}`) ?? '')
      .split(',')
      .filter((it) => it.trim() !== '')
      .map((it): Grant => ({ to: granteeOf(it.trim()), permission })),
  )
  if (canned !== undefined && granted.length > 0)
    refuse('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed')
  return canned !== undefined ? cannedGrants(canned, bucketOwner) : granted.length > 0 ? granted : undefined
}

const grantHeaders = {
  read: 'READ',
  write: 'WRITE',
  'read-acp': 'READ_ACP',
  'write-acp': 'WRITE_ACP',
  'full-control': 'FULL_CONTROL',
} as const

/** `id="…"` or `uri="…"`. */
function granteeOf(text: string): Grant['to'] {
  const [, kind, value] = /^(id|uri)="?([^"]+)"?$/i.exec(text) ?? []
  if (value === undefined)
    refuse('InvalidArgument', 'A grantee is id="…" or uri="…": mail addresses are not known here.')
  return kind?.toLowerCase() === 'id' ? { id: value } : groupAt(value)
}

function groupAt(uri: string): Grant['to'] {
  if (uri !== groups.all && uri !== groups.authenticated) refuse('InvalidArgument', 'Invalid group uri')
  return { group: uri }
}

/** The grants of an `AccessControlPolicy`, without the owner's own. */
export function readGrants(text: string, owner: AccountId): Grant[] {
  const root = readXml(text, 'AccessControlPolicy')
  const grants = (root.all('AccessControlList')[0] ?? refuse('MalformedACLError')).all('Grant')
  if (grants.length > 100) refuse('MalformedACLError')
  return grants
    .map((grant): Grant => {
      const [grantee] = grant.all('Grantee')
      const permission = [...permissions, 'FULL_CONTROL' as const].find((it) => it === grant.value('Permission'))
      const id = grantee?.value('ID')
      const uri = grantee?.value('URI')
      if (!permission || (id === undefined) === (uri === undefined)) return refuse('MalformedACLError')
      return { to: id !== undefined ? { id } : groupAt(uri ?? ''), permission }
    })
    .filter((it) => !('id' in it.to && it.to.id === canonicalId(owner)))
}

/** The list as answers have it: the owner's right first. */
export function aclElement(owner: AccountId, grants: readonly Grant[]): Element {
  const all: Grant[] = [{ to: { id: canonicalId(owner) }, permission: 'FULL_CONTROL' }, ...grants]
  return ['AccessControlPolicy', ownerElement(owner), ['AccessControlList', ...all.map(grantElement)]]
}

export function ownerElement(account: AccountId, name = 'Owner'): Element {
  return [name, ['ID', canonicalId(account)], ['DisplayName', account]]
}

function grantElement({ to, permission }: Grant): Element {
  const grantee: Element =
    'id' in to
      ? [`Grantee ${schema} xsi:type="CanonicalUser"`, ['ID', to.id]]
      : [`Grantee ${schema} xsi:type="Group"`, ['URI', to.group]]
  return ['Grant', grantee, ['Permission', permission]]
}

const schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

/** Whether the list lets `account` (`undefined`: anyone) do this. */
export function grantsAllow(grants: readonly Grant[], account: AccountId | undefined, wanted: Permission): boolean {
  return grants.some(({ to, permission }) => {
    if (permission !== 'FULL_CONTROL' && permission !== wanted) return false
    if ('id' in to) return account !== undefined && to.id === canonicalId(account)
    return to.group === groups.all || account !== undefined
  })
}

/** Whether the list names this grantee itself. */
export function grantsGive(grants: readonly Grant[], grantee: { readonly id: string }, wanted: Permission): boolean {
  return grants.some(
    ({ to, permission }) =>
      'id' in to && to.id === grantee.id && (permission === wanted || permission === 'FULL_CONTROL'),
  )
}
