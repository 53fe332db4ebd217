import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_CAUSE_CHARS, type NextStep } from '../../runtime/adapters/aws/index.ts';
import { definitionFaults } from './definition-faults.ts';
import { jobManagerDefinition, MAX_INLINE_TASK_MANAGERS } from './job-manager-definition.ts';
import type { State, StateMachineDefinition, States } from './state-machine.ts';
import { triggerSavepointDefinition } from './trigger-savepoint-definition.ts';

const JOB_MANAGER = jobManagerDefinition({
  planArn: 'arn:plan',
  taskManagerArn: 'arn:taskmanager',
  settleArn: 'arn:settle',
  coordinatorQueueUrl: 'https://queue',
  planTimeoutSeconds: 120,
  settleTimeoutSeconds: 30,
  leaseTimeoutSeconds: 915,
  continueAfterEvents: 22_000,
});
const SAVEPOINT = triggerSavepointDefinition({ coordinatorQueueUrl: 'https://queue' });

function stateOf(states: States, name: string): State {
  const state = states.States[name];
  assert.ok(state, name);
  return state;
}

/** The states of a Map's iterations. */
function iterationOf(mapName: string): States {
  return stateOf(JOB_MANAGER, mapName).ItemProcessor as States;
}

/** Every state of a machine, those of its iterations too, with its name. */
function allStates(machine: States): readonly (readonly [string, State])[] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as const,
    ...(state.Type === 'Map' ? allStates(state.ItemProcessor as States) : []),
  ]);
}

