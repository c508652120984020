import { describe, expect, it } from 'vitest'
import { importsOf } from './imports.ts'
import { floors, mapAsText, mayImport } from './map.ts'
import { filesOf, isForTests, textOf } from './project.ts'

const sources = filesOf('src/**/*.ts')
const floorOf = (file: string) => file.split('/')[1] ?? ''

/** Every import of one file of ours by another. */
const edges = sources.flatMap((from) => importsOf(from).flatMap((it) => (it.file ? [{ from, to: it.file }] : [])))

describe('the map', () => {
  it('has every folder of src, and nothing lies outside of a folder', () => {
    expect([...new Set(sources.map(floorOf))].filter((it) => !(it in floors))).toEqual([])
  })

  it('has no circles', () => {
    const names = Object.keys(floors)
    const upward = names.flatMap((from, index) =>
      names
        .slice(0, index)
        .filter((to) => to !== from && mayImport(from, to))
        .map((to) => `${from} imports ${to}`),
    )
    expect(upward).toEqual([])
  })

  it('has no arrow that nothing goes along', () => {
    const used = new Set(edges.map(({ from, to }) => `${floorOf(from)} imports ${floorOf(to)}`))
    const drawn = Object.entries(floors).flatMap(([from, { imports }]) =>
      imports === 'all' ? [] : imports.map((to) => `${from} imports ${to}`),
    )
    expect(drawn.filter((it) => !used.has(it))).toEqual([])
  })

  it('is drawn in ARCHITECTURE.md as it is held here', () => {
    expect(textOf('ARCHITECTURE.md')).toContain(mapAsText())
  })
})

describe('imports', () => {
  it('go down the map, types too', () => {
    const wrong = edges.filter(({ from, to }) => !to.startsWith('src/') || !mayImport(floorOf(from), floorOf(to)))
    expect(wrong.filter(({ to }) => to.startsWith('src/') || !to.endsWith('.json'))).toEqual([])
  })

  it('name files with their ending', () => {
    expect(edges.filter(({ to }) => !/\.(ts|json)$/.test(to))).toEqual([])
  })

  it('take of a driver what its contract says, and of its inside nothing', () => {
    const wrong = edges.filter(({ from, to }) => {
      if (!to.startsWith('src/drivers/') || isForTests(from) || floorOf(from) === 'bin') return false
      const kind = (file: string) => file.split('/').slice(0, 3).join('/')
      const isOpen = kind(to) === 'src/drivers/qemu' || /^src\/drivers\/([^/]+\/driver|[^/]+)\.ts$/.test(to)
      return kind(from) !== kind(to) && !isOpen
    })
    expect(wrong).toEqual([])
  })

  it('keep tests and what they need out of the program', () => {
    expect(edges.filter(({ from, to }) => !isForTests(from) && isForTests(to))).toEqual([])
    const packages = sources
      .filter((it) => !isForTests(it))
      .flatMap((from) => importsOf(from).map((it) => ({ from, of: it.package })))
    expect(packages.filter((it) => it.of === 'vitest' || it.of === 'fast-check')).toEqual([])
  })

  it('load the official clients, of some 90 MB, into no process that lives long', () => {
    const loading = sources
      .filter((it) => !isForTests(it) && floorOf(it) !== 'cli')
      .filter((from) => importsOf(from).some((it) => it.package?.startsWith('@aws-sdk/') && !it.typeOnly))
    expect(loading).toEqual([])
  })
})
