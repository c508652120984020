import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Fault } from './fault.ts'
import { openLog } from './log.ts'
import { seededRandom } from './random.ts'
import { idsOf, openTraces } from './traces.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cumulet-traces-'))
  file = join(folder, 'traces.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const end = new Date('2026-01-02T03:04:05.678Z')
const since = end.getTime() - 250

function open() {
  const resource = { 'service.name': 'test', 'process.pid': 7 }
  return openLog({
    ...{ file: join(folder, 'log'), now: () => end },
    spans: openTraces({ file, resource, random: seededRandom('spans') }),
  })
}

const requests = () =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
const spans = () => requests().map((it) => it.resourceSpans[0].scopeSpans[0].spans)

test('a stage that has ended is a request of OTLP, in JSON, on a line', () => {
  const fields = { host: 'a1', pid: 12, 'rpc.system': 'aws-api', part: 0.5, isNew: true, nothing: undefined }
  open()
    .child({ subject: 'dom_1' })
    .debug({ stage: 'exec', traces: ['i-1'], since, ...fields }, 'QEMU is started')
  const { traceId, rootId } = idsOf('i-1')
  const schemaUrl = 'https://opentelemetry.io/schemas/1.37.0'
  expect(requests()).toEqual([
    {
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { stringValue: 'test' } },
              { key: 'process.pid', value: { intValue: '7' } },
            ],
          },
          scopeSpans: [
            {
              scope: { name: 'cumulet' },
              spans: [
                {
                  traceId,
                  spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
                  parentSpanId: rootId,
                  name: 'exec',
                  kind: 1,
                  startTimeUnixNano: '1767323045428000000',
                  endTimeUnixNano: '1767323045678000000',
                  attributes: [
                    { key: 'cumulet.trace', value: { stringValue: 'i-1' } },
                    { key: 'cumulet.subject', value: { stringValue: 'dom_1' } },
                    { key: 'cumulet.host', value: { stringValue: 'a1' } },
                    { key: 'process.pid', value: { intValue: '12' } },
                    { key: 'rpc.system', value: { stringValue: 'aws-api' } },
                    { key: 'cumulet.part', value: { doubleValue: 0.5 } },
                    { key: 'cumulet.isNew', value: { boolValue: true } },
                  ],
                  status: {},
                },
              ],
              schemaUrl,
            },
          ],
          schemaUrl,
        },
      ],
    },
  ])
})

test('what is known by the same id is one trace, whoever writes it, and its request is the root', () => {
  open().debug({ stage: 'answer', kind: 'server', traces: ['i-1', 'i-2'], since })
  open().info({ stage: 'boot', traces: () => ['i-2'], since })
  const [[one, two], [boot]] = spans()
  const hexadecimal = {
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
  }
  expect(one).toMatchObject({ ...hexadecimal, kind: 2 })
  expect(one).not.toHaveProperty('parentSpanId')
  expect(two.traceId).not.toBe(one.traceId)
  expect(boot).toMatchObject({ traceId: two.traceId, parentSpanId: two.spanId })
  expect(boot.spanId).not.toBe(two.spanId)
})

test('a stage that failed says so, and why', () => {
  const log = open()
  log.warn({ stage: 'boot', traces: ['i-1'], since, err: new Fault('no room') })
  log.warn({ stage: 'boot', traces: ['i-1'], since, err: Object.assign(new Error('full'), { code: 'ENOSPC' }) })
  log.warn({ stage: 'boot', traces: ['i-1'], since, err: 'just so' })
  const failures = spans().map(([it]) => [it.status, it.attributes.at(-1)])
  const type = (stringValue: string) => ({ key: 'error.type', value: { stringValue } })
  expect(failures).toEqual([
    [{ code: 2, message: 'no room' }, type('Fault')],
    [{ code: 2, message: 'full' }, type('ENOSPC')],
    [{ code: 2, message: 'just so' }, type('_OTHER')],
  ])
})

test('a log goes on as without traces, and what is no stage of anything is no span', () => {
  const log = open()
  log.debug({ stage: 'boot', traces: ['i-1'], since }, 'below its level')
  log.info({ stage: 'boot', traces: [], since }, 'of nothing')
  log.info({ stage: 'boot' }, 'of whatever')
  log.info('a message')
  expect(spans()).toHaveLength(1)
  const said = readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n')
  expect(said.map((it) => JSON.parse(it).msg)).toEqual(['of nothing', 'of whatever', 'a message'])
})

test('nobody is asked which traces a stage is in where none are written', () => {
  const traces = () => expect.unreachable()
  openLog({ file: join(folder, 'log'), level: 'debug' }).debug({ stage: 'boot', traces, since }, 'in the log alone')
  expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('in the log alone')
})