describe('the definition of the JobManager', () => {
  it('has no faults', () => {
    assert.deepEqual(definitionFaults(JOB_MANAGER), []);
  });

  it('passes on as much of a cause as functions count on', () => {
    const [plan] = stateOf(JOB_MANAGER, 'Plan').Catch as { Output: string }[];
    assert.ok(plan?.Output.includes(`$states.errorOutput.Cause, 0, ${MAX_CAUSE_CHARS})`));
  });

  it('asks the coordinator in order, with a new deduplication id for every token', () => {
    const { Resource, Arguments } = stateOf(JOB_MANAGER, 'AskNext');
    const { MessageBody, MessageGroupId, MessageDeduplicationId } = Arguments as Record<
      string,
      unknown
    >;
    assert.equal(Resource, 'arn:aws:states:::sqs:sendMessage.waitForTaskToken');
    assert.deepEqual(MessageBody, {
      type: 'next',
      jobId: '{% $jobId %}',
      taskToken: '{% $states.context.Task.Token %}',
      execution: '{% $states.context.Execution.Id %}',
      continuation: '{% $continuation %}',
      rounds: '{% $rounds %}',
    });
    assert.equal(MessageGroupId, '{% $jobId %}');
    assert.equal(
      MessageDeduplicationId,
      '{% $string($states.context.Execution.Name) & "." & $string($rounds) & "." & ' +
        '$string($states.context.State.RetryCount) %}',
    );
  });

  it('ends at rest when the job hibernates, without touching what the job needs', () => {
    const { Type, End, Output } = stateOf(JOB_MANAGER, 'Hibernated');
    assert.deepEqual([Type, End], ['Pass', true]);
    assert.deepEqual(Output, {
      jobId: '{% $jobId %}',
      status: 'HIBERNATED',
      continuation: '{% $continuation %}',
    });
  });

  it('knows every step that the coordinator answers, and fails for another', () => {
    const { Choices, Default } = stateOf(JOB_MANAGER, 'WhatNext');
    const rules = (Choices as { Condition: string; Next: string }[]).map(
      ({ Condition, Next }) => [/action = "(\w+)"/.exec(Condition)?.[1], Next] as const,
    );
    assert.deepEqual(rules, [
      ['RUN', 'Run'],
      ['RUN', 'RunDistributed'],
      ['CONTINUE', 'Continue'],
      ['HIBERNATE', 'Hibernated'],
      ['END', 'Settle'],
    ]);
    assert.equal(Default, 'UnknownStep');
    assert.equal(stateOf(JOB_MANAGER, 'UnknownStep').Error, 'STEP_UNKNOWN');
  });

  it('runs all TaskManagers at once: inline while the service runs as many so', () => {
    const [first] = stateOf(JOB_MANAGER, 'WhatNext').Choices as { Condition: string }[];
    assert.equal(MAX_INLINE_TASK_MANAGERS, 40);
    assert.match(first?.Condition ?? '', /taskManagers <= 40 %}$/);
    for (const [name, mode] of [
      ['Run', 'INLINE'],
      ['RunDistributed', 'DISTRIBUTED'],
    ] as const) {
      const map = stateOf(JOB_MANAGER, name);
      assert.equal(map.MaxConcurrency, 0);
      const { ProcessorConfig } = map.ItemProcessor as { ProcessorConfig: { Mode: string } };
      assert.equal(ProcessorConfig.Mode, mode);
    }
  });

  it('makes items of what the coordinator answers to RUN, and of nothing else', () => {
    for (const name of ['Run', 'RunDistributed']) {
      const { Items, ItemSelector } = stateOf(JOB_MANAGER, name);
      const text = JSON.stringify([Items, ItemSelector]);
      const read = [...text.matchAll(/\$states\.input\.(\w+)/g)].map(([, field]) => field);
      const answered = { action: 'RUN', attempt: 0, taskManagers: 1 } satisfies NextStep;
      assert.deepEqual(
        read.filter((field = '') => !Object.keys(answered).includes(field)),
        [],
      );
    }
  });

  it('does in both modes the same', () => {
    assert.deepEqual(iterationOf('Run').States, iterationOf('RunDistributed').States);
  });

  it('tells of a lost lease by the name of its error, cut to a size that fits', () => {
    const lease = stateOf(iterationOf('Run'), 'Lease');
    assert.deepEqual(lease.Catch, [
      {
        ErrorEquals: ['States.ALL'],
        Output:
          '{% $merge([$states.input, {"error": {"Error": $states.errorOutput.Error, ' +
          '"Cause": $exists($states.errorOutput.Cause) ' +
          '? $substring($states.errorOutput.Cause, 0, 2000) : ""}}]) %}',
        Next: 'Lost',
      },
    ]);
    const { Payload } = stateOf(iterationOf('Run'), 'Lost').Arguments as {
      Payload: Record<string, string>;
    };
    assert.deepEqual(Object.keys(Payload).sort(), [
      'attempt',
      'error',
      'jobId',
      'lease',
      'taskManager',
      'type',
    ]);
  });

  it('waits longer for a lease than Lambda lets it run, for others no longer than needed', () => {
    const seconds = Object.fromEntries(
      allStates(JOB_MANAGER)
        .filter(([, { Type }]) => Type === 'Task')
        .map(([name, { TimeoutSeconds }]) => [name, TimeoutSeconds]),
    );
    assert.deepEqual(seconds, {
      Plan: 135,
      // Not answered while a job runs nothing, as before a late restart; asked again every day.
      AskNext: 86_400,
      Lease: 915,
      Lost: 45,
      Continue: 60,
      Settle: 45,
      NotPlanned: 45,
    });
  });

  it('invokes a lease again only for what keeps Lambda from starting it, a few times', () => {
    const [retry, ...more] = stateOf(iterationOf('Run'), 'Lease').Retry as {
      ErrorEquals: string[];
      MaxAttempts: number;
    }[];
    assert.deepEqual(more, []);
    assert.equal(retry?.MaxAttempts, 5);
    assert.ok(retry?.ErrorEquals.includes('Lambda.TooManyRequestsException'));
    const wide = ['States.ALL', 'States.TaskFailed', 'States.Timeout', 'Lambda.Unknown'];
    assert.deepEqual(
      wide.filter((name) => retry?.ErrorEquals.includes(name)),
      [],
    );
  });

  it('keeps room in the history for the fullest round of any size', () => {
    const limit = 25_000;
    for (const taskManagers of [1, 3, MAX_INLINE_TASK_MANAGERS]) {
      // As the definition counts, when a round begins as late as it may.
      const maxLeases = Math.floor((22_000 - 10_000) / (7 * taskManagers));
      const events = 10_000 + 20 + taskManagers * (12 + 7 * maxLeases);
      // Each loses its last lease, after all retries of Lease and Lost.
      const losses = taskManagers * (3 * 5 + 5 + 3 * 8);
      assert.ok(events + losses < limit, `${taskManagers}: ${events + losses}`);
      assert.ok(maxLeases >= 40, `${taskManagers}: a round is worth its start`);
    }
  });

  it('goes through with results that fit into a state, also of 10,000 TaskManagers', () => {
    const { Output } = stateOf(iterationOf('Run'), 'Released');
    assert.deepEqual(Output, { leases: '{% $states.input.lease %}' });
    const result = JSON.stringify(Array.from({ length: 10_000 }, () => ({ leases: 3_142 })));
    assert.ok(Buffer.byteLength(result) < 256 * 1024);
    for (const name of ['Run', 'RunDistributed']) {
      assert.deepEqual(stateOf(JOB_MANAGER, name).Output, {});
    }
  });

  it('continues as the execution that its number names, so that a second start is none', () => {
    const { Arguments, Catch } = stateOf(JOB_MANAGER, 'Continue');
    const { Name, Input } = Arguments as { Name: string; Input: Record<string, unknown> };
    assert.equal(Name, '{% $jobId & "-" & $string($continuation + 1) %}');
    assert.equal(Input.continuation, '{% $continuation + 1 %}');
    const [known] = Catch as { ErrorEquals: string[]; Next: string }[];
    assert.deepEqual(known?.ErrorEquals, ['StepFunctions.ExecutionAlreadyExistsException']);
    assert.equal(known?.Next, 'Continued');
  });
});

