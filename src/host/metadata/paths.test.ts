import { expect, test } from 'vitest'
import { treeOf } from '../../host-api/testing.ts'
import { find, isTokenPath } from './paths.ts'

const shown = {
  tree: treeOf({
    'meta-data/ami-id': 'ami-1',
    'meta-data/placement/availability-zone': 'us-west-2a',
    'meta-data/placement/region': 'us-west-2',
    'meta-data/public-keys/': '0=testkey',
    'meta-data/public-keys/0/openssh-key': 'ssh-rsa AAAA',
    'meta-data/tags/instance/two words': 'yes',
    'dynamic/instance-identity/document': '{}',
  }),
  userData: Buffer.from([0, 255, 10]).toString('base64'),
}

const textAt = (path: string) => {
  const found = find(shown, path)
  return found?.kind === 'text' ? found.text : found?.kind
}

test('the root lists the versions that cloud-init looks for', () => {
  expect(textAt('/')?.split('\n')).toEqual(expect.arrayContaining(['1.0', '2009-04-04', '2021-03-23', 'latest']))
})

test('a version lists its parts without slashes', () => {
  expect(textAt('/latest')).toBe('dynamic\nmeta-data\nuser-data')
  expect(textAt('/2009-04-04/')).toBe('dynamic\nmeta-data\nuser-data')
})

test('a directory lists its names, directories with a slash, and ends without a newline', () => {
  expect(textAt('/latest/meta-data/')).toBe('ami-id\nplacement/\npublic-keys/\ntags/')
  expect(textAt('/latest/meta-data/placement/')).toBe('availability-zone\nregion')
})

test('the public keys are listed by number and name', () => {
  expect(textAt('/latest/meta-data/public-keys/')).toBe('0=testkey')
  expect(textAt('/latest/meta-data/public-keys/0/')).toBe('openssh-key')
  expect(textAt('/latest/meta-data/public-keys/0/openssh-key')).toBe('ssh-rsa AAAA')
})

test('a directory without its slash has moved, a file with one is served', () => {
  expect(textAt('/latest/meta-data')).toBe('moved')
  expect(textAt('/latest/meta-data/placement')).toBe('moved')
  expect(textAt('/latest/meta-data/ami-id/')).toBe('ami-1')
  expect(textAt('//latest//meta-data///ami-id')).toBe('ami-1')
})

test('user data come as the bytes that they are', () => {
  const found = find(shown, '/latest/user-data')
  expect(found?.kind === 'user-data' && [...found.bytes]).toEqual([0, 255, 10])
})

test('without user data there is no user-data', () => {
  expect(find({ tree: shown.tree }, '/latest/user-data')).toBeUndefined()
  expect(find({ tree: shown.tree }, '/latest/')).toEqual({ kind: 'text', text: 'dynamic\nmeta-data' })
})

test.each([
  '/latest/meta-data/none',
  '/2000-01-01/meta-data/',
  '/latest/__proto__',
  '/latest/meta-data/../x',
  '/latest/api/',
])('nothing is at %s', (path) => expect(find(shown, path)).toBeUndefined())

test('tokens are made under every version', () => {
  expect(isTokenPath('/latest/api/token')).toBe(true)
  expect(isTokenPath('/2021-03-23/api/token/')).toBe(true)
  expect(isTokenPath('/elsewhere/api/token')).toBe(false)
})
