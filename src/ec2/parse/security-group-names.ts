import { defaultGroupName } from '../../control/security-groups/groups.ts'
import { refuse } from '../../model/errors.ts'

/**
 * A name for a new group, without the spaces at its end.
 * Source: EC2 API Reference, CreateSecurityGroup; errors of EC2 quoted in public. Guess: the text for characters that are
 * ASCII and not allowed, from that for descriptions.
 */
export function newGroupName(name: string | undefined): string {
  const trimmed = name?.trimEnd() ?? ''
  if (trimmed === '') refuse('MissingParameter', { parameter: 'groupName' })
  if (trimmed === defaultGroupName) invalid(`Cannot use reserved security group name: ${trimmed}`)
  if (/^sg-/i.test(trimmed))
    invalid(`Value (${trimmed}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`)
  check('GroupName', 'name', trimmed)
  return trimmed
}

export function newGroupDescription(description: string | undefined): string {
  if (!description) refuse('MissingParameter', { parameter: 'GroupDescription' })
  check('GroupDescription', 'description', description)
  return description
}

function check(parameter: string, noun: string, text: string): void {
  if (/[^\p{ASCII}]/u.test(text))
    invalid(`Value (${text}) for parameter ${parameter} is invalid. Character sets beyond ASCII are not supported.`)
  if (/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(text)) return
  invalid(
    `Invalid security group ${noun}. Valid ${noun}s are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`,
  )
}

function invalid(message: string): never {
  return refuse('InvalidParameterValue', { message })
}
