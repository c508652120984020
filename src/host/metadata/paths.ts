import { entryAt, type MetadataTree } from '../../host-api/metadata-tree.ts'
import type { MetadataSpec } from '../../host-api/spec.ts'

/**
 * The versions that `/` lists. All serve the same tree: what is newer than a version is not hidden from it.
 * Source: an answer of EC2 recorded in 2024.
 */
export const versions = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
  '2011-01-01',
  '2011-05-01',
  '2012-01-12',
  '2014-02-25',
  '2014-11-05',
  '2015-10-20',
  '2016-04-19',
  '2016-06-30',
  '2016-09-02',
  '2018-03-28',
  '2018-08-17',
  '2018-09-24',
  '2019-10-01',
  '2020-10-27',
  '2021-01-03',
  '2021-03-23',
  '2021-07-15',
  '2022-07-09',
  '2022-09-24',
  '2024-04-11',
  'latest',
] as const

const known: ReadonlySet<string> = new Set(versions)

/** What a path leads to. `moved`: it is a directory, and its name ends with a slash. */
export type Found =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'user-data'; readonly bytes: Buffer }
  | { readonly kind: 'moved' }

type Shown = Pick<MetadataSpec, 'tree' | 'userData'>

/**
 * Looks up `path` (`/latest/meta-data/ami-id`, decoded). Directories are newline-separated names without a newline at the end,
 * directories among them with a slash, but not at the top of a version. Empty path segments do not count; a slash behind a
 * file's name does no harm; a directory asked for without it is `moved`, except a version.
 * Source: EC2 User Guide, "Access instance metadata"; uswitch/kiam#116 for the 301.
 */
export function find(shown: Shown, path: string): Found | undefined {
  const [version, ...names] = path.split('/').filter((name) => name !== '')
  if (version === undefined) return { kind: 'text', text: versions.join('\n') }
  if (!known.has(version)) return undefined
  if (names.length === 0) return { kind: 'text', text: topOf(shown).join('\n') }
  return findIn(shown, names, path.endsWith('/'))
}

/** Whether `path` is where tokens are made, in any version. */
export function isTokenPath(path: string): boolean {
  const [version, ...names] = path.split('/').filter((name) => name !== '')
  return version !== undefined && known.has(version) && names.join('/') === 'api/token'
}

function findIn({ tree, userData }: Shown, names: readonly string[], slash: boolean): Found | undefined {
  if (names.length === 1 && names[0] === 'user-data' && userData !== undefined) {
    return { kind: 'user-data', bytes: Buffer.from(userData, 'base64') }
  }
  const found = entryAt(tree, names)
  if (typeof found !== 'object') return found === undefined ? undefined : { kind: 'text', text: found }
  return slash ? { kind: 'text', text: listingOf(found) } : { kind: 'moved' }
}

function listingOf(directory: MetadataTree): string {
  const own = entryAt(directory, [''])
  return typeof own === 'string' ? own : namesIn(directory).join('\n')
}

function namesIn(directory: MetadataTree): string[] {
  return Object.entries(directory)
    .map(([name, entry]) => (typeof entry === 'string' ? name : `${name}/`))
    .sort()
}

function topOf({ tree, userData }: Shown): string[] {
  return [...Object.keys(tree), ...(userData === undefined ? [] : ['user-data'])].sort()
}
