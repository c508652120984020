import type { MetadataTree } from './metadata-tree.ts'

type Directory = { [name: string]: string | Directory }

/** A tree of paths (`meta-data/ami-id`) and what is there; a path that ends with a slash is what its directory lists. */
export function treeOf(texts: Readonly<Record<string, string>>): MetadataTree {
  const tree: Directory = Object.create(null)
  for (const [path, text] of Object.entries(texts)) {
    const names = path.split('/')
    let at = tree
    for (const name of names.slice(0, -1)) {
      at[name] ??= Object.create(null) as Directory
      at = at[name] as Directory // No path leads through a text.
    }
    at[names.at(-1)!] = text // split gives one at least
  }
  return tree
}
