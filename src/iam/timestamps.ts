/** `20150830T123600Z`, the form of X-Amz-Date. */
export function parseBasicTime(text: string | undefined): Date | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '') ?? []
  if (parts.length === 0) return undefined
  const [year, month, day, hour, minute, second] = parts
  return parseIsoTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

/** `2014-04-23T20:11:35Z`, with or without fraction, `Z` or an offset; without one it is UTC. What SigV2 sends. */
export function parseIsoTime(text: string | undefined): Date | undefined {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/.exec(text ?? '')
  return form ? validDate(form[2] ? form[0] : `${form[0]}Z`) : undefined
}

/** A Date header: `Sun, 06 Nov 1994 08:49:37 GMT` or any of the forms above. Source: RFC 9110, 5.6.7. */
export function parseHttpTime(text: string | undefined): Date | undefined {
  const form = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]0000)$/.test(text ?? '')
  return form ? validDate(text ?? '') : (parseBasicTime(text) ?? parseIsoTime(text))
}

/** The form of X-Amz-Date. */
export function basicTime(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

/** The form of SigV2's Timestamp. */
export function isoTime(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}

function validDate(text: string): Date | undefined {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date
}
