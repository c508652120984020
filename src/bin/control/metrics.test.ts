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
  expect(text.split('\n').filter((it) => !it.startsWith('#') && !it.startsWith('cumulet_image_cache'))).toEqual([
    'cumulet_host_up{host="a1"} 1',
    'cumulet_host_up{host="b1"} 0',
    'cumulet_interface_dropped_packets_total{host="a1",interface="eni-00000000000000002",instance="",account="",vpc="vpc-00000000000000001",reason="arp"} 7',
    '',
  ])
})

test('images out of bundles are counted by whether their files are here', async () => {
  const store = await openStore(':memory:')
  const row = { type: 'machine', location: 'b/m', manifest: '<manifest/>', kernelId: null, ramdiskId: null } as const
  await store.transact(async ({ db }) => {
    const rows = [
      { imageId: 'ami-1', presence: 'here', bytes: 3, ...row },
      { imageId: 'ami-2', presence: 'here', bytes: 4, ...row },
      { imageId: 'ami-3', presence: 'away', bytes: 5, ...row },
      { imageId: 'ami-4', presence: 'here', bytes: 6, ...row, manifest: '' }, // Came another way.
    ] as const
    await db
      .insertInto('bundledImages')
      .values(rows.map((it) => ({ ...it, failure: null })))
      .execute()
  })
  const text = await readMetrics(store, { drops: async () => [] }, new AbortController().signal)
  await store.close()
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'cumulet_image_cache_images{presence="here"} 2',
      'cumulet_image_cache_bytes{presence="here"} 7',
      'cumulet_image_cache_bytes{presence="away"} 5',
      'cumulet_image_cache_images{presence="coming"} 0',
    ]),
  )
})
