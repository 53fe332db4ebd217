/**
 * One schedule: a random job on a cluster of bad luck, driven by a client with random wishes, until
 * the world heals and the job has to finish. Then its output is compared with the oracle's.
 */
import { Chaos } from './chaos.ts';
import { randomFaults } from './fault-plan.ts';
import { BugSwitch, type PlantedBug } from './planted-bugs.ts';
import { SimClient } from './sim-client.ts';
import { SimCluster } from './sim-cluster.ts';
import { SimWorld } from './sim-world.ts';

export interface ScheduleOutcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly traceHash: string;
  /** The end of the event log. */
  readonly lines: readonly string[];
  readonly events: number;
}

const LIMITS = { maxEvents: 200_000, maxTimeMs: 120_000 };

/** Runs the schedule of a seed. */
export async function runSchedule(seed: number, planted?: PlantedBug): Promise<ScheduleOutcome> {
  const world = new SimWorld(seed);
  const rng = world.rng.stream('scenario');
  const plan = randomFaults(rng.stream('faults'));
  const cluster = new SimCluster(world, plan, new BugSwitch(planted));
  const chaos = new Chaos(cluster, plan);
  const client = new SimClient(cluster, rng);
  let done = false;
  chaos.start();
  const end = async (): Promise<void> => {
    await client.work(plan.chaosMs);
    chaos.end();
    cluster.heal();
    await client.finish();
  };
  end().then(
    () => {
      done = true;
    },
    (thrown: unknown) => world.violate(`the client failed: ${String(thrown)}`),
  );
  await world.run(() => done, LIMITS);
  const { violations, traceHash, lines, eventCount } = world;
  return { seed, violations, traceHash, lines, events: eventCount };
}
