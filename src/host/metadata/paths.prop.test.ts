import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MetadataTree } from '../../host-api/metadata-tree.ts'
import { treeOf } from '../../host-api/testing.ts'
import { find } from './paths.ts'

const name = fc.stringMatching(/^[a-z0-9:.-]{1,6}$/).filter((it) => it !== 'user-data')
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
const tree = fc.dictionary(path, fc.string(), { minKeys: 1, maxKeys: 20 }).map((entries) => {
  const isDirectory = (it: string) => Object.keys(entries).some((other) => other.startsWith(`${it}/`))
  return Object.fromEntries(Object.entries(entries).filter(([it]) => !isDirectory(it)))
})

function walk(shown: { tree: MetadataTree }, directory: string): Record<string, string> {
  const listing = find(shown, directory)
  if (listing?.kind !== 'text') throw new Error(`${directory} has no listing`)
  const entries = listing.text.split('\n').map((it): Record<string, string> => {
    const at = `${directory}${it}`
    if (it.endsWith('/')) return walk(shown, at)
    const file = find(shown, at)
    return { [at]: file?.kind === 'text' ? file.text : 'nothing' }
  })
  return Object.assign({}, ...entries)
}

test('who follows the listings finds every file, and nothing else', () => {
  fc.assert(
    fc.property(tree, (files) => {
      const shown = {
        tree: treeOf(Object.fromEntries(Object.entries(files).map(([at, text]) => [`meta-data/${at}`, text]))),
      }
      const expected = Object.fromEntries(Object.entries(files).map(([at, text]) => [`/latest/meta-data/${at}`, text]))
      expect(walk(shown, '/latest/meta-data/')).toEqual(expected)
    }),
  )
})
