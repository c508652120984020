import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Codec, openCodec } from './codec.ts'

let cache: string
let ec2: Codec
let sts: Codec
const call = { requestId: 'rid', version: '2014-05-01' }

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'codec-'))
  ec2 = await openCodec('ec2', cache)
  sts = await openCodec('sts', cache)
})
afterAll(() => rm(cache, { recursive: true }))

const decode = (operation: string, query: string) => ec2.decode(operation, new URLSearchParams(query))

describe('what other clients send', () => {
  test('lists are taken in the order of their numbers: from 0, from 1, with gaps', () => {
    const InstanceIds = ['a', 'b', 'c']
    expect(decode('StopInstances', 'InstanceId.0=a&InstanceId.1=b&InstanceId.2=c')).toEqual({ InstanceIds })
    expect(decode('StopInstances', 'InstanceId.10=c&InstanceId.9=b&InstanceId.2=a')).toEqual({ InstanceIds })
  })

  test('structures in lists keep their parts together', () => {
    expect(decode('DescribeInstances', 'Filter.2.Value.1=x&Filter.1.Name=a&Filter.2.Name=b')).toEqual({
      Filters: [{ Name: 'a' }, { Name: 'b', Values: ['x'] }],
    })
  })

  test('one value is a list of one, and a list of one is a value', () => {
    expect(decode('StopInstances', 'InstanceId=i-1')).toEqual({ InstanceIds: ['i-1'] })
    expect(decode('GetConsoleOutput', 'InstanceId.1=i-1')).toEqual({ InstanceId: 'i-1' })
  })

  test("a member's own name is as good as its name in a query", () => {
    expect(decode('StopInstances', 'InstanceIds.1=i-1')).toEqual({ InstanceIds: ['i-1'] })
    expect(decode('CreateSecurityGroup', 'GroupName=g&GroupDescription=d')).toEqual({
      GroupName: 'g',
      Description: 'd',
    })
    expect(decode('CreateSecurityGroup', 'GroupName=g&Description=d')).toEqual({ GroupName: 'g', Description: 'd' })
  })

  test("an attribute's value comes with or without the word Value", () => {
    const expected = { InstanceId: 'i-1', EbsOptimized: { Value: true } }
    expect(decode('ModifyInstanceAttribute', 'InstanceId=i-1&EbsOptimized.Value=true')).toEqual(expected)
    expect(decode('ModifyInstanceAttribute', 'InstanceId=i-1&EbsOptimized=true')).toEqual(expected)
  })

  test("the front door's parameters and AddressingType are passed over", () => {
    const door =
      'Action=RunInstances&Version=2014-05-01&AWSAccessKeyId=A&Signature=s&SignatureMethod=HmacSHA256&SignatureVersion=2' +
      '&Timestamp=t&Expires=t&SecurityToken=t&X-Amz-Date=d&X-Amz-Algorithm=a&AddressingType=private'
    expect(decode('RunInstances', `${door}&MinCount=1&MaxCount=2`)).toEqual({ MinCount: 1, MaxCount: 2 })
  })

  test('BASE64 may be broken into lines', () => {
    expect(decode('ImportKeyPair', 'KeyName=k&PublicKeyMaterial=c3No%0D%0ALXJzYQ%3D%3D%0A')).toEqual({
      KeyName: 'k',
      PublicKeyMaterial: new TextEncoder().encode('ssh-rsa'),
    })
  })

  test("Eucalyptus' own parameter and answer of DescribeInstanceTypes are served", () => {
    expect(decode('DescribeInstanceTypes', 'Availability=true')).toEqual({ Availability: true })
    const detail = { Name: 'm1.small', Cpu: 1, Disk: 160, Memory: 1740 }
    const xml = ec2.encode('DescribeInstanceTypes', { InstanceTypeDetails: [detail] }, call)
    expect(xml).toContain(
      '<instanceTypeDetails><item><name>m1.small</name><cpu>1</cpu><disk>160</disk><memory>1740</memory></item></instanceTypeDetails>',
    )
  })

  test('booleans and times come in several forms', () => {
    expect(decode('DescribeInstances', 'DryRun=TRUE')).toEqual({ DryRun: true })
    const at = (text: string) => decode('DescribeSpotPriceHistory', `StartTime=${encodeURIComponent(text)}`)
    const StartTime = new Date('2014-04-23T20:11:35.000Z')
    for (const text of ['2014-04-23T20:11:35Z', '2014-04-23T20:11:35', '2014-04-23T22:11:35.000000+02:00'])
      expect(at(text), text).toEqual({ StartTime })
    expect(at('2014-04-23')).toEqual({ StartTime: new Date('2014-04-23T00:00:00.000Z') })
  })

  test('STS takes lists as awsQuery writes them, empty ones too', () => {
    const query = 'RoleArn=r&RoleSessionName=s&PolicyArns=&Tags.member.1.Key=k&Tags.member.1.Value=v'
    expect(sts.decode('AssumeRole', new URLSearchParams(query))).toEqual({
      RoleArn: 'r',
      RoleSessionName: 's',
      PolicyArns: [],
      Tags: [{ Key: 'k', Value: 'v' }],
    })
  })
})

