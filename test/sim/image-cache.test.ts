import * as ec2 from '@aws-sdk/client-ec2'
import { beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../src/base/log.ts'
import { seededRandom } from '../../src/base/random.ts'
import { BundleRefused } from '../../src/bundles/refused.ts'
import { imageMachine } from '../../src/control/images/machine.ts'
import { instanceMachine } from '../../src/control/instances/machine.ts'
import { alice, TestCloud } from '../../src/ec2/testing.ts'
import type { ImageId } from '../../src/model/ids.ts'
import { startStrand } from '../../src/strand/calls.ts'
import { Engine } from '../../src/strand/engine.ts'
import { bind } from '../../src/strand/machine.ts'

let cloud: TestCloud
let engine: Engine
let unpacked: string[]
let refuses: boolean
let arrive: () => void
const image: ImageId = 'ami-00000001'

beforeEach(async () => {
  cloud = await TestCloud.open()
  ;[unpacked, refuses] = [[], false]
  const { promise: here, resolve } = Promise.withResolvers<void>()
  arrive = resolve
  const images = {
    room: async () => ({ limit: 100, free: 100 }),
    copy: async () => {},
    bring: async () => {},
    remove: async () => {},
    async unpack({ id }: { id: string }) {
      unpacked.push(id)
      await here
      if (refuses) throw new BundleRefused('there is no manifest')
    },
  }
  const machines = [bind(imageMachine, { images }), bind(instanceMachine, { readConsole: async () => Buffer.of() })]
  engine = new Engine({
    store: cloud.store,
    machines,
    clock: cloud.clock,
    random: seededRandom('cache'),
    log: silentLog,
  })
  await cloud.addImage({ id: image, accountId: alice, ownerAlias: null, name: 'mine', isPublic: 0 })
  await cloud.store.transact(async (tx) => {
    const bundle = {
      type: 'machine',
      location: 'b/m.xml',
      manifest: '<manifest/>',
      kernelId: null,
      ramdiskId: null,
    } as const
    await tx.db
      .insertInto('bundledImages')
      .values({ imageId: image, ...bundle, failure: null, presence: 'away', bytes: 10 })
      .execute()
    await startStrand(tx, imageMachine, image, {})
    await tx.db.updateTable('strands').set({ step: 'away', kind: 'decide' }).execute()
  })
  await engine.start()
  return async () => {
    arrive()
    await engine.stop()
    await cloud[Symbol.asyncDispose]()
  }
})

const launch = () => cloud.client().send(new ec2.RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1 }))
const rows = () =>
  cloud.store.read(({ db }) =>
    db.selectFrom('instances').select(['power', 'state', 'stateReason']).orderBy('id').execute(),
  )

test('launches wait for an image that is away; it is fetched once for all of them', async () => {
  await engine.idle()
  await launch()
  await expect.poll(() => unpacked).toEqual([image])
  await launch()
  expect((await rows()).map((it) => it.power)).toEqual(['wait', 'wait'])
  arrive()
  await expect.poll(async () => (await rows()).map((it) => it.power)).toEqual(['on', 'on'])
  expect(unpacked).toEqual([image])
})

test('an instance whose image cannot be fetched any more ends, and says why', async () => {
  refuses = true
  await launch()
  arrive()
  await expect.poll(async () => (await rows())[0]!.state).toBe('shutting-down')
  expect((await rows())[0]!.stateReason).toBe('internalError')
  const { Images } = await cloud.client().send(new ec2.DescribeImagesCommand({ ImageIds: [image] }))
  expect(Images).toMatchObject([{ State: 'failed', StateReason: { Message: 'there is no manifest' } }])
})
