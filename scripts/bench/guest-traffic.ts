/** What two real guests send each other: in a cloud on one host and on two, and on a bare bridge; in turn. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../src/base/fault.ts'
import { labGuests } from '../../src/images/testing/lab.ts'
import { eventually, type TestCloud } from '../../test/e2e/cloud.ts'
import { openBridgeLab } from './bridge-lab.ts'
import { bareMachine } from './launch.ts'
import { RealCloud } from './real-cloud.ts'
import { type Summary, summarize } from './statistics.ts'

/** Megabits a second. */
export interface GuestTraffic {
  readonly accelerator: string
  readonly bridge: Summary
  readonly sameHost: Summary
  readonly otherHost: Summary
}

export interface TrafficOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

/** Runs a command in a guest. */
type Shell = (command: string) => Promise<string>

interface Pair {
  readonly from: Shell
  readonly to: Shell
  readonly address: string
}

const megabytes = 24
const port = 5001

export async function measureGuestTraffic({ rounds, say, abort }: TrafficOptions): Promise<GuestTraffic> {
  await using real = await RealCloud.start(abort)
  const machine = await bareMachine(real.paths, abort)
  await using bridge = await openBridgeLab(machine, abort)
  const pairs = { bridge: bridgePair(bridge), ...(await cloudPairs(real.cloud)) }
  const seen = { bridge: [] as number[], sameHost: [] as number[], otherHost: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    for (const name of ['bridge', 'sameHost', 'otherHost'] as const) {
      abort.throwIfAborted()
      const rate = await throughput(pairs[name])
      if (round > 0) seen[name].push(rate) // The first round warms up.
      say(`guests, ${name}: ${rate.toFixed(0)} Mbit/s`)
    }
  }
  return {
    accelerator: machine.accelerator,
    bridge: summarize(seen.bridge),
    sameHost: summarize(seen.sameHost),
    otherHost: summarize(seen.otherHost),
  }
}

function bridgePair(lab: Awaited<ReturnType<typeof openBridgeLab>>): Pair {
  const [one, two] = labGuests
  return {
    from: (command) => lab.ssh(command, one.address),
    to: (command) => lab.ssh(command, two.address),
    address: two.address,
  }
}

/** Two guests in one zone, whose only host they share, and a third in another. */
async function cloudPairs(cloud: TestCloud): Promise<{ sameHost: Pair; otherHost: Pair }> {
  const key = join(cloud.data, 'traffic.pem')
  const made = (await cloud.aws('ec2', 'create-key-pair', '--key-name', 'traffic')) as { KeyMaterial: string }
  await writeFile(key, made.KeyMaterial, { mode: 0o600 })
  const here = await launch(cloud, 'a', 2)
  const there = await launch(cloud, 'b', 1)
  const shell =
    (address: string): Shell =>
    (command) =>
      cloud.ssh(key, address, command)
  const [one, two, three] = [...here, ...there]
  if (!one || !two || !three) throw new Fault('three guests were wanted')
  for (const it of [one, two, three]) await eventually(() => shell(it.publicAddress)('true'), 120_000)
  const pair = (to: typeof one): Pair => ({
    from: shell(one.publicAddress),
    to: shell(to.publicAddress),
    address: to.privateAddress,
  })
  return { sameHost: pair(two), otherHost: pair(three) }
}

async function launch(cloud: TestCloud, zone: string, count: number) {
  const place = ['--placement', `AvailabilityZone=${(await cloud.profile()).region}${zone}`, '--key-name', 'traffic']
  const asked = ['--image-id', await cloud.image(), '--instance-type', 'm1.small', '--count', String(count), ...place]
  const { Instances } = (await cloud.aws('ec2', 'run-instances', ...asked)) as {
    Instances: { PublicIpAddress: string; PrivateIpAddress: string }[]
  }
  return Instances.map((it) => ({ publicAddress: it.PublicIpAddress, privateAddress: it.PrivateIpAddress }))
}

/** Megabits a second of one TCP connection, by the sender's own clock, until the receiver has all of it. */
async function throughput({ from, to, address }: Pair): Promise<number> {
  // A nc that hears nothing at its input hangs up: it gets one that stays open.
  await to(`(sleep 60 | nc -l -p ${port} >/dev/null 2>&1) >/dev/null 2>&1 &`)
  const send = `dd if=/dev/zero bs=65536 count=${megabytes * 16} 2>/dev/null | nc ${address} ${port}`
  const said = await from(`read a rest </proc/uptime; ${send} || exit 1; read b rest </proc/uptime; echo $a $b`)
  const [begun = 0, ended = 0] = said.trim().split(' ').map(Number)
  if (!(ended > begun)) throw new Fault(`no time passed: ${said}`)
  return (megabytes * 2 ** 20 * 8) / 1e6 / (ended - begun)
}
