/**
 * Jobs whose masters work in turns: the queue, the function's processes, the state machines, and
 * what turns say to all of them.
 *
 * I1  A batch goes to a process that is free, as far as anybody knows; there is always one more.
 * I2  Effects are carried out in their order, wake-ups first and commands among themselves at once,
 *     each until it has happened.
 * I3  What comes to a source wakes its job only if it is armed then, and may do so twice.
 * I4  Here nobody stops asking: an execution is replaced for the sake of slots that hang, only.
 */
import { attemptKey, type RowStore } from '../checkpoint/index.ts';
import type { AttemptRecord, TurnEffect } from '../jobmaster/index.ts';
import type { SlotCommand } from '../protocol/index.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { FaultyCalls } from './faulty-stores.ts';
import type { SourceSpec } from './job-spec.ts';
import type { BugSwitch } from './planted-bugs.ts';
import type { SimArrivals } from './sim-arrivals.ts';
import { type Batch, SimFifoQueue } from './sim-fifo-queue.ts';
import type { SimJobControl } from './sim-job-control.ts';
import { slotAddress } from './sim-leased-slot.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimRng } from './sim-rng.ts';
import { type LeaseOutcome, type LeaseRequest, SimStateMachine } from './sim-state-machine.ts';
import { TurnChaos } from './sim-turn-chaos.ts';
import { SimTurnClient } from './sim-turn-client.ts';
import { SimTurnHost, type TurnHostParts } from './sim-turn-host.ts';
import { retried, type SimTurnSlotHost } from './sim-turn-slots.ts';
import { SimWakeUps } from './sim-wake-ups.ts';
import type { SimWorld } from './sim-world.ts';

/** A new process of the function, with its ways to the services. */
export interface TurnProcess extends Omit<TurnHostParts, 'send' | 'delete'> {
  readonly calls: FaultyCalls;
}

export interface SimTurnsParts {
  readonly world: SimWorld;
  readonly plan: FaultPlan;
  readonly network: SimNetwork;
  readonly bugs: BugSwitch;
  readonly arrivals: SimArrivals;
  readonly sourcesOf: (jobId: string) => readonly SourceSpec[];
  /** Past all faults. */
  readonly rows: RowStore;
  readonly startProcess: () => TurnProcess;
  /** The stores fail, all of them, or do what they did before. */
  readonly setOutage: (isOut: boolean) => void;
  /** One that may be dead by now. */
  readonly taskManager: () => SimTurnSlotHost | undefined;
}

const INVOKE_MS = 5;
/** Between two looks at a TaskManager that stalls. */
const TIMEOUT_MS = 150;
/** After its lease a function's time is over at last. */
const MAX_LEAVING_MS = 1000;
/** How often a batch goes to a new process although another is free. */
const COLD_RATE = 0.1;
const MAX_FREE = 3;
/** An invocation of which is wrongly said that it has failed. */
const FALSE_FAILURE_RATE = 0.05;
const MAX_FALSE_FAILURE_MS = 300;

export class SimTurns {
  readonly queue: SimFifoQueue;
  readonly #parts: SimTurnsParts;
  readonly #rng: SimRng;
  readonly #client: SimTurnClient;
  readonly #chaos: TurnChaos;
  readonly #machines = new Map<string, SimStateMachine>();
  readonly #wakeUps: SimWakeUps;
  #hosts: SimTurnHost[] = [];
  #isHealed = false;

  constructor(parts: SimTurnsParts) {
    const { world, plan } = parts;
    this.#parts = parts;
    this.#rng = world.rng.stream('turns');
    this.queue = new SimFifoQueue(world, plan.network.duplicateRate, (batch) => {
      this.#freeHost().handle(batch);
    });
    this.#wakeUps = new SimWakeUps(parts, (jobId, message) => this.queue.put(jobId, message));
    this.#client = new SimTurnClient(world, (jobId, message) => this.queue.put(jobId, message));
    this.#start();
    const busy = (): SimProcess | undefined => this.#busy;
    this.#chaos = new TurnChaos({ world, plan, busy, setOutage: parts.setOutage });
  }

