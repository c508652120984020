const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const decodable = /^(?:[^%]|%[0-9a-fA-F]{2})*$/

/** Percent-encodes UTF-8 as signatures want it: all but letters, digits, `-`, `.`, `_` and `~`. Source: RFC 3986, 2.3. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, hexOf)
}

/** The same for text that holds one byte a character, and leaving `/` alone. */
export function percentEncodePath(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9\-._~/]/g, hexOf)
}

/**
 * Decodes one name or value of a form or query string (`+` is a space). `undefined` where a percent sign is not followed
 * by two hexadecimal digits or the bytes are not UTF-8.
 */
export function formDecode(bytes: string): string | undefined {
  if (/^[\w.~:,/-]*$/.test(bytes)) return bytes
  if (!decodable.test(bytes)) return undefined
  const spaced = bytes.replaceAll('+', ' ')
  const plain = spaced.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  try {
    return utf8.decode(Buffer.from(plain, 'latin1'))
  } catch {
    return undefined // Not UTF-8: what the caller sent, not a failure of ours.
  }
}

function hexOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
