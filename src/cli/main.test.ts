import { expect, test } from 'vitest'
import { Fault } from '../base/fault.ts'
import { commands, installedNames } from './commands/index.ts'
import { fakeOutside } from './fake/outside.ts'
import { main } from './main.ts'

test('a mistake is answered with the usage, under the name that was typed, status 2', async () => {
  const outside = fakeOutside()
  expect(await main('ec2-terminate-instances', [], outside)).toBe(2)
  expect(outside.printed.err).toBe(
    [
      'usage: ec2-terminate-instances [--show-empty-fields] [-U URL]',
      '                               [--region USER@REGION] [-I KEY_ID] [-S KEY]',
      '                               [--security-token TOKEN] [--debug] [--version]',
      '                               [-h] INSTANCE [INSTANCE ...]',
      'ec2-terminate-instances: error: too few arguments\n',
    ].join('\n'),
  )
  expect(outside.printed.out).toBe('')
})

test("a service's refusal is its code and message, status 1", async () => {
  const failure = Object.assign(new Error("The instance ID 'i-1' does not exist"), {
    name: 'InvalidInstanceID.NotFound',
    $metadata: { httpStatusCode: 400 },
  })
  const outside = fakeOutside({ failure })
  expect(await main('euca-terminate-instances', ['i-1'], outside)).toBe(1)
  expect(outside.printed.err).toBe(
    "euca-terminate-instances: error (InvalidInstanceID.NotFound): The instance ID 'i-1' does not exist\n",
  )
})

test('a server that is not there is named', async () => {
  const failure = new AggregateError([Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })])
  const outside = fakeOutside({ failure })
  expect(await main('euca-describe-regions', [], outside)).toBe(1)
  expect(outside.printed.err).toBe('euca-describe-regions: error: cannot reach http://127.0.0.1:8773/: ECONNREFUSED\n')
})

test('a bug of ours is not dressed up as an error of the service', async () => {
  await expect(main('euca-describe-regions', [], fakeOutside({ failure: new TypeError('bug') }))).rejects.toThrow('bug')
  expect(await main('euca-describe-regions', [], fakeOutside({ failure: new Fault('known') }))).toBe(1)
})

test('a command that does not exist says which do', async () => {
  const outside = fakeOutside()
  expect(await main('ec2-fly', [], outside)).toBe(2)
  expect(outside.printed.err).toMatch(/^ec2-fly: error: there is no such command; there are describe-regions, /)
})

test('the private key is printed, or saved where -f says, never both', async () => {
  const answers = [{ KeyName: 'testkey', KeyFingerprint: '1f:51', KeyMaterial: '-----BEGIN RSA PRIVATE KEY-----' }]
  const shown = fakeOutside({ answers })
  await main('euca-create-keypair', ['testkey'], shown)
  expect(shown.printed.out).toBe('KEYPAIR\ttestkey\t1f:51\n-----BEGIN RSA PRIVATE KEY-----\n')
  const saved = fakeOutside({ answers })
  await main('euca-create-keypair', ['-f', './testkey', 'testkey'], saved)
  expect(saved.printed.out).toBe('KEYPAIR\ttestkey\t1f:51\n')
  expect([...saved.saved]).toEqual([['./testkey', '-----BEGIN RSA PRIVATE KEY-----\n']])
})

test('a private key that cannot be saved is printed rather than lost', async () => {
  const outside = fakeOutside({
    answers: [{ KeyName: 'k', KeyFingerprint: '1f', KeyMaterial: 'secret\n' }],
    unwritable: true,
  })
  expect(await main('euca-create-keypair', ['-f', '/k', 'k'], outside)).toBe(1)
  expect(outside.printed.out).toBe('KEYPAIR\tk\t1f\nsecret\n')
  expect(outside.printed.err).toContain('could not be saved: EACCES')
})

test('every command can say how it is used, within 80 columns', async () => {
  for (const { name } of commands) {
    const outside = fakeOutside()
    expect(await main(`euca-${name}`, ['-h'], outside)).toBe(0)
    expect(outside.printed.out).toMatch(new RegExp(`^usage: euca-${name} `))
    expect(outside.asked).toEqual([])
    const lines = outside.printed.out.split('\n').filter((line) => !/^ {2}-/.test(line)) // names of a flag stay together
    expect(
      lines.filter((line) => line.length > 80 && line.trim().split(' -').length > 1),
      name,
    ).toEqual([])
  }
})

test('both families of names are installed', () => {
  for (const name of [
    'ec2-run-instances',
    'euca-run-instances',
    'ec2-add-group',
    'ec2-describe-group',
    'euca-describe-groups',
    'ec2-get-console-output',
  ]) {
    expect(installedNames).toContain(name)
  }
})
