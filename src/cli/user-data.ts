/** User data from the arguments of a command. */
import type { Files } from './command.ts'
import { UsageError } from './params.ts'

export interface UserDataOptions {
  readonly userData: string | undefined
  readonly userDataForce: string | undefined
  readonly userDataFile: string | undefined
}

/** The bytes, if there are any. Refuses `-d NAME` where a file of that name is: most likely its content was meant. */
export async function readUserData(
  { userData, userDataForce, userDataFile }: UserDataOptions,
  files: Files,
): Promise<Buffer | undefined> {
  if (userDataFile !== undefined) return files.read(userDataFile)
  const text = userDataForce ?? userData
  if (text === undefined) return undefined
  if (userDataForce === undefined && (await files.isFile(text))) {
    throw new UsageError(
      `argument -d/--user-data: to pass the contents of a file as user data, use -f/--user-data-file.  To pass the literal value '${text}' as user data even though it matches the name of a file, use --user-data-force.`,
    )
  }
  return Buffer.from(text)
}
