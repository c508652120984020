/** The actions of EC2 as boto3 and the AWS CLI use them, over HTTP to a free port of 127.0.0.1; hosts are rows. */
import { existsSync } from 'node:fs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { run } from '../../src/base/subprocess.ts'
import { TestCloud, tinyImage } from '../../src/ec2/testing.ts'
import type { Application } from '../../src/iam/api-request.ts'
import { type LoopbackDoor, longLived, openDoor } from './loopback-door.ts'

// Each Python start takes seconds where guests use the same cores.
vi.setConfig({ testTimeout: 180_000 })

const hasBoto = existsSync('/usr/lib/python3/dist-packages/boto3')
const hasCli = existsSync('/usr/bin/aws')

let cloud: TestCloud
let door: LoopbackDoor
beforeEach(async () => {
  cloud = await TestCloud.open()
  const application: Application = {
    async handle({ action, version, params }) {
      const { status, body } = await cloud.query([['Action', action], ['Version', version], ...params])
      return { status, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body }
    },
  }
  door = await openDoor({ application })
})
afterEach(async () => {
  await door[Symbol.asyncDispose]()
  await cloud[Symbol.asyncDispose]()
})

const env: NodeJS.ProcessEnv = {
  ...{ PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/nonexistent', AWS_MAX_ATTEMPTS: '1', AWS_PAGER: '' },
  ...{ AWS_ACCESS_KEY_ID: longLived.accessKeyId, AWS_SECRET_ACCESS_KEY: longLived.secret },
  ...{ AWS_DEFAULT_REGION: 'us-west-2', AWS_EC2_METADATA_DISABLED: 'true' },
}
const boto = (script: string) => run('/usr/bin/python3', ['-c', script, door.url], { env })
const aws = async (...args: string[]) =>
  (await run('/usr/bin/aws', ['--endpoint-url', door.url, '--output', 'text', 'ec2', ...args], { env })).trim()

test.runIf(hasBoto)("boto3's resources launch, tag, look at, protect and end an instance", async () => {
  const script = `
import base64, boto3, sys
from botocore.exceptions import ClientError
ec2 = boto3.resource('ec2', endpoint_url=sys.argv[1])
image = next(iter(ec2.images.filter(Owners=['amazon'])))
key = ec2.create_key_pair(KeyName='testkey', KeyType='ed25519')
print(key.key_material.splitlines()[0])
group = ec2.create_security_group(GroupName='web', Description='web')
group.authorize_ingress(IpProtocol='tcp', FromPort=22, ToPort=22, CidrIp='0.0.0.0/0')
group.reload()
print(group.ip_permissions[0]['FromPort'], group.ip_permissions_egress[0]['IpProtocol'])
a, b = ec2.create_instances(ImageId=image.id, MinCount=2, MaxCount=2, KeyName=key.name, SecurityGroupIds=[group.id], UserData='#!/bin/sh')
a.create_tags(Tags=[{'Key': 'Name', 'Value': 'f\\u00fcr & <dich>'}])
a.reload()
print(a.state['Name'], a.tags, a.security_groups[0]['GroupName'], a.key_name, a.public_dns_name.startswith('ec2-'), a.vpc.is_default, a.subnet.state)
print(base64.b64decode(a.describe_attribute(Attribute='userData')['UserData']['Value']).decode())
print(a.console_output().get('Output'), [v.id for v in a.volumes.all()], len(list(ec2.network_interfaces.all())))
a.modify_attribute(DisableApiTermination={'Value': True})
for ask in a.terminate, a.stop, group.delete:
    try: ask()
    except ClientError as e: print(e.response['Error']['Code'])
a.modify_attribute(Groups=[next(iter(ec2.security_groups.filter(GroupNames=['default']))).id])
a.modify_attribute(DisableApiTermination={'Value': False})
print([it['CurrentState']['Name'] for it in a.terminate()['TerminatingInstances']])
print(len(list(ec2.instances.filter(Filters=[{'Name': 'instance-state-name', 'Values': ['pending']}]))))
`
  expect((await boto(script)).trim().split('\n')).toEqual([
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    '22 -1',
    "pending [{'Key': 'Name', 'Value': 'für & <dich>'}] web testkey True True available",
    '#!/bin/sh',
    ' [] 2',
    'OperationNotPermitted',
    'UnsupportedOperation',
    'DependencyViolation',
    "['shutting-down']",
    '1',
  ])
})

test.runIf(hasBoto)("boto3's waiters and pages come to an end", async () => {
  const script = `
import boto3, sys
ec2 = boto3.client('ec2', endpoint_url=sys.argv[1])
ids = [it['InstanceId'] for it in ec2.run_instances(ImageId='${tinyImage}', MinCount=12, MaxCount=12)['Instances']]
ec2.get_waiter('instance_exists').wait(InstanceIds=ids)
ec2.get_waiter('security_group_exists').wait(GroupNames=['default'])
ec2.get_waiter('image_available').wait(ImageIds=['${tinyImage}'])
pages = ec2.get_paginator('describe_instances').paginate(PaginationConfig={'PageSize': 5})
found = [i['InstanceId'] for page in pages for r in page['Reservations'] for i in r['Instances']]
print(sorted(found) == sorted(ids), len(found))
`
  expect(await boto(script)).toBe('True 12\n')
})

test.runIf(hasCli)('the AWS CLI launches, and reads what it launched', async () => {
  const tags = 'ResourceType=instance,Tags=[{Key=Name,Value=web}]'
  const id = await aws(
    'run-instances',
    '--image-id',
    tinyImage,
    '--tag-specifications',
    tags,
    '--query',
    'Instances[0].InstanceId',
  )
  const { domainId } = await cloud.run(id)
  cloud.consoles.set(domainId, 'Linux version 6.1\nlogin: ')
  expect(await aws('get-console-output', '--instance-id', id, '--query', 'Output')).toBe('Linux version 6.1\nlogin:')
  expect(await aws('describe-instance-status', '--query', 'InstanceStatuses[].InstanceStatus.Status')).toBe('ok')
  const named = await aws(
    'describe-instances',
    '--filters',
    'Name=tag:Name,Values=w*',
    '--query',
    'Reservations[].Instances[].State.Name',
  )
  expect(named).toBe('running')
})
