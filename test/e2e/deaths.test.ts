import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  RunInstancesCommand,
  StartInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { identify, sendKill } from '../../src/base/process.ts'
import { seededRandom } from '../../src/base/random.ts'
import { run } from '../../src/base/subprocess.ts'
import { eventually, sshOptions, TestCloud } from './cloud.ts'
import { domainsOf, processesOf } from './leftovers.ts'

const rounds = Number(process.env.CUMULET_DEATHS ?? 4)
const blockBytes = 512
const patienceMs = 120_000
const victims = ['guest', 'agent', 'storage daemon', 'control plane'] as const
type Victim = (typeof victims)[number]

let cloud: TestCloud
let client: EC2Client
let key: string
let instance: string
let volume: string

beforeAll(async () => {
  cloud = await TestCloud.start()
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  client = new EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 })
  const { KeyMaterial } = await client.send(new CreateKeyPairCommand({ KeyName: 'test', KeyType: 'ed25519' }))
  key = join(cloud.data, 'test.pem')
  await writeFile(key, KeyMaterial!, { mode: 0o600 })
  const open = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupName: 'default', IpPermissions: [open] }))
  const { Instances } = await client.send(
    new RunInstancesCommand({
      ImageId: await cloud.image('cumulet-tiny-ebs'),
      ...{ InstanceType: 'm1.small', KeyName: 'test', MinCount: 1, MaxCount: 1 },
      BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, VolumeType: 'gp3' } }],
    }),
  )
  instance = Instances![0]!.InstanceId!
  await becomes('running')
  const { Volumes } = await client.send(
    new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.device', Values: ['/dev/sdf'] }] }),
  )
  volume = Volumes![0]!.VolumeId!
})

afterAll(async () => {
  client?.destroy()
  await cloud?.[Symbol.asyncDispose]()
})

async function described() {
  const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [instance] }))
  return Reservations![0]!.Instances![0]!
}

async function becomes(state: string): Promise<void> {
  await eventually(async () => ((await described()).State!.Name === state ? true : undefined), patienceMs)
}

/** As the guest writes it: the number and its digest, the rest spaces. */
function recordOf(number: number): string {
  const digest = createHash('md5').update(`${number}\n`).digest('hex')
  return `${`${number} ${digest}`.padEnd(blockBytes - 1)}\n`
}

/** How many records there are from the first on. */
function countOf(disk: Buffer): number {
  for (let number = 1; ; number++) {
    const at = (number - 1) * blockBytes
    if (disk.toString('latin1', at, at + blockBytes) !== recordOf(number)) return number - 1
  }
}

/** Writes one record after another from `next` on, and says the number of each that is on disk. */
const writerFrom = (next: number) =>
  `test -b /dev/sdf || exit 1; n=${next}; while true; do ` +
  `printf '%-511s\\n' "$n $(echo $n | md5sum | cut -c 1-32)" | ` +
  `dd of=/dev/sdf bs=${blockBytes} seek=$((n-1)) count=1 conv=notrunc,fsync 2>/dev/null && echo $n || exit 1; ` +
  'n=$((n+1)); done'

/** The machine at the other end goes without a word. */
const noticesDeath = ['-o', 'ServerAliveInterval=2', '-o', 'ServerAliveCountMax=3']

/** A guest's stream of records, begun again whenever it breaks. */
class Stream implements AsyncDisposable {
  acknowledged = 0
  #ended = false
  #ssh: ChildProcess | undefined
  readonly #done: Promise<void> = this.#writeOn()

  async #writeOn(): Promise<void> {
    while (!this.#ended) {
      const { PublicIpAddress: address, State } = await eventually(described, patienceMs)
      if (State!.Name !== 'running' || !address) {
        // It may be stopping yet, or have been started a moment ago.
        await client.send(new StartInstancesCommand({ InstanceIds: [instance] })).catch(() => pause(500))
        continue
      }
      const command = [
        'ssh',
        ...sshOptions,
        ...noticesDeath,
        '-i',
        key,
        `root@${address}`,
        writerFrom(this.acknowledged + 1),
      ]
      this.#ssh = spawn('nsenter', [`--net=/run/netns/${cloud.name}-internet`, ...command], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      for await (const line of createInterface({ input: this.#ssh.stdout! }))
        if (Number(line) === this.acknowledged + 1) this.acknowledged++
    }
  }

  /** Resolves once more has been written than now. */
  async goesOn(): Promise<void> {
    const before = this.acknowledged
    await eventually(async () => (this.acknowledged > before + 1 ? true : undefined), patienceMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#ssh?.kill()
    await this.#done
  }
}

