/** A cloud's volumes as a client has them, timed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { eventually, type TestCloud } from '../../test/e2e/cloud.ts'
import { type GuestShell, inGuest } from './guest-shell.ts'
import { call, type Params, type Target } from './requests.ts'
import { now } from './stages.ts'

export interface CloudGuest {
  readonly id: string
  readonly shell: GuestShell
}

const lookEveryMs = 5
const patienceMs = 120_000

export class Ebs {
  readonly #cloud: TestCloud
  readonly #target: Target
  readonly #zone: string
  readonly #abort: AbortSignal

  static async open(cloud: TestCloud, abort: AbortSignal): Promise<Ebs> {
    const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
    const credentials = { accessKeyId, secret: secretAccessKey }
    return new Ebs(cloud, { port: Number(new URL(endpoint).port), region, credentials }, abort)
  }

  private constructor(cloud: TestCloud, target: Target, abort: AbortSignal) {
    this.#cloud = cloud
    this.#target = target
    this.#zone = `${target.region}a`
    this.#abort = abort
  }

  ask(params: Params): Promise<string> {
    this.#abort.throwIfAborted()
    return call(this.#target, params)
  }

  /** An instance that lets us in. */
  async launch(type: string): Promise<CloudGuest> {
    const made = await this.#cloud.aws('ec2', 'create-key-pair', '--key-name', 'bench', '--key-type', 'ed25519')
    const key = join(this.#cloud.data, 'bench.pem')
    await writeFile(key, String(made.KeyMaterial), { mode: 0o600 })
    const open = ['--group-name', 'default', '--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
    await this.#cloud.aws('ec2', 'authorize-security-group-ingress', ...open)
    const counts = { MinCount: '1', MaxCount: '1', KeyName: 'bench', 'Placement.AvailabilityZone': this.#zone }
    const asked = { Action: 'RunInstances', ImageId: await this.#cloud.image(), InstanceType: type, ...counts }
    const answer = await this.ask(asked)
    const shell = { namespace: `${this.#cloud.name}-internet`, key, address: field(answer, 'ipAddress') }
    await eventually(() => inGuest(shell, 'echo in'), patienceMs)
    return { id: field(answer, 'instanceId'), shell }
  }

  async create(params: Params): Promise<string> {
    const id = field(await this.ask({ Action: 'CreateVolume', AvailabilityZone: this.#zone, ...params }), 'volumeId')
    await this.#until({ Action: 'DescribeVolumes', 'VolumeId.1': id }, /<status>available</)
    return id
  }

  attach(volume: string, { id }: CloudGuest, device: string): Promise<string> {
    return this.ask({ Action: 'AttachVolume', VolumeId: volume, InstanceId: id, Device: device })
  }

  async detach(volume: string): Promise<void> {
    await this.#until({ Action: 'DescribeVolumes', 'VolumeId.1': volume }, /<status>attached</)
    await this.ask({ Action: 'DetachVolume', VolumeId: volume })
    await this.#until({ Action: 'DescribeVolumes', 'VolumeId.1': volume }, /<status>available</)
  }

  async remove(volume: string): Promise<void> {
    await this.ask({ Action: 'DeleteVolume', VolumeId: volume })
  }

  /** Milliseconds until the call was answered, and until the snapshot was complete. */
  async snapshot(
    volume: string,
  ): Promise<{ readonly id: string; readonly answeredMs: number; readonly completedMs: number }> {
    const asked = now()
    const id = field(await this.ask({ Action: 'CreateSnapshot', VolumeId: volume }), 'snapshotId')
    const answered = now()
    await this.#until({ Action: 'DescribeSnapshots', 'SnapshotId.1': id }, /<status>completed</)
    return { id, answeredMs: answered - asked, completedMs: now() - asked }
  }

  async #until(look: Params, seen: RegExp): Promise<void> {
    for (const end = now() + patienceMs; now() < end; await pause(lookEveryMs, undefined, { signal: this.#abort }))
      if (seen.test(await this.ask(look))) return
    throw new Fault(`${look.Action} never said ${seen.source}`)
  }
}

function field(xml: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]*)<`).exec(xml)?.[1]
  if (found === undefined) throw new Fault(`the answer has no ${name}`)
  return found
}
