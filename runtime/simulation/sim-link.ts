/** Reliable links between simulated processes: the production link over {@link SimNetwork}. */
import {
  type LinkAck,
  type LinkFrame,
  type LinkIdentity,
  LinkReceiver,
  LinkSender,
  type LinkVerdict,
} from '../exchange/index.ts';
import type { LinkPosition } from '../protocol/index.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

const RETRANSMIT_MS = 8;
const MAX_RETRANSMIT_MS = 200;

export interface SimLinkOptions {
  readonly network: SimNetwork;
  readonly host: SimProcess;
  readonly identity: LinkIdentity;
  /** Frames go to this address, acknowledgements to `<address>/ack`. */
  readonly address: string;
  readonly windowFrames: number;
  /** Where the end begins whose place another one has left. @default the beginning */
  readonly resume?: LinkPosition | undefined;
  readonly onFenced: () => void;
}

/** The sending end, with its timer. */
export class SimLinkSender<P> {
  readonly #options: SimLinkOptions;
  readonly #sender: LinkSender<P>;
  readonly #unbind: () => void;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  /** @param onCredit called when there may be credit again. */
  constructor(options: SimLinkOptions, onCredit: () => void) {
    this.#options = options;
    const { network, host, address, identity, windowFrames, resume } = options;
    this.#sender = new LinkSender({
      ...(resume === undefined ? {} : { resume }),
      identity,
      windowFrames,
      retransmitMs: RETRANSMIT_MS,
      maxRetransmitMs: MAX_RETRANSMIT_MS,
    });
    this.#unbind = network.bind(`${address}/ack`, host, (message) => {
      if (this.#closed) return;
      const { verdict, frames } = this.#sender.onAck(message as LinkAck, this.#nowMs());
      this.#transmit(frames);
      if (verdict === 'fenced') this.#fence();
      else if (verdict === 'accepted') onCredit();
    });
  }

  get hasCredit(): boolean {
    return this.#sender.hasCredit;
  }

  /** Everything offered has arrived. */
  get isIdle(): boolean {
    return this.#sender.outstanding === 0;
  }

  get position(): LinkPosition {
    return this.#sender.position;
  }

  offer(payload: P): void {
    if (!this.#closed) this.#transmit(this.#sender.offer(payload, this.#nowMs()));
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#unbind();
  }

  #fence(): void {
    this.close();
    this.#options.onFenced();
  }

  #transmit(frames: readonly LinkFrame<P>[]): void {
    const { network, host, address } = this.#options;
    for (const frame of frames) network.send(host, address, frame);
    this.#setTimer();
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const atMs = this.#sender.nextTimerAtMs();
    if (atMs === undefined || this.#closed) return;
    const { timers } = this.#options.host;
    this.#cancelTimer = timers.schedule(atMs - this.#nowMs(), () => {
      const again = this.#sender.onTimer(this.#nowMs());
      this.#transmit(this.#options.network.bugs.is('never-retransmit') ? [] : again);
    });
  }

  #nowMs(): number {
    return this.#options.host.clock.monotonicMs();
  }
}

/** The receiving end. */
export class SimLinkReceiver<P> {
  readonly #options: SimLinkOptions;
  readonly #receiver: LinkReceiver<P>;
  readonly #unbind: () => void;
  /** Only with a planted bug: payloads that are handed over although they should not be. */
  readonly #wrong: P[] = [];

  /** @param onReady called when {@link take} has something. */
  constructor(options: SimLinkOptions, onReady: () => void) {
    this.#options = options;
    const { network, host, address, identity, windowFrames, resume } = options;
    this.#receiver = new LinkReceiver(identity, windowFrames, resume);
    this.#unbind = network.bind(address, host, (message) => {
      const verdict = this.#receive(message as LinkFrame<P>);
      if (verdict === 'fenced') {
        this.close();
        options.onFenced();
      } else if (verdict !== 'stale') {
        this.#acknowledge();
        if (verdict === 'accepted' || this.#wrong.length > 0) onReady();
      }
      return verdict !== 'fenced';
    });
  }

  /** The next payload in order. */
  take(): P | undefined {
    const payload = this.#receiver.take();
    if (payload !== undefined && this.#receiver.owesCredit) this.#acknowledge();
    const { bugs } = this.#options.network;
    if (bugs.is('ignore-gaps')) return this.#wrong.shift();
    return payload ?? this.#wrong.shift();
  }

  close(): void {
    this.#unbind();
  }

  /**
   * Stops receiving and leaves its place. What had arrived, and `untaken`, which was taken and is
   * given back, is put into the inbox again.
   */
  async leave(untaken: readonly P[]): Promise<LinkPosition> {
    this.close();
    const { nextSequence, limitSequence } = this.#receiver.position;
    const from = nextSequence - untaken.length;
    const frames = [
      ...untaken.map((payload, i) => this.#receiver.frameOf(from + i, payload)),
      ...this.#receiver.leftover(),
    ];
    const { network, host, address } = this.#options;
    if (!network.bugs.is('forget-put-back')) {
      for (const frame of frames) await network.putBack(host, address, frame);
    }
    return { nextSequence: from, limitSequence };
  }

  #receive(frame: LinkFrame<P>): LinkVerdict {
    const { network, identity } = this.#options;
    const { bugs } = network;
    const taken = bugs.is('ignore-attempt') ? { ...frame, attempt: identity.attempt } : frame;
    const verdict = this.#receiver.onFrame(taken);
    const { payload } = frame;
    if (payload === undefined) return verdict;
    if (bugs.is('ignore-gaps') && verdict === 'accepted') this.#wrong.push(payload);
    if (bugs.is('skip-duplicate-check') && verdict === 'duplicate') this.#wrong.push(payload);
    return verdict;
  }

  #acknowledge(): void {
    const { network, host, address } = this.#options;
    network.send(host, `${address}/ack`, this.#receiver.ack());
  }
}
