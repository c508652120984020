import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sendDescriptor } from './send-descriptor.ts'

const receiver = `
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen(); print('ready', flush=True)
text, control, _, _ = server.accept()[0].recvmsg(100, 100)
print(text.decode(), os.read(array.array('i', control[0][2])[0], 100).decode(), flush=True)
`

it('gives another process a descriptor, along with a text', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'descriptor-'))
  const [path, file] = [join(folder, 'socket'), join(folder, 'file')]
  await writeFile(file, 'its content')
  const other = spawn('python3', ['-c', receiver, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(other.stdout, 'data')
    const socket = createConnection(path)
    await once(socket, 'connect')
    await using given = await open(file)
    sendDescriptor(socket, 'a text', given.fd)
    const [said] = await once(other.stdout, 'data')
    expect(String(said)).toBe('a text its content\n')
    socket.destroy()
  } finally {
    other.kill()
    await rm(folder, { recursive: true })
  }
})
