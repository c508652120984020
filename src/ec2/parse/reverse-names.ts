/** Reverse names of addresses, as requests have them. */
import { refuse } from '../../model/errors.ts'

/** The one attribute that addresses have. Source: EC2 API Reference, "AddressAttributeName". */
export function checkAddressAttribute(name: string): void {
  if (name !== 'domain-name')
    refuse('InvalidParameterValue', { message: `Value (${name}) for parameter attribute is invalid.` })
}

/** The name in lower case with a dot at its end, as DNS keeps it. Source: RFC 1035, section 2.3.4, for the lengths. */
export function reverseName(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  const fits = labels.length > 1 && name.length <= 253 && labels.every((it) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(it))
  if (!fits) refuse('InvalidParameterValue', { message: `Value (${text}) for parameter domainName is invalid.` })
  return `${name}.`
}
