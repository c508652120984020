/** `cumulet account create NAME`: another account, and what to source in a shell to be it. */

import { readFile } from 'node:fs/promises'
import { Fault } from '../base/fault.ts'
import type { Credentials } from '../control/accounts/accounts.ts'
import { accountsPath } from './control/accounts-route.ts'
import { homeOf } from './joining.ts'
import { sharedBy, shellProfile } from './profiles.ts'
import { endpointOf, type Paths, requireSettings } from './settings.ts'

export async function createAccount(paths: Paths, name: string): Promise<string> {
  const settings = await requireSettings(paths)
  const home = await homeOf({ paths, settings })
  const { secretAccessKey } = JSON.parse(await readFile(home.paths.profile, 'utf8')) as Credentials
  const url = `${endpointOf(home.settings)}${accountsPath}?${new URLSearchParams({ name })}`
  const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${secretAccessKey}` } }).catch(
    (cause: unknown) => {
      throw new Fault('The cloud does not answer: is it up?', { cause })
    },
  )
  if (answer.status === 400) throw new Fault('A name has up to 64 letters, digits, dots, dashes and underscores.')
  if (!answer.ok) throw new Fault(`The cloud answered ${answer.status}.`)
  return shellProfile(paths, settings, (await answer.json()) as Credentials, await sharedBy({ paths, settings }))
}
