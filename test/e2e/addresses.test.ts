/** Elastic addresses and network interfaces on real guests: seen from the internet, and from inside. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as ec2 from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, sshOptions, TestCloud } from './cloud.ts'
import { nothingLeft } from './leftovers.ts'

let cloud: TestCloud
let client: ec2.EC2Client
let key: string
let subnet: string
/** One with two interfaces from its launch, and one with one. */
let twofold: ec2.Instance
let single: ec2.Instance

beforeAll(async () => {
  cloud = await TestCloud.start()
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  client = new ec2.EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  const { KeyMaterial } = await client.send(new ec2.CreateKeyPairCommand({ KeyName: 'test', KeyType: 'ed25519' }))
  key = join(cloud.data, 'test.pem')
  await writeFile(key, KeyMaterial!, { mode: 0o600 })
  const { SecurityGroups } = await client.send(new ec2.DescribeSecurityGroupsCommand({}))
  const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]
  const GroupId = SecurityGroups![0]!.GroupId!
  await client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
  subnet = (await client.send(new ec2.DescribeSubnetsCommand({}))).Subnets![0]!.SubnetId!
  const nics = [0, 1].map((DeviceIndex) => ({ DeviceIndex, SubnetId: subnet }))
  ;[twofold, single] = await Promise.all([launch({ NetworkInterfaces: nics }), launch({ SubnetId: subnet })])
})

afterAll(async () => {
  client?.destroy()
  await cloud?.[Symbol.asyncDispose]()
})

async function launch(input: Partial<ec2.RunInstancesRequest>): Promise<ec2.Instance> {
  const of = { ImageId: await cloud.image(), KeyName: 'test', MinCount: 1, MaxCount: 1 }
  const { Instances } = await client.send(new ec2.RunInstancesCommand({ ...of, ...input }))
  return eventually(async () => {
    const it = await described(Instances![0]!.InstanceId!)
    return it.State!.Name === 'running' ? it : undefined
  })
}

async function described(id: string): Promise<ec2.Instance> {
  const { Reservations } = await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }))
  return Reservations![0]!.Instances![0]!
}

const nicOf = (it: ec2.Instance, index: number) => it.NetworkInterfaces![index]!
const hostNameOf = (it: ec2.Instance) => it.PrivateDnsName!.split('.')[0]!

async function allocate(): Promise<{ id: string; address: string }> {
  const { AllocationId, PublicIp } = await client.send(new ec2.AllocateAddressCommand({}))
  return { id: AllocationId!, address: PublicIp! }
}

const associate = (it: { id: string }, NetworkInterfaceId: string) =>
  client.send(new ec2.AssociateAddressCommand({ AllocationId: it.id, NetworkInterfaceId }))
/** What a guest says; a connection whose guest was cut off in its middle is tried again. */
const said = (address: string, command: string) =>
  eventually(() => cloud.outside('ssh', [...sshOptions, ...alive, '-i', key, `root@${address}`, command], 10_000))
const alive = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=2']
const isUnreachable = (address: string) =>
  eventually(() =>
    cloud.outside('ping', ['-c', '1', '-W', '1', address]).then(
      () => undefined,
      () => true,
    ),
  )

test('an elastic address leads to a guest, moves to another with nothing left behind, and is given back', async () => {
  const elastic = await allocate()
  const lent = single.PublicIpAddress!
  await said(lent, 'true')
  await associate(elastic, nicOf(single, 0).NetworkInterfaceId!)
  expect(await said(elastic.address, 'uname -n')).toBe(`${hostNameOf(single)}\n`)
  await isUnreachable(lent)
  const asked = 'wget -qO- http://169.254.169.254/latest/meta-data/public-ipv4'
  expect(await cloud.ssh(key, elastic.address, asked)).toBe(elastic.address)

  await using flow = openFlow(elastic.address)
  await flow.heard()
  await associate(elastic, nicOf(twofold, 0).NetworkInterfaceId!)
  expect(await said(elastic.address, 'uname -n')).toBe(`${hostNameOf(twofold)}\n`)
  const heard = flow.count()
  expect(await flow.end).not.toBe(0)
  expect(flow.count()).toBe(heard)

  await client.send(new ec2.DisassociateAddressCommand({ PublicIp: elastic.address }))
  await isUnreachable(elastic.address)
  expect((await described(single.InstanceId!)).PublicIpAddress).toBeUndefined()
  await client.send(new ec2.ReleaseAddressCommand({ AllocationId: elastic.id }))
})

