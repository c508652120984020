/** The object store as AWS CLI, boto3 and s3cmd meet it: path style, both signatures, URLs and forms signed by them. */
import { createHmac, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/base/subprocess.ts'
import { type Objects, openObjects, owner } from './loopback-objects.ts'

let objects: Objects
const large = randomBytes(17 * 2 ** 20)

beforeAll(async () => {
  objects = await openObjects()
  await writeFile(join(objects.folder, 'large'), large)
  const config = [
    '[default]',
    ...[`access_key = ${owner.accessKeyId}`, `secret_key = ${owner.secretAccessKey}`, 'use_https = False'],
    ...[`host_base = 127.0.0.1:${objects.port}`, `host_bucket = 127.0.0.1:${objects.port}`],
    ...['multipart_chunk_size_mb = 5', 'bucket_location = us-west-2', ''],
  ]
  await writeFile(join(objects.folder, 's3cfg'), config.join('\n'))
})
afterAll(() => objects[Symbol.asyncDispose]())

const env = () => ({
  ...{ PATH: '/usr/bin:/bin', HOME: objects.folder, AWS_ACCESS_KEY_ID: owner.accessKeyId },
  ...{
    AWS_SECRET_ACCESS_KEY: owner.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-west-2',
    AWS_EC2_METADATA_DISABLED: 'true',
  },
})
const aws = (...args: string[]) =>
  run('/usr/bin/aws', ['--endpoint-url', objects.url, ...args], { env: env(), cwd: objects.folder })
const s3cmd = (...args: string[]) =>
  run('/usr/bin/s3cmd', ['-c', join(objects.folder, 's3cfg'), '--no-progress', ...args], {
    env: env(),
    cwd: objects.folder,
  })
const python = (script: string) =>
  run('/usr/bin/python3', ['-'], { env: env(), cwd: objects.folder, stdin: `${prelude(objects.url)}${script}` })

const prelude = (url: string) => `
import boto3, json
from botocore.config import Config
def client(signature, style='path'):
    return boto3.client('s3', endpoint_url=${JSON.stringify(url)}, config=Config(signature_version=signature, s3={'addressing_style': style}))
`

test('the AWS CLI moves files of many parts there and back, copies, lists and removes', async () => {
  await aws('s3', 'mb', 's3://cli')
  await aws('s3', 'cp', 'large', 's3://cli/dir/large', '--no-progress')
  await aws('s3', 'cp', 's3://cli/dir/large', 's3://cli/copy', '--no-progress')
  await aws('s3', 'cp', 's3://cli/copy', 'back', '--no-progress')
  expect((await readFile(join(objects.folder, 'back'))).equals(large)).toBe(true)
  expect(await aws('s3', 'ls', 's3://cli')).toMatch(/PRE dir\/\n.* 17825792 copy\n/)
  const url = (await aws('s3', 'presign', 's3://cli/copy')).trim()
  const answer = await fetch(url, { headers: { range: 'bytes=0-9' } })
  expect(Buffer.from(await answer.arrayBuffer()).equals(large.subarray(0, 10))).toBe(true)
  expect((await fetch(url.replace('copy', 'dir/large'))).status).toBe(403)
  await aws('s3', 'rb', 's3://cli', '--force')
  expect(await objects.files()).toEqual([])
}, 60_000)

test.each(['', '--signature-v2'])(
  's3cmd moves files there and back %s',
  async (signature) => {
    const more = signature === '' ? [] : [signature]
    await s3cmd('mb', 's3://cmd', ...more)
    await s3cmd('put', 'large', 's3://cmd/a b+c', '--add-header=x-amz-meta-colour:blue', ...more)
    expect(await s3cmd('ls', 's3://cmd', ...more)).toContain('s3://cmd/a b+c')
    expect(await s3cmd('info', 's3://cmd/a b+c', ...more)).toMatch(/File size: 17825792[\s\S]*x-amz-meta-colour: blue/)
    await s3cmd('get', 's3://cmd/a b+c', 'back', '--force', ...more)
    expect((await readFile(join(objects.folder, 'back'))).equals(large)).toBe(true)
    await s3cmd('setacl', '--acl-public', 's3://cmd/a b+c', ...more)
    expect((await fetch(`${objects.url}/cmd/a%20b+c`, { method: 'HEAD' })).status).toBe(200)
    expect(await s3cmd('info', 's3://cmd', ...more)).toContain('Location:')
    await s3cmd('rb', '--recursive', '--force', 's3://cmd', ...more)
  },
  60_000,
)

test('boto3 signs by either version, in headers and in URLs', async () => {
  const told = await python(`
import urllib.request
for signature in ['s3', 's3v4']:
    c = client(signature)
    c.create_bucket(Bucket='boto', CreateBucketConfiguration={'LocationConstraint': 'us-west-2'})
    c.put_object(Bucket='boto', Key='k/ü', Body=b'text', Metadata={'a': 'b'})
    assert c.get_object(Bucket='boto', Key='k/ü')['Body'].read() == b'text'
    url = c.generate_presigned_url('get_object', Params={'Bucket': 'boto', 'Key': 'k/ü', 'ResponseContentType': 'text/x'})
    answer = urllib.request.urlopen(url)
    print(signature, answer.read().decode(), answer.headers['content-type'])
    put = c.generate_presigned_url('put_object', Params={'Bucket': 'boto', 'Key': 'by-url'})
    print(urllib.request.urlopen(urllib.request.Request(put, data=signature.encode(), method='PUT', headers={'Content-Type': ''} if signature == 's3' else {})).status)
    print(c.get_object(Bucket='boto', Key='by-url')['Body'].read().decode())
`)
  expect(told.trim().split('\n')).toEqual(['s3 text text/x', '200', 's3', 's3v4 text text/x', '200', 's3v4'])
}, 60_000)

test('a form that its owner has signed is taken, by either signature; one that its policy forbids is not', async () => {
  for (const signature of ['s3', 's3v4']) {
    const text = await python(`
c = client(${JSON.stringify(signature)})
c.create_bucket(Bucket='form', CreateBucketConfiguration={'LocationConstraint': 'us-west-2'})
print(json.dumps(c.generate_presigned_post('form', 'up/\${filename}', Conditions=[['content-length-range', 1, 10]], ExpiresIn=60)))
`)
    const { fields } = JSON.parse(text) as { fields: Record<string, string> }
    const send = (content: string, more: Record<string, string> = {}) => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...fields, ...more })) form.append(name, value)
      form.append('file', new Blob([content]), 'name.txt')
      return fetch(`${objects.url}/form`, { method: 'POST', body: form })
    }
    expect((await send('content')).status).toBe(204)
    expect(await aws('s3', 'cp', 's3://form/up/name.txt', '-')).toBe('content')
    expect(await (await send('much too long')).text()).toContain('<Code>EntityTooLarge</Code>')
    expect(await (await send('content', { key: 'elsewhere' })).text()).toContain('<Code>AccessDenied</Code>')
    expect(await (await send('content', { acl: 'public-read' })).text()).toContain('Extra input fields: acl')
  }
}, 60_000)

test('what is wrong with a request is said as S3 says it', async () => {
  const code = async (path: string, init: RequestInit = {}) =>
    /<Code>(\w+)<\/Code>/.exec(await (await fetch(`${objects.url}${path}`, init)).text())?.[1]
  expect(await code('/')).toBe('AccessDenied')
  expect(await code('/none/key')).toBe('NoSuchBucket')
  expect(await code('/a..b/key')).toBe('InvalidBucketName')
  expect(await code('/form/%ff')).toBe('InvalidURI')
  expect(await code(`/form/${'k'.repeat(1025)}`)).toBe('KeyTooLongError')
  const date = new Date().toUTCString()
  const signedBy = (id: string, secret: string) => {
    const signature = createHmac('sha1', secret).update(`GET\n\n\n${date}\n/form`).digest('base64')
    return { headers: { date, authorization: `AWS ${id}:${signature}` } }
  }
  expect(await code('/form', signedBy('AKIANOBODY', 'x'))).toBe('InvalidAccessKeyId')
  expect(await code('/form', signedBy(owner.accessKeyId, 'x'))).toBe('SignatureDoesNotMatch')
  expect(await code('/form', signedBy(owner.accessKeyId, owner.secretAccessKey))).toBeUndefined()
})
