import type { DomainId } from './ids.ts'

/** First of the 50,000 numeric user ids that guest processes run under; no entry of /etc/passwd has them. */
const firstUser = 1_600_000_000
const users = 50_000

/** Every user id that a guest's process may have. */
export const guestUsers = { first: firstUser, last: firstUser + users - 1 } as const

/** The sequence number in a domain's id. */
export function numberOfDomain(id: DomainId): number {
  return Number(id.slice('dom_'.length))
}

/** The unprivileged user (and group) id of a domain's process, its disks and its taps. */
export function userOfDomain(id: DomainId): number {
  return firstUser + (numberOfDomain(id) % users)
}
