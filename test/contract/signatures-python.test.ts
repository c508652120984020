import { existsSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { run } from '../../src/base/subprocess.ts'
import { expired, longLived, openDoor, temporary } from './loopback-door.ts'

// Each Python start takes seconds where guests use the same cores.
vi.setConfig({ testTimeout: 120_000 })

const python = '/usr/bin/python3'
const hasBoto = existsSync('/usr/lib/python3/dist-packages/boto3')
const hasCli = existsSync('/usr/bin/aws')

/** Only what a client needs, so that no configuration of this machine takes part. */
function environment(key: { accessKeyId: string; secret: string; sessionToken?: string }): NodeJS.ProcessEnv {
  return {
    ...{
      PATH: '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: '/nonexistent',
      AWS_MAX_ATTEMPTS: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    ...{ AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secret, AWS_DEFAULT_REGION: 'us-west-2' },
    ...(key.sessionToken && { AWS_SESSION_TOKEN: key.sessionToken }),
  }
}

const boto = (script: string, url: string, key: Parameters<typeof environment>[0] = longLived) =>
  run(python, ['-c', script, url], { env: environment(key) })

test.runIf(hasBoto)('boto3 is let in, with a permanent and with a temporary key', async () => {
  await using door = await openDoor()
  const script = `
import boto3, sys
print(boto3.client('ec2', endpoint_url=sys.argv[1]).describe_regions()['Regions'][0]['RegionName'])
print(boto3.client('sts', endpoint_url=sys.argv[1]).get_caller_identity()['Account'])
`
  expect(await boto(script, door.url)).toBe('us-west-2\n123456789012\n')
  expect(await boto(script, door.url, temporary)).toBe('us-west-2\n123456789012\n')
})

test.runIf(hasBoto)("boto3's refusals carry EC2's and STS' own codes", async () => {
  await using door = await openDoor()
  const script = `
import boto3, sys
from botocore.exceptions import ClientError
for service, ask in ('ec2', 'describe_regions'), ('sts', 'get_caller_identity'):
    try: getattr(boto3.client(service, endpoint_url=sys.argv[1]), ask)()
    except ClientError as e: print(e.response['Error']['Code'], e.response['ResponseMetadata']['HTTPStatusCode'])
`
  expect(await boto(script, door.url, { ...longLived, secret: 'x' })).toBe(
    'AuthFailure 401\nSignatureDoesNotMatch 403\n',
  )
  expect(await boto(script, door.url, { ...longLived, accessKeyId: 'x' })).toBe(
    'AuthFailure 401\nInvalidClientTokenId 403\n',
  )
  expect(await boto(script, door.url, expired)).toBe('RequestExpired 400\nExpiredToken 403\n')
  expect(door.asked).toEqual([])
})

test.runIf(hasBoto)('what boto3 presigns is let in, by GET and by POST', async () => {
  await using door = await openDoor()
  const script = `
import boto3, sys, urllib.request
for service in 'ec2', 'sts':
    client = boto3.client(service, endpoint_url=sys.argv[1])
    ask = 'describe_regions' if service == 'ec2' else 'get_caller_identity'
    for method in 'GET', 'POST':
        url = client.generate_presigned_url(ask, ExpiresIn=60, HttpMethod=method)
        print(urllib.request.urlopen(urllib.request.Request(url, method=method)).status)
`
  expect(await boto(script, door.url, temporary)).toBe('200\n200\n200\n200\n')
  expect(door.asked.map((it) => [it.service, it.action, it.signature.scheme, it.params])).toEqual([
    ['ec2', 'DescribeRegions', 'sigv4-presigned', []],
    ['ec2', 'DescribeRegions', 'sigv4-presigned', []],
    ['sts', 'GetCallerIdentity', 'sigv4-presigned', []],
    ['sts', 'GetCallerIdentity', 'sigv4-presigned', []],
  ])
})

test.runIf(hasBoto)("botocore's SigV2 is let in by GET and POST, and refused as EC2 refuses it", async () => {
  await using door = await openDoor()
  const script = `
import os, sys, urllib.request, urllib.error
from urllib.parse import urlencode
from botocore.auth import SigV2Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
key = Credentials(os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'], os.environ.get('AWS_SESSION_TOKEN'))
def ask(method, path):
    params = {'Action': 'CreateTags', 'Version': '2009-11-30', 'Tag.1.Key': 'k', 'Tag.1.Value': "a b+c&d=e%2F \\u00e9 \\u6f22~*'()!"}
    url = sys.argv[1] + path
    request = AWSRequest(method, url, **({'data': params} if method == 'POST' else {'params': params}))
    SigV2Auth(key).add_auth(request)
    form = urlencode(params)
    sent = urllib.request.Request(url, form.encode()) if method == 'POST' else url + '?' + form
    try: print(urllib.request.urlopen(sent).status)
    except urllib.error.HTTPError as e: print(e.status, e.read().decode().split('Code>')[1][:-2])
for method in 'GET', 'POST':
    for path in '/', '/services/Eucalyptus/', '/services/compute': ask(method, path)
`
  expect(await boto(script, door.url)).toBe('200\n'.repeat(6))
  expect(door.asked[0]).toMatchObject({ service: 'ec2', version: '2009-11-30', signature: { scheme: 'sigv2' } })
  const params = [
    ['Tag.1.Key', 'k'],
    ['Tag.1.Value', "a b+c&d=e%2F é 漢~*'()!"],
  ]
  expect(door.asked.map((it) => it.params)).toEqual(Array(6).fill(params))
  expect(await boto(script, door.url, temporary)).toBe('200\n'.repeat(6))
  expect(await boto(script, door.url, { ...longLived, secret: 'x' })).toBe('403 SignatureDoesNotMatch\n'.repeat(6))
  expect(await boto(script, door.url, { ...longLived, accessKeyId: 'x' })).toBe('401 AuthFailure\n'.repeat(6))
})

test.runIf(hasCli)('the AWS CLI is let in, and says what EC2 says when it is not', async () => {
  await using door = await openDoor()
  const aws = (key: Parameters<typeof environment>[0]) =>
    run('/usr/bin/aws', ['--endpoint-url', door.url, 'ec2', 'describe-regions', '--output', 'text'], {
      env: environment(key),
    })
  expect(await aws(longLived)).toContain('us-west-2')
  await expect(aws({ ...longLived, secret: 'x' })).rejects.toThrow(
    /An error occurred \(AuthFailure\) when calling .*: AWS was not able to validate the provided access credentials/,
  )
})
