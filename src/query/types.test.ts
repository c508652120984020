import type { Instance } from '@aws-sdk/client-ec2'
import { expectTypeOf, test } from 'vitest'
import type { Input, OperationName, Output, StsInput, StsOperationName, StsOutput } from './types.ts'

// The compiler is what runs these.

test('an input has what the model requires, and may lack the rest', () => {
  expectTypeOf<Input<'StopInstances'>['InstanceIds']>().toEqualTypeOf<string[]>()
  expectTypeOf<Input<'RunInstances'>['MinCount']>().toEqualTypeOf<number>()
  expectTypeOf<Input<'RunInstances'>['ImageId']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<Input<'ImportKeyPair'>['PublicKeyMaterial']>().toEqualTypeOf<Uint8Array>()
  expectTypeOf({}).toExtend<Input<'DescribeInstances'>>()
  expectTypeOf<StsInput<'AssumeRole'>['RoleArn']>().toEqualTypeOf<string>()
})

test("an output takes the SDK's own types, and any text for an enumeration, but no metadata", () => {
  expectTypeOf<{ Instances: Instance[] }>().toExtend<Output<'RunInstances'>>()
  expectTypeOf<{ Instances: readonly { InstanceType: string; LaunchTime: Date }[] }>().toExtend<
    Output<'RunInstances'>
  >()
  expectTypeOf<{ OwnerId: number }>().not.toExtend<Output<'RunInstances'>>()
  expectTypeOf<Output<'RunInstances'>>().not.toHaveProperty('$metadata')
  expectTypeOf<StsOutput<'GetCallerIdentity'>['Account']>().toEqualTypeOf<string | undefined>()
})

test('operations are those that the client has commands for', () => {
  expectTypeOf<'RunInstances'>().toExtend<OperationName>()
  expectTypeOf<'GetCallerIdentity'>().toExtend<StsOperationName>()
  expectTypeOf<'GetCallerIdentity'>().not.toExtend<OperationName>()
  expectTypeOf<'$'>().not.toExtend<OperationName>()
})

test("Eucalyptus' members are there where it added some", () => {
  expectTypeOf<Input<'DescribeInstanceTypes'>['Availability']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<Output<'DescribeInstanceTypes'>>().toHaveProperty('InstanceTypeDetails')
})
