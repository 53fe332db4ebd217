/**
 * The life of a job as a state machine: it asks the coordinator what is next, does it, asks again.
 *
 *     Plan ─▶ AskNext ─┬─ RUN ──────▶ Map over TaskManagers: Lease, while it has LEFT ─▶ AskNext …
 *                      ├─ CONTINUE ─▶ a new execution, before this one's history is full
 *                      ├─ HIBERNATE ▶ end; the coordinator starts a new one when the job wakes
 *                      └─ END ──────▶ Settle ─▶ Succeed or Fail
 *
 * I1  What goes through it are references and counts; results of iterations are a few bytes.
 * I2  An execution ends before it has 25,000 events or is a year old: between rounds it continues
 *     as a new one, and no iteration invokes more leases than fit.
 * I3  A lease that was lost is told at once. When even that fails, the round fails; then the
 *     coordinator is asked for the next step while it thinks that the attempt runs, and knows.
 * I4  A token that is not answered within a day is asked for again, with a new token: an answer or
 *     a question that got lost costs a day, not the job. An old token is answered in vain.
 * I5  A round waits for its last TaskManager. The coordinator does not wait for one that hangs: it
 *     starts the next execution, as this machine continues itself, and ends this one.
 * I6  No `Assign` reads what the same `Assign` writes, but for a counter's own value.
 *
 * @see docs/adr/0012-aws-one-coordinator-function-in-turns.md
 */
import {
  CAUGHT_ERROR,
  invocation,
  LAMBDA_NOT_REACHED,
  question,
  retryOf,
  type State,
  type StateMachineDefinition,
  type States,
} from './state-machine.ts';

export interface JobManagerParts {
  readonly planArn: string;
  readonly taskManagerArn: string;
  readonly settleArn: string;
  readonly coordinatorQueueUrl: string;
  /** Of the functions; each task waits a little longer than its function may work. */
  readonly planTimeoutSeconds: number;
  readonly settleTimeoutSeconds: number;
  /** A lease at its longest, with what a hand-over may be late. */
  readonly leaseTimeoutSeconds: number;
  /** Used when the last lease of a round begins; the rest of 25,000 is for retries and losses. */
  readonly continueAfterEvents: number;
}

/** Of `continueAfterEvents`, what a round may find used; the rest is for the round. */
const BEFORE_ROUND = 10 / 22;
/** Task: entered, scheduled, started, succeeded, left. Choice: entered, left. */
const EVENTS_A_LEASE = 7;
/** Of an iteration beside its leases; of a round beside its iterations. */
const EVENTS_A_TASK_MANAGER = 12;
const EVENTS_A_ROUND = 20;
/** A day's wait. Its ten events count for so many that an execution ends before it is a year old. */
const EVENTS_A_WAIT = 100;
/** Inline iterations that may run at once; each TaskManager has to. */
export const MAX_INLINE_TASK_MANAGERS = 40;

const ASK_AGAIN_AFTER_SECONDS = 86_400;
/** A task waits longer than its function: the function's own time-out says more. */
const GRACE_SECONDS = 15;
const JOB_ID = '{% $jobId %}';

/** @see I1 to I6 above. */
export function jobManagerDefinition(parts: JobManagerParts): StateMachineDefinition {
  return {
    Comment: 'The life of a Sluice job',
    QueryLanguage: 'JSONata',
    StartAt: 'Begin',
    States: {
      ...beginning(parts),
      ...asking(parts),
      ...rounds(parts),
      ...continuing(),
      ...ending(parts),
    },
  };
}

