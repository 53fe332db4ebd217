/**
 * Which faults befall which calls.
 *
 * I1  Each rule draws from a generator of its own, seeded by the proxy's seed and the rule's
 *     number: adding a rule does not change what the others do. Draws are made in the order in
 *     which calls arrive, so a run repeats as far as its calls do.
 */
import { SeededRng } from '../../../runtime/adapters/index.ts';
import type { ServiceCall } from './service-call.ts';

/** A span to draw from, both ends inclusive. */
export interface Span {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What happens to a call. Of the faults that answer a call, the first rule's is taken. */
export type CallFault =
  /** Passes on later. */
  | ({ readonly kind: 'delay' } & Span)
  /** Is answered by an error and never reaches the service. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** Is carried out, and answered by an error. */
  | { readonly kind: 'lose-answer'; readonly status: number; readonly code: string }
  /** The connection breaks, before or after it is carried out. */
  | { readonly kind: 'cut'; readonly isCarriedOut: boolean }
  /** The process of the function that calls dies, before or after the call is carried out. */
  | { readonly kind: 'kill-caller'; readonly isCarriedOut: boolean }
  /** SendMessage and SendMessageBatch only: is answered as accepted and never delivered. */
  | { readonly kind: 'swallow' };

/** What happens to each message in the answer of ReceiveMessage. */
export type MessageFault =
  /** Comes in this answer and, later, in another one, with the same receipt handle. */
  | ({ readonly kind: 'duplicate-message' } & Span)
  /** Does not come in this answer but in a later one; what was sent after it overtakes it. */
  | ({ readonly kind: 'hold-message' } & Span)
  /** Changes places with another message of the same answer. */
  | { readonly kind: 'shuffle-message' };

export type Fault = CallFault | MessageFault;

/** Faults by the names that services give them. */
export const FAULTS = {
  dynamoThrottled: {
    ...{ kind: 'refuse', status: 400, code: 'ProvisionedThroughputExceededException' },
  },
  dynamoAnswerLost: { kind: 'lose-answer', status: 500, code: 'InternalServerError' },
  s3SlowDown: { kind: 'refuse', status: 503, code: 'SlowDown' },
  s3AnswerLost: { kind: 'lose-answer', status: 500, code: 'InternalError' },
  sqsThrottled: { kind: 'refuse', status: 403, code: 'RequestThrottled' },
  sqsAnswerLost: { kind: 'lose-answer', status: 500, code: 'InternalError' },
  sqsSwallowed: { kind: 'swallow' },
} as const satisfies Readonly<Record<string, Fault>>;

/** A fault, and the calls (or messages) that it befalls. */
export interface FaultRule {
  /** @defaultValue every service */
  readonly service?: string;
  /** @defaultValue every operation */
  readonly operation?: string;
  /** Tested against the call's resource. @defaultValue every resource */
  readonly resource?: RegExp;
  /** What else must be true of the call. @defaultValue nothing */
  readonly where?: (call: ServiceCall) => boolean;
  readonly fault: Fault;
  /** Of each matching call or message. @defaultValue 1 */
  readonly probability?: number;
  /** Leaves the first ones alone. @defaultValue 0 */
  readonly skip?: number;
  /** Befalls no more than these. @defaultValue no limit */
  readonly times?: number;
}

/** A rule in force. */
export interface ActiveRule {
  readonly rule: FaultRule;
  /** How many calls or messages it has befallen. */
  readonly hits: number;
  remove(): void;
}

/** What befalls one call. */
export interface CallPlan {
  readonly delayMs: number;
  readonly fault: Exclude<CallFault, { kind: 'delay' }> | undefined;
}

type MessageKind = MessageFault['kind'];

const MESSAGE_KINDS: ReadonlySet<string> = new Set<MessageKind>([
  ...(['duplicate-message', 'hold-message', 'shuffle-message'] as const),
]);

/** The rules in force, and their seeded choices. */
export class FaultRules {
  readonly #seed: number;
  readonly #rules = new Set<RuleState>();
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  add(rule: FaultRule): ActiveRule {
    this.#count += 1;
    const rng = new SeededRng(Math.imul(this.#seed, 0x9e3779b1) + this.#count);
    const state = new RuleState(rule, rng, () => this.#rules.delete(state));
    this.#rules.add(state);
    return state;
  }

  clear(): void {
    this.#rules.clear();
  }

  /** Draws what befalls a call. */
  plan(call: ServiceCall): CallPlan {
    let delayMs = 0;
    let fault: CallPlan['fault'];
    for (const state of this.#matching(call)) {
      const candidate = state.rule.fault;
      if (isMessageFault(candidate)) continue;
      if (candidate.kind === 'swallow' && !/^SendMessage/.test(call.operation)) continue;
      if (candidate.kind === 'kill-caller' && call.caller?.pid === undefined) continue;
      if (candidate.kind !== 'delay' && fault !== undefined) continue;
      if (!state.strikes()) continue;
      if (candidate.kind === 'delay') delayMs += state.drawMs(candidate);
      else fault = candidate;
    }
    return { delayMs, fault };
  }

  /** Draws what befalls one message in the answer to `call`: the delays of its faults. */
  planMessage(call: ServiceCall): ReadonlyMap<MessageKind, number> {
    const faults = new Map<MessageKind, number>();
    for (const state of this.#matching(call)) {
      const { fault } = state.rule;
      if (!isMessageFault(fault) || !state.strikes()) continue;
      faults.set(fault.kind, fault.kind === 'shuffle-message' ? state.draw() : state.drawMs(fault));
    }
    return faults;
  }

  #matching(call: ServiceCall): RuleState[] {
    return [...this.#rules].filter(({ rule }) => matches(rule, call));
  }
}

function isMessageFault(fault: Fault): fault is MessageFault {
  return MESSAGE_KINDS.has(fault.kind);
}

function matches(rule: FaultRule, call: ServiceCall): boolean {
  return (
    (rule.service === undefined || rule.service === call.service) &&
    (rule.operation === undefined || rule.operation === call.operation) &&
    (rule.resource === undefined || rule.resource.test(call.resource)) &&
    (rule.where === undefined || rule.where(call))
  );
}

class RuleState implements ActiveRule {
  readonly rule: FaultRule;
  readonly remove: () => void;
  readonly #rng: SeededRng;
  #seen = 0;
  #hits = 0;

  constructor(rule: FaultRule, rng: SeededRng, remove: () => void) {
    this.rule = rule;
    this.remove = remove;
    this.#rng = rng;
  }

  get hits(): number {
    return this.#hits;
  }

  /** Draws whether it befalls the next call or message. */
  strikes(): boolean {
    const { probability = 1, skip = 0, times = Number.POSITIVE_INFINITY } = this.rule;
    this.#seen += 1;
    const isDrawn = this.#rng.next() < probability;
    if (!isDrawn || this.#seen <= skip || this.#hits >= times) return false;
    this.#hits += 1;
    return true;
  }

  draw(): number {
    return this.#rng.next();
  }

  drawMs({ minMs, maxMs }: Span): number {
    return minMs + Math.floor(this.#rng.next() * (maxMs - minMs + 1));
  }
}
