import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { openTraces } from '../../src/base/traces.ts'
import { application } from '../../src/bin/control/application.ts'
import { keptAnswers } from '../../src/ec2/kept-answers.ts'
import { callerOf } from '../../src/ec2/testing.ts'
import type { Application } from '../../src/iam/api-request.ts'
import { openCodec } from '../../src/query/codec.ts'
import { Pager } from '../../src/query/paging.ts'
import { smallCloud, tinyImage } from '../small-cloud.ts'
import { SimulatedCloud } from './cloud.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { key: string; value: { stringValue?: string } }[]
  readonly status: { code?: number; message?: string }
}

const cache = join(import.meta.dirname, '..', '..', '.cache')
const never = new AbortController().signal

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-traces-'))
  file = join(folder, 'traces.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

const open = (times = {}) => SimulatedCloud.open(times, openTraces({ file, resource: {} }))

const spans = async (): Promise<Span[]> =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .flatMap((line) => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans)

const attribute = (span: Span, name: string) => span.attributes.find((it) => it.key === name)?.value.stringValue

/** The API of the cloud, behind its front door. */
async function apiOf({ store, clock, log }: SimulatedCloud): Promise<Application> {
  const nothing = async () => expect.unreachable()
  const world = {
    ...{ store, clock, log, random: seededRandom('api'), cloud: smallCloud, answers: keptAnswers(store) },
    ...{ hosts: { console: nothing, frozen: nothing }, manifests: { manifest: nothing }, hasUefi: async () => false },
    regions: { list: async () => [], look: nothing },
  }
  const [ec2, sts] = await Promise.all([openCodec('ec2', cache), openCodec('sts', cache)])
  return application(world, { ec2, sts }, new Pager(Buffer.alloc(32, 7)))
}

async function runInstances(cloud: SimulatedCloud, changed: Readonly<Record<string, string>> = {}): Promise<void> {
  const { id } = await cloud.store.read(({ db }) => db.selectFrom('accounts').select('id').executeTakeFirstOrThrow())
  const params = Object.entries({ ImageId: tinyImage.id, MinCount: '1', MaxCount: '1', ...changed })
  const request = {
    ...{ requestId: 'request-1', service: 'ec2', action: 'RunInstances', version: '', protocol: 'query' as const },
    ...{ params, body: Buffer.alloc(0), caller: callerOf(id), receivedAt: cloud.clock.now() },
    ...{ signature: { scheme: 'sigv4' as const }, client: { address: '', userAgent: '', host: '', secure: false } },
  }
  await (await apiOf(cloud)).handle(request, never)
}

test('a launch is one trace, from the request to the guest that runs, with its stages in order', async () => {
  await using cloud = await open({ bootMs: 1_000 })
  await runInstances(cloud)
  const [instance] = await cloud.instances()
  await cloud.untilState(instance!.id, 'running')
  const all = await spans()
  const [root] = all.filter((it) => it.parentSpanId === undefined)
  expect(root).toMatchObject({ name: 'EC2.RunInstances', kind: 2 })
  expect(['rpc.system', 'rpc.service', 'rpc.method', 'aws.request_id'].map((it) => attribute(root!, it))).toEqual([
    ...['aws-api', 'EC2', 'RunInstances', 'request-1'],
  ])
  expect(new Set(all.map((it) => it.traceId))).toEqual(new Set([root!.traceId]))
  expect(new Set(all.map((it) => it.spanId)).size).toBe(all.length)
  expect(new Set(all.flatMap((it) => it.parentSpanId ?? []))).toEqual(new Set([root!.spanId]))
  const names = all.map((it) => it.name).filter((it) => it !== 'EC2.RunInstances')
  expect([...names].sort()).toEqual(['boot', 'commit', 'keep-spec', 'program-router', 'provide-disks', 'send-spec'])
  const inOrder = ['commit', 'send-spec', 'keep-spec', 'provide-disks', 'boot']
  expect(names.filter((it) => inOrder.includes(it))).toEqual(inOrder)
  const boot = all.find((it) => it.name === 'boot')!
  expect(BigInt(boot.endTimeUnixNano) - BigInt(boot.startTimeUnixNano)).toBeGreaterThanOrEqual(1_000_000_000n)
  expect(attribute(boot, 'cumulet.host')).toBe(instance!.hostId)
})

test('each instance of a launch has a trace of its own', async () => {
  await using cloud = await open()
  await runInstances(cloud, { MaxCount: '2' })
  const ids = (await cloud.instances()).map((it) => it.id)
  for (const id of ids) await cloud.untilState(id, 'running')
  const all = await spans()
  const namesOf = (id: string) => all.filter((it) => attribute(it, 'cumulet.trace') === id).map((it) => it.name)
  for (const id of ids) expect(namesOf(id)).toEqual(expect.arrayContaining(['EC2.RunInstances', 'commit', 'boot']))
  expect(new Set(all.map((it) => it.traceId)).size).toBe(2)
})

test('a boot that fails is a span with an error, and the one that does not is another', async () => {
  await using cloud = await open()
  for (const { guests } of cloud.hosts) guests.refuseBoot('dom_1')
  await runInstances(cloud)
  const boots = async () => (await spans()).filter((it) => it.name === 'boot')
  await cloud.until(async () => (await boots()).length > 0)
  expect((await boots())[0]?.status).toMatchObject({ code: 2, message: expect.any(String) })
  for (const { guests } of cloud.hosts) guests.allowBoot('dom_1')
  const [instance] = await cloud.instances()
  await cloud.untilState(instance!.id, 'running')
  expect((await boots()).at(-1)?.status).toEqual({})
})

test('a launch that is refused is a trace of its request alone', async () => {
  await using cloud = await open()
  await expect(runInstances(cloud, { ImageId: 'ami-00000000' })).rejects.toThrow()
  const all = await spans()
  expect(all).toMatchObject([{ name: 'EC2.RunInstances', status: { code: 2 } }])
  expect(attribute(all[0]!, 'cumulet.trace')).toBe('request-1')
  expect(attribute(all[0]!, 'error.type')).toBe('InvalidAMIID.NotFound')
})

test('a dry run, and an answer that is given again, begin nothing', async () => {
  await using cloud = await open()
  await expect(runInstances(cloud, { DryRun: 'true' })).rejects.toThrow()
  for (let time = 0; time < 2; time++) await runInstances(cloud, { ClientToken: 'same' })
  const roots = (await spans()).filter((it) => it.name === 'EC2.RunInstances' && it.status.code === undefined)
  expect(roots).toHaveLength(1)
})