describe('a job that stands still', () => {
  it('is said to, with the input that brings it back', () => {
    for (const name of ['NotAnswered', 'NotContinued']) {
      const { Cause } = stateOf(JOB_MANAGER, name);
      assert.match(String(Cause), /start an execution with the input " & \$string\(\{"jobId"/);
    }
  });
});

describe('the definition of TriggerSavepoint', () => {
  it('has no faults', () => {
    assert.deepEqual(definitionFaults(SAVEPOINT), []);
  });

  it('asks the coordinator for a savepoint once an execution, and answers what it answers', () => {
    const { Arguments, Output } = stateOf(SAVEPOINT, 'TakeSavepoint');
    const { MessageBody } = Arguments as { MessageBody: Record<string, unknown> };
    assert.equal(MessageBody.type, 'request');
    assert.equal(MessageBody.requestId, '{% $states.context.Execution.Id %}');
    assert.equal(Output, '{% $states.result %}');
  });
});

/** A machine of these states, faultless but for what a test changes. */
function machineOf(states: Readonly<Record<string, State>>): StateMachineDefinition {
  return { Comment: '', QueryLanguage: 'JSONata', StartAt: 'A', States: states };
}

const TASK: State = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  TimeoutSeconds: 1,
  Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }],
  Next: 'B',
};
const END: State = { Type: 'Succeed' };

describe('definitionFaults', () => {
  const cases: readonly (readonly [what: string, StateMachineDefinition, expected: RegExp])[] = [
    ['a missing target', machineOf({ A: { ...TASK, Next: 'C' }, B: END }), /A: leads to .*: C/],
    ['a dead state', machineOf({ A: TASK, B: END, C: END }), /C: nothing leads to it/],
    ['a circle', machineOf({ A: { Type: 'Pass', Next: 'A' } }), /A: it leads to no end/],
    ['no time-out', machineOf({ A: { ...TASK, TimeoutSeconds: 0 }, B: END }), /TimeoutSeconds/],
    ['no Catch', machineOf({ A: { ...TASK, Catch: [] }, B: END }), /without a Catch/],
    ['an unknown field', machineOf({ A: { ...TASK, Parameters: {} }, B: END }), /Parameters/],
    ['an unknown type', machineOf({ A: { Type: 'Parse', End: true } }), /no such type: Parse/],
    ['neither Next nor End', machineOf({ A: { Type: 'Pass' } }), /either Next or End/],
    ['no Default', machineOf({ A: { Type: 'Choice', Choices: [{ Next: 'B' }] }, B: END }), /Def/],
    ['no start', { ...machineOf({ A: END }), StartAt: 'Z' }, /StartAt is not a state/],
    [
      'an open expression',
      machineOf({ A: { Type: 'Pass', Output: '{% $sum([1) %}', End: true } }),
      /not closed/,
    ],
    [
      'a variable nobody assigns',
      machineOf({ A: { Type: 'Pass', Output: '{% $jobid %}', End: true } }),
      /nobody assigns: \$jobid/,
    ],
    [
      'a part of $states that is not there',
      machineOf({ A: { Type: 'Pass', Output: '{% $states.output.x %}', End: true } }),
      /no \$states\.output/,
    ],
    [
      'an Assign that depends on its order',
      machineOf({ A: { Type: 'Pass', Assign: { a: 1, b: '{% $a + 1 %}' }, End: true } }),
      /assigns b from a/,
    ],
    [
      'States.ALL before other rules',
      machineOf({
        A: {
          ...TASK,
          Catch: [
            { ErrorEquals: ['States.ALL'], Next: 'B' },
            { ErrorEquals: ['X'], Next: 'B' },
          ],
        },
        B: END,
      }),
      /last rule of Catch/,
    ],
    [
      'a pause that cannot grow',
      machineOf({
        A: {
          ...TASK,
          Retry: [{ ErrorEquals: ['X'], IntervalSeconds: 1, MaxDelaySeconds: 1 }],
        },
        B: END,
      }),
      /MaxDelaySeconds/,
    ],
    [
      'a variable of the parent in a distributed Map',
      machineOf({
        A: {
          Type: 'Map',
          Assign: { x: 1 },
          ItemProcessor: {
            ProcessorConfig: { Mode: 'DISTRIBUTED' },
            ...machineOf({ A: { Type: 'Pass', Output: '{% $x %}', End: true } }),
          },
          End: true,
        },
      }),
      /A\/A: reads a variable that nobody assigns: \$x/,
    ],
    [
      'a size no service takes',
      { ...machineOf({ A: END }), Comment: 'x'.repeat(2 ** 20) },
      /large/,
    ],
  ];
  for (const [what, machine, expected] of cases) {
    it(`finds ${what}`, () => {
      assert.match(definitionFaults(machine).join('\n'), expected);
    });
  }

  it('finds nothing in a machine that is as it should be', () => {
    assert.deepEqual(definitionFaults(machineOf({ A: TASK, B: END })), []);
  });
});
