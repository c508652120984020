/** What the API costs: each call beside a server that only sends the same bytes, measured in turn. */
import { ec2Actions } from '../../src/ec2/index.ts'
import { ApiBench, type ApiRow } from './api-bench.ts'
import { type Memory, memoryOf } from './machine.ts'
import { measureStarts, type Starts } from './starts.ts'

export interface ApiResult {
  readonly rows: readonly ApiRow[]
  readonly memory: Readonly<Record<'idle' | 'full' | 'floor', Memory>>
  readonly starts: Starts
}

export interface ApiOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  /** Where CPU profiles of the control plane go, if they are wanted. */
  readonly profileTo?: string | undefined
  readonly abort: AbortSignal
}

export async function measureApi(options: ApiOptions): Promise<ApiResult> {
  await using bench = await ApiBench.open(options)
  const [idle, floor] = [await memoryOf(bench.cloud.pid), await memoryOf(bench.floor.pid)]
  await bench.repeat('DescribeInstances, none stored', { Action: 'DescribeInstances' })
  await bench.fillTo(100)
  await bench.repeat('DescribeInstances, all of 100', { Action: 'DescribeInstances' })
  await bench.launches()
  await bench.fillTo(1000)
  await bench.repeat('DescribeInstances, all of 1,000', { Action: 'DescribeInstances' })
  const instance = await bench.anInstance()
  await bench.repeat('DescribeInstances, one of 1,000', { Action: 'DescribeInstances', 'InstanceId.1': instance })
  const tag = { 'ResourceId.1': instance, 'Tag.1.Key': 'Name', 'Tag.1.Value': 'web' }
  if (isServed('CreateTags')) await bench.repeat('CreateTags, durable', { Action: 'CreateTags', ...tag }, true)
  await bench.launches()
  const memory = { idle, full: await memoryOf(bench.cloud.pid), floor }
  return { rows: bench.rows, memory, starts: await measureStarts(options) }
}

function isServed(operation: string): boolean {
  return ec2Actions.some((it: { readonly name: string }) => it.name === operation)
}
