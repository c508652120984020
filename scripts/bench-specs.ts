/**
 * Measures what a change costs the control plane, apart from hosts: `node scripts/bench-specs.ts [MEMBERS] [OTHERS]`. MEMBERS guests are in one
 * group of one VPC, OTHERS in a VPC of another account, all on the same six hosts. Milliseconds of CPU, which others' load changes less than time.
 */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  type EC2Client,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { type SpecSource, specsFrom } from '../src/control/hosts/host-spec.ts'
import { keptSpecs } from '../src/control/hosts/kept-scene.ts'
import { alice, bob, TestCloud, testCloud, tinyImage } from '../src/ec2/testing.ts'
import { changeOf } from '../src/host-api/change.ts'

const [members = 1000, others = 0] = process.argv.slice(2).map(Number)
const rounds = 30
const cloud = await TestCloud.open({ ...testCloud, publicPool: { first: '198.18.0.1', last: '198.19.255.254' } })
await cloud.store.transact(({ db }) =>
  db
    .updateTable('hosts')
    .set({ memoryMib: 2 ** 30 })
    .execute(),
)
const client = cloud.client(alice)
const { GroupId } = await client.send(new CreateSecurityGroupCommand({ GroupName: 'bench', Description: 'bench' }))
const rule = {
  GroupId: GroupId!,
  IpPermissions: [{ IpProtocol: 'udp', FromPort: 7, ToPort: 7, UserIdGroupPairs: [{ GroupId: GroupId! }] }],
}
await fill(client, members, [GroupId!])
await fill(cloud.client(bob), others)
const kept = keptSpecs(cloud.store, cloud.cloud)
const hosts = Object.keys(await cloud.generations())
let sent = await specs(kept)
const authorize = () => client.send(new AuthorizeSecurityGroupIngressCommand(rule))
await measure('a rule comes', authorize, () => client.send(new RevokeSecurityGroupIngressCommand(rule)))
await authorize()
await measure('a member comes', () => fill(client, 1, [GroupId!]))
console.log(`all rows read, specs of all hosts: ${(await cpuOf(() => specs(specsFrom(cloud.cloud)))).toFixed(1)}`)
await cloud[Symbol.asyncDispose]()

async function fill(ec2: EC2Client, count: number, SecurityGroupIds?: string[]): Promise<void> {
  for (let rest = count; rest > 0; rest -= 20) {
    const batch = { MinCount: Math.min(20, rest), MaxCount: Math.min(20, rest) }
    const Placement = { AvailabilityZone: `${testCloud.region}${testCloud.zones[((rest / 20) % 3) | 0]}` }
    const input = { ImageId: tinyImage, InstanceType: 't2.nano' as const, ...batch, Placement }
    await ec2.send(new RunInstancesCommand({ ...input, ...(SecurityGroupIds && { SecurityGroupIds }) }))
  }
}

function specs(source: SpecSource) {
  return cloud.store.read((reader) => source(reader, hosts))
}

async function measure(what: string, act: () => Promise<unknown>, undo?: () => Promise<unknown>): Promise<void> {
  let [request, derive, compare, bytes] = [0, 0, 0, 0]
  for (let round = -3; round < rounds; round++) {
    const acting = await cpuOf(act)
    let next = sent
    const deriving = await cpuOf(async () => {
      next = await specs(kept)
    })
    let text = ''
    const comparing = await cpuOf(async () => {
      text = next.map((it, index) => JSON.stringify(changeOf(sent[index]!, it))).join('') // the same hosts
    })
    sent = next
    await undo?.()
    if (undo) sent = await specs(kept)
    if (round < 0) continue // Nothing was compiled before.
    request += acting / rounds
    derive += deriving / rounds
    compare += comparing / rounds
    bytes += text.length / rounds
  }
  const [a, b, c] = [request, derive, compare].map((it) => it.toFixed(1))
  console.log(
    `${what}: request and codec ${a}, specs ${b}, differences ${c}; ${bytes.toFixed(0)} bytes for ${hosts.length} hosts`,
  )
}

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
