/** Clients as they are, from packages of Debian, read the metadata of a guest. Where a client is not installed, it is not asked. */

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { seededRandom } from '../../src/base/random.ts'
import { run } from '../../src/base/subprocess.ts'
import { type InstanceMetadataFacts, metadataTree } from '../../src/control/metadata/tree.ts'
import { MetadataServer } from '../../src/host/metadata/server.ts'
import { tokensOf } from '../../src/host/metadata/tokens.ts'
import type { MetadataTree } from '../../src/host-api/metadata-tree.ts'
import type { MetadataSpec } from '../../src/host-api/spec.ts'

const python = '/usr/bin/python3'
const has = async (modules: string) => {
  try {
    await run(python, ['-c', `import ${modules}`])
    return true
  } catch {
    return false // Not installed, which is an answer.
  }
}
const [hasBotocore, hasCloudInit] = await Promise.all([has('botocore.utils'), has('cloudinit.sources.DataSourceEc2')])

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl testkey'
const mac = '02:29:96:8f:6a:2d'
const userData = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe, 0x0a])
const facts: InstanceMetadataFacts = {
  account: '932234911131',
  architecture: 'x86_64',
  zone: 'us-west-2c',
  zoneId: 'usw2-az3',
  region: 'us-west-2',
  image: 'ami-f33fa9c3',
  instance: 'i-75ade57d',
  type: 'm1.small',
  pendingTime: new Date('2014-04-23T20:11:35.000Z'),
  privateAddress: '172.31.1.172',
  launchIndex: 0,
  reservation: 'r-0123456789abcdef0',
  virtualization: 'hvm',
  hypervisor: 'nitro',
  hostname: 'ip-172-31-1-172.us-west-2.compute.internal',
  key: { name: 'testkey', publicKey },
  rootDevice: '/dev/sda1',
  blockDevices: { ephemeral0: 'sda2' },
  services: { domain: 'amazonaws.com', partition: 'aws' },
  interfaces: [
    {
      id: 'eni-0123456789abcdef0',
      deviceNumber: 0,
      mac,
      owner: '932234911131',
      hostname: 'ip-172-31-1-172.us-west-2.compute.internal',
      addresses: [
        {
          address: '172.31.1.172',
          public: { address: '54.187.86.32', hostname: 'ec2-54-187-86-32.us-west-2.compute.amazonaws.com' },
        },
      ],
      groups: [{ id: 'sg-b07fb3d5', name: 'cs290b' }],
      subnet: { id: 'subnet-d5467793', cidr: '172.31.0.0/20' },
      vpc: { id: 'vpc-94ad41f1', cidrs: ['172.31.0.0/16'] },
    },
  ],
}

/** Serves one guest, who is this machine on its loopback. */
async function open(over: Partial<MetadataSpec> = {}, tree: MetadataTree = {}) {
  const shown = metadataTree(facts)
  const metadata: MetadataSpec = {
    enabled: true,
    tokens: 'required',
    hopLimit: 1,
    tree: { ...shown, 'meta-data': { ...(shown['meta-data'] as MetadataTree), ...tree } },
    userData: userData.toString('base64'),
    ...over,
  }
  const server = new MetadataServer({
    guestAt: () => ({ id: 'eni-0123456789abcdef0', metadata }),
    tokens: tokensOf(Buffer.alloc(32, 1), seededRandom('clients')),
    clock: systemClock,
    log: silentLog,
  })
  const listener = createServer().listen(0, '127.0.0.1')
  server.serve('vpc-94ad41f1', listener)
  await once(listener, 'listening')
  const close = () => {
    server[Symbol.dispose]()
    listener.close()
  }
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, close }
}

async function serve(over?: Partial<MetadataSpec>, tree?: MetadataTree): Promise<string> {
  const { url, close } = await open(over, tree)
  onTestFinished(close)
  return url
}

async function ask(script: string, url: string): Promise<unknown> {
  const env = { ...process.env, no_proxy: '*', AWS_EC2_METADATA_DISABLED: 'false', AWS_CONFIG_FILE: '/dev/null' }
  return JSON.parse(await run(python, ['-c', script, url], { env }))
}

