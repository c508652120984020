import { run } from '../../../base/subprocess.ts'
import { networkSuite } from '../suite.ts'
import { World } from './testing/world.ts'

networkSuite('a network of namespaces', async () => {
  const world = await World.raise()
  return {
    open: () => world.driver('h1'),
    // From the router's own namespace: what a guest may reach is the affair of other tests.
    ask: async (vpc) => {
      const namespace = `--net=/run/netns/${world.box.cloud}-h1-${vpc}`
      return await run('nsenter', [namespace, 'busybox', 'nc', '-w', '5', '169.254.169.254', '80'], { stdin: 'GET' })
    },
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  }
})