function beginning({ planArn, planTimeoutSeconds }: JobManagerParts): States['States'] {
  return {
    Begin: {
      Type: 'Pass',
      Assign: {
        jobId: '{% $states.input.jobId %}',
        continuation: '{% $exists($states.input.continuation) ? $states.input.continuation : 0 %}',
        rounds: 0,
        events: 0,
      },
      Next: 'IsContinued',
    },
    IsContinued: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $continuation > 0 %}', Next: 'AskNext' }],
      Default: 'Plan',
    },
    Plan: {
      ...invocation(planArn, { jobId: JOB_ID }, planTimeoutSeconds + GRACE_SECONDS),
      Retry: [retryOf(LAMBDA_NOT_REACHED, 6, 20)],
      Catch: [{ ErrorEquals: ['States.ALL'], Output: `{% ${CAUGHT_ERROR} %}`, Next: 'NotPlanned' }],
      Output: {},
      Next: 'AskNext',
    },
  };
}

function asking({ coordinatorQueueUrl }: JobManagerParts): States['States'] {
  const body = {
    type: 'next',
    execution: '{% $states.context.Execution.Id %}',
    continuation: '{% $continuation %}',
    rounds: '{% $rounds %}',
  };
  return {
    AskNext: {
      ...question(coordinatorQueueUrl, JOB_ID, body, ['$rounds'], ASK_AGAIN_AFTER_SECONDS),
      // The queue did not take the message, or does not say; the coordinator fails no token.
      Retry: [retryOf(['States.TaskFailed'], 10, 60)],
      Catch: [
        {
          ErrorEquals: ['States.Timeout'],
          Assign: { events: `{% $events + ${EVENTS_A_WAIT} %}` },
          Output: {},
          Next: 'IsHistoryFull',
        },
        { ErrorEquals: ['States.ALL'], Output: `{% ${CAUGHT_ERROR} %}`, Next: 'NotAnswered' },
      ],
      Output: '{% $states.result %}',
      Next: 'WhatNext',
    },
    WhatNext: {
      Type: 'Choice',
      Choices: [
        {
          Condition: `{% $states.input.action = "RUN" and $states.input.taskManagers <= ${MAX_INLINE_TASK_MANAGERS} %}`,
          Next: 'Run',
        },
        { Condition: '{% $states.input.action = "RUN" %}', Next: 'RunDistributed' },
        { Condition: '{% $states.input.action = "CONTINUE" %}', Next: 'Continue' },
        { Condition: '{% $states.input.action = "HIBERNATE" %}', Next: 'Hibernated' },
        { Condition: '{% $states.input.action = "END" %}', Next: 'Settle' },
      ],
      Default: 'UnknownStep',
    },
    // Its queues stay, and nobody waits: it may sleep for years.
    Hibernated: {
      Type: 'Pass',
      Output: { jobId: JOB_ID, status: 'HIBERNATED', continuation: '{% $continuation %}' },
      End: true,
    },
    NotAnswered: {
      Type: 'Fail',
      Error: 'COORDINATOR_NOT_REACHED',
      Cause: resumeCause('the coordinator queue does not take messages'),
    },
    UnknownStep: {
      Type: 'Fail',
      Error: 'STEP_UNKNOWN',
      Cause:
        '{% "the coordinator answered what this machine does not know: are both of one release? " & $string($states.input) %}',
    },
  };
}

function rounds(parts: JobManagerParts): States['States'] {
  const most = parts.continueAfterEvents;
  const leasesWhich = (events: string): string =>
    `{% $floor((${most} - ${events}) / ${EVENTS_A_LEASE}) %}`;
  const taskManagers = '$states.input.taskManagers';
  return {
    // All TaskManagers share this execution's history.
    Run: {
      ...round(parts, 'INLINE'),
      ItemSelector: {
        ...LEASE_ITEM,
        maxLeases: `{% $floor((${most} - $events) / (${EVENTS_A_LEASE} * ${taskManagers})) %}`,
      },
      Assign: {
        rounds: '{% $rounds + 1 %}',
        events: `{% $events + ${EVENTS_A_ROUND} + ${EVENTS_A_TASK_MANAGER} * $count($states.result) + ${EVENTS_A_LEASE} * $sum($states.result.leases) %}`,
      },
    },
    // Each TaskManager is an execution of its own, with a history of its own.
    RunDistributed: {
      ...round(parts, 'DISTRIBUTED'),
      ItemSelector: { ...LEASE_ITEM, maxLeases: leasesWhich('0') },
      Assign: {
        rounds: '{% $rounds + 1 %}',
        events: `{% $events + ${EVENTS_A_ROUND} %}`,
      },
    },
    IsHistoryFull: {
      Type: 'Choice',
      Choices: [
        { Condition: `{% $events > ${Math.floor(most * BEFORE_ROUND)} %}`, Next: 'Continue' },
      ],
      Default: 'AskNext',
    },
  };
}

