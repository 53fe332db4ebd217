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
      refused('Nobody watches over clients in a deployed cluster: `sluice cancel` ends a job.'),
  };
}

function refused(message: string): Promise<never> {
  return Promise.reject(new HttpRefusal(501, message));
}
