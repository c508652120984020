import { chmod, stat } from 'node:fs/promises'
import { systemCode } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'

export interface Confinement {
  /** User and group. */
  readonly user: number
  /** Groups that devices are open to. */
  readonly groups: readonly number[]
  /** Network namespace; absent: one of its own, without any device. */
  readonly namespace?: string
}

/**
 * The command as an unprivileged user who can't become another one, in a network namespace. Each program replaces the one
 * before it: the process keeps its number.
 * Source: nsenter(1), unshare(1), setpriv(1).
 */
export function confined(command: readonly string[], { user, groups, namespace }: Confinement): string[] {
  const network = namespace === undefined ? ['unshare', '--net'] : ['nsenter', `--net=/run/netns/${namespace}`]
  const groupArguments = groups.length === 0 ? ['--clear-groups'] : ['--groups', groups.join(',')]
  const identity = ['--reuid', `${user}`, '--regid', `${user}`, ...groupArguments]
  const powers = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all']
  return [...network, 'setpriv', ...identity, ...powers, ...command]
}

/**
 * Groups that an unprivileged user needs to open these devices. One that only root may open is given the mode that udev
 * gives it: without udev, as in a container, nobody has. Opening them is no power: a tap has an owner.
 * Source: systemd, rules.d/50-udev-default.rules.in (`KERNEL=="tun", MODE="0666"`; `KERNEL=="kvm"`, 0666 by default).
 */
export async function groupsFor(devices: readonly string[], log: Log): Promise<number[]> {
  const groups = new Set<number>()
  for (const device of devices) {
    const group = await groupFor(device, log)
    if (group !== undefined) groups.add(group)
  }
  return [...groups]
}

async function groupFor(device: string, log: Log): Promise<number | undefined> {
  try {
    const { mode, gid } = await stat(device)
    if ((mode & 0o006) === 0o006) return undefined
    if ((mode & 0o060) === 0o060 && gid !== 0) return gid
    log.warn({ device }, 'only root could open the device: it gets the mode that udev gives it')
    await chmod(device, 0o666)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error // Who needs it will say that it is missing.
  }
  return undefined
}
