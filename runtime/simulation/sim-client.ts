/**
 * The people around a simulated cluster: they submit a job, ask for savepoints, rescale, stop, fork
 * and upgrade it at random moments, and want the right output in the end.
 *
 * I1  A job that was stopped goes on as another one, from the savepoint; one that was cancelled
 *     from its newest retained checkpoint. A chain of jobs writes what one job would have written.
 * I2  Jobs that start from one savepoint do not know of each other (A/B).
 * I3  Of two jobs that claim one savepoint, one is refused.
 * I4  A job that has no place for some state is refused, unless it is told to leave it behind.
 */
import type { StreamErrorRecord } from '../core/index.ts';
import {
  hibernateAfterMs,
  hibernating,
  isAtLeastOnce,
  isHibernating,
  isUnaligned,
  randomConfiguration,
  SAVEPOINT_DIRECTORY,
  slowedDown,
} from './job-settings.ts';
import { type JobSpec, randomJob, withLulls } from './job-spec.ts';
import { dropsState, rescaled, rescaledAlike, upgraded } from './job-upgrade.ts';
import { OutputAudit } from './output-audit.ts';
import type { RestoreSettings, SimCluster, SimSubmission } from './sim-cluster.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

const POLL_MS = 50;
/** How long the client waits for an answer before it does something else. */
const PATIENCE_MS = 300;
const MAX_JOBS = 3;
/** Of the schedules whose masters work in turns. */
const HIBERNATING_RATE = 0.75;
/** Falling asleep takes its time, and so does waking. */
const TIMES_LONGER = 4;

/** A job whose output counts, and what was asked of it. */
interface WatchedJob {
  readonly submission: SimSubmission;
  /** The job it goes on from. */
  readonly from?: WatchedJob;
  /** Where savepoints of `stop` go. */
  readonly stopTargets: string[];
  /** Of stops after which it has nothing left to do, unless one of them has failed behind it. */
  readonly drainTargets: string[];
  /** It may end CANCELED: another one goes on from what it retains. */
  isCancelled: boolean;
  /** I4. It may be refused. */
  readonly mayDropState: boolean;
  /** I3. The other job that claims the same savepoint. */
  rival?: WatchedJob;
  isRefused: boolean;
  hasEnded: boolean;
}

const WISHES = [
  'checkpoint',
  'checkpoint',
  'savepoint',
  'rescale',
  'rescale',
  'stop',
  'stop',
  'fork',
  'duel',
  'cancel',
  'cancel',
  'retain',
  'retain',
] as const;
type Wish = (typeof WISHES)[number];

export class SimClient {
  readonly #cluster: SimCluster;
  readonly #world: SimWorld;
  readonly #rng: SimRng;
  readonly #bounded: boolean;
  readonly #configuration: SimSubmission['configuration'];
  readonly #audit: OutputAudit;
  #watched: WatchedJob[] = [];
  #nextJob = 1;
  #nextTarget = 1;

