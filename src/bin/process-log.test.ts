import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolders } from './folders.ts'
import { openProcessLog } from './process-log.ts'
import { pathsOf, settle } from './settings.ts'

async function logged(traces: boolean) {
  const paths = pathsOf(await mkdtemp(join(tmpdir(), 'cumulet-process-log-')))
  onTestFinished(() => rm(paths.data, { recursive: true, force: true }))
  const settings = await settle(paths, { hypervisor: 'fake', memoryMiB: 8192 })
  await makeFolders(paths)
  const log = await openProcessLog('agent', paths, { ...settings, traces }, {})
  log.debug({ stage: 'boot', traces: ['i-1'], since: 0 })
  log.info('it runs')
  return paths
}

test('a process writes no traces unless it is told to', async () => {
  const { logs } = await logged(false)
  expect(await readdir(logs)).toEqual(['agent.log'])
})

test('traces lie beside the log, and say of which process and version they are', async () => {
  const { logs, agentTraces } = await logged(true)
  expect((await readdir(logs)).sort()).toEqual(['agent-traces.jsonl', 'agent.log'])
  const [{ resource, scopeSpans }] = JSON.parse(await readFile(agentTraces, 'utf8')).resourceSpans
  const names = resource.attributes.map((it: { key: string }) => it.key)
  expect(names).toEqual(expect.arrayContaining(['service.name', 'service.version', 'host.name', 'cloud.region']))
  expect(resource.attributes[0]).toEqual({ key: 'service.name', value: { stringValue: 'cumulet-agent' } })
  expect(scopeSpans[0].spans).toMatchObject([{ name: 'boot' }])
})
