import type { Migration } from '../migrate.ts'
import { engine } from './0001-engine.ts'
import { resources } from './0002-resources.ts'
import { addresses } from './0010-addresses.ts'
import { interfaces } from './0011-interfaces.ts'
import { vpcs } from './0014-vpcs.ts'
import { lostHosts } from './0015-lost-hosts.ts'
import { peeringNames } from './0018-peering-names.ts'
import { resourceNames } from './0019-resource-names.ts'
import { prefixLists } from './0022-prefix-lists.ts'
import { networkAcls } from './0023-network-acls.ts'
import { volumes } from './0026-volumes.ts'
import { ebsImages } from './0027-ebs-images.ts'
import { objects } from './0034-objects.ts'
import { bundledImages } from './0035-bundled-images.ts'
import { instanceBoots } from './0035b-instance-boots.ts'
import { imageFirmware } from './0038-image-firmware.ts'
import { ipv6 } from './0042-ipv6.ts'
import { vpcEndpoints } from './0047-vpc-endpoints.ts'
import { volumeModifications } from './0049-volume-modifications.ts'
import { imageSources } from './0050-image-sources.ts'
import { encryption } from './0053-encryption.ts'
import { diskTasks } from './0056-disk-tasks.ts'
import { imageStates } from './0057-image-states.ts'
import { imageCache } from './0058-image-cache.ts'
import { instanceIndexes } from './0063-instance-indexes.ts'
import { hostClaims } from './0064-host-claims.ts'
import { vpcHosts } from './0065-vpc-hosts.ts'
import { launchIndexes } from './0066-launch-indexes.ts'
import { factsByHost } from './0067-facts-by-host.ts'
import { volumesBySnapshot } from './0068-volumes-by-snapshot.ts'
import { endingByHost } from './0069-ending-by-host.ts'
import { hostRoom } from './0070-host-room.ts'

/** In the order in which they are applied. Add at the end; never change one that was released. */
export const migrations: readonly Migration[] = [
  engine,
  resources,
  addresses,
  interfaces,
  vpcs,
  lostHosts,
  peeringNames,
  resourceNames,
  prefixLists,
  networkAcls,
  volumes,
  ebsImages,
  objects,
  bundledImages,
  instanceBoots,
  imageFirmware,
  ipv6,
  vpcEndpoints,
  volumeModifications,
  imageSources,
  encryption,
  diskTasks,
  imageStates,
  imageCache,
  instanceIndexes,
  hostClaims,
  vpcHosts,
  launchIndexes,
  factsByHost,
  volumesBySnapshot,
  endingByHost,
  hostRoom,
]