async function kill(victim: Victim, choose: (count: number) => number): Promise<void> {
  if (victim === 'guest') end((await domainsOf(cloud))[0]?.pid)
  if (victim === 'agent') end(await cloud.agentPid())
  if (victim === 'storage daemon') {
    const daemons = (await processesOf(cloud)).filter((it) => it.command.includes('qemu-storage-daemon'))
    end(daemons[choose(daemons.length)]?.pid)
  }
  if (victim === 'control plane') {
    await cloud.end('SIGKILL')
    await cloud.up()
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Whatever it was may have ended by itself a moment ago. */
function end(pid: number | undefined): void {
  const living = pid === undefined ? undefined : identify(pid)
  if (living) sendKill(living)
}

/** As the guest's disk has it, not its memory. Undefined: the answer ended early, as the last page of it may be lost when the program at the other end ends. */
async function countInGuest(atLeast: number): Promise<number | undefined> {
  const { PublicIpAddress: address } = await described()
  const command = `dd if=/dev/sdf bs=${blockBytes} count=${atLeast} iflag=direct 2>/dev/null`
  const disk = Buffer.from(await cloud.ssh(key, address!, command), 'latin1')
  return disk.length < atLeast * blockBytes ? undefined : countOf(disk)
}

/** As a snapshot's files have it, which nobody writes to. */
async function countInSnapshot(id: string): Promise<{ readonly count: number; readonly isPrefix: boolean }> {
  const folder = join(cloud.data, 'snapshots')
  const { chain, layer } = JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')) as {
    readonly chain: string
    readonly layer: number
  }
  const raw = join(cloud.data, 'snapshot.raw')
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', join(folder, chain, `${layer}.qcow2`), raw])
  await using file = await open(raw)
  const { buffer } = await file.read(Buffer.alloc(64 * 2 ** 20), 0, 64 * 2 ** 20, 0)
  await rm(raw)
  const count = countOf(buffer)
  const rest = buffer.subarray(count * blockBytes)
  return { count, isPrefix: rest.equals(Buffer.alloc(rest.length)) }
}

async function snapshot(): Promise<string> {
  const { SnapshotId: id } = await eventually(
    () => client.send(new CreateSnapshotCommand({ VolumeId: volume })),
    patienceMs,
  )
  return id!
}

async function completed(id: string): Promise<void> {
  await eventually(async () => {
    const { Snapshots } = await client.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }))
    return Snapshots![0]!.State === 'completed' ? true : undefined
  }, patienceMs)
}

test('whoever is killed while a guest writes, what it was told is on disk is there, and snapshots hold a prefix of it', {
  timeout: 180_000 + rounds * 60_000,
}, async () => {
  const seed = process.env.VITEST_SEED ?? String(Date.now())
  console.log(`deaths: seed ${seed}, ${rounds} rounds`)
  const random = seededRandom(seed)
  const choose = (count: number) => random.bytes(2).readUInt16BE() % count
  const killed = new Map<Victim, number>()
  await using stream = new Stream()
  for (let round = 0; round < rounds; round++) {
    await stream.goesOn()
    const now = [victims[round % victims.length]!, ...(choose(3) === 0 ? [victims[choose(victims.length)]!] : [])]
    await pause(choose(500))
    const least = stream.acknowledged
    const taken = snapshot()
    taken.catch(() => {}) // It is waited for below.
    await pause(choose(1_000))
    for (const it of new Set(now)) {
      killed.set(it, (killed.get(it) ?? 0) + 1)
      await kill(it, choose)
    }
    await stream.goesOn()
    const acknowledged = stream.acknowledged
    expect(await eventually(() => countInGuest(acknowledged), patienceMs)).toBe(acknowledged)
    const id = await taken
    await completed(id)
    const { count, isPrefix } = await countInSnapshot(id)
    expect(count).toBeGreaterThanOrEqual(least)
    expect(isPrefix).toBe(true)
    if (choose(2) === 0) await eventually(() => client.send(new DeleteSnapshotCommand({ SnapshotId: id })), patienceMs)
  }
  console.log(`deaths: ${stream.acknowledged} records are there; killed ${JSON.stringify(Object.fromEntries(killed))}`)
})
