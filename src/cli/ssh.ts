/** The command line that logs into an instance from the cloud's own internet. */
import type { Instance } from '@aws-sdk/client-ec2'
import { Fault } from '../base/fault.ts'

export interface Login {
  /** The cloud's name: its internet is the network namespace `NAME-internet`. */
  readonly cloud: string
  readonly instance: Pick<Instance, 'InstanceId' | 'PublicIpAddress'>
  /** Private keys to try, in order. */
  readonly keys: readonly string[]
  /** Default: root. */
  readonly user?: string
  /** Where host keys are remembered; by default in the user's own file. */
  readonly knownHosts?: string
  /** What to run there instead of a shell. */
  readonly command?: readonly string[]
}

/**
 * `ip netns exec NAME-internet ssh …`, as an argument list. Host keys are remembered by instance id: a public address
 * belongs to another instance tomorrow, whose keys are rightly others. Source: ssh_config(5), HostKeyAlias.
 */
export function sshCommand({ cloud, instance, keys, user = 'root', knownHosts, command = [] }: Login): string[] {
  const { InstanceId: id, PublicIpAddress: address } = instance
  if (id === undefined || address === undefined) throw new Fault(`${id ?? 'The instance'} has no public address`)
  const options = [
    `HostKeyAlias=${id}`,
    'StrictHostKeyChecking=accept-new',
    ...(keys.length > 0 ? ['IdentitiesOnly=yes'] : []),
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${knownHosts}`]),
  ]
  return [
    ...['ip', 'netns', 'exec', `${cloud}-internet`, 'ssh'],
    ...keys.flatMap((key) => ['-i', key]),
    ...options.flatMap((option) => ['-o', option]),
    `${user}@${address}`,
    ...command,
  ]
}
