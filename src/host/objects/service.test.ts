import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { router, vif, vifId, vpc } from '../../drivers/network/linux/testing/specs.ts'
import { ObjectsService } from './service.ts'

const never = new AbortController().signal
let folder: string
let store: Server
let listener: Server
let service: ObjectsService

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-objects-'))
  const socket = join(folder, 'objects.sock')
  store = createServer({ allowHalfOpen: true }, (it) => void it.on('data', (asked) => it.write(`you said ${asked}`)))
  await once(store.listen(socket), 'listening')
  listener = createServer()
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  service = new ObjectsService({ listen: async () => listener, socket, log: silentLog })
})
afterEach(async () => {
  service[Symbol.dispose]()
  store.close()
  await rm(folder, { recursive: true })
})

/** The guest is whoever is at 127.0.0.1. */
const spec = (able: boolean) => {
  const guest = vif(1, { address: '127.0.0.1' })
  return router([guest], { ...(able && { objects: { address: '192.0.2.129', vifs: [vifId(1)] } }) })
}
const dial = () => connect((listener.address() as AddressInfo).port, '127.0.0.1')

test('what a guest says is carried to the store, and what it answers back', async () => {
  service.know([spec(true)])
  await service.serve(spec(true), never)
  const socket = dial()
  socket.write('hello')
  expect(String((await once(socket, 'data'))[0])).toBe('you said hello')
  socket.destroy()
})

test('connections end when their guest has no way there any more, and no new ones begin', async () => {
  service.know([spec(true)])
  await service.serve(spec(true), never)
  const socket = dial()
  socket.write('hello')
  await once(socket, 'data')
  service.know([spec(false)])
  expect(await text(socket)).toBe('')
  expect(await text(dial())).toBe('')
})

test('nobody listens where no guest has a way there', async () => {
  service.know([spec(true)])
  await service.serve(spec(true), never)
  await service.serve(spec(false), never)
  expect(listener.listening).toBe(false)
  service.withdraw(vpc)
})
