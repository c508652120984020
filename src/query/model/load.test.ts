import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { extract } from './extract.ts'
import { loadModel } from './load.ts'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'model-'))
})
afterEach(() => rm(cache, { recursive: true }))

test('a missing snapshot is made, also in a directory that does not exist yet, and then kept', async () => {
  const inside = join(cache, 'a', 'b')
  const made = await loadModel('sts', inside)
  expect(Object.keys(made.operations)).toContain('GetCallerIdentity')
  await writeFile(join(inside, 'model-sts.json'), JSON.stringify({ ...made, shapes: [] }))
  expect((await loadModel('sts', inside)).shapes).toEqual([])
})

test.each([
  ['of another version', '{"stamp":"@aws-sdk/client-sts@0.0.1 extractor 1","operations":{},"shapes":[]}'],
  ['cut short', '{"stamp":"@aws'],
  ['empty', ''],
])('a snapshot %s is made again', async (_, text) => {
  await writeFile(join(cache, 'model-sts.json'), text)
  expect(Object.keys((await loadModel('sts', cache)).operations)).toContain('GetCallerIdentity')
})

test('several that find none at once all get a whole one, and leave nothing else behind', async () => {
  const models = await Promise.all([1, 2, 3].map(() => loadModel('sts', cache)))
  for (const it of models) expect(it).toEqual(models[0])
  expect(await readdir(cache)).toEqual(['model-sts.json'])
  expect(JSON.parse(await readFile(join(cache, 'model-sts.json'), 'utf8'))).toEqual(models[0])
})

test('an abort ends the making', async () => {
  await expect(loadModel('sts', cache, AbortSignal.abort())).rejects.toThrow()
})

test('a kind of shape that the codec does not know is a fault, not a guess', () => {
  const input = [3, 'n', 'Input', 0, ['Map'], [[2, 'n', 'M', 0, 0, 0]]]
  const flat = [3, 'n', 'Input', 0, ['List'], [[64, { xmlFlattened: 1 }]]]
  expect(() => extract('ec2', { A: [9, 'n', 'A', 0, input, 'unit'] }, 's')).toThrow('no codec for shapes of kind 2')
  expect(() => extract('ec2', { A: [9, 'n', 'A', 0, flat, 'unit'] }, 's')).toThrow(
    'no codec for the trait xmlFlattened',
  )
})

test('a shape may lead back to itself', () => {
  const node: unknown[] = [3, 'n', 'Node', 0, ['Next'], [() => node]]
  expect(extract('ec2', { A: [9, 'n', 'A', 0, () => node, 'unit'] }, 's')).toEqual({
    stamp: 's',
    operations: { A: [0, -1] },
    shapes: [['struct', 0, [['Next', 0, 0, 0]]]],
  })
})
