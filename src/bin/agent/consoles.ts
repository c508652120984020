import { join } from 'node:path'
import { openSpecFile } from '../../host/spec-file.ts'
import { hostsOf, type Paths, requireSettings } from '../settings.ts'

/** The file that an instance's console goes to, by the specs that the agents keep. */
export async function readConsoleIndex(paths: Paths, instance: string): Promise<string | undefined> {
  for (const { id } of hostsOf(await requireSettings(paths))) {
    const spec = await openSpecFile(join(paths.host(id), 'spec.json')).read()
    const domain = spec?.domains.find((it) => it.instance === instance)
    if (domain) return join(paths.host(id), 'domains', domain.id, 'console.log')
  }
  return undefined
}
