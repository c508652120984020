import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from './client.ts'
import { failureText } from './failure.ts'
import type { Target } from './target.ts'

interface Answer {
  readonly status?: number
  readonly body: string
}

/** A service that gives these answers in turn; the forms it got, and how to reach it. */
async function service(...answers: Answer[]): Promise<{ target: Target; forms: URLSearchParams[]; scopes: string[] }> {
  const forms: URLSearchParams[] = []
  const scopes: string[] = []
  const server: Server = createServer(async (request, response) => {
    forms.push(new URLSearchParams(await text(request)))
    scopes.push(request.headers.authorization ?? '')
    const { status = 200, body } = answers[forms.length - 1] ?? answers.at(-1)! // each test gives one
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/compute`
  return {
    target: { endpoint, region: 'us-west-2', keys: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'very-secret' } },
    forms,
    scopes,
  }
}

const xml = (action: string, content: string): Answer => ({
  body: `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${content}</${action}Response>`,
})
const refusal = (status: number, code: string): Answer => ({
  status,
  body: `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>`,
})

test('a request is signed and its answer typed', async () => {
  const { target, forms, scopes } = await service(
    xml('DescribeRegions', '<regionInfo><item><regionName>us-west-2</regionName></item></regionInfo>'),
  )
  const ask = await connect(target)
  expect(await ask('DescribeRegions', { RegionNames: ['us-west-2'] })).toMatchObject([
    { Regions: [{ RegionName: 'us-west-2' }] },
  ])
  expect(Object.fromEntries(forms[0]!)).toEqual({
    Action: 'DescribeRegions',
    Version: '2016-11-15',
    'RegionName.1': 'us-west-2',
  })
  expect(scopes[0]).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/ec2\/aws4_request, /)
})

test('no client token is invented, but one that is given is sent', async () => {
  const { target, forms } = await service(xml('RunInstances', ''))
  const ask = await connect(target)
  await ask('RunInstances', { ImageId: 'ami-1', MinCount: 1, MaxCount: 1 })
  await ask('RunInstances', { ImageId: 'ami-1', MinCount: 1, MaxCount: 1, ClientToken: 'mine' })
  expect(forms.map((it) => it.get('ClientToken'))).toEqual([null, 'mine'])
  expect(forms[0]!.get('ImageId')).toBe('ami-1')
})

test('an empty tag value is sent', async () => {
  const { target, forms } = await service(xml('CreateTags', '<return>true</return>'))
  await (await connect(target))('CreateTags', { Resources: ['i-1'], Tags: [{ Key: 'a', Value: '' }] })
  expect(forms[0]!.get('Tag.1.Value')).toBe('')
})

test('pages are asked for to the last', async () => {
  const page = (name: string, next: string) =>
    xml('DescribeTags', `<tagSet><item><key>${name}</key></item></tagSet>${next}`)
  const { target, forms } = await service(page('a', '<nextToken>2</nextToken>'), page('b', ''))
  const answers = await (await connect(target))('DescribeTags', {})
  expect(answers).toMatchObject([{ Tags: [{ Key: 'a' }] }, { Tags: [{ Key: 'b' }] }])
  expect(forms.map((it) => it.get('NextToken'))).toEqual([null, '2'])
})

test('a server that repeats its page does not hold the command forever', async () => {
  const { target } = await service(xml('DescribeTags', '<tagSet/><nextToken>1</nextToken>'))
  await expect((await connect(target))('DescribeTags', {})).rejects.toThrow('again and again')
})

async function failure(
  answer: Answer,
  operation: 'TerminateInstances' | 'DescribeRegions',
): Promise<{ text: string; attempts: number }> {
  const { target, forms } = await service(answer)
  const error = await (await connect(target))(operation, { InstanceIds: ['i-1'] }).catch((thrown: unknown) => thrown)
  return { text: failureText(error, target.endpoint), attempts: forms.length }
}

test('an error has the code of the service, or the HTTP status where there is none', async () => {
  expect(await failure(refusal(400, 'InvalidInstanceID.NotFound'), 'TerminateInstances')).toEqual({
    text: 'error (InvalidInstanceID.NotFound): no',
    attempts: 1,
  })
  expect(await failure({ status: 403, body: '<html><body>Go away' }, 'TerminateInstances')).toEqual({
    text: 'error (403): Forbidden',
    attempts: 1,
  })
  expect(await failure({ status: 404, body: 'nothing here' }, 'TerminateInstances')).toEqual({
    text: 'error (404): Not Found',
    attempts: 1,
  })
  expect(await failure({ status: 404, body: '' }, 'TerminateInstances')).toEqual({
    text: 'error (404): Not Found',
    attempts: 1,
  })
})

test('a question is asked again when the service fails, a change is not', async () => {
  expect((await failure(refusal(503, 'Unavailable'), 'TerminateInstances')).attempts).toBe(1)
  expect((await failure(refusal(503, 'Unavailable'), 'DescribeRegions')).attempts).toBe(3)
})

test('a service that is not there is an error of the network', async () => {
  const { target } = await service(xml('DescribeRegions', ''))
  const gone = { ...target, endpoint: 'http://127.0.0.1:1/' }
  const error = await (await connect(gone))('DescribeRegions', {}).catch((thrown: unknown) => thrown)
  expect(failureText(error, gone.endpoint)).toBe('error: cannot reach http://127.0.0.1:1/: ECONNREFUSED')
})

test('--debug shows request and answer, and not the secret', async () => {
  const { target } = await service(xml('DescribeRegions', '<regionInfo/>'))
  const told: string[] = []
  const ask = await connect(target, { debug: (line) => told.push(line) })
  expect(await ask('DescribeRegions', {})).toMatchObject([{}])
  expect(told[0]).toMatch(/^POST http:.*\/services\/compute/)
  expect(told[0]).toContain('Action=DescribeRegions')
  expect(told[1]).toMatch(/^200\n/)
  expect(told[1]).toContain('<regionInfo/>')
  expect(told.join('\n')).not.toContain('very-secret')
})
