/** What the API costs: each call beside a server that only sends the same bytes, measured in turn. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureCommits } from './commits.ts'
import { Cloud } from './fake-cloud.ts'
import { Floor } from './floor.ts'
import { type Memory, memoryOf } from './machine.ts'
import type { Params } from './requests.ts'
import { median, type Summary, summarize } from './statistics.ts'
import { Client } from './client.ts'

export interface Rate {
  readonly perSecond: number
  readonly latencyMs: Summary
}

export interface ApiRow {
  readonly title: string
  readonly connections: number
  readonly bytes: number
  readonly served: Rate
  readonly floor: Rate
}

export interface ApiResult {
  readonly rows: readonly ApiRow[]
  /** Instances that were launched and running each second, from the first request until all ran. */
  readonly launches: readonly { readonly title: string; readonly perSecond: number }[]
  readonly commitMs: Summary
  readonly memory: { readonly idle: Memory; readonly full: Memory; readonly floor: Memory }
  readonly firstAnswerMs: { readonly served: Summary; readonly floor: Summary }
}

export interface ApiOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly profileTo?: string | undefined
}

const connectionCounts = [1, 8]
const most = 2000
const mostMs = 1500
const launchesInARound = 60
