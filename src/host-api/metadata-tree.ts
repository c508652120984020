/**
 * What a directory of the metadata service holds, by name: texts, and directories. Under the empty name is what it lists, where that is
 * not the names in it (`public-keys`: `0=testkey`).
 */
export interface MetadataTree {
  readonly [name: string]: string | MetadataTree
}

/** What is at the path: `['meta-data', 'ami-id']`. */
export function entryAt(tree: MetadataTree, path: readonly string[]): string | MetadataTree | undefined {
  let at: string | MetadataTree | undefined = tree
  for (const name of path) at = typeof at === 'object' && Object.hasOwn(at, name) ? at[name] : undefined
  return at
}

/** The text at `meta-data/ami-id`; nothing where there is none. */
export function textAt(tree: MetadataTree, path: string): string | undefined {
  const found = entryAt(tree, path.split('/'))
  return typeof found === 'string' ? found : undefined
}
