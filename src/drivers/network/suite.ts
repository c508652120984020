import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dropReasons } from '../../host-api/drops.ts'
import type { RouterSpec, VifSpec } from '../../host-api/spec.ts'
import type { InterfaceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { NetworkDriver } from './driver.ts'

/** One driver under test, and what the suite needs of the world around it. */
export interface NetworkSubject extends AsyncDisposable {
  /** A driver in a new process, as it were: over the same world as those before. It is the edge too. */
  open(): NetworkDriver
  /** Sends `GET` to a server that `listen` gave, from where a guest would, and reads until the end. */
  ask(vpc: VpcId, server: Server): Promise<string>
}

/** What every network driver keeps to. */
export function networkSuite(name: string, make: () => Promise<NetworkSubject>): void {
  describe(name, () => {
    let subject: NetworkSubject
    let driver: NetworkDriver
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(async () => await subject[Symbol.asyncDispose]())
    beforeEach(async () => {
      driver = subject.open()
      for (const { vpc } of await driver.list(never)) await driver.remove(vpc, never)
    })

    const listed = async (from = driver) =>
      (await from.list(never))
        .map((it) => ({ ...it, vifs: it.vifs.toSorted() }))
        .sort((a, b) => (a.vpc < b.vpc ? -1 : 1))

    it('finds nothing where nothing was made', async () => {
      expect(await listed()).toEqual([])
    })

    it('says once when guests may be plugged in, before it is done at the latest', async () => {
      let said = 0
      for (const vifs of [[vif(1)], [vif(1), vif(2)], [vif(1), vif(2)]]) {
        said = 0
        await driver.program(router(1, vifs), never, () => said++)
        expect(said).toBe(1)
      }
      await expect(driver.program(router(1, []), AbortSignal.abort(), () => said++)).rejects.toThrow()
      expect(said).toBe(1)
    })

    it('has a router with exactly the vifs that were last asked for', async () => {
      await driver.program(router(1, [vif(1), vif(2)]), never)
      expect(await listed()).toEqual([{ vpc: vpcId(1), vifs: [vifId(1), vifId(2)] }])
      await driver.program(router(1, [vif(2), vif(3)]), never)
      expect(await listed()).toEqual([{ vpc: vpcId(1), vifs: [vifId(2), vifId(3)] }])
      await driver.program(router(1, []), never)
      expect(await listed()).toEqual([{ vpc: vpcId(1), vifs: [] }])
    })

    it('may be asked for the same again', async () => {
      await driver.program(router(1, [vif(1)]), never)
      await driver.program(router(1, [vif(1)]), never)
      expect(await listed()).toEqual([{ vpc: vpcId(1), vifs: [vifId(1)] }])
    })

    it('carries out what is asked at the same time, the last one last', async () => {
      await Promise.all([1, 2, 3].map((n) => driver.program(router(1, [vif(n)]), never)))
      expect(await listed()).toEqual([{ vpc: vpcId(1), vifs: [vifId(3)] }])
    })

    it('keeps VPCs with the same addresses apart', async () => {
      await driver.program(router(1, [vif(1)]), never)
      await driver.program(router(2, [vif(1)]), never)
      expect(await listed()).toHaveLength(2)
      await driver.remove(vpcId(1), never)
      expect(await listed()).toEqual([{ vpc: vpcId(2), vifs: [vifId(1)] }])
    })

    it('removes a router that is there, one that is not, and one removed before', async () => {
      await driver.program(router(1, [vif(1)]), never)
      await driver.remove(vpcId(1), never)
      await driver.remove(vpcId(1), never)
      await driver.remove(vpcId(9), never)
      expect(await listed()).toEqual([])
    })

    it('a new driver finds the routers of the old one and goes on with them', async () => {
      await driver.program(router(1, [vif(1)]), never)
      await driver[Symbol.asyncDispose]()
      const next = subject.open()
      expect(await listed(next)).toEqual([{ vpc: vpcId(1), vifs: [vifId(1)] }])
      await next.program(router(1, [vif(1), vif(2)]), never)
      expect(await listed(next)).toEqual([{ vpc: vpcId(1), vifs: [vifId(1), vifId(2)] }])
    })

    it('counts what each vif drops, from nothing', async () => {
      await driver.program(router(1, [vif(1), vif(2)]), never)
      const drops = await driver.drops(never)
      expect(new Set(drops.map((it) => `${it.vpc} ${it.vif} ${it.reason}`)).size).toBe(2 * dropReasons.length)
      expect(drops.every((it) => it.packets === 0 || it.reason === 'link')).toBe(true)
    })

    it('tells each vif of each VPC its own tap, always the same', () => {
      const points = [1, 2].flatMap((v) => [1, 2].map((n) => driver.tapOf(vpcId(v), vifId(n))))
      expect(new Set(points.map((it) => `${it.namespace} ${it.tap}`)).size).toBe(4)
      expect(subject.open().tapOf(vpcId(1), vifId(2))).toEqual(driver.tapOf(vpcId(1), vifId(2)))
    })

    it('does nothing once aborted', async () => {
      const aborted = AbortSignal.abort(new Error('enough'))
      await expect(driver.program(router(1, [vif(1)]), aborted)).rejects.toThrow('enough')
      expect(await listed()).toEqual([])
    })

    it('listens on an address of the router', async () => {
      await driver.program(router(1, [vif(1)]), never)
      const server = await driver.listen(vpcId(1), '169.254.169.254', 80, never)
      server.on('connection', (socket) => socket.once('data', (data) => socket.end(`heard ${data}`)))
      try {
        expect(await subject.ask(vpcId(1), server)).toBe('heard GET')
      } finally {
        server.close()
      }
    })

    it('listens nowhere where there is no router', async () => {
      await expect(driver.listen(vpcId(1), '169.254.169.254', 80, never)).rejects.toThrow()
    })

    it('binds servers of both protocols at addresses of the router', async () => {
      await driver.program(router(1, [vif(1)]), never)
      const { tcp, udp } = await driver.bind(vpcId(1), ['169.254.169.254', '127.0.0.1'], 80, never)
      try {
        expect([tcp.length, udp.length]).toEqual([2, 2])
        tcp[0]!.on('connection', (socket) => socket.once('data', (data) => socket.end(`heard ${data}`)))
        expect(await subject.ask(vpcId(1), tcp[0]!)).toBe('heard GET')
        udp[1]!.on('message', (data, { port, address }) => {
          if (String(data) === 'GET') udp[1]!.send('heard GET', port, address)
        })
        expect(await heardBy(udp[1]!, 'GET')).toBe('heard GET')
      } finally {
        for (const it of [...tcp, ...udp]) it.close()
      }
    })

    it('makes an edge, the same edge again, another one and none', async () => {
      await driver.programEdge({ networks: [edgeNetwork(1)] }, never)
      await driver.programEdge({ networks: [edgeNetwork(1)] }, never)
      await driver.programEdge({ networks: [edgeNetwork(2)] }, never)
      await driver.programEdge({ networks: [] }, never)
    })
  })
}

const never = new AbortController().signal

function vpcId(n: number): VpcId {
  return `vpc-0000000000000000${n}`
}

function vifId(n: number): InterfaceId {
  return `eni-0000000000000000${n}`
}

const subnet: SubnetId = 'subnet-00000000000000001'

function router(n: number, vifs: readonly VifSpec[]): RouterSpec {
  const subnets = [{ id: subnet, cidr: '172.31.0.0/20', gateway: '172.31.0.1', dns: [], domainName: 'internal' }]
  return { vpc: vpcId(n), vni: n, mtu: 1500, cidrs: [], subnets, vifs, groups: [], routes: [], tables: [], wires: [] }
}

function vif(n: number): VifSpec {
  return {
    id: vifId(n),
    domain: `dom_${n}`,
    mac: `0a:00:00:00:00:0${n}`,
    address: `172.31.0.${9 + n}`,
    subnet,
    hostname: `guest-${n}`,
    groups: [],
    sourceDestCheck: true,
    metadata: { enabled: true, tokens: 'optional', hopLimit: 1, tree: {} },
  }
}

function edgeNetwork(n: number) {
  const addresses = [{ publicAddress: '203.0.113.10', privateAddress: '172.31.0.10' }]
  return { vpc: vpcId(n), vni: n, cidrs: ['172.31.0.0/16'], mtu: 1500, addresses, routes: [], tables: [], nats: [] }
}

/** Reads what a socket says until it ends, after saying GET. For subjects that can connect by themselves. */
export async function askGet(socket: NodeJS.ReadWriteStream): Promise<string> {
  socket.write('GET')
  return await text(socket)
}

/** What comes back to a socket that says `text` to itself: it is asked from where it is bound. */
async function heardBy(socket: UdpSocket, text: string): Promise<string> {
  const { port, address } = socket.address()
  const answers: string[] = []
  socket.on('message', (data) => void answers.push(String(data)))
  socket.send(text, port, address)
  while (!answers.includes(`heard ${text}`)) await once(socket, 'message')
  return `heard ${text}`
}
