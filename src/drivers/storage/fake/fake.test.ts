import { storageSuite } from '../suite.ts'
import { type FakeDisks, FakeStorage } from './fake.ts'

storageSuite('the fake storage', async () => {
  const missing = 'ami-00000000000000bad'
  const world: FakeDisks = { domains: new Map(), missing: new Set([missing]) }
  return {
    open: () => new FakeStorage(world),
    image: 'ami-00000000000000001',
    missing,
    [Symbol.asyncDispose]: async () => {},
  }
})
