/** Which floor of `src/` may import which: the house's one map. ARCHITECTURE.md draws the same. */

/** From the top down. Everything may import `model` and `base`; `model` only `base`. */
export const floors: Readonly<Record<string, { readonly is: string; readonly imports: readonly string[] | 'all' }>> = {
  bin: { is: 'processes: reads the environment, wires everything by hand', imports: 'all' },
  cli: { is: 'ec2-… and euca-… commands: clients of the API like any other', imports: ['iam', 'bundles', 'images'] },
  http: { is: 'listeners, limits, request ids; parse, verify, dispatch, render', imports: ['iam'] },
  sts: { is: "STS's actions, on the ground that EC2's stand on", imports: ['ec2', 'query', 'control'] },
  ec2: { is: "EC2's actions: check, call control, render", imports: ['query', 'iam', 'control', 'store', 'bundles'] },
  s3: {
    is: 'the object store as S3 has it: buckets, objects, rights; streams to files',
    imports: ['query', 'iam', 'store'],
  },
  query: { is: 'what query-protocol services share: codec, dispatch, filters, pages', imports: [] },
  control: {
    is: 'resources: rows, rules, machines; what each host shall be',
    imports: ['iam', 'scheduler', 'strand', 'store', 'bundles', 'host-api'],
  },
  iam: { is: 'who is calling: signatures, keys', imports: [] },
  scheduler: { is: 'which host: a pure function', imports: [] },
  strand: { is: 'durable machines of small steps', imports: ['store'] },
  store: { is: 'schema, transactions, migrations', imports: ['host-api'] },
  host: { is: "a host's agent: plan (pure), carry out, report; metadata and names", imports: ['drivers', 'host-api'] },
  drivers: { is: 'hypervisor, network, storage, volumes: few verbs, no policy', imports: ['host-api'] },
  images: { is: 'builds images, and takes in those of others', imports: [] },
  bundles: { is: 'bundles of images: manifest, archive, keys', imports: [] },
  'host-api': { is: 'all that control plane and hosts say to each other', imports: [] },
  model: { is: 'ids, states, error codes, instance types: types and pure rules', imports: [] },
  base: { is: 'clock, log, random, subprocess: nothing about clouds', imports: [] },
}

/** Whether a file of floor `from` may import one of floor `to`. */
export function mayImport(from: string, to: string): boolean {
  const floor = floors[from]
  if (!floor || !floors[to]) return false
  if (from === to || floor.imports === 'all') return true
  if (to === 'base') return true
  if (to === 'model') return from !== 'base'
  return floor.imports.includes(to)
}

/** The map as ARCHITECTURE.md shows it. */
export function mapAsText(): string {
  const rows = Object.entries(floors).map(([name, { is, imports }]) => {
    const others = imports === 'all' ? '*everything*' : imports.map((it) => `\`${it}\``).join(', ')
    return `| \`${name}/\` | ${is} | ${others || '—'} |`
  })
  return ['| floor | what it is | imports, beside `model` and `base` |', '|---|---|---|', ...rows].join('\n')
}
