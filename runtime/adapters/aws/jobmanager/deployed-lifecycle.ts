/** How long a deployed cluster lives is for its stack to say; no function of it watches a client. */
import { type ClusterLifecycle, HttpRefusal } from '../../http/index.ts';

export function deployedLifecycle(): ClusterLifecycle {
  return {
    shutDown: () =>
      refused(
        'A deployed cluster runs nothing while no job does. `sluice cancel` ends a job, ' +
          '`cdk destroy` the cluster.',
      ),
    clientHeartbeat: () =>
      refused(
        'A deployed cluster does not watch over clients: a job goes on when its client is ' +
          'killed, and ends by Ctrl-C on `sluice run -sae`, or by `sluice cancel`.',
      ),
  };
}

function refused(message: string): Promise<never> {
  return Promise.reject(new HttpRefusal(501, message));
}
