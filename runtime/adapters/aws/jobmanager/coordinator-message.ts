/** What comes out of the coordinator's queue, read and checked. Pure. */
import type { TurnMessage } from '../../../jobmaster/index.ts';
import type { CoordinatorMessage } from '../messages.ts';

/** A message, or why it is none. */
export type ParsedMessage =
  | { readonly type: 'message'; readonly message: CoordinatorMessage }
  | { readonly type: 'poison'; readonly reason: string };

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const JOB_ID = /^[0-9a-f]{32}$/;
const text: Check = (value) => typeof value === 'string' && value !== '';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const time: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const flag: Check = (value) => typeof value === 'boolean';
const isObject: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const typed: Check = (value) => isObject(value) && text((value as Fields).type);
const typedList: Check = (value) => Array.isArray(value) && value.every(typed);
const error: Check = (value) => {
  if (!isObject(value)) return false;
  const { kind, code, message } = value as Fields;
  return text(kind) && text(code) && typeof message === 'string';
};
const parallelism: Check = (value) =>
  isObject(value) && Object.values(value as Fields).every(count);

const REQUESTS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  cancel: {},
  stop: { drain: flag, targetDirectory: optional(text) },
  savepoint: { targetDirectory: optional(text) },
  checkpoint: { full: flag },
  rescale: { parallelism },
};
const request: Check = (value) => {
  if (!typed(value)) return false;
  const shape = REQUESTS[String((value as Fields).type)];
  return shape !== undefined && faultOf(value as Fields, shape) === undefined;
};

const MESSAGES: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  next: { taskToken: text, execution: text, rounds: count, continuation: optional(count) },
  reports: {
    ...{ attempt: count, lease: count, slotIndex: count, sequence: count },
    reports: typedList,
  },
  lost: { attempt: count, taskManager: count, lease: count, error },
  request: { requestId: text, request, taskToken: optional(text) },
  'not-planned': { error },
  tick: { atEpochMs: time },
  wake: { arming: optional(count) },
};

/** Reads the body of a message. */
export function parseCoordinatorMessage(body: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return poison('it is no JSON');
  }
  if (!isObject(value)) return poison('it is no JSON object');
  const fields = value as Fields;
  const { jobId, type } = fields;
  if (typeof jobId !== 'string' || !JOB_ID.test(jobId)) return poison('it names no job: jobId');
  const shape = typeof type === 'string' ? MESSAGES[type] : undefined;
  if (shape === undefined) return poison(`it is of no type this release knows: type=${type}`);
  const fault = faultOf(fields, shape);
  if (fault !== undefined)
    return poison(`a field is missing or wrong: type=${type} field=${fault}`);
  return { type: 'message', message: value as CoordinatorMessage };
}

function faultOf(fields: Fields, shape: Readonly<Record<string, Check>>): string | undefined {
  return Object.entries(shape).find(([name, check]) => !check(fields[name]))?.[0];
}

function poison(reason: string): ParsedMessage {
  return { type: 'poison', reason };
}

/** As the job's master hears it. @param taskSlots of a TaskManager. */
export function turnMessageOf(message: CoordinatorMessage, taskSlots: number): TurnMessage {
  switch (message.type) {
    case 'lost': {
      const { attempt, taskManager, error: lost } = message;
      const slotIndexes = Array.from({ length: taskSlots }, (_, i) => taskManager * taskSlots + i);
      return { type: 'lost', attempt, slotIndexes, error: lost };
    }
    default:
      return message;
  }
}
