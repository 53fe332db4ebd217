/**
 * One slot's thread, seen from the main thread.
 *
 * - I1: after `ended` or `onLost`, of which there is one, nothing of the thread is told.
 * - I2: it runs out of its own heap before the process runs out of memory.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { BlobStore } from '../../../checkpoint/index.ts';
import { type FileSystem, StreamError } from '../../../core/index.ts';
import { type BlobTier, serveBlobs } from './remote-blobs.ts';
import { serveFiles } from './remote-files.ts';
import type { SlotThreadOrder, SlotThreadStart, SlotThreadWord } from './slot-thread-messages.ts';

export interface SlotThreadParts {
  /** The module that calls `runSlotThread`. */
  readonly entry: URL;
  readonly blobs: BlobStore;
  readonly tier: BlobTier;
  /** Of the job's sources and sinks. */
  readonly files: FileSystem;
  /** Undefined: as Node has it. */
  readonly maxHeapMb: number | undefined;
}

export interface SlotThreadEvents {
  readonly onWord: (word: SlotThreadWord) => void;
  readonly onLost: (error: StreamError) => void;
}

export class SlotThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #closePorts: () => void;
  #events: SlotThreadEvents | undefined;
  #early: (() => void)[] = [];
  #isOver = false;

  /** Starts the thread; it reads nothing until it is deployed. */
  constructor({ entry, blobs, tier, files, maxHeapMb }: SlotThreadParts) {
    const [blobPort, filePort] = [new MessageChannel(), new MessageChannel()];
    serveBlobs(blobPort.port1, blobs);
    serveFiles(filePort.port1, files);
    const ports = [blobPort.port1, filePort.port1];
    const closed = Promise.all(
      ports.map((port) => new Promise<void>((resolve) => void port.once('close', resolve))),
    );
    this.#closePorts = () => {
      for (const port of ports) port.close();
    };
    const start: SlotThreadStart = {
      ...{ blobs: blobPort.port2, tier, files: filePort.port2 },
      fileLimits: { maxOpenFiles: files.maxOpenFiles },
    };
    this.#worker = new Worker(entry, {
      workerData: start,
      transferList: [blobPort.port2, filePort.port2],
      ...(maxHeapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } }),
    });
    this.#worker.on('message', (word: SlotThreadWord) => this.#onWord(word));
    this.#worker.on('error', (error) => this.#lose(lost(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#closePorts();
        this.#lose(ended(code));
        // A port is closed some turns of the event loop later.
        void closed.then(() => resolve());
      });
    });
  }

  /** Says what it is to run, and who hears of it. */
  deploy(order: SlotThreadOrder & { readonly type: 'deploy' }, events: SlotThreadEvents): void {
    this.#events = events;
    for (const tell of this.#early.splice(0)) tell();
    this.send(order);
  }

  send(order: SlotThreadOrder): void {
    if (!this.#isOver) this.#worker.postMessage(order);
  }

  /** Ends the thread whatever it does; settles when it is gone. Idempotent. */
  async terminate(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
    await this.#exited;
  }

  /** Settles when the thread, having ended, is gone. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  #onWord(word: SlotThreadWord): void {
    if (this.#isOver) return;
    if (word.type === 'ended') this.#isOver = true;
    this.#events?.onWord(word);
  }

  /** I1. */
  #lose(error: StreamError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const tell = (): void => this.#events?.onLost(error);
    if (this.#events === undefined) this.#early.push(tell);
    else tell();
  }
}

function lost(error: unknown): StreamError {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new StreamError({
      kind: 'user',
      code: 'SLOT_OUT_OF_MEMORY',
      message:
        "a slot's state and records do not fit into its share of the function's memory: give the " +
        'function more, host fewer slots in it, or raise the parallelism',
      cause: error,
    });
  }
  const text = error instanceof Error ? error.message : String(error);
  return slotLost(`a slot's thread died of an error outside the engine's calls: ${text}`, error);
}

function ended(exitCode: number): StreamError {
  return slotLost(
    `a slot's thread ended while the job ran (did user code call process.exit?); code=${exitCode}`,
  );
}

function slotLost(message: string, cause?: unknown): StreamError {
  const init = { kind: 'user', code: 'SLOT_LOST', message } as const;
  return new StreamError(cause === undefined ? init : { ...init, cause });
}
