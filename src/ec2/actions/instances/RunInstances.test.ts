import { DescribeInstancesCommand, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
beforeAll(async () => {
  cloud = await TestCloud.open()
})
afterAll(() => cloud[Symbol.asyncDispose]())

test('x', async () => {
  const client = cloud.client()
  const out = await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 2 }))
  expect(out.Instances).toHaveLength(2)
  console.log((await client.send(new DescribeInstancesCommand({}))).Reservations![0]!.Instances![0])
})
