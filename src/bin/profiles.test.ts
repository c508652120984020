import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../base/subprocess.ts'
import { writeProfiles } from './profiles.ts'
import { cloudOf, endpointOf, pathsOf, settle } from './settings.ts'

const credentials = { account: '123456789012', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' }

async function profileIn(folder: string) {
  const home = await mkdtemp(join(tmpdir(), 'cumulet-profiles-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const paths = pathsOf(join(home, folder))
  await mkdir(paths.data)
  const settings = await settle(paths, { hypervisor: 'fake', host: '::1' })
  await writeProfiles(paths, settings, credentials)
  return { paths, settings }
}

test('a shell takes the profile of a data directory whatever its name, and runs nothing of it', async () => {
  const { paths } = await profileIn(`o'brien's $(touch pwned) "clouds"`)
  const told = await run('sh', ['-c', '. "$1"; printf "%s\\n" "$CUMULET_HOME" "$PATH" "$EC2_URL"', 'sh', paths.shell])
  const [home, path, url] = told.split('\n')
  expect(home).toBe(paths.data)
  expect(path?.startsWith(`${paths.commands}:`)).toBe(true)
  expect(url).toBe('http://[::1]:8773')
})

test('a script that sources it reaches the cloud with an AWS CLI that knows no endpoint from the environment', async () => {
  const { paths } = await profileIn('data')
  await mkdir(paths.commands)
  await writeFile(join(paths.commands, 'aws'), '#!/bin/sh\nprintf "<%s>" "$@"\n', { mode: 0o755 })
  const script = 'alias aws=false\n. "$1"\naws ec2 "two words"'
  const told = await run('sh', ['-c', script, 'sh', paths.shell])
  expect(told).toBe('<--endpoint-url><http://[::1]:8773><ec2><two words>')
})

test('where objects are elsewhere, the AWS CLI asks for them there', async () => {
  const { paths, settings } = await profileIn('data')
  const elsewhere = { url: 'https://s3.example', region: 'eu-1', accessKeyId: 'AK', secretAccessKey: 'secret' }
  await writeFile(paths.objectsElsewhere, JSON.stringify(elsewhere))
  await writeProfiles(paths, settings, credentials)
  await mkdir(paths.commands)
  await writeFile(join(paths.commands, 'aws'), '#!/bin/sh\nprintf "<%s>" "$2"\n', { mode: 0o755 })
  const told = await run('sh', ['-c', '. "$1"; aws s3 ls; aws sts x; aws ec2 x', 'sh', paths.shell])
  expect(told).toBe('<https://s3.example><http://[::1]:8773><http://[::1]:8773>')
})

test('whoever finds the keys is the one who started the cloud', async () => {
  const { paths } = await profileIn('data')
  for (const file of [paths.profile, paths.awsConfig, paths.awsCredentials, paths.shell])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('every endpoint that is told is a URL, also where the address is of IPv6', async () => {
  const { paths, settings } = await profileIn('data')
  expect(JSON.parse(await readFile(paths.profile, 'utf8'))).toMatchObject({ endpoint: 'http://[::1]:8773' })
  expect(cloudOf(settings, 'none').endpoint).toBe('http://[::1]:8773')
  expect(endpointOf({ ...settings, listen: { host: '0.0.0.0', port: 1 } })).toBe('http://127.0.0.1:1')
})