/** Of a Map's item; maps of both modes hand over everything, for a child sees no variables. */
const LEASE_ITEM = {
  jobId: JOB_ID,
  attempt: '{% $states.input.attempt %}',
  taskManager: '{% $states.context.Map.Item.Value %}',
  lease: 0,
} as const;

function round(parts: JobManagerParts, mode: 'INLINE' | 'DISTRIBUTED'): State {
  const execution = mode === 'INLINE' ? {} : { ExecutionType: 'STANDARD' };
  return {
    Type: 'Map',
    Items: '{% [0..$states.input.taskManagers - 1] %}',
    // All at once: they talk to each other.
    MaxConcurrency: 0,
    ItemProcessor: { ProcessorConfig: { Mode: mode, ...execution }, ...taskManager(parts) },
    Catch: [
      {
        ErrorEquals: ['States.ALL'],
        // I3. How many events there are is not known, so there are too many.
        Assign: { rounds: '{% $rounds + 1 %}', events: parts.continueAfterEvents },
        Output: {},
        Next: 'IsHistoryFull',
      },
    ],
    Output: {},
    Next: 'IsHistoryFull',
  };
}

/** An iteration: leases one after the other, until one does not ask for another. */
function taskManager({ taskManagerArn, settleArn, ...parts }: JobManagerParts): States {
  const lease = {
    jobId: '{% $states.input.jobId %}',
    attempt: '{% $states.input.attempt %}',
    taskManager: '{% $states.input.taskManager %}',
    lease: '{% $states.input.lease %}',
  };
  const lost = { ...lease, type: 'lost', error: '{% $states.input.error %}' };
  const settleSeconds = parts.settleTimeoutSeconds + GRACE_SECONDS;
  return {
    StartAt: 'Lease',
    States: {
      Lease: {
        ...invocation(taskManagerArn, lease, parts.leaseTimeoutSeconds),
        // Should one have begun after all: the next claims the same lease in vain, and is lost.
        Retry: [retryOf(LAMBDA_NOT_REACHED, 5, 10)],
        Catch: [
          {
            ErrorEquals: ['States.ALL'],
            Output: `{% $merge([$states.input, {"error": ${CAUGHT_ERROR}}]) %}`,
            Next: 'Lost',
          },
        ],
        Output:
          '{% $merge([$states.input, {"outcome": $states.result.Payload.outcome, "lease": $states.input.lease + 1}]) %}',
        Next: 'HasLeft',
      },
      HasLeft: {
        Type: 'Choice',
        Choices: [
          {
            Condition:
              '{% $states.input.outcome = "LEFT" and $states.input.lease < $states.input.maxLeases %}',
            Next: 'Lease',
          },
          { Condition: '{% $states.input.outcome = "LEFT" %}', Next: 'HistoryFull' },
        ],
        Default: 'Released',
      },
      // I2: the attempt restarts, in a new execution.
      HistoryFull: {
        Type: 'Pass',
        Output:
          '{% $merge([$states.input, {"error": {"Error": "HISTORY_FULL", "Cause": "an execution has room for no more leases: the job goes on in a new one"}}]) %}',
        Next: 'Lost',
      },
      Lost: {
        ...invocation(settleArn, lost, settleSeconds),
        Retry: [retryOf(['States.ALL'], 8, 30)],
        Catch: [{ ErrorEquals: ['States.ALL'], Output: `{% ${CAUGHT_ERROR} %}`, Next: 'NotTold' }],
        Output: '{% $states.input %}',
        Next: 'Released',
      },
      NotTold: { Type: 'Fail', Error: 'LOSS_NOT_TOLD', Cause: '{% $states.input.Cause %}' },
      Released: { Type: 'Pass', Output: { leases: '{% $states.input.lease %}' }, End: true },
    },
  };
}

