import { expect, test } from 'vitest'
import { Retry } from '../../base/fault.ts'
import { ensureHosts } from '../../control/hosts/hosts.ts'
import { openStore } from '../../store/open.ts'
import { readMetrics } from './metrics.ts'

const never = new AbortController().signal

test('each drop is told with its host, interface and reason, and a host that is away is said to be', async () => {
  const store = await openStore(':memory:')
  const place = { zone: 'z', isEdge: false, underlayAddress: '100.64.1.1' }
  await store.transact((tx) =>
    ensureHosts(tx, [
      { id: 'a1', ...place },
      { id: 'b1', ...place },
    ]),
  )
  const drop = { vpc: 'vpc-00000000000000001', vif: 'eni-00000000000000002', reason: 'arp', packets: 7 } as const
  const text = await readMetrics(
    store,
    { drops: async (host) => (host === 'a1' ? [drop] : Promise.reject(new Retry('host b1 is not connected'))) },
    never,
  )
  await store.close()
  expect(text.split('\n').filter((it) => !it.startsWith('#'))).toEqual([
    'cumulet_host_up{host="a1"} 1',
    'cumulet_host_up{host="b1"} 0',
    'cumulet_interface_dropped_packets_total{host="a1",interface="eni-00000000000000002",instance="",account="",vpc="vpc-00000000000000001",reason="arp"} 7',
    '',
  ])
})