test('interfaces are there from the launch, come to a running guest, and go; each address of each answers', async () => {
  const [toSingle, toSecond, toNew] = [await allocate(), await allocate(), await allocate()]
  await associate(toSingle, nicOf(single, 0).NetworkInterfaceId!)
  await associate(toSecond, nicOf(twofold, 1).NetworkInterfaceId!)
  expect(await said(toSecond.address, 'ip -o -4 addr show dev eth1')).toContain(nicOf(twofold, 1).PrivateIpAddress!)
  const inside = (command: string) => said(toSingle.address, command)
  await inside(`ping -c 1 -W 2 ${nicOf(twofold, 1).PrivateIpAddress}`)

  const create = new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet, SecondaryPrivateIpAddressCount: 1 })
  const { NetworkInterfaceId, PrivateIpAddresses } = (await client.send(create)).NetworkInterface!
  const [primary, secondary] = PrivateIpAddresses!.map((it) => it.PrivateIpAddress!)
  const attach = { NetworkInterfaceId, InstanceId: single.InstanceId, DeviceIndex: 1 }
  const first = await client.send(new ec2.AttachNetworkInterfaceCommand(attach))
  const statusIs = (status: string) =>
    eventually(async () => {
      const describe = new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId!] })
      const [it] = (await client.send(describe)).NetworkInterfaces!
      return (it!.Attachment?.Status ?? it!.Status) === status || undefined
    })
  await statusIs('attached')
  await associate(toNew, NetworkInterfaceId!)
  expect(await said(toNew.address, 'uname -n')).toBe(`${hostNameOf(single)}\n`)
  for (const it of [primary, secondary])
    await said(toSecond.address, `ping -c 1 -W 2 -I ${nicOf(twofold, 0).PrivateIpAddress} ${it}`)
  const macs = 'http://169.254.169.254/latest/meta-data/network/interfaces/macs/'
  expect((await inside(`wget -qO- ${macs}`)).trim().split('\n')).toHaveLength(2)

  // By force it is free at once; it comes again once the guest has let go of the rest, and is there after a reboot.
  await client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId: first.AttachmentId, Force: true }))
  expect(await statusIs('available')).toBe(true)
  const { AttachmentId } = await eventually(() => client.send(new ec2.AttachNetworkInterfaceCommand(attach)))
  await statusIs('attached')
  const boot = 'cat /proc/sys/kernel/random/boot_id'
  const before = await said(toNew.address, boot)
  await client.send(new ec2.RebootInstancesCommand({ InstanceIds: [single.InstanceId!] }))
  await eventually(async () => (await said(toNew.address, boot)) !== before || undefined)

  await client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId }))
  await statusIs('available')
  expect(await inside('ls /sys/class/net')).not.toContain('eth1')
  await client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId }))
  expect(await inside('uname -n')).toBe(`${hostNameOf(single)}\n`)
})

test('nothing is left of instances with several interfaces', async () => {
  const InstanceIds = [single.InstanceId!, twofold.InstanceId!]
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds }))
  await eventually(async () => {
    const states = await Promise.all(InstanceIds.map(async (id) => (await described(id)).State!.Name))
    return states.every((it) => it === 'terminated') || undefined
  })
  const { NetworkInterfaces } = await client.send(new ec2.DescribeNetworkInterfacesCommand({}))
  expect(NetworkInterfaces).toEqual([])
  await nothingLeft(cloud)
})

/** A guest that speaks for as long as it is heard, over one connection. */
function openFlow(address: string) {
  const ssh = ['ssh', ...sshOptions, ...alive, '-i', key, `root@${address}`, 'while echo on; do usleep 20000; done']
  const args = [`--net=/run/netns/${cloud.name}-internet`, ...ssh]
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let lines = 0
  child.stdout.on('data', (chunk: Buffer) => {
    lines += chunk.toString().split('\n').length - 1
  })
  return {
    heard: () => once(child.stdout, 'data'),
    count: () => lines,
    end: once(child, 'exit').then(([code]) => code as number | null),
    [Symbol.asyncDispose]: async () => void child.kill(),
  }
}
