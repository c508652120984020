/** Text in XML. Source: Extensible Markup Language (XML) 1.0, 2.2 "Characters" and 2.11 "End-of-line handling". */

/** What can't stand in an element as it is: markup, CR (parsers make LF of it), and what XML has no way to say. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const special = /[&<>\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Surrogate}]/u
const specials = new RegExp(special, 'gu')

const written: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' }
const replacement = '\ufffd'

/**
 * `text` as the content of an element. Blanks at its ends become character references, because some clients trim;
 * characters that XML forbids, lone surrogates among them, become U+FFFD.
 */
export function escapeText(text: string): string {
  const safe = special.test(text) ? text.replace(specials, (it) => written[it] ?? replacement) : text
  return isBlank(safe, 0) || isBlank(safe, safe.length - 1) ? escapeEnds(safe) : safe
}

/** `text` as the value of an attribute in double quotes. */
export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
}

function escapeEnds(text: string): string {
  let from = 0
  let to = text.length
  while (isBlank(text, from)) from++
  while (to > from && isBlank(text, to - 1)) to--
  return references(text.slice(0, from)) + text.slice(from, to) + references(text.slice(to))
}

/** Whether JavaScript's `trim` would take it away, which clients use: it knows the spaces of Unicode. */
function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code > 0x20 && code < 0xa0) return false
  return blank.test(text.charAt(at))
}

const blank = /\s/

function references(blanks: string): string {
  let out = ''
  for (let i = 0; i < blanks.length; i++) out += `&#${blanks.charCodeAt(i)};`
  return out
}
