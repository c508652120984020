import { expect, it } from 'vitest'
import { listNamespaces } from './namespace.ts'
import { probeNetwork } from './probe.ts'

it('tries everything and leaves nothing behind', async () => {
  const findings = await probeNetwork()
  expect(findings.filter((it) => !it.ok)).toEqual([])
  expect(findings.map((it) => it.feature)).toContain('VXLAN')
  expect((await listNamespaces()).filter((it) => it.startsWith(`probe${process.pid}x`))).toEqual([])
})
