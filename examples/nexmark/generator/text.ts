import { EventRandom } from './event-random.ts';

const MIN_LENGTH = 3;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const PADDING_LENGTH = 0x2_0000;

/** Lower-case letters, about one in 13 replaced by `special`; 3 to `maxLength` - 1 long, trimmed. */
export function nextWord(random: EventRandom, maxLength: number, special = ' '): string {
  let text = '';
  for (let left = MIN_LENGTH + random.nextInt(maxLength - MIN_LENGTH); left > 0; left--) {
    text += random.nextInt(13) === 0 ? special : (LETTERS[random.nextInt(26)] ?? '');
  }
  return text.trim();
}

/**
 * Text that brings an event of `sizeBytes` to `averageSizeBytes` on average, give or take a fifth
 * of what is missing. A slice of one shared text: padding costs no characters.
 */
export function nextExtra(
  random: EventRandom,
  sizeBytes: number,
  averageSizeBytes: number,
): string {
  if (sizeBytes > averageSizeBytes) return '';
  const missing = averageSizeBytes - sizeBytes;
  const delta = Math.round(missing * 0.2);
  const length = missing - delta + (delta === 0 ? 0 : random.nextInt(2 * delta));
  padding ??= makePadding();
  const offset = random.nextInt(padding.length - length);
  return padding.slice(offset, offset + length);
}

let padding: string | undefined;

function makePadding(): string {
  const random = new EventRandom();
  random.reset(0, 0);
  const bytes = new Uint8Array(PADDING_LENGTH);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 97 + random.nextInt(26);
  return new TextDecoder('latin1').decode(bytes);
}
