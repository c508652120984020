/** The whole control plane, all that is served, under requests that nobody would send. No host is connected. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ec2 from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Log, silentLog } from '../../src/base/log.ts'
import { placedHosts } from '../../src/bin/box.ts'
import { type ControlPlane, openControlPlane } from '../../src/bin/control/control-plane.ts'
import { ensureTinyImage } from '../../src/bin/control/tiny-image.ts'
import { cloudOf, pathsOf, settle } from '../../src/bin/settings.ts'
import { ec2Actions } from '../../src/ec2/index.ts'
import { anyOf, diceOf } from '../contract/codec-values.ts'
import { fuzzFrontDoor } from './front-door-fuzz.ts'

let folder: string
let control: ControlPlane
let image: string
const faults: unknown[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-fuzz-'))
  const paths = pathsOf(folder)
  for (const it of [paths.run, paths.logs, paths.images]) await mkdir(it)
  const settings = await settle(paths, { hypervisor: 'fake', port: 0 })
  const log: Log = { ...silentLog, error: (fields: unknown) => void faults.push(fields), child: () => log }
  control = await openControlPlane({
    paths,
    settings,
    cloud: cloudOf(settings, 'none'),
    boxHosts: placedHosts(settings),
    log,
  })
  image = await ensureTinyImage(
    { paths, settings, store: control.store, detail: () => {} },
    AbortSignal.timeout(10_000),
  )
})

afterAll(async () => {
  await control?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

test('no request breaks, hangs or confuses the cloud', { timeout: 180_000 }, async () => {
  const { accessKeyId, secretAccessKey: secret } = control.credentials
  const actions = ec2Actions.map((it) => it.name)
  await fuzzFrontDoor(control.listener.port, 'cloud', 400, { credentials: { accessKeyId, secret }, actions })
  expect(faults).toEqual([])
})

/** What a caller may hear: anything but a fault of ours. */
const ours = new Set(['InternalError', 'InternalFailure'])

test('random input of the right shape gets an answer or a refusal from every action, never a fault', {
  timeout: 180_000,
}, async () => {
  const { accessKeyId, secretAccessKey } = control.credentials
  const client = new ec2.EC2Client({
    endpoint: control.listener.url,
    region: 'us-west-2',
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  const schemas = ec2 as unknown as Record<string, readonly unknown[] & { [4]: () => unknown }>
  const commands = ec2 as unknown as Record<string, new (input: object) => Parameters<typeof client.send>[0]>
  const broken: string[] = []
  for (const { name } of ec2Actions) {
    for (let seed = 0; seed < 25; seed++) {
      const input = sensible(
        anyOf(resolved(schemas[`${name}$`]![4]), { dice: diceOf(seed), full: seed === 0, request: true }) as object,
        seed,
      )
      const error = await client.send(new commands[`${name}Command`]!(input)).then(
        () => undefined,
        (thrown: Error) => thrown,
      )
      if (error && ours.has(error.name)) broken.push(`${name}, seed ${seed}: ${JSON.stringify(input)}`)
    }
  }
  client.destroy()
  expect(broken).toEqual([])
  expect(faults).toEqual([])
})

function resolved(schema: unknown): unknown {
  return typeof schema === 'function' ? (schema as () => unknown)() : schema
}

/** Half of the inputs name things that are there, so that more than the first check is reached. */
function sensible(input: object, seed: number): object {
  if (seed % 2 === 0) return { ...input, DryRun: undefined }
  const known: Record<string, unknown> = {
    ImageId: image,
    GroupName: 'default',
    KeyName: 'key',
    InstanceType: 'm1.small',
    MaxResults: 5,
    NextToken: undefined,
    Filters: undefined,
    InstanceIds: undefined,
  }
  const replaced = Object.keys(known).filter((name) => name in input)
  return { ...input, DryRun: undefined, ...Object.fromEntries(replaced.map((name) => [name, known[name]])) }
}
