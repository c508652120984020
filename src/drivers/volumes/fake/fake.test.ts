import { volumeSuite } from '../suite.ts'
import { FakeVolumes, FakeVolumesWorld } from './fake.ts'

volumeSuite('imaginary volumes', async () => {
  const world = new FakeVolumesWorld()
  return {
    open: async () => new FakeVolumes(world),
    image: 'ami-00000000000000001',
    write: async (way, _domain, block, text) => world.write(way, block, text),
    read: async (way, _domain, block) => world.read(way, block),
    crash: async (id) => world.crash(id),
    remainsOf: async (id) => (world.volumes.has(id) ? [id] : []),
    [Symbol.asyncDispose]: async () => {},
  }
})