  /** One that works, if there is one. */
  get host(): SimProcess {
    return this.#busy ?? this.#freeHost().host;
  }

  /** One that takes a turn. */
  get #busy(): SimProcess | undefined {
    return this.#hosts.find(({ isFree, host }) => !isFree && host.state === 'alive')?.host;
  }

  heal(): void {
    this.#chaos.end();
    this.#isHealed = true;
    this.queue.duplicateRate = 0;
  }

  /** True: it was one of them. */
  replace(host: SimProcess): boolean {
    const isOurs = this.#hosts.some((other) => other.host === host);
    this.#hosts = this.#hosts.filter((other) => other.host !== host);
    return isOurs;
  }

  /** Once its row is there. */
  begin(jobId: string): void {
    if (this.#machines.has(jobId)) return;
    const { world, rows } = this.#parts;
    const machine = new SimStateMachine({
      ...{ world, jobId },
      send: (message) => this.queue.put(jobId, message),
      attemptRecord: async (attempt) => {
        const { partitionKey, sortKey } = attemptKey(jobId, attempt);
        return (await rows.get(partitionKey, sortKey))?.value as AttemptRecord | undefined;
      },
      invoke: (request, settled) => this.#invoke(request, settled),
    });
    this.#machines.set(jobId, machine);
    this.#wakeUps.watch(jobId, () => machine.ended !== undefined);
  }

  /** Undefined: it was not submitted, or has ended. */
  controlOf(jobId: string, vertexIds: () => readonly string[]): SimJobControl | undefined {
    const machine = this.#machines.get(jobId);
    if (machine === undefined || machine.ended !== undefined) return undefined;
    return this.#client.controlOf(jobId, vertexIds());
  }

  /** Every job has ended and said so to everybody. @param statusOf as in the rows. */
  async isOver(statusOf: (jobId: string) => Promise<string | undefined>): Promise<boolean> {
    const { world } = this.#parts;
    for (const [jobId, { ended }] of this.#machines) {
      if (ended === undefined || !this.queue.isEmpty(jobId)) return false;
      const status = await statusOf(jobId);
      if (status !== ended) world.violate(`${jobId} is ${status} and was told to be ${ended}`);
    }
    const { unanswered } = this.#client;
    if (unanswered.length > 0) world.violate(`never answered: ${unanswered.join()}`);
    return true;
  }

  /** I1. */
  #freeHost(): SimTurnHost {
    this.#hosts = this.#hosts.filter(({ host }) => host.state !== 'dead');
    const free = this.#hosts.filter(({ isFree }) => isFree);
    if (free.length < MAX_FREE && this.#rng.chance(COLD_RATE)) return this.#start();
    return this.#rng.pickOf(free) ?? this.#start();
  }

  #start(): SimTurnHost {
    const { calls, ...place } = this.#parts.startProcess();
    const host = new SimTurnHost({
      ...place,
      send: (jobId, effects) => this.#send(place, calls, jobId, effects),
      delete: (batch: Batch) => retried(place.host, () => this.queue.delete(calls, batch)),
    });
    this.#hosts.push(host);
    return host;
  }

  /** I2. */
  async #send(
    { host, rows }: Pick<TurnProcess, 'host' | 'rows'>,
    calls: FaultyCalls,
    jobId: string,
    effects: readonly TurnEffect[],
  ): Promise<void> {
    for (const effect of effects) {
      if (effect.type !== 'arm') continue;
      await retried(host, () => this.#sendOne(host, rows, calls, jobId, effect));
    }
    const commands = effects.filter(({ type }) => type === 'command');
    await Promise.all(commands.map((effect) => this.#sendOne(host, rows, calls, jobId, effect)));
    for (const effect of effects) {
      if (effect.type === 'command' || effect.type === 'arm') continue;
      await retried(host, () => this.#sendOne(host, rows, calls, jobId, effect));
    }
  }

  async #sendOne(
    host: SimProcess,
    rows: RowStore,
    calls: FaultyCalls,
    jobId: string,
    effect: TurnEffect,
  ): Promise<void> {
    switch (effect.type) {
      case 'attempt': {
        const { record } = effect;
        await rows.write([{ type: 'put', ...attemptKey(jobId, record.attempt), value: record }]);
        break;
      }
      case 'command': {
        const { attempt, sequence, slotIndex } = effect;
        const command = this.#parts.bugs.command(effect.command);
        if (isSuspend(effect.command)) this.#wakeUps.falling(jobId);
        const frame = { job: jobId, attempt, lease: 0, sequence, payload: command };
        await this.#parts.network.putBack(host, `${slotAddress(jobId, slotIndex)}/commands`, frame);
        break;
      }
      case 'arm':
        await calls.call('arm', true, async () => this.#wakeUps.arm(jobId, effect.wakeUps));
        break;
      case 'disarm':
        await calls.call('disarm', true, async () => this.#wakeUps.disarm(jobId, effect.arming));
        break;
      case 'execute':
        if (this.#parts.bugs.is('wake-without-execution')) break;
        await calls.call(`execute ${effect.continuation}`, true, async () => {
          const machine = this.#machines.get(jobId);
          machine?.begin(effect.continuation);
          if (this.#parts.bugs.is('execute-twice')) machine?.begin(effect.continuation + 1);
        });
        break;
      case 'next':
        await calls.call(`answer ${effect.taskToken}`, true, async () => {
          this.#machines.get(jobId)?.answer(effect.taskToken, effect.step);
        });
        break;
      case 'replace':
        if (!effect.isStuck) this.#parts.world.violate(`I4: nobody asks for job ${jobId}`);
        await calls.call(`replace by ${effect.continuation}`, true, async () => {
          this.#machines.get(jobId)?.replace(effect.continuation);
        });
        break;
      case 'answer':
        await calls.call(`answer ${effect.requestId}`, true, async () => {
          this.#client.answered(effect.requestId, effect.answer);
        });
        break;
      case 'tick': {
        const { atEpochMs } = effect;
        const delayMs = Math.max(0, atEpochMs - host.clock.nowEpochMs());
        await calls.call('tick', true, async () => {
          this.queue.put(jobId, { type: 'tick', atEpochMs }, delayMs);
        });
      }
    }
  }

  #invoke(request: LeaseRequest, settled: (outcome: LeaseOutcome) => void): void {
    const { world, taskManager } = this.#parts;
    let isSettled = false;
    const settle = (outcome: LeaseOutcome): void => {
      if (isSettled) return;
      isSettled = true;
      world.trace(`${JSON.stringify(request)} ${outcome}`);
      settled(outcome);
    };
    world.schedule(this.#rng.next() * INVOKE_MS, 'invoke', () => {
      const place = taskManager();
      if (place === undefined || place.host.state === 'dead') {
        settle('failed');
        return;
      }
      place.invoke(request, (outcome) => {
        world.schedule(this.#rng.next() * INVOKE_MS, 'outcome', () => settle(outcome));
      });
      this.#watch(place.host, () => isSettled, settle);
    });
  }

  #watch(
    host: SimProcess,
    isSettled: () => boolean,
    settle: (outcome: LeaseOutcome) => void,
  ): void {
    const { world } = this.#parts;
    if (!this.#isHealed && this.#rng.chance(FALSE_FAILURE_RATE)) {
      const delayMs = this.#rng.next() * MAX_FALSE_FAILURE_MS;
      world.schedule(delayMs, 'false failure', () => settle('failed'));
    }
    // One that leaves may wait in vain for a peer that is gone.
    const { leaseMs } = this.#parts.plan;
    if (Number.isFinite(leaseMs)) {
      world.schedule(leaseMs + MAX_LEAVING_MS, 'time-out', () => settle('failed'));
    }
    let wasStalled = false;
    const look = (): void => {
      if (isSettled()) return;
      const isStalled = host.state === 'stalled';
      if (isStalled && wasStalled) settle('failed');
      wasStalled = isStalled;
      world.schedule(TIMEOUT_MS, 'watch', look);
    };
    look();
  }
}

/** The job falls asleep behind it. */
function isSuspend(command: SlotCommand): boolean {
  return command.type === 'trigger-checkpoint' && command.barrier.type === 'CHECKPOINT_SUSPEND';
}
