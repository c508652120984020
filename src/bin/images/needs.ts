import { createRequire } from 'node:module'

interface Bootstrap {
  ensureDebianPackages(
    command: string,
    process: { platform: string; env: NodeJS.ProcessEnv; getuid(): number | undefined },
    progress: unknown,
  ): Promise<void>
  progressOn(out: NodeJS.WriteStream): unknown
}

/** Installs the Debian packages that most clouds never need, as a start installs the others. */
export async function ensureOnDemand(what: 'debian-image' | 'uefi'): Promise<void> {
  const load = createRequire(import.meta.url)
  const { ensureDebianPackages } = load('../../../bin/bootstrap/debian.cjs') as Bootstrap
  const { progressOn } = load('../../../bin/bootstrap/progress.cjs') as Bootstrap
  const { platform, env } = process
  await ensureDebianPackages(what, { platform, env, getuid: () => process.getuid?.() }, progressOn(process.stdout))
}
