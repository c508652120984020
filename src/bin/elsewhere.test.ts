import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readElsewhereFile } from './elsewhere.ts'

async function fileWith(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-elsewhere-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 's3.json'), content)
  return join(folder, 's3.json')
}

const whole = { url: 'https://s3.example', region: 'eu-1', accessKeyId: 'AK', secretAccessKey: 'secret' }

test('objects are elsewhere where a file says so', async () => {
  expect(await readElsewhereFile(await fileWith(JSON.stringify(whole)))).toEqual(whole)
  expect(await readElsewhereFile('/nowhere/s3.json')).toBeUndefined()
})

test.each([
  ['{', 'is no JSON'],
  [JSON.stringify({ ...whole, region: undefined }), 'region is missing'],
  [JSON.stringify({ ...whole, url: 'example' }), 'is no URL'],
])('%s is refused', async (content, message) => {
  await expect(readElsewhereFile(await fileWith(content))).rejects.toThrow(message)
})
