import { type KeyFormat, keyFormats } from '../../control/key-pairs/private-keys.ts'
import { type KeyType, keyTypes } from '../../control/key-pairs/public-keys.ts'
import { refuse } from '../../model/errors.ts'

const longestName = 255

/**
 * The name of a new key pair: up to 255 printable ASCII characters, without spaces around them.
 * Source: EC2 API Reference, CreateKeyPair; EC2 User Guide, "Create a key pair", for spaces. Guess: texts but that for ASCII.
 */
export function newKeyName(name: string | undefined): string {
  if (!name) return refuse('MissingParameter', { parameter: 'KeyName' })
  if (/[^\x20-\x7e]/.test(name)) invalid(name, 'Character sets beyond ASCII are not supported.')
  if (name.length > longestName) invalid(name, `Names have at most ${longestName} characters.`)
  if (name !== name.trim()) invalid(name, 'Leading and trailing spaces are not allowed.')
  return name
}

export function keyType(text: string | undefined): KeyType {
  return keyTypes.find((it) => it === (text ?? 'rsa')) ?? notA('KeyType', text)
}

export function keyFormat(text: string | undefined): KeyFormat {
  return keyFormats.find((it) => it === (text ?? 'pem')) ?? notA('KeyFormat', text)
}

function invalid(name: string, why: string): never {
  return refuse('InvalidParameterValue', { message: `Value (${name}) for parameter KeyName is invalid. ${why}` })
}

function notA(parameter: string, text: string | undefined): never {
  return refuse('InvalidParameterValue', { message: `Value (${text}) for parameter ${parameter} is invalid.` })
}
