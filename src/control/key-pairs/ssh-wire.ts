/** Strings and numbers as SSH writes them. Source: RFC 4251, section 5. */

export function sshString(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A number that is not negative, given as its bytes, highest first. */
export function sshNumber(magnitude: Buffer): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0)
  const bytes = first < 0 ? Buffer.alloc(0) : magnitude.subarray(first)
  return sshString((bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
}

/** The strings that `blob` consists of; undefined if it does not consist of whole strings. */
export function readStrings(blob: Buffer): Buffer[] | undefined {
  const strings: Buffer[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) return undefined
    strings.push(blob.subarray(at + 4, end))
    at = end
  }
  return strings
}
