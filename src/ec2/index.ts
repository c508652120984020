/** Every action of EC2 that is served: a new one is one file and one line here. */
import { DescribeInstances } from './actions/instances/DescribeInstances.ts'
import { RunInstances } from './actions/instances/RunInstances.ts'
import { TerminateInstances } from './actions/instances/TerminateInstances.ts'

export const ec2Actions = [DescribeInstances, RunInstances, TerminateInstances] as const
