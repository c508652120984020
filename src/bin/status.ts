/** `cumulet status` */
import { type Status, statusPath } from './control/status.ts'
import { endpointNow, othersOf, type Place } from './joining.ts'
import { runningProcess } from './running.ts'
import { type Paths, readSettings } from './settings.ts'

/** Prints what runs. 0 where all is well, 1 where something is not, 3 where nothing runs (as init scripts have it). */
export async function status(paths: Paths, say: (text: string) => void): Promise<number> {
  const settings = await readSettings(paths)
  if (!settings) {
    say(`No cloud in ${paths.data}.`)
    return 3
  }
  const [control, agent] = [await runningProcess(paths.controlState), await runningProcess(paths.agentState)]
  say(`cloud          ${settings.name}, ${settings.region} (${settings.zones.join(', ')}), in ${paths.data}`)
  for (const it of await othersOf({ paths, settings }))
    say(
      `beside it      ${it.settings.region}, ${await endpointNow(it)}, in ${it.paths.data}${isFirst(it) ? ': its accounts and objects' : ''}`,
    )
  say(
    `control plane  ${control ? `pid ${control.pid}, ${control.endpoint}, since ${control.startedAt}` : 'not running'}`,
  )
  say(`agent          ${agent ? `pid ${agent.pid}, since ${agent.startedAt}` : 'not running'}`)
  if (!control?.endpoint) return agent ? 1 : 3
  const answer = await fetch(`${control.endpoint}${statusPath}`, { signal: AbortSignal.timeout(5_000) })
  return report((await answer.json()) as Status, say)
}

function isFirst({ settings }: Place): boolean {
  return settings.join === undefined
}

function report({ hosts, instances, images, domainsStarted, memoryMiB }: Status, say: (text: string) => void): number {
  say(`memory         ${memoryMiB} MiB (control plane)`)
  for (const { id, zone, connected, lost, troubles } of hosts) {
    say(
      `host           ${id} in ${zone}: ${connected ? 'connected' : lost ? 'lost' : 'away'}${troubles.map((it) => `\n               ${it}`).join('')}`,
    )
  }
  say(
    `instances      ${
      Object.entries(instances)
        .map(([state, count]) => `${count} ${state}`)
        .join(', ') || 'none'
    }; ${domainsStarted} ever started`,
  )
  for (const { id, name, state } of images) say(`image          ${id} ${name}: ${state}`)
  return hosts.every((it) => it.connected && it.troubles.length === 0) ? 0 : 1
}
