import { expect, test } from 'vitest'
import { textAt } from '../../host-api/metadata-tree.ts'
import { identityDocument } from './identity-document.ts'
import { type InstanceMetadataFacts, metadataTree } from './tree.ts'

const facts: InstanceMetadataFacts = {
  account: '932234911131',
  architecture: 'x86_64',
  zone: 'us-west-2c',
  zoneId: 'usw2-az3',
  region: 'us-west-2',
  image: 'ami-f33fa9c3',
  instance: 'i-75ade57d',
  type: 'm1.small',
  kernel: 'aki-fc37bacc',
  pendingTime: new Date('2014-04-23T20:11:35.120Z'),
  privateAddress: '172.31.1.172',
  launchIndex: 0,
  reservation: 'r-0123456789abcdef0',
  virtualization: 'paravirtual',
  hypervisor: 'xen',
  hostname: 'ip-172-31-1-172.us-west-2.compute.internal',
  key: { name: 'testkey', publicKey: 'ssh-rsa AAAA testkey' },
  rootDevice: '/dev/sda1',
  blockDevices: { ephemeral0: 'sda2', swap: 'sda3' },
  services: { domain: 'amazonaws.com', partition: 'aws' },
  interfaces: [
    {
      id: 'eni-0123456789abcdef0',
      deviceNumber: 0,
      mac: '02:29:96:8f:6a:2d',
      owner: '932234911131',
      hostname: 'ip-172-31-1-172.us-west-2.compute.internal',
      addresses: [
        {
          address: '172.31.1.172',
          public: { address: '54.187.86.32', hostname: 'ec2-54-187-86-32.us-west-2.compute.amazonaws.com' },
        },
      ],
      groups: [
        { id: 'sg-b07fb3d5', name: 'cs290b' },
        { id: 'sg-f64f9a93', name: 'web' },
      ],
      subnet: { id: 'subnet-d5467793', cidr: '172.31.0.0/20' },
      vpc: { id: 'vpc-94ad41f1', cidrs: ['172.31.0.0/16', '10.1.0.0/16'] },
    },
  ],
}

test('a guest finds its names, addresses and groups', () => {
  const tree = metadataTree(facts)
  expect(textAt(tree, 'meta-data/public-ipv4')).toBe('54.187.86.32')
  expect(textAt(tree, 'meta-data/local-hostname')).toBe('ip-172-31-1-172.us-west-2.compute.internal')
  expect(textAt(tree, 'meta-data/security-groups')).toBe('cs290b\nweb')
  expect(textAt(tree, 'meta-data/block-device-mapping/ami')).toBe('sda1')
  expect(textAt(tree, 'meta-data/block-device-mapping/root')).toBe('/dev/sda1')
  expect(textAt(tree, 'meta-data/block-device-mapping/swap')).toBe('sda3')
  expect(textAt(tree, 'meta-data/placement/availability-zone')).toBe('us-west-2c')
  expect(textAt(tree, 'meta-data/profile')).toBe('default-paravirtual')
})

test('an interface tells its subnet, network and associations', () => {
  const tree = metadataTree(facts)
  const at = 'meta-data/network/interfaces/macs/02:29:96:8f:6a:2d'
  expect(textAt(tree, `${at}/ipv4-associations/54.187.86.32`)).toBe('172.31.1.172')
  expect(textAt(tree, `${at}/subnet-ipv4-cidr-block`)).toBe('172.31.0.0/20')
  expect(textAt(tree, `${at}/vpc-ipv4-cidr-blocks`)).toBe('172.31.0.0/16\n10.1.0.0/16')
  expect(textAt(tree, `${at}/security-group-ids`)).toBe('sg-b07fb3d5\nsg-f64f9a93')
})

test('an interface tells all its addresses, and which public one leads to which', () => {
  const [first] = facts.interfaces
  const second = { address: '172.31.1.9', public: { address: '54.187.86.33', hostname: 'ec2-54-187-86-33' } }
  const third = { address: '172.31.1.10' }
  const tree = metadataTree({ ...facts, interfaces: [{ ...first, addresses: [...first.addresses, second, third] }] })
  const at = `meta-data/network/interfaces/macs/${first.mac}`
  expect(textAt(tree, `${at}/local-ipv4s`)).toBe('172.31.1.172\n172.31.1.9\n172.31.1.10')
  expect(textAt(tree, `${at}/public-ipv4s`)).toBe('54.187.86.32\n54.187.86.33')
  expect(textAt(tree, `${at}/ipv4-associations/54.187.86.33`)).toBe('172.31.1.9')
  expect(textAt(tree, 'meta-data/public-ipv4')).toBe('54.187.86.32')
})

test('what an instance lacks is not in its tree', () => {
  const { key: _key, kernel: _kernel, ...rest } = facts
  const inside = { ...facts.interfaces[0], addresses: [{ address: '172.31.1.172' }] as const }
  const names = JSON.stringify(metadataTree({ ...rest, interfaces: [inside] })).match(/"[^"]*":/g)
  expect(names?.filter((it) => /instance-id"|public|kernel|ramdisk|tags|associations/.test(it))).toEqual([
    '"instance-id":',
  ])
})

test('tags are shown only if they are given', () => {
  expect(textAt(metadataTree({ ...facts, tags: { Name: 'web 1' } }), 'meta-data/tags/instance/Name')).toBe('web 1')
})

test('the public key is listed by its name and served by its number', () => {
  const tree = metadataTree(facts)
  expect(textAt(tree, 'meta-data/public-keys/')).toBe('0=testkey')
  expect(textAt(tree, 'meta-data/public-keys/0/openssh-key')).toBe('ssh-rsa AAAA testkey\n')
})

test('the identity document is printed as EC2 prints it', () => {
  expect(identityDocument({ ...facts, productCodes: ['1abc', '2def'] })).toBe(`{
  "accountId" : "932234911131",
  "architecture" : "x86_64",
  "availabilityZone" : "us-west-2c",
  "billingProducts" : null,
  "devpayProductCodes" : null,
  "marketplaceProductCodes" : [ "1abc", "2def" ],
  "imageId" : "ami-f33fa9c3",
  "instanceId" : "i-75ade57d",
  "instanceType" : "m1.small",
  "kernelId" : "aki-fc37bacc",
  "pendingTime" : "2014-04-23T20:11:35Z",
  "privateIp" : "172.31.1.172",
  "ramdiskId" : null,
  "region" : "us-west-2",
  "version" : "2017-09-30"
}`)
})
