import { createPrivateKey, createPublicKey } from 'node:crypto'
import {
  CreateKeyPairCommand,
  type CreateKeyPairCommandInput,
  DeleteKeyPairCommand,
  DescribeKeyPairsCommand,
  type EC2Client,
  ImportKeyPairCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bob, refusal, TestCloud } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const ed25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Hj7FnYHyYhNCrQVtSjGmDCeVQkXjFSCbYgnkkr3gL'
const create = (input: Partial<CreateKeyPairCommandInput> = {}) =>
  client.send(new CreateKeyPairCommand({ KeyName: 'testkey', KeyType: 'ed25519', ...input }))
const list = async (input = {}) => (await client.send(new DescribeKeyPairsCommand(input))).KeyPairs ?? []
const imported = (KeyName: string, material: string) =>
  client.send(new ImportKeyPairCommand({ KeyName, PublicKeyMaterial: Buffer.from(material) }))

test('a key pair is made; its private half opens what the public half that is kept closes', async () => {
  const TagSpecifications = [{ ResourceType: 'key-pair' as const, Tags: [{ Key: 'of', Value: 'me' }] }]
  const made = await create({ KeyType: 'rsa', TagSpecifications })
  expect(made).toMatchObject({ KeyName: 'testkey', Tags: [{ Key: 'of', Value: 'me' }] })
  expect(made.KeyFingerprint).toMatch(/^([0-9a-f]{2}:){19}[0-9a-f]{2}$/)
  const [kept] = await list({ IncludePublicKey: true })
  expect(kept).toMatchObject({
    KeyPairId: made.KeyPairId,
    KeyType: 'rsa',
    KeyFingerprint: made.KeyFingerprint,
    CreateTime: cloud.clock.now(),
  })
  const { n } = createPublicKey(createPrivateKey(made.KeyMaterial!)).export({ format: 'jwk' })
  expect(Buffer.from(kept!.PublicKey!.split(' ')[1]!, 'base64').includes(Buffer.from(n!, 'base64url'))).toBe(true)
})

test.each([
  ['ed25519', 'pem', /^-----BEGIN OPENSSH PRIVATE KEY-----/],
  ['ed25519', 'ppk', /^PuTTY-User-Key-File-/],
] as const)('a private key of type %s in format %s', async (KeyType, KeyFormat, looks) => {
  expect((await create({ KeyType, KeyFormat })).KeyMaterial).toMatch(looks)
})

test('the public half is shown only where it is asked for', async () => {
  await create()
  expect((await list())[0]!.PublicKey).toBeUndefined()
})

test('a name is taken once in an account', async () => {
  await create()
  expect(await refusal(create())).toBe("InvalidKeyPair.Duplicate: The keypair 'testkey' already exists.")
  expect(await refusal(imported('testkey', ed25519))).toMatch(/^InvalidKeyPair.Duplicate/)
  await cloud.client(bob).send(new CreateKeyPairCommand({ KeyName: 'testkey', KeyType: 'ed25519' }))
  expect(await list()).toHaveLength(1)
})

test.each([
  ['', /^MissingParameter/],
  [
    'schlüssel',
    'InvalidParameterValue: Value (schlüssel) for parameter KeyName is invalid. Character sets beyond ASCII are not supported.',
  ],
  ['two\nlines', /^InvalidParameterValue/],
  [' blank', /^InvalidParameterValue/],
  ['k'.repeat(256), /^InvalidParameterValue/],
])('the name %j is refused', async (KeyName, told) => {
  expect(await refusal(create({ KeyName }))).toEqual(typeof told === 'string' ? told : expect.stringMatching(told))
  expect(await list()).toEqual([])
})

test.each(['my key', 'quo"te\'s & <tags>', 'k'.repeat(255)])(
  'the name %j is taken, and found again',
  async (KeyName) => {
    await create({ KeyName })
    expect(await list({ KeyNames: [KeyName] })).toMatchObject([{ KeyName }])
  },
)

test.each([{ KeyType: 'dsa' as never }, { KeyFormat: 'der' as never }])('%j is refused', async (input) => {
  expect(await refusal(create(input))).toMatch(/^InvalidParameterValue/)
})

test('a dry run keeps no key', async () => {
  expect(await refusal(create({ DryRun: true }))).toMatch(/^DryRunOperation/)
  expect(await list()).toEqual([])
})

test('a public key is imported, with the fingerprint that ssh-keygen has for it', async () => {
  const answer = await imported('mine', `${ed25519} me@home`)
  expect(answer.KeyFingerprint).toMatch(/^[A-Za-z0-9+/]{43}=$/)
  expect((await list({ IncludePublicKey: true }))[0]).toMatchObject({
    KeyType: 'ed25519',
    PublicKey: `${ed25519} mine`,
  })
})

test.each(['', 'hello', 'ssh-dss AAAAB3NzaC1kc3MAAACB'])('the public key %j is refused', async (material) => {
  expect(await refusal(imported('mine', material))).toMatch(/^(InvalidKey.Format|MissingParameter)/)
})

test('a key pair is deleted by name or by id, and one that is not there without a word', async () => {
  const { KeyPairId } = await create()
  await create({ KeyName: 'other' })
  expect(await client.send(new DeleteKeyPairCommand({ KeyPairId }))).toMatchObject({ Return: true, KeyPairId })
  expect(await cloud.ask('DeleteKeyPair', { KeyName: 'other' })).toContain('<return>true</return>')
  expect(await cloud.ask('DeleteKeyPair', { KeyName: 'other' })).toContain('<return>true</return>')
  expect(await cloud.ask('DeleteKeyPair')).toContain('MissingParameter')
  expect(await list()).toEqual([])
})

test('key pairs are filtered, and asked for by name and id', async () => {
  const { KeyPairId, KeyFingerprint } = await create()
  await create({ KeyName: 'other' })
  for (const [Name, value] of [
    ['key-name', 'test*'],
    ['key-pair-id', KeyPairId],
    ['fingerprint', KeyFingerprint],
  ]) {
    expect(await list({ Filters: [{ Name, Values: [value] }] })).toMatchObject([{ KeyName: 'testkey' }])
  }
  expect(await list({ KeyPairIds: [KeyPairId] })).toHaveLength(1)
  expect(await refusal(list({ KeyNames: ['testkey', 'gone'] }))).toBe(
    "InvalidKeyPair.NotFound: The key pair 'gone' does not exist",
  )
})
