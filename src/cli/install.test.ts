import { lstat, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../base/subprocess.ts'
import { installCommands } from './install.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cumulet-commands-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

test('an installed command runs under its name, from any folder', async () => {
  const path = await folder()
  expect(await installCommands(join(path, 'bin'))).toContain('ec2-run-instances')
  expect(await run('./ec2-run-instances', ['-h'], { cwd: join(path, 'bin') })).toMatch(/^usage: ec2-run-instances /)
  expect(await run(join(path, 'bin', 'euca-describe-groups'), ['--help'], { cwd: '/' })).toMatch(
    /^usage: euca-describe-groups /,
  )
})

test('links of an earlier installation are replaced, and installing twice changes nothing', async () => {
  const path = await folder()
  await symlink('/nowhere/bin/ec2', join(path, 'ec2-run-instances'))
  await installCommands(path, '/somewhere/bin/ec2')
  expect(await readlink(join(path, 'ec2-run-instances'))).toBe('/somewhere/bin/ec2')
  const before = await lstat(join(path, 'ec2-run-instances'))
  await installCommands(path, '/somewhere/bin/ec2')
  expect((await lstat(join(path, 'ec2-run-instances'))).ino).toBe(before.ino)
})

test('a file that is not ours is left alone', async () => {
  const path = await folder()
  await writeFile(join(path, 'ec2-authorize'), 'mine')
  await expect(installCommands(path, '/somewhere/bin/ec2')).rejects.toThrow('is in the way')
})
