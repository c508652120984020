/** Debian as this machine's own apt offers it: its mirror, its release, its day. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../base/fault.ts'
import { run } from '../../base/subprocess.ts'

export interface Archive {
  /** `bookworm` */
  readonly codename: string
  /** `12` */
  readonly version: string
  /** Lines of a sources.list: the release, its updates, its security updates. */
  readonly sources: readonly string[]
  /** When the newest of them was published. */
  readonly date: Date
}

const lists = '/var/lib/apt/lists'

/** Fetches the package lists and says what they are of. Refuses where apt knows no Debian. */
export async function debianArchive(abort: AbortSignal): Promise<Archive> {
  await run('apt-get', ['-q', 'update'], { abort, timeoutMs: 300_000 })
  const format = '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)'
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], { abort })
  const names = (await readdir(lists)).filter((it) => it.endsWith('_InRelease') || it.endsWith('_Release'))
  return archiveFrom(targets, await Promise.all(names.map((it) => readFile(join(lists, it), 'utf8'))))
}

/**
 * From what `apt-get indextargets` prints (a line for each: origin, codename, component, address) and the release files.
 * Source: apt-get(8), "indextargets"; Debian Wiki, "DebianRepository/Format", for Origin, Codename, Version and Date.
 */
export function archiveFrom(indexTargets: string, releases: readonly string[]): Archive {
  const targets = indexTargets
    .split('\n')
    .map((it) => it.split(' '))
    .filter(([origin, , component]) => origin === 'Debian' && component === 'main')
  const ofDebian = releases.filter((it) => field(it, 'Origin') === 'Debian')
  const stable = ofDebian.find((it) =>
    targets.some(([, name]) => name === field(it, 'Codename') && !name.includes('-')),
  )
  if (!stable) throw new Fault('apt on this machine has no Debian among its sources')
  const codename = field(stable, 'Codename')
  const suites = [codename, `${codename}-updates`, `${codename}-security`]
  const sources = targets
    .filter(([, name]) => suites.includes(name ?? ''))
    .map(([, name, , uri]) => `deb ${uri} ${name} main`)
  const dates = ofDebian.filter((it) => suites.includes(field(it, 'Codename'))).map((it) => field(it, 'Date'))
  return {
    codename,
    version: field(stable, 'Version').split('.')[0] ?? '',
    sources: [...new Set(sources)].sort(),
    date: new Date(Math.max(...dates.map((it) => Date.parse(it)))),
  }
}

function field(release: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(release)?.[1] ?? ''
}
