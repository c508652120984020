import { command } from '../command.ts'
import { filters, needed, value, word, words } from '../params.ts'

export const keyPairCommands = [
  command({
    name: 'create-keypair',
    aliases: ['add-keypair'],
    summary: 'Create a new SSH key pair for use with instances',
    params: {
      name: word('KEYPAIR', 'name of the new key pair (required)'),
      file: value('-f, --filename FILE', 'file name to save the private key to'),
    },
    operation: 'CreateKeyPair',
    request: ({ name }) => ({ KeyName: name }),
    render: (outputs, { file }) =>
      outputs.flatMap(({ KeyName, KeyFingerprint, KeyMaterial = '' }) => [
        ['KEYPAIR', KeyName, KeyFingerprint],
        file === undefined ? KeyMaterial : { file, text: KeyMaterial },
      ]),
  }),
  command({
    name: 'import-keypair',
    summary:
      "Import a public RSA key as a new key pair. This command's output contains the key pair's name and fingerprint.",
    params: {
      name: word('KEYPAIR', 'name of the new key pair (required)'),
      file: needed('-f, --public-key-file FILE', 'name of a file containing the public key to import (required)'),
    },
    operation: 'ImportKeyPair',
    request: async ({ name, file }, files) => ({ KeyName: name, PublicKeyMaterial: await files.read(file) }),
    render: (outputs) => outputs.map((it) => ['KEYPAIR', it.KeyName, it.KeyFingerprint]),
  }),
  command({
    name: 'describe-keypairs',
    summary: 'Display information about available key pairs',
    params: {
      names: words('KEYPAIR', 'limit results to specific key pairs'),
      filters: filters('fingerprint', 'key-name'),
    },
    operation: 'DescribeKeyPairs',
    request: ({ names, filters }) => ({ ...(names.length > 0 && { KeyNames: names }), Filters: filters }),
    render: (outputs) =>
      outputs.flatMap((it) => it.KeyPairs ?? []).map((it) => ['KEYPAIR', it.KeyName, it.KeyFingerprint]),
  }),
  command({
    name: 'delete-keypair',
    summary: 'Delete a key pair',
    params: { name: word('KEYPAIR', 'name of the key pair to delete (required)') },
    operation: 'DeleteKeyPair',
    request: ({ name }) => ({ KeyName: name }),
    render: (_, { name }) => [['KEYPAIR', name]],
  }),
]
