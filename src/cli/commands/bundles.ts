/** Bundles of images: made and opened on this machine, kept in the object store. Source: euca2ools 3.4, the commands of these names. */
import { createPrivateKey, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { readManifest, unwrapKey } from '../../bundles/manifest.ts'
import { packBundle } from '../../bundles/pack.ts'
import { unpackBundle } from '../../bundles/unpack.ts'
import { type Workplace, workingCommand } from '../command.ts'
import { imageFile } from '../image-file.ts'
import { needed, type Options, toggle, UsageError, value } from '../params.ts'

const manifestOf = (prefix: string) => `${prefix}.manifest.xml`

/** What commands that make a bundle ask. */
const packing = {
  image: needed(
    '-i, --image FILE',
    'file containing the image to bundle, or a directory with a root file system (required)',
  ),
  architecture: needed('-r, --arch ARCH', "the image's architecture (required)"),
  prefix: value('-p, --prefix PREFIX', "the file name prefix to give the bundle's files (default: name of the image)"),
  user: value('-u, --user ACCOUNT', 'your account ID'),
  key: value('-k, --privatekey FILE', 'file containing your private key, to sign the manifest with'),
  certificate: value('-c, --cert FILE', 'file containing your X.509 certificate'),
  cloudCertificate: value('--ec2cert FILE', "file containing the cloud's X.509 certificate"),
  kernel: value('--kernel IMAGE', 'ID of the kernel to boot with; "true": the image is a kernel itself'),
  ramdisk: value('--ramdisk IMAGE', 'ID of the RAM disk to boot with; "true": the image is a RAM disk itself'),
}
const acl = value('--acl ACL', 'canned ACL policy to apply to the bundle (default: aws-exec-read)')

export const bundleCommands = [
  workingCommand({
    name: 'bundle-image',
    summary: 'Prepare an image for use in the cloud',
    params: {
      ...packing,
      folder: value('-d, --destination DIR', 'location to place the bundle in (default: a new temporary folder)'),
    },
    work: async (options, at) => [`Wrote manifest ${await bundle(options, at)}`],
  }),
  workingCommand({
    name: 'upload-bundle',
    summary: 'Upload a bundle prepared by bundle-image to the cloud',
    params: {
      bucket: needed('-b, --bucket BUCKET[/PREFIX]', 'bucket to upload the bundle to (required)'),
      manifest: needed('-m, --manifest FILE', 'manifest for the bundle to upload (required)'),
      folder: value('-d, --directory DIR', "directory that contains the bundle's parts (default: the manifest's)"),
      acl,
      location: value('--location LOCATION', 'location constraint of the bucket: buckets here are where the cloud is'),
    },
    work: async (options, at) => [`Uploaded ${await upload(options, at)}`],
  }),
  workingCommand({
    name: 'install-image',
    summary: 'Bundle an image, upload it, and register it',
    params: {
      ...packing,
      bucket: needed('-b, --bucket BUCKET[/PREFIX]', 'bucket to upload the bundle to (required)'),
      acl,
      name: needed('-n, --name NAME', 'name of the new image (required)'),
      description: value('--description DESC', 'description of the new image'),
      virtualization: value('--virtualization-type TYPE', 'virtualization type of the new image', {
        choices: ['paravirtual', 'hvm'],
      }),
    },
    async work(options, at) {
      const { name, description, virtualization, bucket } = options
      const ask = await at.ask()
      await using scratch = await mkdtempDisposable(join(tmpdir(), 'bundle-'))
      const manifest = await bundle({ ...options, folder: scratch.path }, at)
      const place = await upload({ bucket, manifest, acl: options.acl }, at)
      const registered = await ask('RegisterImage', {
        ...{ ImageLocation: place, Name: name, Description: description, VirtualizationType: virtualization },
      })
      return (registered as { ImageId?: string }[]).map(({ ImageId }) => ['IMAGE', ImageId])
    },
  }),
  workingCommand({
    name: 'download-bundle',
    summary: 'Download a bundle from the cloud',
    params: {
      bucket: needed('-b, --bucket BUCKET[/PREFIX]', 'bucket to download the bundle from (required)'),
      manifest: value('-m, --manifest NAME', "name of the bundle's manifest"),
      prefix: value('-p, --prefix PREFIX', "prefix of the bundle's files"),
      folder: value('-d, --directory DIR', 'directory to place the bundle in (default: this one)'),
    },
    oneOf: ['manifest', 'prefix'],
    async work({ bucket: place, folder = '.', ...names }, at) {
      const { bucket, prefix } = placeOf(place)
      const name = names.manifest ?? manifestOf(names.prefix ?? '')
      const objects = at.objects()
      const text = await objects.get(bucket, prefix + name)
      const { parts } = readManifest(text.toString('utf8'))
      const progress = at.progress(`downloading ${name}`)
      for (const [index, part] of parts.entries()) {
        await writeFile(join(folder, part.name), await objects.get(bucket, prefix + part.name))
        progress(index + 1, parts.length)
      }
      const path = join(folder, basename(name))
      await writeFile(path, text)
      return [`Wrote manifest ${path}`]
    },
  }),
  workingCommand({
    name: 'unbundle',
    summary: 'Recreate an image from its bundled parts',
    params: {
      manifest: needed('-m, --manifest FILE', 'manifest of the bundle (required)'),
      source: value('-s, --source DIR', "directory that contains the bundle's parts (default: the manifest's)"),
      folder: value('-d, --destination DIR', 'where to place the image (default: this directory)'),
      key: value('-k, --privatekey FILE', 'file containing the private key to open the bundle with'),
    },
    async work({ manifest: path, source = dirname(path), folder = '.', key }, at) {
      const manifest = readManifest(await readFile(path, 'utf8'))
      const own = createPrivateKey(await pem(key ?? at.env['EC2_PRIVATE_KEY'], '-k', 'EC2_PRIVATE_KEY'))
      const file = join(folder, basename(manifest.name))
      await unpackBundle({
        ...{ manifest, cipher: unwrapKey(manifest.keys.user, own), file, abort: new AbortController().signal },
        part: async ({ name }) => createReadStream(join(source, name)),
        progress: at.progress(`unbundling ${manifest.name}`),
      })
      return [`Wrote ${file}`]
    },
  }),
  workingCommand({
    name: 'delete-bundle',
    summary: 'Delete a previously-uploaded bundle',
    params: {
      bucket: needed('-b, --bucket BUCKET[/PREFIX]', 'bucket that the bundle is in (required)'),
      manifest: value('-m, --manifest NAME', "name of the bundle's manifest"),
      prefix: value('-p, --prefix PREFIX', "prefix of the bundle's files"),
      clear: toggle('--clear', 'delete the bucket as well, if it is empty then'),
    },
    oneOf: ['manifest', 'prefix'],
    async work({ bucket: place, clear, ...names }, at) {
      const { bucket, prefix } = placeOf(place)
      const name = names.manifest ?? manifestOf(names.prefix ?? '')
      const objects = at.objects()
      const doomed = await keysOf(at, bucket, prefix, name)
      const progress = at.progress(`deleting ${name}`)
      for (const [index, key] of doomed.entries()) {
        await objects.remove(bucket, key)
        progress(index + 1, doomed.length)
      }
      if (clear) await objects.removeBucket(bucket)
      return []
    },
  }),
]

/** Makes a bundle; the path of its manifest. */
async function bundle(
  options: Options<typeof packing> & { readonly folder?: string | undefined },
  at: Workplace,
): Promise<string> {
  const { image, kernel, ramdisk } = options
  const user = (options.user ?? at.env['EC2_USER_ID'] ?? at.local?.account)?.replaceAll('-', '')
  if (user === undefined) throw new UsageError('missing account: use -u, or set EC2_USER_ID')
  const prefix = options.prefix ?? basename(resolve(image))
  if (!/^[\w.+-]{1,200}$/.test(prefix))
    throw new UsageError('a prefix has letters, digits, dots, dashes and underscores')
  const keys = {
    cloudCertificate: await pem(options.cloudCertificate ?? at.env['EUCALYPTUS_CERT'], '--ec2cert', 'EUCALYPTUS_CERT'),
    userCertificate: await pem(options.certificate ?? at.env['EC2_CERT'], '-c', 'EC2_CERT'),
    userKey: createPrivateKey(await pem(options.key ?? at.env['EC2_PRIVATE_KEY'], '-k', 'EC2_PRIVATE_KEY')),
  }
  await using source = await imageFile(image)
  if (source.isMade && (kernel === 'true' || ramdisk === 'true'))
    throw new UsageError('a directory is no kernel, and no RAM disk')
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'bundle-')))
  await mkdir(folder, { recursive: true })
  return await packBundle({
    ...{ image: source.file, folder, prefix, progress: at.progress(`bundling ${prefix}`), ...keys },
    about: { architecture: options.architecture, user, ...(kernel && { kernel }), ...(ramdisk && { ramdisk }) },
    cipher: { key: randomBytes(16), iv: randomBytes(16) },
  })
}