  constructor(cluster: SimCluster, rng: SimRng) {
    this.#cluster = cluster;
    this.#world = cluster.world;
    this.#rng = rng;
    const configuration = randomConfiguration(rng.stream('configuration'));
    const mayHibernate = cluster.isInTurns && rng.stream('hibernation').chance(HIBERNATING_RATE);
    const slowed = cluster.isInTurns ? slowedDown(configuration) : configuration;
    const asleep = rng.stream('hibernation settings');
    this.#configuration = mayHibernate ? hibernating(asleep, slowed) : slowed;
    // How far an unbounded job has read cannot be told from records that may be repeated.
    this.#bounded = rng.chance(0.7) || isAtLeastOnce(this.#configuration);
    this.#audit = new OutputAudit(cluster.external, this.#bounded);
    const spec = randomJob(rng.stream('job'), this.#bounded);
    const job = this.#start(
      mayHibernate
        ? withLulls(rng.stream('lulls'), spec, hibernateAfterMs(this.#configuration))
        : spec,
      {},
    );
    cluster.visible.watch(job.submission);
  }

  /** Wishes at random moments. @param usualMs how long, of jobs that do not hibernate. */
  async work(usualMs: number): Promise<void> {
    const times = isHibernating(this.#configuration) ? TIMES_LONGER : 1;
    const untilMs = this.#world.nowMs + usualMs * times;
    const meanMs = this.#rng.pick([20, 60, 200]) * times;
    for (;;) {
      const pauseMs = meanMs * 2 * this.#rng.next();
      if (this.#world.nowMs + pauseMs >= untilMs) break;
      await this.#sleep(pauseMs);
      const job = this.#rng.pickOf(this.#watched);
      if (job !== undefined) await this.#wish(job);
    }
    await this.#sleep(Math.max(0, untilMs - this.#world.nowMs));
  }

  /** Every watched job ends, and has written what it must. */
  async finish(): Promise<void> {
    for (let job = this.#watched[0]; job !== undefined; job = this.#watched[0]) {
      if (await this.#settle(job)) continue;
      if (!this.#bounded) this.#drain(job);
      await this.#sleep(POLL_MS);
    }
    while (!(await this.#cluster.isOver())) await this.#sleep(POLL_MS);
  }

  #start(
    spec: JobSpec,
    extra: { restore?: RestoreSettings; from?: WatchedJob; mayDropState?: boolean },
  ): WatchedJob {
    const { restore, from, mayDropState = false } = extra;
    const jobId = `${this.#nextJob++}`.padStart(32, '0');
    const configuration = this.#configuration;
    const submission = { jobId, spec, configuration, ...(restore ? { restore } : {}) };
    this.#world.trace(`submit ${jobId} ${JSON.stringify(restore ?? {})} ${JSON.stringify(spec)}`);
    this.#cluster.submit(submission);
    const job = {
      submission,
      stopTargets: [],
      drainTargets: [],
      isCancelled: false,
      isRefused: false,
      hasEnded: false,
      mayDropState,
      ...(from === undefined ? {} : { from }),
    };
    this.#watched.push(job);
    return job;
  }

  #startFrom(from: WatchedJob, spec: JobSpec, restore: RestoreSettings): WatchedJob {
    const mayDropState = dropsState(from.submission.spec, spec);
    const job = this.#start(spec, { restore, from, mayDropState });
    this.#cluster.external.descend(job.submission.jobId, from.submission.jobId);
    return job;
  }

  /** I1. As a new release, of another parallelism; from a savepoint that may have been moved. */
  async #goOn(job: WatchedJob, path: string, isSavepoint: boolean): Promise<void> {
    const rng = this.#rng;
    const { spec } = job.submission;
    // Frames of channels cannot be given to channels that are not there.
    const mayChange = isSavepoint || !isUnaligned(this.#configuration);
    let next = spec;
    if (rng.chance(0.6)) next = mayChange ? rescaled(spec, rng) : rescaledAlike(spec, rng);
    if (mayChange && rng.chance(0.5)) next = upgraded(next, rng);
    const allowNonRestoredState = mayChange && rng.chance(0.5);
    const restored = isSavepoint && rng.chance(0.3) ? await this.#copied(path) : path;
    const claimMode = rng.chance(0.4) ? 'CLAIM' : 'NO_CLAIM';
    this.#startFrom(job, next, { path: restored, claimMode, allowNonRestoredState });
  }

  /** Another place, to which all blobs of a savepoint were copied. */
  async #copied(path: string): Promise<string> {
    const target = `${SAVEPOINT_DIRECTORY}/moved-${this.#nextTarget++}`;
    await this.#cluster.storage.copy(path, target);
    this.#world.trace(`copied ${path} to ${target}`);
    return target;
  }

  async #wish(job: WatchedJob): Promise<void> {
    const { jobId } = job.submission;
    const master = this.#cluster.controlOf(jobId);
    if (master === undefined) {
      await this.#settle(job);
      return;
    }
    const wish: Wish = this.#rng.pick(WISHES);
    this.#world.trace(`wish ${wish} ${jobId}`);
    const target = `${SAVEPOINT_DIRECTORY}/${this.#nextTarget++}`;
    try {
      switch (wish) {
        case 'checkpoint':
          await this.#patiently(master.checkpoint(this.#rng.pick(['CONFIGURED', 'FULL'])));
          break;
        case 'rescale': {
          const parallelism = this.#rng.int(1, 4);
          const vertices = master.vertexIds.map((id) => [id, parallelism]);
          await this.#patiently(master.rescale(Object.fromEntries(vertices)));
          break;
        }
        case 'stop':
          job.stopTargets.push(target);
          await this.#patiently(master.stop(false, target));
          break;
        case 'retain':
          job.isCancelled = true;
          master.cancel();
          break;
        default:
          await this.#savepoint(job, wish, await this.#patiently(master.savepoint(target)));
      }
    } catch (thrown) {
      this.#world.trace(`wish ${wish} failed: ${String(thrown)}`);
    }
  }

  async #savepoint(job: WatchedJob, wish: Wish, path: string | undefined): Promise<void> {
    if (path === undefined) return;
    await this.#cluster.storage.keepSavepoint(path);
    const { jobId, spec } = job.submission;
    const restore = { path, claimMode: 'NO_CLAIM' as const, allowNonRestoredState: false };
    // I2.
    if (wish === 'fork' && this.#watched.length < MAX_JOBS) this.#startFrom(job, spec, restore);
    if (wish === 'duel' && this.#watched.length < MAX_JOBS) {
      const claim = { ...restore, claimMode: 'CLAIM' as const };
      const [one, other] = [this.#startFrom(job, spec, claim), this.#startFrom(job, spec, claim)];
      one.rival = other;
      other.rival = one;
    }
    if (wish !== 'cancel') return;
    const master = this.#cluster.controlOf(jobId);
    if (master === undefined) return;
    master.cancel();
    this.#watched = this.#watched.filter((watched) => watched !== job);
    await this.#goOn(job, path, true);
  }

  /** Undefined: there was no answer in time; it may come to pass all the same. */
  async #patiently<T>(answer: Promise<T>): Promise<T | undefined> {
    return await Promise.race([answer, this.#sleep(PATIENCE_MS).then(() => undefined)]);
  }

  /** False: it has not ended yet. Otherwise it counts no more; others may go on from it. */
  async #settle(job: WatchedJob): Promise<boolean> {
    const { jobId } = job.submission;
    const stored = await this.#cluster.stored(jobId);
    const status = stored?.job.status;
    if (status !== 'FINISHED' && status !== 'FAILED' && status !== 'CANCELED') {
      // Its submission may be lost with the process.
      if (this.#cluster.isForgotten(jobId)) this.#cluster.submit(job.submission);
      return false;
    }
    this.#watched = this.#watched.filter((watched) => watched !== job);
    if (status === 'FAILED' && this.#wasRefused(job, stored?.job.coordinator)) return true;
    if (status === 'CANCELED' && job.isCancelled) {
      await this.#goOnFromRetained(job);
      return true;
    }
    const drained = status === 'FAILED' ? job.drainTargets : [];
    const savepoint = this.#savepointBelow([...job.stopTargets, ...drained]);
    // A job that failed after its last savepoint was stored is not restarted.
    if (status !== 'FINISHED' && (status !== 'FAILED' || savepoint === undefined)) {
      this.#world.violate(`job ${jobId} ended ${status}`);
      return true;
    }
    this.#finished(job);
    const faults = this.#audit.faults(job.submission);
    if (faults.length > 0 && savepoint !== undefined) await this.#goOn(job, savepoint, true);
    else for (const fault of faults) this.#world.violate(fault);
    return true;
  }

  /** I3. */
  #finished(job: WatchedJob): void {
    job.hasEnded = true;
    if (job.rival?.hasEnded === true) this.#world.violate('I3: two jobs claim one savepoint');
  }

  /** I3, I4. */
  #wasRefused(job: WatchedJob, coordinator: unknown): boolean {
    const said = coordinator as { readonly code?: string; error?: StreamErrorRecord } | null;
    const code = said?.code ?? said?.error?.code;
    const { submission, from, rival } = job;
    const { restore, spec } = submission;
    const isTaken = code === 'SAVEPOINT_CLAIMED' || code === 'RESTORE_PATH_NOT_FOUND';
    if (isTaken && rival !== undefined && !rival.isRefused) {
      job.isRefused = true;
      return true;
    }
    if (code !== 'NON_RESTORED_STATE' || !job.mayDropState) return false;
    if (restore === undefined || restore.allowNonRestoredState || from === undefined) return false;
    // What was claimed for this job stays so.
    if (restore.claimMode === 'CLAIM') this.#world.trace(`claimed in vain: ${restore.path}`);
    const again = { ...restore, claimMode: 'NO_CLAIM' as const, allowNonRestoredState: true };
    this.#startFrom(from, spec, again);
    return true;
  }

  /** I1. */
  async #goOnFromRetained(job: WatchedJob): Promise<void> {
    const path = await this.#cluster.newestCheckpoint(job.submission.jobId);
    if (path !== undefined) await this.#goOn(job, path, false);
    else this.#start(job.submission.spec, {});
  }

  #drain(job: WatchedJob): void {
    const master = this.#cluster.controlOf(job.submission.jobId);
    if (master?.isRunning !== true) return;
    const target = `${SAVEPOINT_DIRECTORY}/drain-${this.#nextTarget++}`;
    job.drainTargets.push(target);
    master.stop(true, target).catch((thrown: unknown) => {
      this.#world.trace(`drain failed: ${String(thrown)}`);
    });
  }

  /** The last savepoint that a stop has left in one of these places, if there is one. */
  #savepointBelow(targets: readonly string[]): string | undefined {
    const { locations } = this.#cluster.storage.blobs;
    for (const target of targets.toReversed()) {
      const manifest = locations.find(
        (location) => location.startsWith(`${target}/`) && location.endsWith('/_metadata'),
      );
      if (manifest !== undefined) return manifest.slice(0, -'/_metadata'.length);
    }
    return undefined;
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.schedule(delayMs, 'client', resolve);
    });
  }
}
