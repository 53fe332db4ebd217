import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../../core/index.ts';
import type { SlotReport } from '../../../protocol/index.ts';
import { SeededRng, VirtualTime } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import { FakeSqs, NO_FAULTS } from '../inbox/fake-sqs.conformance.ts';
import { createSqsClient } from '../inbox/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { ReportSender, reportDelayMs } from './report-sender.ts';

const QUEUE_URL = 'http://127.0.0.1:1/1/coordinator.fifo';
const REQUEST = { jobId: '0'.repeat(32), attempt: 2, taskManager: 0, lease: 3 };

type Reports = Extract<CoordinatorMessage, { readonly type: 'reports' }>;

function world(failureRate = 0) {
  const time = new VirtualTime();
  const base = { clock: time, timers: time };
  const faults = { ...NO_FAULTS, failureRate };
  const fake = new FakeSqs({ ...base, rng: new SeededRng(5), faults });
  const heard: Reports[] = [];
  const failures: unknown[] = [];
  fake.consume(QUEUE_URL, (body) => {
    // SQS refuses the whole call for one such character.
    assert.doesNotMatch(body, /[\uFFFE\uFFFF]/);
    heard.push(JSON.parse(body) as Reports);
  });
  const sender = new ReportSender({
    sqs: createSqsClient({
      ...{ region: 'us-east-1', endpoint: 'http://127.0.0.1:1', requestHandler: fake },
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    }),
    calls: new AwsCalls({ ...base, rng: new SeededRng(6) }),
    ...{ ...base, queueUrl: QUEUE_URL, request: REQUEST, lingerMs: 20, metricsLingerMs: 1000 },
    links: { 'reports/1': { nextSequence: 40, limitSequence: 0 } },
    onFailed: (thrown) => void failures.push(thrown),
  });
  return { sender, fake, heard, failures };
}

function text(id: number, sizeBytes = 3): SlotReport {
  return { type: 'print', id, text: 'x'.repeat(sizeBytes) };
}

describe('ReportSender', () => {
  it('says what user code says in characters that the queue takes', async () => {
    const { sender, heard, failures } = world();
    const said: SlotReport = { type: 'print', id: 1, text: 'a\uFFFFb\uFFFE\u0000' };
    sender.report(0, said);
    await sender.flush();
    assert.deepEqual(failures, []);
    assert.deepEqual(heard[0]?.reports, [said]);
  });

  it('keeps the order of a slot, and goes on with the sequence of the lease before', async () => {
    const { sender, heard } = world(0.3);
    for (let i = 0; i < 40; i += 1) {
      sender.report(0, text(i, 9000));
      sender.report(1, text(i));
    }
    await sender.flush();
    for (const slotIndex of [0, 1]) {
      const own = heard.filter((message) => message.slotIndex === slotIndex);
      const ids = own.flatMap(({ reports }) => reports.map((one) => 'id' in one && one.id));
      assert.deepEqual(
        ids,
        Array.from({ length: 40 }, (_, i) => i),
      );
      let next = slotIndex === 1 ? 40 : 0;
      for (const { sequence, reports, attempt, lease } of own) {
        assert.deepEqual([sequence, attempt, lease], [next, 2, 3]);
        next += reports.length;
      }
      assert.equal(sender.positions[`reports/${slotIndex}`]?.nextSequence, next);
    }
  });

  it('sends the reports of several slots in one call', async () => {
    const { sender, fake } = world();
    for (let slot = 0; slot < 6; slot += 1) sender.report(slot, text(slot));
    await sender.flush();
    assert.equal(fake.requests.get('SendMessageBatch'), 1);
  });

  it('lets metrics go before other reports, the latest only', async () => {
    const { sender, heard } = world();
    sender.report(0, text(1));
    sender.report(0, { type: 'metrics', tasks: [] });
    sender.report(0, { type: 'metrics', tasks: [] });
    // Of a slot that is released nothing more is heard.
    sender.report(0, { type: 'released' });
    await sender.flush();
    const types = heard.flatMap(({ reports }) => reports.map(({ type }) => type));
    assert.deepEqual(types, ['metrics', 'print', 'released']);
  });

  it('refuses a report that no message takes', () => {
    const { sender } = world();
    assert.throws(
      () => sender.report(0, text(1, 1_000_000)),
      (thrown) => isStreamError(thrown) && thrown.code === 'REPORT_TOO_LARGE',
    );
  });

  it('says when reports cannot be sent', async () => {
    const { sender, failures } = world(1);
    sender.report(0, text(1));
    await sender.flush();
    assert.ok(isStreamError(failures[0]) && failures[0].code === 'REPORTS_NOT_SENT');
  });
});

describe('reportDelayMs', () => {
  it('lets no more TaskManagers of a job speak in a second than its queue takes', () => {
    const delays = Array.from({ length: 900 }, (_, index) => reportDelayMs(20, index));
    assert.equal(delays[0], 20);
    assert.ok(delays.every((ms) => delays.filter((d) => d >= ms && d < ms + 1_000).length <= 300));
  });
});
