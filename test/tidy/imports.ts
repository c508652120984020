/** What a file imports, types included. */
import { dirname, join } from 'node:path'
import { isNode, type Node, nodesOf } from './project.ts'

export interface Import {
  /** As it is written: `./clock.ts`, `node:fs`, `@aws-sdk/client-ec2`. */
  readonly specifier: string
  /** The file that it names, from the project's root; of a package nothing. */
  readonly file?: string
  /** The package that it names: `kysely`, `node:fs`. */
  readonly package?: string
  /** Gone when the program runs. */
  readonly typeOnly: boolean
}

/** Static and dynamic imports, re-exports and `typeof import('…')`. */
export function importsOf(file: string): Import[] {
  return nodesOf(file).flatMap((node) => {
    const specifier = specifierOf(node)
    return specifier === undefined ? [] : [resolve(file, specifier, isTypeOnly(node))]
  })
}

const importing = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

function specifierOf({ type, source }: Node): string | undefined {
  if (!importing.has(type) || !isNode(source)) return undefined
  return typeof source.value === 'string' ? source.value : undefined
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true
  const { specifiers } = node
  return Array.isArray(specifiers) && specifiers.length > 0 && specifiers.every((it) => it.importKind === 'type')
}

function resolve(from: string, specifier: string, typeOnly: boolean): Import {
  if (specifier.startsWith('.')) return { specifier, typeOnly, file: join(dirname(from), specifier) }
  const parts = specifier.split('/')
  return { specifier, typeOnly, package: specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]! } // split gives one at least
}
