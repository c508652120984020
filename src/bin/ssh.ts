/** `cumulet ssh`: asks for the instance's address and logs in from the internet's side of the edge. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { DescribeInstancesResult, Instance } from '@aws-sdk/client-ec2'
import { Fault } from '../base/fault.ts'
import { connect } from '../cli/client.ts'
import { sshCommand } from '../cli/ssh.ts'
import { localProfile } from '../cli/target.ts'
import { type Paths, requireSettings } from './settings.ts'

export interface SshOptions {
  /** `i-…` or `USER@i-…`. */
  readonly instance: string
  readonly command: readonly string[]
  readonly identity?: string
}

/** The answer is ssh's exit status. */
export async function ssh(paths: Paths, { instance, command, identity }: SshOptions): Promise<number> {
  const settings = await requireSettings(paths)
  const [user, id] = instance.includes('@') ? instance.split('@') : [undefined, instance]
  const [program, ...args] = sshCommand({
    cloud: settings.name,
    instance: await find(paths, id ?? ''),
    keys: identity === undefined ? [] : [identity],
    ...(user !== undefined && { user }),
    knownHosts: join(paths.data, 'known_hosts'),
    command,
  })
  const child = spawn(program!, args, { stdio: 'inherit' }) // sshCommand begins with its program
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 255
}

async function find(paths: Paths, id: string): Promise<Instance> {
  const profile = await localProfile(paths.data)
  if (!profile) throw new Fault(`The cloud in ${paths.data} has not been up yet.`)
  const { endpoint, region, ...keys } = profile
  const ask = await connect({ endpoint, region, keys })
  const [answer] = (await ask('DescribeInstances', { InstanceIds: [id] })) as DescribeInstancesResult[]
  return answer?.Reservations?.[0]?.Instances?.[0] ?? { InstanceId: id }
}
