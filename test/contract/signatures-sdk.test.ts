import { CreateTagsCommand, DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { expect, test } from 'vitest'
import { expired, longLived, openDoor, temporary } from './loopback-door.ts'

/** A client of the official SDK. */
function ec2(
  endpoint: string,
  key: { accessKeyId: string; secret: string; sessionToken?: string } = longLived,
  region = 'us-west-2',
) {
  return new EC2Client({ endpoint, region, maxAttempts: 1, credentials: { ...key, secretAccessKey: key.secret } })
}

test('the official SDK is let in, and its scope reported', async () => {
  await using door = await openDoor()
  const { Regions } = await ec2(door.url).send(new DescribeRegionsCommand({}))
  expect(Regions).toEqual([{ RegionName: 'us-west-2' }])
  expect(door.asked[0]).toMatchObject({
    ...{ service: 'ec2', action: 'DescribeRegions', version: '2016-11-15', protocol: 'query', params: [] },
    caller: { account: '123456789012', user: 'alice', accessKeyId: longLived.accessKeyId },
    signature: { scheme: 'sigv4', scope: { region: 'us-west-2', service: 'ec2' } },
  })
})

test('parameters arrive as the SDK sent them, whatever characters they have', async () => {
  await using door = await openDoor()
  const Value = 'a b+c&d=e%2F é 漢字 🙂 \n\t"<>~*\'()!'
  await ec2(door.url).send(new CreateTagsCommand({ Resources: ['i-1', 'i-2'], Tags: [{ Key: 'k', Value }] }))
  expect(door.asked[0]?.params).toEqual([
    ['ResourceId.1', 'i-1'],
    ['ResourceId.2', 'i-2'],
    ['Tag.1.Key', 'k'],
    ['Tag.1.Value', Value],
  ])
})

test.each(['/services/Eucalyptus', '/services/compute/', '/'])('the SDK may ask under the path %s', async (path) => {
  await using door = await openDoor()
  await ec2(door.url + path).send(new DescribeRegionsCommand({}))
  expect(door.asked[0]?.service).toBe('ec2')
})

test.each(['undefined-123', '0', 'eu-west-1'])('any region in the scope is accepted, as %s', async (region) => {
  await using door = await openDoor()
  await ec2(door.url, longLived, region).send(new DescribeRegionsCommand({}))
  expect(door.asked[0]?.signature.scope?.region).toBe(region)
})

test('STS is told from EC2 by the scope of its requests', async () => {
  await using door = await openDoor()
  const sts = new STSClient({
    ...{ endpoint: door.url, region: 'us-west-2', maxAttempts: 1 },
    credentials: { ...longLived, secretAccessKey: longLived.secret },
  })
  const identity = await sts.send(new GetCallerIdentityCommand({}))
  expect(identity).toMatchObject({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/alice' })
  expect(door.asked[0]).toMatchObject({ service: 'sts', version: '2011-06-15' })
})

test('a temporary key is let in with its own session token alone', async () => {
  await using door = await openDoor()
  await ec2(door.url, temporary).send(new DescribeRegionsCommand({}))
  const forged = ec2(door.url, { ...temporary, sessionToken: 'another' })
  await expect(forged.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({ name: 'AuthFailure' })
  const none = ec2(door.url, { accessKeyId: temporary.accessKeyId, secret: temporary.secret })
  await expect(none.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({ name: 'AuthFailure' })
  expect(door.asked).toHaveLength(1)
})

test('the SDK reads the refusals as errors of EC2', async () => {
  await using door = await openDoor()
  const refusals = [
    ec2(door.url, { ...longLived, secret: 'wrong' }),
    ec2(door.url, { ...longLived, accessKeyId: 'AKIAUNKNOWN' }),
    ec2(door.url, expired),
  ].map((client) => client.send(new DescribeRegionsCommand({})).catch((error: unknown) => error))
  const message = 'AWS was not able to validate the provided access credentials'
  expect(await Promise.all(refusals)).toMatchObject([
    { name: 'AuthFailure', message, $metadata: { httpStatusCode: 401 } },
    { name: 'AuthFailure', message, $metadata: { httpStatusCode: 401 } },
    { name: 'RequestExpired', $metadata: { httpStatusCode: 400 } },
  ])
  expect(door.asked).toEqual([])
})

test('a request id goes out in the header and reaches the application', async () => {
  await using door = await openDoor()
  const { $metadata } = await ec2(door.url).send(new DescribeRegionsCommand({}))
  expect($metadata.requestId).toBe(door.asked[0]?.requestId)
  expect($metadata.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
