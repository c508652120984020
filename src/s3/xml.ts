/** XML of answers and of requests. */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { escapeAttribute, escapeText } from '../query/xml.ts'
import { refuse } from './errors.ts'

/** An element: its name, then text and elements; what is undefined is left out. */
export type Element = readonly [name: string, ...children: Child[]]
export type Child = Element | string | number | boolean | undefined

export const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** A whole document. */
export function document([name, ...children]: Element, attributes: Readonly<Record<string, string>> = {}): string {
  const written = Object.entries({ xmlns: namespace, ...attributes }).map(
    ([it, value]) => ` ${it}="${escapeAttribute(value)}"`,
  )
  return `${declaration}<${name}${written.join('')}>${children.map(textOf).join('')}</${name}>`
}

export const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'

export function textOf(node: Child): string {
  if (node === undefined) return ''
  if (typeof node !== 'object') return escapeText(String(node))
  const [name, ...children] = node
  const [tag = ''] = name.split(' ') // `Grantee xsi:type="Group"` ends with the name alone.
  return `<${name}>${children.map(textOf).join('')}</${tag}>`
}

/** An element of a request: its text, or its children by name. */
export interface Read {
  readonly text: string
  /** All of that name. */
  all(name: string): Read[]
  /** The text of the first of that name. */
  value(name: string): string | undefined
  attribute(name: string): string | undefined
}

const parser = new XMLParser({
  ignoreAttributes: false,
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: true,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
})

/** The root of the document, which must have this name. A document type is refused: nothing that S3 takes has one. */
export function readXml(text: string, root: string): Read {
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) refuse('MalformedXML')
  const found = asRead([parser.parse(text) as Parsed]).all(root)[0]
  return found ?? refuse('MalformedXML')
}

type Parsed = string | { readonly [name: string]: Parsed[] | string }

function asRead(nodes: readonly Parsed[]): Read {
  const [node = ''] = nodes
  const all = (name: string): Read[] => {
    const children = typeof node === 'object' && Object.hasOwn(node, name) ? node[name] : undefined
    return Array.isArray(children) ? children.map((it) => asRead([it])) : []
  }
  return {
    text: typeof node === 'string' ? node : ownText(node),
    all,
    value: (name) => all(name)[0]?.text,
    attribute: (name) => {
      const value = typeof node === 'object' && Object.hasOwn(node, `@_${name}`) ? node[`@_${name}`] : undefined
      return typeof value === 'string' ? value : undefined
    },
  }
}

function ownText(node: Exclude<Parsed, string>): string {
  const text = Object.hasOwn(node, '#text') ? node['#text'] : ''
  return typeof text === 'string' ? text : ''
}
