/** A machine for tests: keeps what a command prints, sends and saves, and answers with what it was given. */
import type { Operation } from '../command.ts'
import type { Outside } from '../main.ts'
import type { Profile, Target } from '../target.ts'

export interface FakeOutside extends Outside {
  readonly asked: { operation: Operation; input: object }[]
  readonly targets: Target[]
  readonly saved: Map<string, string>
  readonly printed: { out: string; err: string }
}

interface Given {
  /** The answers of each request, in order. */
  readonly answers?: readonly object[]
  readonly failure?: Error
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly profile?: Profile
  readonly unwritable?: boolean
}

export const someProfile: Profile = {
  endpoint: 'http://127.0.0.1:8773/',
  region: 'us-west-2',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret',
  account: '932234911131',
}

export function fakeOutside({
  answers = [],
  failure,
  files = {},
  env = {},
  profile = someProfile,
  unwritable = false,
}: Given = {}): FakeOutside {
  const asked: FakeOutside['asked'] = []
  const targets: Target[] = []
  const saved = new Map<string, string>()
  const printed = { out: '', err: '' }
  return {
    ...{ asked, targets, saved, printed, env, version: '0.0.0' },
    files: {
      read: async (path) => Buffer.from(files[path] ?? ''),
      isFile: async (path) => path in files,
      writeSecret: async (path, text) => {
        if (unwritable) throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
        saved.set(path, text)
      },
    },
    profile: async () => profile,
    isTerminal: false,
    objects: () => {
      throw new Error('there is no object store here')
    },
    connect: async (target) => {
      targets.push(target)
      return async (operation, input) => {
        asked.push({ operation, input })
        if (failure) throw failure
        return [answers[asked.length - 1] ?? {}]
      }
    },
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
  }
}
