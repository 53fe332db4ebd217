/**
 * Reads a TaskManager's inbox: long polls, one after the other; what they bring is handed over, and
 * deleted only then.
 *
 * - I1: a message is deleted after its items are in the hands of the receiver, who is gone with the
 *   attempt or puts back what it has not used. So none is lost.
 * - I2: at most one receipt, ten messages, is in hand. Who has no room refuses frames by credit.
 * - I3: a message of a newer attempt fences this reader for good; it becomes visible again at once.
 * - I4: what nobody can take goes to the dead-letter queue with its reason. If it was one of this
 *   job's that is damaged, or of another release, its content is lost, and the reader fails.
 * - I5: stopped, it hands nothing over, and what it still receives becomes visible again. A poll
 *   that is under way is ended by a message without items. An aborted one may take a message all
 *   the same: that comes back after the visibility time-out.
 */
import { crc32 } from 'node:zlib';
import { type BlobStore, isErrorWithCode } from '../../../checkpoint/index.ts';
import { type Logger, StreamError, type Timers, toStreamError } from '../../../core/index.ts';
import {
  decodeMessage,
  encodeItems,
  type InboxAddress,
  type InboxClaim,
  type InboxItem,
} from './envelope.ts';
import type { ReceivedMessage, SqsQueues } from './sqs-queues.ts';

export interface SqsInboxSettings {
  /** How long a poll waits for a message. */
  readonly pollS: number;
  readonly visibilityS: number;
  /** How long deletes wait for others; well below the visibility time-out. */
  readonly deleteLingerMs: number;
}

export interface SqsInboxParts {
  readonly queues: Pick<SqsQueues, 'send' | 'receive' | 'delete' | 'putBack' | 'bury'>;
  readonly blobs: Pick<BlobStore, 'get' | 'delete'>;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  readonly address: InboxAddress;
  readonly settings: SqsInboxSettings;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Takes an item; what is wrong with it, if it is not for this TaskManager. */
  readonly take: (item: InboxItem) => string | undefined;
  /** A receipt was handed over. */
  readonly onTaken: () => void;
  /** I3. */
  readonly onFenced: () => void;
  readonly onFailed: (thrown: unknown) => void;
}

type Fate = 'delete' | 'put-back';

/** A message, read as far as it goes. */
type Reading =
  | {
      readonly type: 'items';
      readonly items: readonly InboxItem[];
      /** The object they came from. */
      readonly location?: string;
    }
  | { readonly type: 'fenced' }
  | { readonly type: 'stale' }
  | { readonly type: 'poison'; readonly error: StreamError };

const DELETES_A_CALL = 10;

export class SqsInbox {
  readonly #parts: SqsInboxParts;
  readonly #poll = new AbortController();
  readonly #deletes: { readonly handle: string; readonly location: string | undefined }[] = [];
  readonly #work = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #isPolling = false;
  #isStopped = false;
  #cancelDelete: (() => void) | undefined;

