/** Which blocks of addresses VPCs and subnets may have. Pure. Source: VPC User Guide, "VPC CIDR blocks" and "Subnet sizing". */
import { refuse } from '../../model/errors.ts'
import { isAddress, parseBlock, toAddress } from './addresses.ts'

/** Sizes of VPCs and subnets: from a /16 to a /28. */
const largest = 16
const smallest = 28
/** Blocks that a VPC may have, its first included. Source: VPC User Guide, "Amazon VPC quotas". */
export const mostBlocks = 5

/**
 * The block with the bits of the host cleared, as EC2 answers. Refuses what is no IPv4 block.
 * Source: EC2 API Reference, CreateVpc: "if you specify 100.68.0.18/18, we modify it to 100.68.0.0/18".
 */
export function readBlock(text: string | undefined, parameter = 'cidrBlock'): string {
  if (!text) refuse('MissingParameter', { parameter })
  const [address = '', length = '', ...more] = text.split('/')
  if (more.length > 0 || !isAddress(address) || !/^(0|[1-9]\d?)$/.test(length) || Number(length) > 32)
    refuse('InvalidParameterValue', {
      message: `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
    })
  const { first, prefix } = parseBlock(text)
  return `${toAddress(first)}/${prefix}`
}

/** Refuses a block of another size, and those that mean something to every machine. Source: RFC 6890. */
export function checkVpcBlock(cidr: string): void {
  if (!isRightSize(cidr) || special.some((it) => overlap(it, cidr))) refuse('InvalidVpc.Range', { cidr })
}

const special = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3']

/** Refuses a block that a VPC with `blocks` cannot have as well: it overlaps one, or is one too many. */
export function checkNextBlock(vpc: string, cidr: string, blocks: readonly string[]): void {
  checkVpcBlock(cidr)
  if (blocks.some((it) => overlap(it, cidr))) refuse('InvalidVpc.Conflict', { cidr })
  if (blocks.length >= mostBlocks) refuse('CidrLimitExceeded', { id: vpc })
}

/** Refuses a block that is not within one of the VPC's, or overlaps one of its `subnets`. */
export function checkSubnetBlock(cidr: string, blocks: readonly string[], subnets: readonly string[]): void {
  if (!isRightSize(cidr) || !blocks.some((it) => contains(it, cidr))) refuse('InvalidSubnet.Range', { cidr })
  if (subnets.some((it) => overlap(it, cidr))) refuse('InvalidSubnet.Conflict', { cidr })
}

export function overlap(one: string, other: string): boolean {
  const [a, b] = [parseBlock(one), parseBlock(other)]
  return a.first <= b.last && b.first <= a.last
}

/** Whether every address of `inner` is one of `outer`. */
export function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseBlock(outer), parseBlock(inner)]
  return a.first <= b.first && b.last <= a.last
}

function isRightSize(cidr: string): boolean {
  const { prefix } = parseBlock(cidr)
  return prefix >= largest && prefix <= smallest
}
