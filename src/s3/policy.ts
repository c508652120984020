/** Bucket policies, as far as sharing needs them: who may do what with which keys. Source: IAM User Guide, "IAM JSON policy elements reference". */
import type { AccountId } from '../model/ids.ts'
import { refuse } from './errors.ts'

interface Statement {
  readonly effect: 'Allow' | 'Deny'
  /** Accounts; `*` is anyone. */
  readonly principals: readonly string[]
  /** With `*` and `?` in them; actions in lower case. */
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

export type Policy = readonly Statement[]

/** Source: Amazon S3 User Guide, "Bucket policies": 20 KB. */
const largestPolicy = 20 * 1024

/** Refuses what is no policy, and what would be one only in part here: conditions, exclusions. */
export function readPolicy(text: string, bucket: string): Policy {
  if (Buffer.byteLength(text) > largestPolicy) refuse('MalformedPolicy', 'Policies may be 20 KB long.')
  const document = objectOf(parsed(text))
  const statements = listOf(document['Statement']).map(objectOf)
  if (statements.length === 0) refuse('MalformedPolicy', 'Missing required field Statement')
  return statements.map((it) => statementOf(it, bucket))
}

function statementOf(it: Readonly<Record<string, unknown>>, bucket: string): Statement {
  for (const name of ['Condition', 'NotPrincipal', 'NotAction', 'NotResource'])
    if (it[name] !== undefined) refuse('NotImplemented', `${name} in a bucket policy is not served here.`)
  const effect = it['Effect']
  if (effect !== 'Allow' && effect !== 'Deny') return refuse('MalformedPolicy', 'Invalid effect')
  const resources = texts(it['Resource'], 'Resource')
  const own = `arn:aws:s3:::${bucket}`
  if (!resources.every((name) => name === own || name.startsWith(`${own}/`)))
    refuse('MalformedPolicy', 'Policy has invalid resource')
  return {
    effect,
    principals: principalsOf(it['Principal']),
    actions: texts(it['Action'], 'Action').map((name) => name.toLowerCase()),
    resources,
  }
}

function principalsOf(principal: unknown): string[] {
  if (principal === '*') return ['*']
  return texts(objectOf(principal)['AWS'], 'Principal').map((name) => {
    const [, account] = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(name) ?? []
    if (name !== '*' && account === undefined) refuse('MalformedPolicy', 'Invalid principal in policy')
    return account ?? '*'
  })
}

/** What the policy says: an explicit denial counts more than any permission. */
export function judge(
  policy: Policy,
  account: AccountId | undefined,
  action: string,
  resource: string,
): 'allow' | 'deny' | undefined {
  const fitting = policy.filter(
    (it) =>
      it.principals.some((name) => name === '*' || name === account) &&
      it.actions.some((name) => fits(name, action.toLowerCase())) &&
      it.resources.some((name) => fits(name, resource)),
  )
  if (fitting.some((it) => it.effect === 'Deny')) return 'deny'
  return fitting.length > 0 ? 'allow' : undefined
}

/** Whether `text` fits a pattern of `*` and `?`, in time that grows with the product of their lengths, whatever they are. */
export function fits(pattern: string, text: string): boolean {
  let [at, star, resume] = [0, -1, 0]
  for (let read = 0; read < text.length; ) {
    if (pattern[at] === '*') {
      star = at++
      resume = read
    } else if (pattern[at] === '?' || (at < pattern.length && pattern[at] === text[read])) {
      at++
      read++
    } else if (star >= 0) {
      at = star + 1
      read = ++resume
    } else return false
  }
  return /^\**$/.test(pattern.slice(at))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse('MalformedPolicy', 'Policies must be valid JSON and the first byte must be {') // The caller's text.
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('MalformedPolicy')
  return value as Readonly<Record<string, unknown>>
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}

function texts(value: unknown, name: string): string[] {
  const list = listOf(value)
  if (list.length === 0) refuse('MalformedPolicy', `Missing required field ${name}`)
  return list.map((it) => (typeof it === 'string' ? it : refuse('MalformedPolicy', `Invalid ${name}`)))
}
