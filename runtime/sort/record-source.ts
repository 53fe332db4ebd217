/** Goes through the sorted records of one run, frame by frame. */
import { defined, type EncodedKey } from '../core/index.ts';
import { byteText, DecodeCursor, readValue } from '../exchange/index.ts';
import {
  FRAME_HEAD_BYTES,
  GROUPS_AT,
  RECORD_HEAD_BYTES,
  TEXT_MODE_AT,
  TEXT_START_AT,
} from './frame-writer.ts';

/** Gives the frames of a run in order. */
export interface FrameFeed {
  /** `wait`: the next one is not here yet, see {@link FrameFeed.available}. */
  next(): Uint8Array | 'wait' | 'end';
  /** Settles when `next` has something else to say than `wait`; rejects when it never will. */
  available(): Promise<void>;
}

export class RecordSource {
  /** Runs are in the order in which their records came. */
  readonly index: number;
  readonly feed: FrameFeed;
  /** Of the record it is at. */
  key: EncodedKey = 0;
  timestampMs = 0;
  codec = 0;
  /** The record with its head lies in `bytes` from here. */
  start = 0;
  end = 0;
  textStart = 0;
  textEnd = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** The group of the record began with it. */
  startsGroup = false;
  #cursor: DecodeCursor | undefined;
  #groupsLeft = 0;
  #recordsLeft = 0;

  constructor(index: number, feed: FrameFeed) {
    this.index = index;
    this.feed = feed;
  }

  /** To the next record. After `wait` it is where it was, and may be asked again. */
  advance(): 'record' | 'wait' | 'end' {
    this.startsGroup = this.#recordsLeft === 0;
    if (this.startsGroup) {
      const opened = this.#openGroup();
      if (opened !== 'record') return opened;
    }
    this.#recordsLeft -= 1;
    const start = this.end;
    const view = this.#cursorOf().view;
    this.start = start;
    this.codec = view.getUint8(start);
    this.end = start + RECORD_HEAD_BYTES + view.getUint32(start + 1, true);
    this.textStart = this.textEnd;
    this.textEnd = this.textStart + view.getUint32(start + 5, true);
    this.timestampMs = view.getFloat64(start + RECORD_HEAD_BYTES, true);
    return 'record';
  }

  /** All strings of the record, joined. */
  get text(): string {
    return this.#cursorOf().text.substring(this.textStart, this.textEnd);
  }

  /** A cursor at the bytes of the record, behind its head. */
  cursor(): DecodeCursor {
    const cursor = this.#cursorOf();
    cursor.position = this.start + RECORD_HEAD_BYTES;
    cursor.textPosition = this.textStart;
    return cursor;
  }

  #openGroup(): 'record' | 'wait' | 'end' {
    if (this.#groupsLeft === 0) {
      const frame = this.feed.next();
      if (typeof frame === 'string') return frame;
      this.#openFrame(frame);
    }
    const cursor = this.#cursorOf();
    cursor.position = this.end;
    cursor.textPosition = this.textEnd;
    // Written from an encoded key.
    this.key = readValue(cursor) as EncodedKey;
    this.#recordsLeft = cursor.view.getUint32(cursor.position, true);
    this.end = cursor.position + 4;
    this.textEnd = cursor.textPosition;
    this.#groupsLeft -= 1;
    return 'record';
  }

  #openFrame(frame: Uint8Array): void {
    const bytes = byteText(frame.buffer, frame.byteOffset, frame.length);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const cursor = this.#cursor ?? new DecodeCursor(bytes, view);
    cursor.bytes = bytes;
    cursor.view = view;
    const textStart = view.getUint32(TEXT_START_AT, true);
    cursor.openText(view.getUint8(TEXT_MODE_AT), textStart, frame.length);
    this.#cursor = cursor;
    this.#groupsLeft = view.getUint32(GROUPS_AT, true);
    this.bytes = bytes;
    this.end = FRAME_HEAD_BYTES;
    this.textEnd = 0;
  }

  #cursorOf(): DecodeCursor {
    return defined(this.#cursor, 'a frame is open');
  }
}
