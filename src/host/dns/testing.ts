import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { decode, encode, type OptAnswer, type Packet, type RecordType, streamEncode } from 'dns-packet'
import type { DnsSpec } from '../../host-api/dns.ts'

/** A VPC 172.31.0.0/16 with a guest at 172.31.1.172 whose public address is 203.0.113.7, in us-west-2. */
export const spec: DnsSpec = {
  servers: ['169.254.169.253', '172.31.0.2'],
  rules: [
    {
      prefix: 'ip',
      domain: 'us-west-2.compute.internal',
      within: ['172.31.0.0/16'],
      instead: {},
      ttlSeconds: 60,
      whole: true,
    },
    {
      prefix: 'ec2',
      domain: 'us-west-2.compute.amazonaws.com',
      within: ['203.0.113.0/24'],
      instead: { '203.0.113.7': '172.31.1.172' },
      ttlSeconds: 60,
      whole: false,
    },
  ],
  hosts: { 'instance-data.us-west-2.compute.internal': '169.254.169.254' },
  reverse: { '203.0.113.9': 'mail.example.com' },
}

export const privateName = 'ip-172-31-1-172.us-west-2.compute.internal'
export const publicName = 'ec2-203-0-113-7.us-west-2.compute.amazonaws.com'

export function ask(name: string, type: RecordType | 'ANY' = 'A', changes: Partial<Packet> = {}): Buffer {
  const question = { name, type: type as RecordType, class: 'IN' } as const
  return encode({ type: 'query', id: 4711, flags: 0x100, questions: [question], ...changes })
}

export function option(changes: Partial<OptAnswer> = {}): OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4096,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
    ...changes,
  }
}

/** Says `bytes` to a UDP server on loopback and waits for one answer; undefined if none comes within `patienceMs`. */
export async function overUdp(port: number, bytes: Buffer, from = '127.0.0.1', patienceMs = 2_000) {
  const socket = createSocket('udp4').bind(0, from)
  try {
    socket.send(bytes, port, '127.0.0.1')
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) })) as [Buffer]
    return answer
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return undefined
    throw error
  } finally {
    socket.close()
  }
}

/** Says `packets` over one connection, one after the other at once, and reads until the end. */
export async function overTcp(port: number, packets: readonly Buffer[]): Promise<Buffer[]> {
  const socket = connect(port, '127.0.0.1')
  socket.end(Buffer.concat(packets.map(framed)))
  const heard: Buffer[] = []
  for (let rest = await buffer(socket); rest.length > 0; rest = rest.subarray(2 + rest.readUInt16BE(0)))
    heard.push(rest.subarray(2, 2 + rest.readUInt16BE(0)))
  return heard
}

export function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

export async function openUdp(): Promise<UdpSocket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

export async function openTcp(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export function portOf(it: UdpSocket | Server): number {
  return (it.address() as AddressInfo).port
}

/** Somebody else's name server on loopback, both protocols on one port. `say` makes the answer; undefined: none. */
export class OtherServer implements AsyncDisposable {
  readonly port: number
  readonly asked: Packet[] = []
  readonly #tcp: Server
  readonly #udp: UdpSocket

  private constructor(
    tcp: Server,
    udp: UdpSocket,
    say: (packet: Packet, protocol: 'udp' | 'tcp') => Packet | undefined,
  ) {
    this.#tcp = tcp
    this.#udp = udp
    this.port = portOf(tcp)
    udp.on('message', (bytes, { port, address }) => {
      const packet = decode(bytes)
      this.asked.push(packet)
      const said = say(packet, 'udp')
      if (said) udp.send(encode(said), port, address)
    })
    tcp.on('connection', (socket) =>
      socket.once('data', (bytes: Buffer) => {
        const said = say(decode(bytes.subarray(2)), 'tcp')
        if (said) socket.end(streamEncode(said))
      }),
    )
  }

  static async open(say: (packet: Packet, protocol: 'udp' | 'tcp') => Packet | undefined): Promise<OtherServer> {
    const tcp = await openTcp()
    const udp = createSocket('udp4').bind(portOf(tcp), '127.0.0.1')
    await once(udp, 'listening')
    return new OtherServer(tcp, udp, say)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close()
    await new Promise((resolve) => this.#tcp.close(resolve))
  }
}
