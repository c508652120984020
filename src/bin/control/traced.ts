import type { Log } from '../../base/log.ts'
import type { ApiRequest } from '../../iam/api-request.ts'
import type { InstanceId } from '../../model/ids.ts'

/**
 * Does `work`, which answers the request, and tells of it as what the traces of all instances begin with that `work` launched. One that
 * is refused has a trace of its own, known by the request's id.
 * Source: OpenTelemetry, "Semantic conventions for AWS SDK client spans", version 1.37: names of span and attributes.
 */
export async function traced<T>(
  { action, requestId, receivedAt, caller }: ApiRequest,
  log: Log,
  work: (launched: InstanceId[]) => Promise<T>,
): Promise<T> {
  const launched: InstanceId[] = []
  const rpc = { 'rpc.system': 'aws-api', 'rpc.service': 'EC2', 'rpc.method': action, 'aws.request_id': requestId }
  const begun = {
    stage: `EC2.${action}`,
    kind: 'server',
    since: receivedAt.getTime(),
    ...rpc,
    'cloud.account.id': caller.account,
  }
  try {
    const answer = await work(launched)
    if (launched.length > 0) log.debug({ ...begun, traces: launched }, 'a launch is answered')
    return answer
  } catch (error) {
    if (action === 'RunInstances') log.debug({ ...begun, traces: [requestId], err: error }, 'a launch is refused')
    throw error
  }
}