/** What to do about a job that stands still: a `Fail` state cannot be redriven. */
function resumeCause(what: string): string {
  const input = '$string({"jobId": $jobId, "continuation": $continuation + 1})';
  const advice = `"${what}: the job stands still; start an execution with the input "`;
  const error = '" error=" & $states.input.Error & " " & $states.input.Cause';
  return `{% ${advice} & ${input} & ${error} %}`;
}

function continuing(): States['States'] {
  return {
    Continue: {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution',
      Arguments: {
        StateMachineArn: '{% $states.context.StateMachine.Id %}',
        Name: '{% $jobId & "-" & $string($continuation + 1) %}',
        Input: {
          jobId: JOB_ID,
          continuation: '{% $continuation + 1 %}',
          AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: '{% $states.context.Execution.Id %}',
        },
      },
      TimeoutSeconds: 60,
      Retry: [
        // It was started, and has ended: by this state, whose answer got lost.
        retryOf(['StepFunctions.ExecutionAlreadyExistsException'], 0, 2),
        retryOf(['States.ALL'], 20, 300),
      ],
      Catch: [
        {
          ErrorEquals: ['StepFunctions.ExecutionAlreadyExistsException'],
          Output: {},
          Next: 'Continued',
        },
        { ErrorEquals: ['States.ALL'], Output: `{% ${CAUGHT_ERROR} %}`, Next: 'NotContinued' },
      ],
      Output: {},
      Next: 'Continued',
    },
    Continued: {
      Type: 'Pass',
      Output: { jobId: JOB_ID, continuedAs: '{% $jobId & "-" & $string($continuation + 1) %}' },
      End: true,
    },
    NotContinued: {
      Type: 'Fail',
      Error: 'NOT_CONTINUED',
      Cause: resumeCause('a new execution could not be started'),
    },
  };
}

function ending({ settleArn, settleTimeoutSeconds }: JobManagerParts): States['States'] {
  const settle = (payload: Readonly<Record<string, unknown>>): State => ({
    ...invocation(settleArn, { ...payload, jobId: JOB_ID }, settleTimeoutSeconds + GRACE_SECONDS),
    Retry: [retryOf(['States.ALL'], 8, 30)],
  });
  return {
    Settle: {
      ...settle({ type: 'ended' }),
      // What it leaves behind the sweeper deletes; the job has ended as it has.
      Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.input %}', Next: 'HowEnded' }],
      Output: '{% $states.input %}',
      Next: 'HowEnded',
    },
    HowEnded: {
      Type: 'Choice',
      Choices: [{ Condition: '{% $states.input.status = "FAILED" %}', Next: 'Failed' }],
      Default: 'Ended',
    },
    Ended: {
      Type: 'Pass',
      Output: { jobId: JOB_ID, status: '{% $states.input.status %}' },
      End: true,
    },
    Failed: {
      Type: 'Fail',
      Error: 'JOB_FAILED',
      Cause: '{% "the job has failed; its exceptions say why: jobId=" & $jobId %}',
    },
    NotPlanned: {
      ...settle({ type: 'not-planned', error: '{% $states.input %}' }),
      Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.input %}', Next: 'PlanFailed' }],
      Output: '{% $states.input %}',
      Next: 'PlanFailed',
    },
    PlanFailed: {
      Type: 'Fail',
      Error: '{% $states.input.Error %}',
      Cause: '{% $states.input.Cause %}',
    },
  };
}
