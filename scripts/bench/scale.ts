/** What the API costs in a region that is full, beside the same calls in one that is not. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { cloudOf, pathsOf, readSettings } from '../../src/bin/settings.ts'
import type { ApiOptions } from './api.ts'
import { ApiBench, type ApiRow } from './api-bench.ts'
import { FakeCloud } from './fake-cloud.ts'
import { type Memory, memoryOf } from './machine.ts'
import { fillRegion, instanceId, inTeam, type Originals, publicPool, volumesEach } from './region.ts'
import { call, type Params, type Target } from './requests.ts'

export interface ScaleResult {
  readonly hosts: number
  readonly regions: readonly ScaleRegion[]
}

export interface ScaleRegion {
  readonly instances: number
  readonly rows: readonly ApiRow[]
  readonly readyMs: number
  /** From the hosts' hello until all had what they were told. */
  readonly settledMs: number
  readonly memory: Readonly<Record<'settled' | 'end', Memory>>
}

const zones = 4
const launchesInARound = 300
const asked = 500
/** So many values of a filter are asked for in turn: as many as the smaller region has of most. */
const askedAgain = 10

export interface ScaleOptions extends ApiOptions {
  readonly instances: readonly number[]
  /** A multiple of twenty. */
  readonly hosts: number
}

export async function measureScale(options: ScaleOptions): Promise<ScaleResult> {
  const regions: ScaleRegion[] = []
  for (const size of options.instances) regions.push(await measureRegion(options, size))
  return { hosts: options.hosts, regions }
}

async function measureRegion(options: ScaleOptions, instances: number): Promise<ScaleRegion> {
  await using opened = new AsyncDisposableStack()
  const data = await mkdtemp(join(tmpdir(), 'cumulet-bench-scale-'))
  opened.defer(() => rm(data, { recursive: true, force: true }))
  const hostsPerZone = options.hosts / zones
  const originals = await launchOriginals(data, hostsPerZone)
  const paths = pathsOf(data)
  const settings = await readSettings(paths)
  if (!settings) throw new Fault('the cloud has no settings')
  const cloud = { ...cloudOf(settings, 'none'), publicPool }
  await fillRegion(paths.store, { cloud, hostsPerZone }, originals, instances)
  options.say(`${instances.toLocaleString('en')} instances are stored`)
  const bench = opened.use(await ApiBench.open({ ...options, data, hostsPerZone }))
  await bench.cloud.settled()
  const settledMs = performance.now() - bench.cloud.greetedAt
  const settled = await memoryOf(bench.cloud.pid)
  options.say(`ready after ${bench.cloud.readyMs.toFixed(0)} ms, all hosts after ${settledMs.toFixed(0)} more`)
  await measureCalls(bench, instances)
  const memory = { settled, end: await memoryOf(bench.cloud.pid) }
  return { instances, rows: bench.rows, readyMs: bench.cloud.readyMs, settledMs, memory }
}

async function measureCalls(bench: ApiBench, instances: number): Promise<void> {
  const of = instances.toLocaleString('en')
  const some = Array.from({ length: asked }, (_, index) => instanceId(Math.floor((index * instances) / asked)))
  let asks = 0
  const filtered = async (name: string, values: readonly string[]) => {
    const by = (value: string, ...more: string[]) => ({
      ...{ ...describe, 'Filter.1.Name': name, 'Filter.1.Value.1': value },
      ...Object.fromEntries(more.map((it, index) => [`Filter.1.Value.${index + 2}`, it])),
    })
    // A second value, which nothing has, makes it a question that was not asked before.
    const fresh = () => Array.from({ length: asked }, () => by(values[asks++ % values.length]!, `none-${asks}`))
    await bench.fresh(`DescribeInstances by ${name}, of ${of}, not asked before`, fresh)
    const some = values.slice(0, askedAgain)
    await bench.repeat(
      `DescribeInstances by ${name}, of ${of}, ${some.length} in turn`,
      some.map((it) => by(it)),
    )
  }
  await bench.repeat(
    `DescribeInstances, one of ${of}`,
    some.map((it) => ({ ...describe, 'InstanceId.1': it })),
  )
  await bench.repeat(`DescribeInstances, a page of 1,000 of ${of}`, { ...describe, MaxResults: '1000' })
  const teams = Array.from({ length: Math.min(asked, instances / inTeam) }, (_, index) => `team-${index}`)
  await filtered('tag:team', teams)
  await filtered('instance-state-name', ['terminated'])
  await filtered('vpc-id', (await idsIn(bench, 'DescribeVpcs', 'vpcId')).slice(0, asked))
  await bench.launches(await idsIn(bench, 'DescribeSubnets', 'subnetId'), launchesInARound)
}

async function idsIn(bench: ApiBench, Action: string, element: string): Promise<string[]> {
  const found = (await bench.ask({ Action })).matchAll(new RegExp(`<${element}>([^<]+)`, 'g'))
  return [...new Set([...found].map(([, id = '']) => id))]
}

const describe = { Action: 'DescribeInstances' }

/** Starts a cloud in the directory, launches what others will be copies of, and ends it. */
async function launchOriginals(data: string, hostsPerZone: number): Promise<Originals> {
  await using cloud = await FakeCloud.open({ data, hostsPerZone })
  const target = cloud.serving
  const volumes = Object.fromEntries(
    Array.from({ length: volumesEach }, (_, index): [string, string][] => [
      [`BlockDeviceMapping.${index + 1}.DeviceName`, `/dev/sd${'fg'[index]}`],
      [`BlockDeviceMapping.${index + 1}.Ebs.VolumeSize`, '1'],
    ]).flat(),
  )
  const tags = { 'TagSpecification.1.ResourceType': 'instance', ...tagged(1, 'Name', 'web'), ...tagged(2, 'team', 'a') }
  const running = await launched(target, { ...cloud.launchParams(1, 'running'), ...volumes, ...tags })
  const terminated = await launched(target, cloud.launchParams(1, 'terminated'))
  await cloud.allRunning()
  await call(target, { Action: 'TerminateInstances', 'InstanceId.1': terminated })
  while (!(await call(target, { ...describe, 'InstanceId.1': terminated })).includes('<name>terminated<'))
    await pause(20)
  return { running, terminated }
}

function tagged(number: number, key: string, value: string): Params {
  const name = `TagSpecification.1.Tag.${number}`
  return { [`${name}.Key`]: key, [`${name}.Value`]: value }
}

async function launched(target: Target, params: Params): Promise<string> {
  return /<instanceId>([^<]+)/.exec(await call(target, params))?.[1] ?? ''
}