describe('refusals', () => {
  test.each([
    ['Nope=1', 'UnknownParameter', 'The parameter Nope is not recognized'],
    ['Placement.Nope=1', 'UnknownParameter', 'The parameter Placement.Nope is not recognized'],
    ['Placement=here', 'UnknownParameter', 'The parameter Placement is not recognized'],
    ['BlockDeviceMapping=x', 'UnknownParameter', 'The parameter BlockDeviceMapping is not recognized'],
    ['SecurityGroup.x=1', 'UnknownParameter', 'The parameter SecurityGroup.x is not recognized'],
    ['SecurityGroup.01=1', 'UnknownParameter', 'The parameter SecurityGroup.01 is not recognized'],
    ['ImageId.1.1=x', 'UnknownParameter', 'The parameter ImageId.1.1 is not recognized'],
    ['__proto__.polluted=1', 'UnknownParameter', 'The parameter __proto__.polluted is not recognized'],
    ['constructor=1', 'UnknownParameter', 'The parameter constructor is not recognized'],
    ['MinCount=many', 'InvalidParameterValue', 'Value (many) for parameter MinCount is invalid. Expecting a number.'],
    ['MinCount=', 'InvalidParameterValue', 'Value () for parameter MinCount is invalid. Expecting a number.'],
    ['MinCount=0x10', 'InvalidParameterValue', 'Value (0x10) for parameter MinCount is invalid. Expecting a number.'],
    ['DryRun=yes', 'InvalidParameterValue', 'Value (yes) for parameter DryRun is invalid. Expecting true or false.'],
    ['MinCount=1&MinCount=2', 'InvalidParameterValue', 'The parameter MinCount has been given more than once'],
    ['ImageId=a&ImageId.1=b', 'InvalidParameterValue', 'The parameter ImageId has been given more than once'],
    ['ImageId.1=a&ImageId.2=b', 'InvalidParameterValue', 'The parameter ImageId has been given more than once'],
    ['SecurityGroup=a&SecurityGroup.1=b', 'InvalidParameterValue', /SecurityGroup has been given more than once/],
    ['SecurityGroup.1=a&SecurityGroups.1=b', 'InvalidParameterValue', /SecurityGroups has been given more than once/],
    ['MinCount=1', 'MissingParameter', 'The request must contain the parameter MaxCount'],
    [
      'MinCount=1&MaxCount=1&ElasticInferenceAccelerator.2.Count=1',
      'MissingParameter',
      'The request must contain the parameter ElasticInferenceAccelerator.2.Type',
    ],
  ])('RunInstances with %s: %s', (query, code, message) => {
    const refused = expect(() => decode('RunInstances', query))
    refused.toThrow(expect.objectContaining({ code }))
    refused.toThrow(message)
  })

  test.each(['2014-02-30', '2014-04-23T24:00:00Z', '2014-04-23T20:60:00Z', 'yesterday', '1398283895', ''])(
    'the time %j',
    (text) => {
      const query = new URLSearchParams({ StartTime: text })
      expect(() => ec2.decode('DescribeSpotPriceHistory', query)).toThrow('Expecting a time in ISO 8601 format.')
    },
  )

  test.each(['YW_j', 'YWJ', 'YWJj=', '!'])('the BASE64 %j', (text) => {
    const query = new URLSearchParams({ KeyName: 'k', PublicKeyMaterial: text })
    expect(() => ec2.decode('ImportKeyPair', query)).toThrow('Invalid BASE64 encoding of PublicKeyMaterial')
  })

  test('an empty id is not an empty list, which would mean all', () => {
    expect(decode('DescribeInstances', 'InstanceId=')).toEqual({ InstanceIds: [''] })
  })

  test('an operation that nobody knows', () => {
    expect(() => decode('toString', '')).toThrow(expect.objectContaining({ code: 'InvalidAction' }))
  })

  test('too many parameters', () => {
    const params = Array.from({ length: 10_001 }, (_, i) => [`InstanceId.${i}`, 'i-1'] as const)
    expect(() => ec2.decode('StopInstances', params)).toThrow(expect.objectContaining({ code: 'InvalidParameter' }))
    expect(ec2.decode('StopInstances', params.slice(1))).toHaveProperty('InstanceIds.length', 10_000)
  })

  test('messages do not repeat pages of what was sent', () => {
    const long = 'x'.repeat(1_000_000)
    for (const query of [`${long}=1`, `DryRun=${long}`])
      expect(() => decode('DescribeInstances', query)).toThrow(/^.{1,400}$/)
  })
})

