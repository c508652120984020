import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf } from './imports.ts'
import { filesOf, isForTests, isNode, type Node, nodesOf, placeOf, publishedFiles, root, textOf } from './project.ts'

const code = filesOf('{src,test,scripts}/**/*.ts')

/** Places of the nodes that are found wrong. */
function wrong(files: readonly string[], test: (node: Node, file: string) => boolean): string[] {
  return files.flatMap((file) =>
    nodesOf(file)
      .filter((it) => test(it, file))
      .map((it) => placeOf(file, it)),
  )
}

describe('code', () => {
  it('has no `any` without a reason', () => {
    expect(wrong(code, (node, file) => node.type === 'TSAnyKeyword' && !hasReason(file, node))).toEqual([])
  })

  it('has no enums and no namespaces', () => {
    expect(wrong(code, ({ type }) => type === 'TSEnumDeclaration' || type === 'TSModuleDeclaration')).toEqual([])
  })

  it('exports nothing by default', () => {
    expect(wrong(code, ({ type }) => type === 'ExportDefaultDeclaration')).toEqual([])
  })

  it('exports nothing that it did not make', () => {
    expect(wrong(code, (node) => /^Export(All|Named)Declaration$/.test(node.type) && isNode(node.source))).toEqual([])
  })

  it('keeps files within 500 lines', () => {
    expect(code.filter((file) => textOf(file).split('\n').length > 500)).toEqual([])
  })

  it('is named by what it is about', () => {
    const named = [...code, ...filesOf('{bin,images}/**')].map((it) => basename(it))
    expect(named.filter((it) => /util|helper|manager|misc|common/i.test(it))).toEqual([])
    const odd = code.filter(
      (it) => !/\/actions\//.test(it) && !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/.test(basename(it)),
    )
    expect(odd).toEqual([])
  })

  it('owes nothing', () => {
    expect(code.filter((file) => /\b(TO|FIX)(DO|ME)\b|\bXXX\b/.test(textOf(file)))).toEqual([])
  })
})

/** Biome's own way to except a line; the reason comes after the colon. */
function hasReason(file: string, { start }: Node): boolean {
  const before = textOf(file).slice(0, start).split('\n').at(-2) ?? ''
  return /biome-ignore lint\/suspicious\/noExplicitAny: \S/.test(before)
}

/** Programs of their own, that a process starts: what they shall do is in their arguments. Of the environment they read nothing. */
const programs = new Set(['src/query/model/extract.ts'])

describe('the environment', () => {
  const floors = code.filter((it) => it.startsWith('src/') && !it.startsWith('src/bin/') && !isForTests(it))

  it('is read in src/bin alone', () => {
    expect(wrong(floors, (node) => isProcess(node, 'env'))).toEqual([])
    expect(wrong(floors, (node) => importsFromProcess(node, 'env'))).toEqual([])
  })

  it('gives its arguments to src/bin, and to programs that are started with them', () => {
    const others = floors.filter((it) => !programs.has(it))
    expect(wrong(others, (node) => isProcess(node, 'argv') || importsFromProcess(node, 'argv'))).toEqual([])
    expect([...programs].filter((it) => !code.includes(it))).toEqual([])
  })
})

describe('time and randomness', () => {
  const floors = code.filter((it) => /^src\/(?!base\/|bin\/|cli\/)/.test(it) && !isForTests(it))

  it('come in as arguments', () => {
    expect(wrong(floors, isClockOrDice)).toEqual([])
  })
})

/** `Date.now()`, `new Date()`, `Math.random()` */
function isClockOrDice({ type, callee, object, property, arguments: given }: Node): boolean {
  if (type === 'NewExpression') return isNamed(callee, 'Date') && (given as Node[]).length === 0
  if (type !== 'MemberExpression') return false
  return (
    (isNamed(object, 'Date') && isNamed(property, 'now')) || (isNamed(object, 'Math') && isNamed(property, 'random'))
  )
}

/** `process.NAME` */
function isProcess({ type, object, property }: Node, name: string): boolean {
  return type === 'MemberExpression' && isNamed(object, 'process') && isNamed(property, name)
}

/** `import { NAME } from 'node:process'` */
function importsFromProcess({ type, source, specifiers }: Node, name: string): boolean {
  if (type !== 'ImportDeclaration' || !isNode(source) || source.value !== 'node:process') return false
  return (specifiers as Node[]).some(({ imported }) => isNamed(imported, name))
}

function isNamed(node: unknown, name: string): boolean {
  return isNode(node) && node.name === name
}

/** Parts of packages for platforms other than Linux with glibc. A registry may lack them; the lockfile must name them all the same. */
function isForElsewhere({ optional, os, libc }: Record<string, unknown>): boolean {
  const isLinux = os === undefined || [os].flat().includes('linux')
  return optional === true && (!isLinux || [libc].flat().includes('musl'))
}

describe('what is published', () => {
  const files = publishedFiles().filter((it) => !/\.(png|ico|gz)$/.test(it))

  it('names no registry, and no path of the machine that it is written on', () => {
    const here = root.split('/').length > 2 ? `${root}/` : undefined
    const telling = (text: string) =>
      /\bregistry\.[a-z]+\.[a-z]+/.test(text) || (here !== undefined && text.includes(here))
    expect(files.filter((it) => telling(textOf(it)))).toEqual([])
  })

  it('locks packages by their digest, wherever they are fetched from', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, Record<string, unknown>>
    }
    const fetched = Object.entries(packages).filter(([path]) => path !== '')
    expect(fetched.filter(([, it]) => 'resolved' in it).map(([path]) => path)).toEqual([])
    const here = fetched.filter(([, it]) => !isForElsewhere(it))
    expect(here.filter(([, it]) => typeof it.integrity !== 'string').map(([path]) => path)).toEqual([])
  })

  it('uses every package that the program depends on, and depends on every package that it uses', () => {
    const { dependencies } = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string> }
    const program = code.filter((it) => it.startsWith('src/') && !isForTests(it))
    const used = program.flatMap((it) => importsOf(it).flatMap(({ package: name }) => name ?? []))
    const packages = new Set(used.filter((it) => !it.startsWith('node:')))
    expect([...packages].sort()).toEqual(Object.keys(dependencies).sort())
  })
})