  constructor(parts: SqsInboxParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run().catch((thrown: unknown) => {
      if (!this.#isStopped) this.#parts.onFailed(thrown);
    });
  }

  /**
   * I5. Settles when nothing is under way.
   *
   * @param graceMs how long a poll that is under way may take to be answered; it is aborted then.
   */
  async stop(graceMs: number): Promise<void> {
    const { timers, queues, queueUrl, address } = this.#parts;
    this.#isStopped = true;
    const cancel = timers.schedule(graceMs, () => this.#poll.abort());
    if (graceMs > 0 && this.#isPolling) {
      await queues.send(queueUrl, encodeItems(address, [])).catch(() => this.#poll.abort());
    }
    await this.#running;
    cancel();
    this.#deleteAll();
    await Promise.all(this.#work);
  }

  async #run(): Promise<void> {
    const { queues, queueUrl, settings, onTaken } = this.#parts;
    const { pollS: waitS, visibilityS } = settings;
    while (!this.#isStopped) {
      const options = { waitS, visibilityS, signal: this.#poll.signal };
      this.#isPolling = true;
      const messages = await queues.receive(queueUrl, options);
      this.#isPolling = false;
      if (messages.length === 0) continue;
      const readings = await Promise.all(messages.map((message) => this.#read(message)));
      const back: string[] = [];
      for (const [i, message] of messages.entries()) {
        const reading = readings[i];
        if (reading === undefined) continue;
        const isForNext = this.#isStopped && !isEmpty(reading);
        const fate = isForNext ? 'put-back' : await this.#handOver(message, reading);
        if (fate === 'put-back') back.push(message.handle);
      }
      onTaken();
      if (back.length > 0) await queues.putBack(queueUrl, back);
    }
  }

  async #handOver(message: ReceivedMessage, reading: Reading): Promise<Fate> {
    const { take, onFenced } = this.#parts;
    switch (reading.type) {
      case 'fenced':
        this.#isStopped = true;
        onFenced();
        return 'put-back';
      case 'stale':
        this.#delete(message);
        return 'delete';
      case 'poison':
        await this.#bury(message, reading.error);
        return 'delete';
      case 'items': {
        const wrong = reading.items.map(take).filter((reason) => reason !== undefined);
        if (wrong[0] !== undefined) await this.#bury(message, misdirected(wrong[0]));
        else this.#delete(message, reading.location);
        return 'delete';
      }
    }
  }

  async #read(message: ReceivedMessage): Promise<Reading> {
    const { address } = this.#parts;
    try {
      const content = decodeMessage(message.bytes ?? new Uint8Array());
      if (content.jobId !== address.jobId) {
        return { type: 'poison', error: misdirected(`it is for job ${content.jobId}`) };
      }
      if (content.attempt > address.attempt) return { type: 'fenced' };
      if (content.attempt < address.attempt) return { type: 'stale' };
      if (content.type === 'items') return content;
      const { claim } = content;
      return { type: 'items', items: await this.#fetch(claim), location: claim.location };
    } catch (thrown) {
      const error = toStreamError(thrown);
      if (error.kind === 'data') return { type: 'poison', error };
      throw thrown;
    }
  }

  async #fetch(claim: InboxClaim): Promise<readonly InboxItem[]> {
    const { blobs, logger } = this.#parts;
    try {
      const bytes = await blobs.get(claim.location);
      if (crc32(bytes) !== claim.crc32) throw damagedClaim(claim);
      const content = decodeMessage(bytes);
      return content.type === 'items' ? content.items : [];
    } catch (thrown) {
      // It was taken before, and this is a duplicate; if not, the link sends its frames again.
      if (!isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) throw thrown;
      logger.log('info', 'frames in the bucket are gone already', { location: claim.location });
      return [];
    }
  }

  /** I4. */
  async #bury(message: ReceivedMessage, error: StreamError): Promise<void> {
    const { queues, deadLetterUrl, logger, onFailed, address } = this.#parts;
    const { code } = error;
    logger.log('error', error.message, { code, ...error.details });
    await queues.bury(deadLetterUrl, message, `${code}: ${error.message}`);
    this.#delete(message);
    if (!isLoss(error, address)) return;
    this.#isStopped = true;
    onFailed(lossOf(error));
  }

  #delete({ handle }: ReceivedMessage, location?: string): void {
    this.#deletes.push({ handle, location });
    const { timers, settings } = this.#parts;
    if (this.#deletes.length >= DELETES_A_CALL) this.#deleteAll();
    else {
      this.#cancelDelete ??= timers.schedule(settings.deleteLingerMs, () => this.#deleteAll());
    }
  }

  #deleteAll(): void {
    this.#cancelDelete?.();
    this.#cancelDelete = undefined;
    const taken = this.#deletes.splice(0);
    if (taken.length === 0) return;
    const work = this.#deleteMessages(taken).then(() => void this.#work.delete(work));
    this.#work.add(work);
  }

  async #deleteMessages(
    taken: readonly { readonly handle: string; readonly location: string | undefined }[],
  ): Promise<void> {
    const { queues, queueUrl, blobs, logger } = this.#parts;
    const handles = taken.map(({ handle }) => handle);
    const failed = await queues.delete(queueUrl, handles);
    if (failed > 0) logger.log('info', 'messages come again that were taken', { failed });
    const locations = taken.flatMap(({ location }) => (location === undefined ? [] : [location]));
    // The bucket forgets them by itself after days.
    await Promise.all(locations.map((location) => blobs.delete(location).catch(() => undefined)));
  }
}

/** It has ended a poll. */
function isEmpty(reading: Reading): boolean {
  return reading.type === 'items' && reading.items.length === 0;
}

/** I4. */
function isLoss({ code, details }: StreamError, { jobId }: InboxAddress): boolean {
  if (code === 'INBOX_MESSAGE_VERSION') return details.jobId === jobId;
  return code === 'INBOX_MESSAGE_CORRUPT';
}

/** What was on its way is kept as evidence, and sent again by a restart: not for good, as `data` is. */
function lossOf(error: StreamError): StreamError {
  const { code, message, details } = error;
  return new StreamError({ kind: 'unavailable', code, message, details, cause: error });
}

function misdirected(reason: string): StreamError {
  const message = `a message came to the wrong inbox, look who sent it: ${reason}`;
  return new StreamError({ kind: 'data', code: 'INBOX_MESSAGE_MISDIRECTED', message });
}

function damagedClaim({ location, sizeBytes }: InboxClaim): StreamError {
  const message = `frames in the bucket are damaged, the job restarts from its newest checkpoint: location=${location} sizeBytes=${sizeBytes}`;
  const details = { location, sizeBytes };
  return new StreamError({ kind: 'data', code: 'INBOX_MESSAGE_CORRUPT', message, details });
}