describe('answers', () => {
  test('are in the namespace of the version that was asked', () => {
    const Reservations = [
      { Groups: [], Instances: [{ LaunchTime: new Date(0), EbsOptimized: false, KeyName: undefined }] },
    ]
    expect(ec2.encode('DescribeInstances', { Reservations }, call)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2014-05-01/"><requestId>rid</requestId>' +
        '<reservationSet><item><groupSet/><instancesSet><item><ebsOptimized>false</ebsOptimized>' +
        '<launchTime>1970-01-01T00:00:00.000Z</launchTime></item></instancesSet></item></reservationSet></DescribeInstancesResponse>',
    )
  })

  test('without content say that it worked', () => {
    for (const output of [undefined, {}])
      expect(ec2.encode('DeleteInternetGateway', output, call)).toContain(
        '<requestId>rid</requestId><return>true</return></',
      )
  })

  test('that were remembered as JSON are encoded as they were', () => {
    const output = { Instances: [{ LaunchTime: new Date(0) }] }
    expect(ec2.encode('RunInstances', JSON.parse(JSON.stringify(output)), call)).toBe(
      ec2.encode('RunInstances', output, call),
    )
  })

  test('of STS have their result inside, and its own namespace', () => {
    expect(sts.encode('GetCallerIdentity', { Account: '123456789012' }, call)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        '<Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>rid</RequestId>' +
        '</ResponseMetadata></GetCallerIdentityResponse>',
    )
  })

  test('an operation tells the names of its members', () => {
    expect(ec2.operations.get('StopInstances')).toMatchObject({
      accepts: expect.arrayContaining(['InstanceIds', 'Force', 'DryRun']),
      requires: ['InstanceIds'],
      answers: ['StoppingInstances'],
    })
  })
})

describe('errors', () => {
  const refusal = { code: 'InvalidAction', message: '<a> & b', requestId: 'rid' }

  test('of EC2', () => {
    expect(ec2.encodeError(refusal)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAction</Code>' +
        '<Message>&lt;a&gt; &amp; b</Message></Error></Errors><RequestID>rid</RequestID></Response>',
    )
  })

  test('of STS, with whose fault it is', () => {
    expect(sts.encodeError(refusal)).toContain('<Error><Type>Sender</Type><Code>InvalidAction</Code>')
    expect(sts.encodeError({ ...refusal, status: 500 })).toContain('<Type>Receiver</Type>')
  })
})
