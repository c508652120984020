import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesOf, root, textOf } from './project.ts'

const documents = [...filesOf('*.md'), ...filesOf('docs/**/*.md')]

describe.each(documents)('%s', (document) => {
  const text = textOf(document)

  it('leads to files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((it) => it[1] ?? '')
    expect(links.filter((it) => !existsSync(join(root, dirname(document), it)))).toEqual([])
  })

  it('names files that are there', () => {
    const names = [...text.matchAll(/`((?:src|test|scripts|bin|images)\/[\w./*{},-]+)`/g)].map((it) => it[1] ?? '')
    expect(names.filter((it) => !existsSync(join(root, it)) && filesOf(it).length === 0)).toEqual([])
  })
})

describe('docs/adr', () => {
  const pages = filesOf('docs/adr/[0-9]*.md')

  it('has each number once, and each page in the index', () => {
    const numbers = pages.map((it) => Number(/(\d{4})-/.exec(it)?.[1]))
    expect(numbers).toEqual([...new Set(numbers)])
    expect(pages.filter((it) => !textOf('docs/adr/README.md').includes(it.replace('docs/adr/', '')))).toEqual([])
  })

  it.each(pages)('%s says question, forces, decision, consequences and evidence', (page) => {
    const parts = [...textOf(page).matchAll(/^\*\*(\w+)\.\*\*/gm)].map((it) => it[1])
    expect(parts).toEqual(['Question', 'Forces', 'Decision', 'Consequences', 'Evidence'])
  })
})
