import { decode } from 'dns-packet'
import { expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import type { HostSpec, RouterSpec, VifSpec } from '../../host-api/spec.ts'
import { DnsService, type DnsSockets } from './service.ts'
import { ask, openTcp, openUdp, overUdp, portOf, privateName, publicName, spec } from './testing.ts'

const router = (dns: RouterSpec['dns'], address = '127.0.0.1') =>
  ({ vpc: 'vpc-00000001', vifs: [{ address } as unknown as VifSpec], dns }) as unknown as RouterSpec
const host = (...routers: RouterSpec[]) => ({ routers }) as unknown as HostSpec
const never = new AbortController().signal

function open() {
  const bound: DnsSockets[] = []
  const asked: (readonly string[])[] = []
  const service = new DnsService({
    bind: async (_vpc, addresses) => {
      const sockets = { tcp: [await openTcp()], udp: [await openUdp()] }
      bound.push(sockets)
      asked.push(addresses)
      return sockets
    },
    askOthers: async () => Promise.reject(new Error('there is nobody else')),
    clock: new FakeClock(),
    log: silentLog,
  })
  onTestFinished(() => service[Symbol.dispose]())
  return { service, bound, asked }
}

test('guests are told what the newest spec says, without another socket', async () => {
  const { service, bound, asked } = open()
  service.know(host(router(spec)))
  await service.serve(router(spec), never)
  const port = portOf(bound[0]!.udp[0]!)
  expect(decode((await overUdp(port, ask(publicName)))!).answers).toMatchObject([{ data: '172.31.1.172' }])
  const [inside, outside] = spec.rules
  const moved = { ...spec, rules: [inside!, { ...outside!, instead: { '203.0.113.7': '172.31.9.9' } }] }
  service.know(host(router(moved)))
  await service.serve(router(moved), never)
  expect(decode((await overUdp(port, ask(publicName)))!).answers).toMatchObject([{ data: '172.31.9.9' }])
  expect(asked).toEqual([spec.servers])
})

test('nobody is told anything who is no guest of that router, nor anybody without a name server', async () => {
  const { service, bound } = open()
  service.know(host(router(spec, '172.31.1.172')))
  await service.serve(router(spec), never)
  const port = portOf(bound[0]!.udp[0]!)
  expect(await overUdp(port, ask(privateName), '127.0.0.1', 200)).toBeUndefined()
  service.know(host(router(undefined)))
  await service.serve(router(undefined), never)
  expect(bound[0]!.tcp[0]!.listening).toBe(false)
  expect(bound).toHaveLength(1)
})

test('a router that comes back has new sockets', async () => {
  const { service, bound } = open()
  service.know(host(router(spec)))
  await service.serve(router(spec), never)
  service.withdraw('vpc-00000001')
  service.withdraw('vpc-00000001')
  expect(bound[0]!.tcp[0]!.listening).toBe(false)
  await service.serve(router(spec), never)
  expect(bound).toHaveLength(2)
})
