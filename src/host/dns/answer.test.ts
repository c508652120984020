import { decode } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { answer } from './answer.ts'
import { readQuery } from './query.ts'
import { bareReply, reply, sizeFor } from './reply.ts'
import { ask, option, privateName, publicName, spec } from './testing.ts'

/** What our own names say to these bytes, read by dns-packet; `elsewhere` where others must be asked. */
function say(bytes: Buffer) {
  const read = readQuery(bytes)
  if (!read) return undefined
  if (!('query' in read)) return decode(bareReply(read.id, read.rcode))
  const said = answer(read.query, spec)
  return said === 'elsewhere' ? said : decode(reply(read.query, said, sizeFor(read.query), true))
}

const short = (bytes: Buffer) => {
  const said = say(bytes)
  if (said === undefined || said === 'elsewhere') return said
  const answers = (said.answers ?? []).map((it) => ('data' in it ? it.data : it.type))
  return { rcode: (said as unknown as { rcode: string }).rcode, answers }
}

describe('names made of addresses', () => {
  it.each([
    [privateName, 'A', ['172.31.1.172']],
    [publicName, 'A', ['172.31.1.172']],
    ['ec2-203-0-113-8.us-west-2.compute.amazonaws.com', 'A', ['203.0.113.8']],
    ['instance-data.us-west-2.compute.internal', 'A', ['169.254.169.254']],
    ['172.1.31.172.in-addr.arpa', 'PTR', [privateName]],
    ['172.1.31.172.in-addr.arpa', 'A', []],
    [privateName, 'AAAA', []],
    [privateName, 'ANY', ['172.31.1.172']],
  ] as const)('%s %s', (name, type, answers) => {
    expect(short(ask(name, type))).toEqual({ rcode: 'NOERROR', answers })
  })

  it('read public addresses backwards, and what their owner said instead', () => {
    expect(short(ask('7.113.0.203.in-addr.arpa', 'PTR'))).toMatchObject({ answers: [publicName] })
    expect(short(ask('9.113.0.203.in-addr.arpa', 'PTR'))).toMatchObject({ answers: ['mail.example.com'] })
  })

  it.each([
    'ip-10-0-0-1.us-west-2.compute.internal',
    'ip-172-31-1-256.us-west-2.compute.internal',
    'ip-172-31-1-01.us-west-2.compute.internal',
    'ip-172-31-1.us-west-2.compute.internal',
    'xip-172-31-1-172.us-west-2.compute.internal',
    `a.${privateName}`,
  ])('%s exists nowhere, also not elsewhere', (name) => {
    expect(short(ask(name))).toEqual({ rcode: 'NXDOMAIN', answers: [] })
  })

  it('leave the rest of a domain that is also others to others', () => {
    expect(say(ask('ec2-54-1-2-3.us-west-2.compute.amazonaws.com'))).toBe('elsewhere')
    expect(say(ask('example.com'))).toBe('elsewhere')
    expect(say(ask('8.8.8.8.in-addr.arpa', 'PTR'))).toBe('elsewhere')
  })

  it('ask nobody else about private addresses', () => {
    expect(short(ask('1.0.0.10.in-addr.arpa', 'PTR'))).toEqual({ rcode: 'NXDOMAIN', answers: [] })
    expect(short(ask('10.in-addr.arpa', 'SOA'))).toMatchObject({ rcode: 'NOERROR' })
  })

  it('are told in the letter case of the question', () => {
    const name = privateName.toUpperCase()
    const said = say(ask(name))
    expect(said).toMatchObject({ questions: [{ name }], answers: [{ name, data: '172.31.1.172' }] })
  })

  it('are not meant by a single label that looks alike', () => {
    const dotted = ask(privateName)
    dotted[12 + 1 + 'ip-172-31-1-172'.length] = '.'.charCodeAt(0)
    dotted[12] = 'ip-172-31-1-172.us-west-2'.length
    expect(short(dotted)).toEqual({ rcode: 'NXDOMAIN', answers: [] })
  })
})

describe('an answer', () => {
  it('says how long it was asked for in vain', () => {
    expect(say(ask('nobody.us-west-2.compute.internal'))).toMatchObject({
      authorities: [{ type: 'SOA', name: 'us-west-2.compute.internal', ttl: 60, data: { minimum: 60 } }],
    })
  })

  it('has an OPT if the question had one, and only then', () => {
    expect(say(ask(privateName))).toMatchObject({ additionals: [] })
    const said = say(ask(privateName, 'A', { additionals: [option({ flags: 0x8000 })] }))
    expect(said).toMatchObject({ additionals: [{ type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0, flag_do: true }] })
  })

  it('to a newer EDNS says which one is known', () => {
    const said = say(ask(privateName, 'A', { additionals: [option({ ednsVersion: 1 })] }))
    expect(said).toMatchObject({ answers: [], additionals: [{ extendedRcode: 1, ednsVersion: 0 }] })
  })

  it('refuses zone transfers, other classes, and everything about names of others', () => {
    expect(short(ask('us-west-2.compute.internal', 'AXFR'))).toMatchObject({ rcode: 'REFUSED' })
    const chaos = { questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] } as const
    expect(short(ask('', 'A', { questions: [...chaos.questions] }))).toMatchObject({ rcode: 'REFUSED' })
    expect(short(ask('example.com', 'ANY'))).toMatchObject({ rcode: 'REFUSED' })
  })

  it('is not given to answers, and only a code to what is no question', () => {
    expect(say(ask(privateName, 'A', { type: 'response' }))).toBeUndefined()
    expect(say(Buffer.alloc(11))).toBeUndefined()
    expect(short(ask(privateName, 'A', { flags: 0x2800 }))).toMatchObject({ rcode: 'NOTIMP' })
    expect(short(ask(privateName).subarray(0, 20))).toMatchObject({ rcode: 'FORMERR' })
    expect(short(ask('', 'A', { questions: [] }))).toMatchObject({ rcode: 'FORMERR' })
    expect(short(ask(privateName, 'A', { additionals: [option(), option()] }))).toMatchObject({ rcode: 'FORMERR' })
  })
})
