/** Lines of output: one record a line, fields joined by tabs. Source: euca2ools 3.4, checked by running it. */

export type Field = string | number | boolean | Date | null | undefined

/** A record of fields, a text that is printed as it is, or one that belongs into a file. */
export type Line = readonly Field[] | string | { readonly file: string; readonly text: string }

export interface LineStyle {
  /** Empty fields read `(nil)`. */
  readonly showEmpty: boolean
}

/**
 * The text of a record. An empty field leaves its tabs. Control characters in a value (a tag with a tab in it) become
 * spaces: a record stays one line with as many fields as its kind has.
 */
export function recordText(fields: readonly Field[], { showEmpty }: LineStyle): string {
  return fields.map((field) => fieldText(field) || (showEmpty ? '(nil)' : '')).join('\t')
}

function fieldText(field: Field): string {
  if (field === null || field === undefined) return ''
  const text = field instanceof Date ? field.toISOString() : String(field)
  return text.replaceAll(/\p{Cc}/gu, ' ')
}

/** Source: euca2ools 3.4, the resource types it knows by the prefix of an id. */
const typesByPrefix: Readonly<Record<string, string>> = {
  i: 'instance',
  ami: 'image',
  emi: 'image',
  aki: 'image',
  eki: 'image',
  ari: 'image',
  eri: 'image',
  vol: 'volume',
  snap: 'snapshot',
  sg: 'security-group',
  vpc: 'vpc',
  subnet: 'subnet',
  eni: 'network-interface',
  eipalloc: 'allocation-id',
  rtb: 'route-table',
  acl: 'network-acl',
  igw: 'internet-gateway',
  dopt: 'dhcp-options',
  pcx: 'vpc-peering-connection',
  vgw: 'vpn-gateway',
  vpn: 'vpn-connection',
  cgw: 'customer-gateway',
}

interface Tag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

/** `TAG` lines of a resource, its type taken from its id. */
export function tagLines(id: string | undefined, tags: readonly Tag[] = []): Line[] {
  const prefix = id?.slice(0, id.indexOf('-')) ?? ''
  return tags.map(({ Key, Value }) => ['TAG', typesByPrefix[prefix], id, Key, Value])
}
