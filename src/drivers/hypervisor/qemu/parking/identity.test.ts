import { expect, it } from 'vitest'
import { MarkFinder, marksOfState, nobody, stateOf } from './identity.ts'

const pageBytes = 4096
const uuid = Buffer.from('317f2aece05b9d4c93d60d1f86b5e27a', 'hex')
const mac = Buffer.from('06b39e57c12d', 'hex')

function marksIn(memory: Buffer, pieceBytes: number, boot?: string) {
  const finder = new MarkFinder({ boot })
  for (let offset = 0; offset < memory.length; offset += pieceBytes)
    finder.look({ offset, bytes: memory.subarray(offset, offset + pieceBytes) })
  return finder.found.sort((a, b) => a.offset - b.offset)
}

it('finds who a machine is wherever its memory says so, once each, also across the edges of pieces', () => {
  const memory = Buffer.alloc(8 * pageBytes)
  const expected = [
    { what: 'uuid', offset: 100 },
    { what: 'text', offset: 2 * pageBytes - 10 }, // across an edge
    { what: 'mac', offset: 4 * pageBytes - 3 },
    { what: 'instance', offset: 4 * pageBytes + 3 },
    { what: 'page', offset: 6 * pageBytes },
  ] as const
  uuid.copy(memory, 100)
  memory.write(nobody.uuid, 2 * pageBytes - 10)
  mac.copy(memory, 4 * pageBytes - 3)
  memory.write(nobody.instance, 4 * pageBytes + 3)
  memory.write(nobody.page, 6 * pageBytes)
  for (const pages of [1, 2, 4, 8]) expect(marksIn(memory, pages * pageBytes)).toEqual(expected)
})

it('finds which boot it is where the guest says that, and looks for none where it does not', () => {
  const memory = Buffer.alloc(4 * pageBytes)
  const boot = '61cd39f7-4cb6-4ea4-93aa-846ffd8d8f05'
  Buffer.from(boot.replaceAll('-', ''), 'hex').copy(memory, 2 * pageBytes - 5)
  for (const pages of [1, 2, 4])
    expect(marksIn(memory, pages * pageBytes, boot)).toEqual([{ what: 'boot', offset: 2 * pageBytes - 5 }])
  expect(marksIn(memory, pageBytes)).toEqual([])
})

it('takes no page for one that does not begin where a page does', () => {
  const memory = Buffer.alloc(4 * pageBytes)
  memory.write(nobody.page, pageBytes + 16)
  expect(marksIn(memory, 2 * pageBytes)).toEqual([])
})

it('finds the page that follows upon what a shell has left of its text', () => {
  const memory = Buffer.alloc(4 * pageBytes)
  memory.write(nobody.page, pageBytes + 16)
  memory.write(nobody.page, 2 * pageBytes)
  for (const pages of [1, 2, 4])
    expect(marksIn(memory, pages * pageBytes)).toEqual([{ what: 'page', offset: 2 * pageBytes }])
})

it('puts the address of its own NIC into the state of a copy, and leaves that of nobody', () => {
  const state = Buffer.concat([Buffer.from('virtio-net'), mac, Buffer.from('...'), mac])
  const marks = marksOfState(state)
  const its = stateOf(state, marks, { ...nobody, mac: '02:00:00:00:00:07' })
  expect(marks.map((it) => it.offset)).toEqual([10, 19])
  expect(its.toString('hex').split('020000000007')).toHaveLength(3)
  expect(marksOfState(state)).toEqual(marks)
  expect(() => stateOf(state, marks, { ...nobody, mac: '02:00:00' })).toThrow('does not fit')
})
