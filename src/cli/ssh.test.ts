import { expect, test } from 'vitest'
import { sshCommand } from './ssh.ts'

const instance = { InstanceId: 'i-75ade57d', PublicIpAddress: '203.0.113.10' }

test('the login goes from the internet of the cloud to the public address, with the key', () => {
  expect(sshCommand({ cloud: 'cumulet', instance, keys: ['./testkey'], user: 'ubuntu' }).join(' ')).toBe(
    'ip netns exec cumulet-internet ssh -i ./testkey -o HostKeyAlias=i-75ade57d -o StrictHostKeyChecking=accept-new -o IdentitiesOnly=yes ubuntu@203.0.113.10',
  )
})

test('several keys are tried, a command is run, and host keys may be kept apart', () => {
  const command = sshCommand({
    cloud: 'lab',
    instance,
    keys: ['a', 'b'],
    knownHosts: '/data/known_hosts',
    command: ['uname', '-a'],
  })
  expect(command.slice(0, 9)).toEqual(['ip', 'netns', 'exec', 'lab-internet', 'ssh', '-i', 'a', '-i', 'b'])
  expect(command).toContain('UserKnownHostsFile=/data/known_hosts')
  expect(command.slice(-3)).toEqual(['root@203.0.113.10', 'uname', '-a'])
})

test('without keys the agent of the user is asked', () => {
  expect(sshCommand({ cloud: 'cumulet', instance, keys: [] })).not.toContain('IdentitiesOnly=yes')
})

test('an instance without a public address cannot be reached', () => {
  expect(() => sshCommand({ cloud: 'cumulet', instance: { InstanceId: 'i-1' }, keys: [] })).toThrow(
    'i-1 has no public address',
  )
})
