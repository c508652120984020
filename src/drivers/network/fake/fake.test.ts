import { type AddressInfo, connect } from 'node:net'
import { askGet, networkSuite } from '../suite.ts'
import { FakeNetwork, fakeNetworkWorld } from './fake.ts'

networkSuite('a fake network', async () => {
  const world = fakeNetworkWorld()
  return {
    open: () => new FakeNetwork(world),
    ask: async (_vpc, server) => await askGet(connect((server.address() as AddressInfo).port, '127.0.0.1')),
    [Symbol.asyncDispose]: async () => {},
  }
})
