/** How users reach this cloud: files for our own commands, AWS' tools and a shell. All only for the user who started it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credentials } from '../control/accounts/accounts.ts'
import { cloudName, keyFilesOf } from './control/certificates.ts'
import { endpointNow, homeOf, objectsUrl, type Place } from './joining.ts'
import { endpointOf, type Paths, type Settings } from './settings.ts'

const secret = { mode: 0o600 }
/** Where `cumulet` itself is. */
const ownPrograms = join(import.meta.dirname, '..', '..', 'bin')

export async function writeProfiles(paths: Paths, settings: Settings, credentials: Credentials): Promise<void> {
  const endpoint = endpointOf(settings)
  const shared = await sharedBy({ paths, settings })
  const { account, accessKeyId, secretAccessKey } = credentials
  const profile = { endpoint, region: settings.region, accessKeyId, secretAccessKey, account }
  await writeFile(paths.profile, `${JSON.stringify(profile, null, 2)}\n`, secret)
  await writeFile(
    paths.awsCredentials,
    `[cumulet]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    secret,
  )
  await writeFile(
    paths.awsConfig,
    `[profile cumulet]\nregion = ${settings.region}\nendpoint_url = ${endpoint}\nservices = cumulet\noutput = json\ncli_pager =\n\n` +
      `[services cumulet]\ns3 =\n  endpoint_url = ${shared.objects}\n  addressing_style = path\n`,
    secret,
  )
  await writeFile(paths.shell, shellProfile(paths, settings, credentials, shared), secret)
}

/** What all regions of a cloud have in common. */
export interface Shared {
  readonly objects: string
  /** Where temporary keys are given. */
  readonly tokens: string
  /** The folder of keys and certificates. */
  readonly keys: string
}

export async function sharedBy(place: Place): Promise<Shared> {
  const home = await homeOf(place)
  const tokens = place.settings.join === undefined ? endpointOf(place.settings) : await endpointNow(home)
  return { objects: await objectsUrl(place), tokens, keys: home.paths.keys }
}

/** What to source in a shell. Old AWS CLIs (before 2.13) know no endpoint from profiles: the function is for them. */
export function shellProfile(
  paths: Paths,
  settings: Settings,
  { account, accessKeyId, secretAccessKey }: Credentials,
  { objects, tokens, keys }: Shared,
): string {
  const endpoint = endpointOf(settings)
  const own = keyFilesOf(keys, account)
  const lines = {
    REGION: settings.region,
    EC2_REGION: settings.region,
    EC2_URL: endpoint,
    S3_URL: objects,
    TOKEN_URL: tokens,
    EC2_CERT: own.certificate,
    EC2_PRIVATE_KEY: own.key,
    EUCALYPTUS_CERT: keyFilesOf(keys, cloudName).certificate,
    EC2_USER_ID: account,
    EC2_ACCOUNT_NUMBER: account,
    AWS_ACCESS_KEY: accessKeyId,
    AWS_SECRET_KEY: secretAccessKey,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: settings.region,
    AWS_REGION: settings.region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: objects,
    AWS_PAGER: '',
    CUMULET_HOME: paths.data,
  }
  const exports = Object.entries(lines).map(([name, value]) => `export ${name}=${quoted(value)}`)
  const path = `export PATH=${quoted(paths.commands)}:${quoted(ownPrograms)}:"$PATH"`
  const aws = `aws() { ${awsAt({ endpoint, objects, tokens })}; }`
  // An alias of that name would be put in place of the function's own.
  return [...exports, path, 'unalias aws 2>/dev/null || :', aws, ''].join('\n')
}

/** The AWS CLI at the endpoint that its service has here. */
function awsAt({ endpoint, objects, tokens }: Pick<Shared, 'objects' | 'tokens'> & { endpoint: string }): string {
  const at = (url: string) => `command aws --endpoint-url ${quoted(url)} "$@"`
  if (objects === endpoint && tokens === endpoint) return at(endpoint)
  return `case "$1" in s3 | s3api) ${at(objects)};; sts) ${at(tokens)};; *) ${at(endpoint)};; esac`
}

/** As one word of a shell, whatever is in it. Source: POSIX.1-2017, Shell Command Language, 2.2.2. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** As a person would type it: quoted only where it has to be. */
function asTyped(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : quoted(path)
}

export interface Started {
  readonly paths: Paths
  readonly settings: Settings
  readonly endpoint: string
  readonly accelerator: { readonly accelerator: string; readonly why: string }
  /** Whether the shell that it was started from is free. */
  readonly inBackground: boolean
}

/** What a start ends with. */
export function greeting({ paths, settings, endpoint, accelerator, inBackground }: Started): string {
  const notes =
    settings.hypervisor === 'fake'
      ? ['The hypervisor is the fake one: instances have states, but nothing boots.']
      : accelerator.accelerator === 'kvm'
        ? []
        : [`Guests run without KVM, and so slowly: ${accelerator.why}`]
  return [
    '',
    `Cumulet serves ${settings.region} at ${endpoint}`,
    ...notes,
    '',
    inBackground ? 'Next:' : 'In another shell:',
    `  . ${asTyped(paths.shell)}`,
    '  ec2-create-keypair mykey > mykey.pem && chmod 600 mykey.pem && ec2-authorize default -P tcp -p 22',
    "  ec2-run-instances $(ec2-describe-images -a | awk '$3 ~ /cumulet-tiny$/ { print $2 }') -k mykey",
    '  cumulet ssh -i mykey.pem INSTANCE',
    ...(settings.hypervisor === 'fake'
      ? []
      : ['  cumulet image build debian     Debian with cloud-init: takes a minute or two']),
    '',
    inBackground
      ? '`cumulet down` stops all; with `--leave-guests` the control plane alone.'
      : 'Ctrl-C stops the control plane and leaves guests running; `cumulet down` stops all.',
  ].join('\n')
}

/** What a start in the background ends with where there was nothing to do. */
export function alreadyGreeting(paths: Paths, endpoint: string): string {
  return `Cumulet serves already, at ${endpoint}\n\nNext:\n  . ${asTyped(paths.shell)}`
}
