import type { VolumeId } from './ids.ts'

/** First of the numeric user ids that volumes are served under; no entry of /etc/passwd has them, and no guest. */
const firstUser = 1_400_000_000

/** The unprivileged user (and group) id of a volume's server and files. Two volumes in 17 million have the same. */
export function userOfVolume(id: VolumeId): number {
  return firstUser + Number.parseInt(id.slice('vol-'.length).slice(0, 6), 16)
}

/** The group that may read what snapshots hold: that of every volume's server. */
export const snapshotReaders = firstUser - 1