interface Upload {
  readonly bucket: string
  readonly manifest: string
  readonly folder?: string | undefined
  readonly acl?: string | undefined
}

/** Puts a bundle into the object store, its manifest last; where that lies then: `BUCKET/KEY`. */
async function upload(
  { bucket: place, manifest, folder = dirname(manifest), acl = 'aws-exec-read' }: Upload,
  at: Workplace,
): Promise<string> {
  const { bucket, prefix } = placeOf(place)
  const text = await readFile(manifest)
  const { parts } = readManifest(text.toString('utf8'))
  const objects = at.objects()
  await objects.ensureBucket(bucket)
  const progress = at.progress(`uploading ${basename(manifest)}`)
  for (const [index, { name }] of parts.entries()) {
    await objects.put(bucket, prefix + name, await readFile(join(folder, name)), acl)
    progress(index + 1, parts.length + 1)
  }
  await objects.put(bucket, prefix + basename(manifest), text, acl)
  progress(parts.length + 1, parts.length + 1)
  return `${bucket}/${prefix}${basename(manifest)}`
}

/** The keys of a bundle, its manifest last: what is interrupted can be done again. */
async function keysOf(at: Workplace, bucket: string, prefix: string, name: string): Promise<string[]> {
  const text = (await at.objects().get(bucket, prefix + name)).toString('utf8')
  return [...readManifest(text).parts.map((it) => prefix + it.name), prefix + name]
}

function placeOf(text: string): { bucket: string; prefix: string } {
  const [, bucket = '', rest = ''] = /^([^/]*)\/?(.*)$/s.exec(text) ?? []
  const prefix = rest.replace(/\/*$/, '')
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` }
}

async function pem(path: string | undefined, flag: string, variable: string): Promise<string> {
  if (!path) throw new UsageError(`missing file: use ${flag}, or set ${variable}`)
  return await readFile(path, 'utf8')
}