describe.runIf(hasBotocore)('botocore', () => {
  const region = `
import json, sys
from botocore.utils import InstanceMetadataRegionFetcher
print(json.dumps(InstanceMetadataRegionFetcher(base_url=sys.argv[1], timeout=5, num_attempts=1).retrieve_region()))`
  const role = `
import json, sys
from botocore.utils import InstanceMetadataFetcher
print(json.dumps(InstanceMetadataFetcher(base_url=sys.argv[1], timeout=5, num_attempts=1).retrieve_iam_role_credentials()))`

  test.each(['optional', 'required'] as const)('finds its region where tokens are %s', async (tokens) => {
    expect(await ask(region, await serve({ tokens }))).toBe('us-west-2')
  })

  test('learns that the instance has no role', async () => {
    expect(await ask(role, await serve())).toEqual({})
  })

  test('reads the credentials of a role, once there is one', async () => {
    const credentials = { AccessKeyId: 'A', SecretAccessKey: 'S', Token: 'T', Expiration: '2030-01-01T00:00:00Z' }
    const url = await serve({}, { iam: { 'security-credentials': { web: JSON.stringify(credentials) } } })
    expect(await ask(role, url)).toMatchObject({ role_name: 'web', access_key: 'A', secret_key: 'S', token: 'T' })
  })

  test('finds nothing where the service is disabled', async () => {
    expect(await ask(region, await serve({ enabled: false }))).toBeNull()
  })
})

describe.runIf(hasCloudInit)('cloud-init', () => {
  /** Its EC2 data source, told that the machine is one of AWS; everything else is its own. */
  const crawl = `
import base64, json, sys
from cloudinit import helpers, sources
from cloudinit.distros import ubuntu
from cloudinit.sources import DataSourceEc2 as ec2
paths = helpers.Paths({"cloud_dir": "/nonexistent", "run_dir": "/nonexistent"})
source = ec2.DataSourceEc2({"datasource": {"Ec2": {"metadata_urls": [sys.argv[1]], "max_wait": 5, "timeout": 5}}},
                           ubuntu.Distro("ubuntu", {}, paths), paths)
source._cloud_name = ec2.CloudNames.AWS
crawled = source.crawl_metadata()
source.metadata, source.identity = crawled["meta-data"], crawled["dynamic"]["instance-identity"]["document"]
print(json.dumps({"crawled": crawled, "version": source.get_metadata_api_version(), "keys": source.get_public_ssh_keys(),
                  "id": source.get_instance_id(), "zone": source.availability_zone, "region": source.region},
                 default=lambda it: base64.b64encode(it).decode()))`
  let seen: Record<string, unknown> & { crawled: Record<string, Record<string, unknown>> }

  beforeAll(async () => {
    const server = await open()
    seen = (await ask(crawl, server.url)) as typeof seen
    server.close()
  })

  test('prefers the newest version that it knows', () => expect(seen.version).toBe('2021-03-23'))

  test('identifies the instance and its place', () => {
    expect(seen).toMatchObject({ id: 'i-75ade57d', zone: 'us-west-2c', region: 'us-west-2' })
  })

  test('finds the key for the default user', () => expect(seen.keys).toEqual([publicKey]))

  test('reads user data byte for byte', () => {
    expect(seen.crawled['user-data']).toBe(userData.toString('base64'))
  })

  test('crawls the whole tree', () => {
    expect(seen.crawled['meta-data']).toMatchObject({
      'ami-id': 'ami-f33fa9c3',
      'block-device-mapping': { ami: 'sda1', root: '/dev/sda1', ephemeral0: 'sda2' },
      'local-hostname': 'ip-172-31-1-172.us-west-2.compute.internal',
      network: { interfaces: { macs: { [mac]: { 'device-number': '0', 'vpc-id': 'vpc-94ad41f1' } } } },
      placement: { 'availability-zone': 'us-west-2c' },
      'public-ipv4': '54.187.86.32',
    })
  })
})
