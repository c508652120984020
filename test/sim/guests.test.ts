import { RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { Guests } from '../../src/control/hosts/guests.ts'
import type { Guest } from '../../src/control/instances/guest.ts'
import { TestCloud, tinyImage } from '../../src/ec2/testing.ts'
import type { InstanceId, VpcId } from '../../src/model/ids.ts'

test('what is made of each guest of a VPC is made again of those alone that are others', async () => {
  await using cloud = await TestCloud.open()
  const launch = async (count: number) => {
    const { Instances = [] } = await cloud
      .client()
      .send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: count, MaxCount: count }))
    return Instances.map((it) => it.InstanceId as InstanceId)
  }
  const ids = await launch(3)
  const guests = await cloud.store.read((reader) => Guests.read(reader))
  const refresh = (some: InstanceId[]) => cloud.store.read((reader) => guests.refresh(reader, some))
  const vpc = guests.get(ids[0]!)!.interfaces[0]!.vpcId
  const made: InstanceId[] = []
  const of = ({ instance }: Guest) => {
    made.push(instance.id)
    return [`${instance.id} a`, `${instance.id} b`]
  }
  const each = (together: readonly unknown[] = []) => guests.each(vpc, 'letters', { with: together, of })
  const letters = (some: readonly InstanceId[]) => [...some].sort().flatMap((id) => [`${id} a`, `${id} b`])
  const first = each()
  expect(first).toEqual(letters(ids))
  expect(each()).toBe(first)
  expect(made.splice(0)).toEqual([...ids].sort())

  await refresh([ids[1]!])
  expect(each()).toEqual(letters(ids))
  expect(made.splice(0)).toEqual([ids[1]])

  const more = await launch(2)
  await refresh(more)
  expect(each()).toEqual(letters([...ids, ...more]))
  expect(made.splice(0)).toEqual([...more].sort())

  await cloud.client().send(new TerminateInstancesCommand({ InstanceIds: [ids[0]!] }))
  await cloud.end(ids[0]!)
  await refresh([ids[0]!])
  const left = [...ids.slice(1), ...more]
  expect(each()).toEqual(letters(left))
  expect(made.splice(0)).toEqual([])

  expect(each([{}])).toEqual(letters(left))
  expect(made.splice(0)).toEqual([...left].sort())
  expect(guests.each('vpc-0' as VpcId, 'letters', { of })).toEqual([])
})
