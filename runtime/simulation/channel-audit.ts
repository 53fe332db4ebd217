/**
 * Watches every channel between slots, from ring to ring.
 *
 * I1  What is taken from a channel is what was put in, in that order, each frame once.
 * I2  Watermarks of a channel never go back.
 */
import type { ChannelId } from '../taskmanager/index.ts';
import { hashBytes } from './sim-rng.ts';

const WATERMARK_TYPE = 3;
const BODY_OFFSET = 16;

interface WatchedChannel {
  readonly sent: number[];
  /** The newest watermark by then, of each frame taken. */
  readonly taken: number[];
}

export class ChannelAudit {
  readonly #violate: (what: string) => void;
  readonly #channels = new Map<string, WatchedChannel>();

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  /** The two ends of a channel, in one attempt. */
  ends(job: string, attempt: number, { edgeId, fromSubtask, toSubtask }: ChannelId) {
    const name = `${job}/${attempt}/e${edgeId}:${fromSubtask}:${toSubtask}`;
    const known = this.#channels.get(name);
    const channel = known ?? { sent: [], taken: [] };
    this.#channels.set(name, channel);
    return {
      sent: (frame: Uint8Array): void => void channel.sent.push(hashBytes(frame)),
      taken: (frame: Uint8Array): void => this.#taken(name, channel, frame),
      /** It was taken from the network and not by the task. */
      untaken: (): void => {
        channel.taken.pop();
      },
    };
  }

  #taken(name: string, channel: WatchedChannel, frame: Uint8Array): void {
    const index = channel.taken.length;
    const newestMs = channel.taken.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (channel.sent[index] !== hashBytes(frame)) {
      this.#violate(`I1: frame ${index} of channel ${name} is not the one that was sent`);
    }
    if (frame[0] !== WATERMARK_TYPE) {
      channel.taken.push(newestMs);
      return;
    }
    const { buffer, byteOffset, byteLength } = frame;
    const watermarkMs = new DataView(buffer, byteOffset, byteLength).getFloat64(BODY_OFFSET, true);
    if (watermarkMs < newestMs) {
      this.#violate(`I2: a watermark of channel ${name} goes back to ${watermarkMs}`);
    }
    channel.taken.push(watermarkMs);
  }
}
