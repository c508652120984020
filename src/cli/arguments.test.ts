import { expect, test } from 'vitest'
import { parseArguments } from './arguments.ts'
import { commandsByName } from './commands/index.ts'

function parse(name: string, ...args: string[]) {
  return parseArguments(commandsByName.get(name)!, args).options // names of this test's making
}

test('flags are read in short, long, glued and shortened form', () => {
  for (const form of [
    ['-n', '10'],
    ['-n10'],
    ['--instance-count', '10'],
    ['--instance-count=10'],
    ['--instance-c', '10'],
  ]) {
    expect(parse('run-instances', 'ami-1', ...form)).toMatchObject({ image: 'ami-1', count: { min: 10, max: 10 } })
  }
})

test('flags may stand before, between and after words', () => {
  expect(parse('terminate-instances', 'i-1', 'i-2')).toEqual({ instances: ['i-1', 'i-2'] })
  expect(parse('stop-instances', 'i-1', '-f', 'i-2')).toEqual({ instances: ['i-1', 'i-2'], force: true })
})

test('a flag given twice counts once, unless it may be repeated', () => {
  expect(parse('run-instances', 'ami-1', '-t', 'm1.small', '-t', 'm1.large', '-g', 'a', '-g', 'b')).toMatchObject({
    type: 'm1.large',
    groups: ['a', 'b'],
  })
})

test('a negative number is a value, another dash is a flag', () => {
  expect(parse('authorize', 'g', '-P', 'icmp', '-t', '-1:-1')).toMatchObject({ icmp: { from: -1, to: -1 } })
  expect(parse('authorize', 'g', '-P', '-1')).toMatchObject({ protocol: '-1' })
  expect(() => parse('run-instances', 'ami-1', '-k', '-t', 'm1.small')).toThrow(
    'argument -k/--key/--keypair: expected one argument',
  )
  expect(parse('run-instances', 'ami-1', '--user-data=--verbose')).toMatchObject({ userData: '--verbose' })
})

test('the same filter twice means either value', () => {
  const { filters } = parse(
    'describe-instances',
    '--filter',
    'key-name=a',
    '--filter',
    'key-name=b=c',
    '--filter',
    'tag:Name=x',
  )
  expect(filters).toEqual([
    { Name: 'key-name', Values: ['a', 'b=c'] },
    { Name: 'tag:Name', Values: ['x'] },
  ])
})

test('what argparse refuses is refused in its words', () => {
  const refused: [string[], string][] = [
    [['run-instances'], 'too few arguments'],
    [['terminate-instances'], 'too few arguments'],
    [['run-instances', 'ami-1', '-n'], 'argument -n/--instance-count: expected one argument'],
    [['run-instances', 'ami-1', '-n', 'x'], 'argument -n/--instance-count: value must have format "1" or "1-2"'],
    [['run-instances', 'ami-1', '-n', '0'], 'argument -n/--instance-count: instance count must be positive'],
    [['run-instances', 'ami-1', 'ami-2', '--no-such'], 'unrecognized arguments: --no-such ami-2'],
    [
      ['run-instances', 'ami-1', '--user-data', 'a', '-f', 'b'],
      'argument -f/--user-data-file: not allowed with argument -d/--user-data',
    ],
    [
      ['run-instances', 'ami-1', '--user', 'a'],
      'ambiguous option: --user could match --user-data, --user-data-force, --user-data-file',
    ],
    [
      ['run-instances', 'ami-1', '--addressing', 'x'],
      "argument --addressing: invalid choice: 'x' (choose from 'public', 'private')",
    ],
    [['run-instances', 'ami-1', '--monitor=yes'], "argument -m/--monitor: ignored explicit argument 'yes'"],
    [
      ['run-instances', 'ami-1', '-b', '/dev/sdb'],
      'argument -b/--block-device-mapping: block device mapping "/dev/sdb" must have form DEVICE=MAPPED',
    ],
    [['create-tags', 'i-1'], 'argument --tag is required'],
    [['create-group', 'g'], 'argument -d/--description is required'],
    [
      ['modify-instance-attribute', 'i-1', '-t', 'a', '--kernel', 'b'],
      'argument --kernel: not allowed with argument -t/--instance-type',
    ],
    [['describe-instances', '--filter', 'no-such=1'], 'argument --filter: "no-such=1" matches no available filters'],
    [['describe-instances', '--filter', 'key-name'], 'argument --filter: "key-name" matches no available filters'],
    [['authorize', 'g', '-p', '20:30'], 'argument -p/--port-range: multi-port range must be separated by "-", not ":"'],
    [
      ['authorize', 'g', '-s', '10.0.0.0/8', '-o', 'h'],
      'argument -o/--source-group: not allowed with argument -s/--cidr/--source-subnet',
    ],
  ]
  for (const [[name = '', ...args], message] of refused) expect(() => parse(name, ...args), message).toThrow(message)
  expect(() => parse('describe-instance-attribute', 'i-1')).toThrow(
    /^one of the arguments -b\/--block-device-mapping .* is required$/,
  )
})

test('help is given however wrong the rest is', () => {
  expect(parseArguments(commandsByName.get('run-instances')!, ['-h', '--no-such']).common.help).toBe(true)
})
