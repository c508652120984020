import { command } from '../command.ts'
import { tagLines } from '../lines.ts'
import { filters, someWords, splitAtEquals, values } from '../params.ts'

/** `KEY` and `KEY=` both give the empty value. */
function tagToSet(text: string): { Key: string; Value: string } {
  const { key, value = '' } = splitAtEquals(text)
  return { Key: key, Value: value }
}

/** `KEY` is the tag whatever its value, `KEY=` only the one whose value is empty. */
function tagToDelete(text: string): { Key: string; Value?: string } {
  const { key, value } = splitAtEquals(text)
  return { Key: key, ...(value !== undefined && { Value: value }) }
}

export const tagCommands = [
  command({
    name: 'create-tags',
    summary: 'Add or overwrite tags for one or more resources',
    params: {
      resources: someWords('RESOURCE', 'ID(s) of the resource(s) to tag (at least 1 required)'),
      tags: values('--tag KEY[=VALUE]', 'key and optional value of the tag to create (at least 1 required)', {
        parse: tagToSet,
        required: true,
      }),
    },
    operation: 'CreateTags',
    request: ({ resources, tags }) => ({ Resources: resources, Tags: tags }),
    render: (_, { resources, tags }) => resources.flatMap((id) => tagLines(id, tags)),
  }),
  command({
    name: 'delete-tags',
    summary: 'Delete tags from one or more resources',
    params: {
      resources: someWords('RESOURCE', 'ID(s) of the resource(s) to un-tag (at least 1 required)'),
      tags: values(
        '--tag KEY[=[VALUE]]',
        'key and optional value of the tag to delete; with a value, only if it matches (at least 1 required)',
        {
          parse: tagToDelete,
          required: true,
        },
      ),
    },
    operation: 'DeleteTags',
    request: ({ resources, tags }) => ({ Resources: resources, Tags: tags }),
    render: () => [],
  }),
  command({
    name: 'describe-tags',
    summary: "List tags associated with your account's resources",
    params: { filters: filters('key', 'resource-id', 'resource-type', 'value') },
    operation: 'DescribeTags',
    request: ({ filters }) => ({ Filters: filters }),
    render: (outputs) =>
      outputs.flatMap((it) => it.Tags ?? []).map((it) => ['TAG', it.ResourceType, it.ResourceId, it.Key, it.Value]),
  }),
]
