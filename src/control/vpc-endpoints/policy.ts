/** Policies of endpoints. Pure. */
import { refuse } from '../../model/errors.ts'

/** What an endpoint has whose maker gave none. Source: AWS PrivateLink Guide, "Endpoint policies", default endpoint policy. */
export const fullAccess = JSON.stringify({
  Version: '2008-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
})

/**
 * The policy, if it lets everybody do everything: nothing here holds requests against another, so another is refused.
 * Refuses: InvalidParameter where it is no policy, UnsupportedOperation. Guess: the first code.
 */
export function checkPolicy(text: string | undefined): string {
  if (text === undefined || text === '') return fullAccess
  const statements = statementsOf(text)
  if (statements.some(isFull) && statements.every((it) => it['Effect'] === 'Allow')) return text
  return refuse('UnsupportedOperation', {
    message: 'Endpoint policies other than full access are not served by this cloud.',
  })
}

type Statement = Readonly<Record<string, unknown>>

function statementsOf(text: string): Statement[] {
  const policy = parsed(text)
  const list = isObject(policy) ? policy['Statement'] : undefined
  const statements = Array.isArray(list) ? list : [list]
  if (!statements.every((it) => isObject(it) && /^(Allow|Deny)$/.test(String(it['Effect']))))
    refuse('InvalidParameter', { message: 'Invalid policy document.' })
  return statements as Statement[]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse('InvalidParameter', { message: 'Invalid policy document.' }) // Not JSON: what the caller sent.
  }
}

function isFull({ Principal: principal, Action: action, Resource: resource, ...rest }: Statement): boolean {
  const everybody = isObject(principal) && Object.keys(principal).length === 1 ? principal['AWS'] : principal
  const plain = Object.keys(rest).every((it) => it === 'Effect' || it === 'Sid')
  return plain && isAll(everybody, ['*']) && isAll(action, ['*', 's3:*']) && isAll(resource, ['*'])
}

function isAll(value: unknown, all: readonly string[]): boolean {
  return (Array.isArray(value) ? value : [value]).some((it) => all.includes(String(it)))
}

function isObject(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
