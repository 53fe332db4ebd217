/** What suites of leases share: a cluster whose leases are short, and what its jobs came to. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Emulator, EmulatorOptions, Invocation } from '../emulator/index.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import {
  type CountedRun,
  deployedLines,
  endedLeases,
  type LeaseHolder,
  leaseHolders,
  localLines,
  runningLeases,
  waitForCheckpoints,
} from './lease-looks.ts';

/** Of seconds; the function may work three more. */
export const SHORT = { leaseSeconds: '8', leaseMarginSeconds: '5.5', leaseGraceSeconds: '3' };
/** Nobody hands over in these runs. */
export const LONG = { leaseSeconds: '120', leaseMarginSeconds: '60' };
export const RUN: CountedRun = {
  ...{ parallelism: 1, ratePerSecond: 50, records: 800, words: 20, recordBytes: 50 },
};
const FIRST_ATTEMPT = 0;

/** The cluster of a suite; it is there while its tests run. */
export class LeaseSuite {
  #cluster: DeployedCluster | undefined;

  /** Deploys before the suite it is called in, and ends after it. */
  constructor(
    context: Readonly<Record<string, string>>,
    options: Omit<EmulatorOptions, 'workDirectory' | 'auth'> = {},
  ) {
    before(async () => {
      this.#cluster = await DeployedCluster.deploy(context, false, options);
    });
    after(async () => {
      await this.#cluster?.stop();
    });
  }

  get cluster(): DeployedCluster {
    assert.ok(this.#cluster !== undefined, 'the suite has begun');
    return this.#cluster;
  }

  get emulator(): Emulator {
    return this.cluster.app.emulator;
  }

  /** The job ends, with what the local run prints. */
  async endsAsLocally(jobId: string, run: CountedRun): Promise<void> {
    const end = await this.cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    assert.deepEqual(await deployedLines(this.cluster, jobId, run), localLines(run));
  }

  /** Every TaskManager has had three leases or more, and the job never restarted. */
  async assertRolledOver(jobId: string, taskManagers: number): Promise<void> {
    const holders = await leaseHolders(this.emulator, jobId, taskManagers);
    for (const holder of holders) {
      assert.equal(holder?.attempt, FIRST_ATTEMPT);
      assert.ok(holder.lease >= 2, JSON.stringify(holders));
    }
  }

  assertNothingLeftBehind(): void {
    const ended = endedLeases(this.emulator);
    assert.ok(ended.length > 0);
    assert.deepEqual(
      ended.flatMap(({ leftovers = [] }) => leftovers),
      [],
    );
  }

  /** A TaskManager's process, once the job has state that a checkpoint holds. */
  async runningTaskManager(jobId: string): Promise<Invocation> {
    await waitForCheckpoints(this.cluster, jobId, 2);
    const [first] = runningLeases(this.emulator);
    assert.ok(first !== undefined);
    return first;
  }
}

/** It is of an attempt after the first. */
export function isRestarted({ attempt }: LeaseHolder): boolean {
  return attempt > FIRST_ATTEMPT;
}
