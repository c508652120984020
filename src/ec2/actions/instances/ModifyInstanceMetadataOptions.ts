import { changeInstance } from '../../../control/instances/change.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { checkTagsForMetadata, tagsOf } from '../../../control/tags/tags.ts'
import type { MetadataOptionsJson } from '../../../store/tables/resources.ts'
import { action } from '../../action.ts'
import { changeMetadataOptions } from '../../parse/metadata-options.ts'
import { renderMetadataOptions } from '../../render/instance.ts'

/**
 * Changes how the guest may read its metadata; the running guest sees it as soon as its host has heard.
 * Refuses: InvalidInstanceID.*, InvalidParameterValue (also for tags that cannot be shown), IncorrectInstanceState.
 * Source: EC2 API Reference, ModifyInstanceMetadataOptions.
 */
export const ModifyInstanceMetadataOptions = action('ModifyInstanceMetadataOptions', {
  async run({ InstanceId, ...input }, { tx, caller }) {
    const row = await findInstance(tx, caller.account, InstanceId)
    const options = changeMetadataOptions(JSON.parse(row.metadataJson) as MetadataOptionsJson, input)
    if (options.tagsEnabled) checkTagsForMetadata((await tagsOf(tx, [row.id])).get(row.id) ?? {})
    const changed = await changeInstance(tx, row, { metadataJson: JSON.stringify(options) })
    return { InstanceId: row.id, InstanceMetadataOptions: { ...renderMetadataOptions(changed), State: 'pending' } }
  },
})
