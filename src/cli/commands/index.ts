/** Every command, by every name it is called by. A new command is one entry of a family's file. */
import type { Command } from '../command.ts'
import { addressCommands } from './addresses.ts'
import { bundleCommands } from './bundles.ts'
import { consoleOutputCommands } from './console-output.ts'
import { imageRegistrationCommands } from './image-registration.ts'
import { imageCommands } from './images.ts'
import { instanceAttributeCommands } from './instance-attributes.ts'
import { instanceStatusCommands } from './instance-status.ts'
import { instanceTypeCommands } from './instance-types.ts'
import { instanceCommands } from './instances.ts'
import { keyPairCommands } from './key-pairs.ts'
import { networkAclCommands } from './network-acls.ts'
import { networkInterfaceCommands } from './network-interfaces.ts'
import { networkCommands } from './networks.ts'
import { regionCommands } from './regions.ts'
import { routeCommands } from './routes.ts'
import { runInstances } from './run-instances.ts'
import { securityGroupCommands } from './security-groups.ts'
import { snapshotCommands } from './snapshots.ts'
import { tagCommands } from './tags.ts'
import { volumeCommands } from './volumes.ts'
import { vpcCommands } from './vpcs.ts'

export const commands: readonly Command[] = [
  ...regionCommands,
  ...imageCommands,
  ...imageRegistrationCommands,
  ...bundleCommands,
  runInstances,
  ...instanceCommands,
  ...instanceStatusCommands,
  ...instanceAttributeCommands,
  ...instanceTypeCommands,
  ...consoleOutputCommands,
  ...keyPairCommands,
  ...securityGroupCommands,
  ...addressCommands,
  ...networkInterfaceCommands,
  ...volumeCommands,
  ...snapshotCommands,
  ...tagCommands,
  ...vpcCommands,
  ...networkCommands,
  ...networkAclCommands,
  ...routeCommands,
]

/** What the names of commands begin with: Amazon's and Eucalyptus' are the same commands. */
export const prefixes = ['ec2-', 'euca-'] as const

/** The commands by name, without prefix. */
export const commandsByName: ReadonlyMap<string, Command> = new Map(
  commands.flatMap((it) => [it.name, ...it.aliases].map((name) => [name, it])),
)

/** The names under which the commands are installed: `ec2-add-group`, `euca-add-group`, … */
export const installedNames: readonly string[] = prefixes.flatMap((prefix) =>
  [...commandsByName.keys()].map((name) => `${prefix}${name}`),
)
