import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type CommonOptions, commonParams } from './arguments.ts'
import { someProfile } from './fake/outside.ts'
import { localProfile, targetOf } from './target.ts'

const noFlags = Object.fromEntries(Object.keys(commonParams).map((key) => [key, undefined])) as unknown as CommonOptions
const flags = (some: Partial<CommonOptions>): CommonOptions => ({ ...noFlags, ...some })
const localKeys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

test('on the machine of the cloud nothing has to be said', () => {
  expect(targetOf(noFlags, {}, someProfile)).toEqual({
    endpoint: 'http://127.0.0.1:8773/',
    region: 'us-west-2',
    keys: localKeys,
  })
})

test('flags go before the environment, the environment before the local cloud', () => {
  const env = {
    EC2_URL: 'http://env/',
    AWS_ACCESS_KEY: 'envid',
    AWS_SECRET_KEY: 'envsecret',
    AWS_DEFAULT_REGION: 'eu-west-1',
  }
  expect(targetOf(noFlags, env, someProfile)).toEqual({
    endpoint: 'http://env/',
    region: 'eu-west-1',
    keys: { accessKeyId: 'envid', secretAccessKey: 'envsecret' },
  })
  const given = flags({
    url: 'http://flag/',
    region: 'us-east-1',
    accessKeyId: 'flagid',
    secretKey: 'flagsecret',
    securityToken: 'token',
  })
  expect(targetOf(given, env, someProfile)).toEqual({
    endpoint: 'http://flag/',
    region: 'us-east-1',
    keys: { accessKeyId: 'flagid', secretAccessKey: 'flagsecret', sessionToken: 'token' },
  })
})

test('every name that the tools of each time gave their variables is known', () => {
  for (const [id, secret] of [
    ['AWS_ACCESS_KEY', 'AWS_SECRET_KEY'],
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['EC2_ACCESS_KEY', 'EC2_SECRET_KEY'],
  ] as const) {
    expect(targetOf(noFlags, { [id]: 'a', [secret]: 'b' }, someProfile).keys).toEqual({
      accessKeyId: 'a',
      secretAccessKey: 'b',
    })
  }
  for (const name of ['EC2_URL', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_EC2']) {
    expect(targetOf(noFlags, { [name]: 'http://there/' }, someProfile).endpoint).toBe('http://there/')
  }
})

test("another endpoint is not asked for the local cloud's region", () => {
  expect(targetOf(flags({ url: 'http://other/' }), {}, someProfile).region).toBe('unnamed')
})

test('USER@REGION names a profile of the AWS configuration', () => {
  expect(targetOf(flags({ region: 'alice@us-west-2' }), {}, someProfile)).toMatchObject({
    region: 'us-west-2',
    keys: { awsProfile: 'alice' },
  })
  expect(targetOf(flags({ region: 'alice@' }), {}, someProfile)).toMatchObject({ keys: { awsProfile: 'alice' } })
  expect(targetOf(noFlags, { AWS_PROFILE: 'bob' }, someProfile)).toMatchObject({ keys: { awsProfile: 'bob' } })
})

test('what is missing is named', () => {
  expect(() => targetOf(noFlags, {}, undefined)).toThrow('no endpoint')
  expect(() => targetOf(flags({ url: 'http://there/' }), {}, undefined)).toThrow('no keys')
  expect(() => targetOf(flags({ accessKeyId: 'a' }), {}, someProfile)).toThrow('-I and -S belong together')
})

test('the profile of the local cloud is read where there is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-profile-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  expect(await localProfile(folder)).toBeUndefined()
  await writeFile(join(folder, 'profile.json'), JSON.stringify(someProfile), { mode: 0o600 })
  expect(await localProfile(folder)).toEqual(someProfile)
  await writeFile(join(folder, 'profile.json'), '{')
  await chmod(join(folder, 'profile.json'), 0o600)
  await expect(localProfile(folder)).rejects.toThrow('profile.json cannot be read')
})
