/** Goal: metrics under Flink's names. Method: requests against a cluster of one job. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  askOf,
  IDLE_RATES,
  JOB_ID,
  jobWithSources,
  RUNNING_JOB,
  runningSubtask,
  SOURCE_ID,
  taskMetrics,
} from './shown-cluster.fixture.ts';

const VERTEX = `/jobs/${JOB_ID}/vertices/${SOURCE_ID}`;
const job = jobWithSources(
  [10, 30].map((numRecordsIn, index) => {
    const operatorMetrics = { 'Source: my bids.seen': index, 'Map.name': 'x' };
    const rates = { ...IDLE_RATES, numRecordsInPerSecond: 7 };
    const metrics = taskMetrics(SOURCE_ID, index, { numRecordsIn, operatorMetrics, rates });
    return runningSubtask(SOURCE_ID, index, { metrics });
  }),
);

async function listed(path: string): Promise<readonly Record<string, unknown>[]> {
  const { status, body } = await askOf(job, `GET ${path}`);
  assert.equal(status, 200, JSON.stringify(body));
  assert.ok(Array.isArray(body));
  return body as Record<string, unknown>[];
}

describe('routes of metrics', () => {
  it('name what there is, without values', async () => {
    const ids = (await listed(`${VERTEX}/metrics`)).map(({ id }) => id);
    assert.ok(ids.includes('0.numRecordsIn'), ids.join(' '));
    assert.ok(ids.includes('1.busyTimeMsPerSecond'));
    assert.ok(ids.includes('1.Source:_my_bids.seen'));
  });

  it('give the values that are asked for as texts, and leave out what is not there', async () => {
    const values = await listed(`${VERTEX}/metrics?get=1.numRecordsIn,0.nothing,1.Map.name`);
    assert.deepEqual(values, [
      { id: '1.numRecordsIn', value: '30' },
      { id: '1.Map.name', value: 'x' },
    ]);
    const own = await listed(`${VERTEX}/subtasks/1/metrics?get=numRecordsIn,currentInputWatermark`);
    assert.deepEqual(own, [
      { id: 'numRecordsIn', value: '30' },
      { id: 'currentInputWatermark', value: '5000' },
    ]);
  });

  it('offer what each operator of a chain took and gave, a second too', async () => {
    const of = (index: number) => {
      const operators = [
        { operatorId: 'a', name: 'Source: my bids', numRecordsIn: 100, numRecordsOut: 100 },
        { operatorId: 'b', name: 'Split', numRecordsIn: 100, numRecordsOut: 7, numRecordsSide: 3 },
        { operatorId: 'c', name: 'Late', numRecordsOut: 2 },
      ];
      const recent = {
        ...{ spanMs: 2000, numRecordsIn: [40, 40, null], numRecordsOut: [40, 6, 0] },
        numRecordsSide: [0, 2, 0],
      };
      const metrics = taskMetrics(SOURCE_ID, index, { operators, recent });
      return runningSubtask(SOURCE_ID, index, { metrics });
    };
    const chained = jobWithSources([of(0), of(1)]);
    const asked = async (path: string) => (await askOf(chained, `GET ${path}`)).body as object[];
    const ids = (await asked(`${VERTEX}/metrics`)).map((one) => (one as { id: string }).id);
    const own = ids.filter((id) => /^1\.(Source:_my_bids|Split|Late)\.num/.test(id));
    assert.deepEqual(own, [
      ...['In', 'Out', 'InPerSecond', 'OutPerSecond'].map(
        (what) => `1.Source:_my_bids.numRecords${what}`,
      ),
      ...['In', 'Out', 'InPerSecond', 'OutPerSecond'].map((what) => `1.Split.numRecords${what}`),
      ...['Out', 'OutPerSecond'].map((what) => `1.Late.numRecords${what}`),
    ]);
    const names = 'Split.numRecordsIn,Split.numRecordsOut,Split.numRecordsOutPerSecond';
    assert.deepEqual(await asked(`${VERTEX}/subtasks/1/metrics?get=${names}`), [
      { id: 'Split.numRecordsIn', value: '100' },
      { id: 'Split.numRecordsOut', value: '10' },
      { id: 'Split.numRecordsOutPerSecond', value: '4' },
    ]);
    const sum = `${VERTEX}/subtasks/metrics?agg=sum&get=Source:_my_bids.numRecordsInPerSecond`;
    const id = 'Source:_my_bids.numRecordsInPerSecond';
    assert.deepEqual(await asked(sum), [{ id, sum: 40 }]);
  });

  it('offer the first of several operators of one name, and no function’s count', async () => {
    const operators = [
      { operatorId: 'a', name: 'Map', numRecordsIn: 9, numRecordsOut: 5 },
      { operatorId: 'b', name: 'Map', numRecordsIn: 5, numRecordsOut: 1 },
    ];
    const operatorMetrics = { 'Map.numRecordsIn': 777 };
    const metrics = taskMetrics(SOURCE_ID, 0, { operators, operatorMetrics });
    const shown = jobWithSources([runningSubtask(SOURCE_ID, 0, { metrics })]);
    const path = `${VERTEX}/subtasks/0/metrics?get=Map.numRecordsIn,Map.numRecordsOut`;
    const { body } = await askOf(shown, `GET ${path}`);
    const values = (body as { value: string }[]).map(({ value }) => value);
    assert.deepEqual(values, ['9', '5']);
  });

  it('tell the watermark that each operator of a chain takes and gives', async () => {
    const counts = { numRecordsIn: 1, numRecordsOut: 1 };
    const operators = [
      { ...counts, operatorId: 'a', name: 'Window', watermarkMs: 4999 },
      { ...counts, operatorId: 'b', name: 'Map', inputWatermarkMs: 4999, watermarkMs: 4000 },
      { ...counts, operatorId: 'c', name: 'Late' },
    ];
    const asked = async (inputs: object): Promise<unknown> => {
      const metrics = taskMetrics(SOURCE_ID, 0, { operators, ...inputs });
      const shown = jobWithSources([runningSubtask(SOURCE_ID, 0, { metrics })]);
      const names = ['Window', 'Map', 'Late'].flatMap((name) =>
        ['Input', 'Output'].map((what) => `${name}.current${what}Watermark`),
      );
      return (await askOf(shown, `GET ${VERTEX}/subtasks/0/metrics?get=${names.join()}`)).body;
    };
    const inside = [
      { id: 'Window.currentOutputWatermark', value: '4999' },
      { id: 'Map.currentInputWatermark', value: '4999' },
      { id: 'Map.currentOutputWatermark', value: '4000' },
      { id: 'Late.currentOutputWatermark', value: '-9223372036854775808' },
    ];
    assert.deepEqual(await asked({}), inside, 'a source has no input');
    assert.deepEqual(await asked({ inputs: [] }), [
      { id: 'Window.currentInputWatermark', value: '5000' },
      ...inside,
    ]);
  });

  it('tell the watermark of each of several inputs', async () => {
    const channels = { numRecordsIn: 0, channelCount: 2, idleCount: 0, endedCount: 0 };
    const inputs = [
      { ...channels, edgeId: 0, lowest: { fromSubtask: 1, watermarkMs: 7000 } },
      { ...channels, edgeId: 1, lowest: { fromSubtask: 0 } },
      { ...channels, edgeId: 2, idleCount: 2 },
      { ...channels, edgeId: 3, endedCount: 2 },
    ];
    const asked = [1, 2, 3, 4].map((index) => `0.currentInput${index}Watermark`).join(',');
    const valuesOf = async (count: number) => {
      const metrics = taskMetrics(SOURCE_ID, 0, { inputs: inputs.slice(0, count) });
      const shown = jobWithSources([runningSubtask(SOURCE_ID, 0, { metrics })]);
      const { body } = await askOf(shown, `GET ${VERTEX}/metrics?get=${asked}`);
      return (body as { id: string; value: string }[]).map(({ id, value }) => `${id} ${value}`);
    };
    assert.deepEqual(await valuesOf(4), [
      '0.currentInput1Watermark 7000',
      '0.currentInput2Watermark -9223372036854775808',
      '0.currentInput4Watermark 9223372036854775807',
    ]);
    assert.deepEqual(await valuesOf(1), []);
  });

  it('aggregate over subtasks, with the skew in percent', async () => {
    const [one] = await listed(`${VERTEX}/subtasks/metrics?get=numRecordsIn,Map.name`);
    assert.deepEqual(one, { id: 'numRecordsIn', min: 10, max: 30, sum: 40, avg: 20, skew: 50 });
    const some = await listed(`${VERTEX}/subtasks/metrics?get=numRecordsIn&agg=max&subtasks=0-0`);
    assert.deepEqual(some, [{ id: 'numRecordsIn', max: 10 }]);
  });

  it('refuse what is no range, no aggregate and no id', async () => {
    for (const path of [
      `${VERTEX}/subtasks/metrics?get=numRecordsIn&subtasks=a`,
      `${VERTEX}/subtasks/metrics?get=numRecordsIn&agg=most`,
      '/jobs/metrics?jobs=..',
    ]) {
      assert.equal((await askOf(job, `GET ${path}`)).status, 400, path);
    }
  });

  it('tell of the job: how long it runs, how often it restarted', async () => {
    const [uptime, restarts] = await listed(`/jobs/${JOB_ID}/metrics?get=uptime,numRestarts`);
    assert.deepEqual([uptime?.value, restarts?.value], ['7000', '0']);
    const of = runningSubtask(SOURCE_ID, 0, { attemptNumber: 3 });
    const again = await askOf(jobWithSources([of]), `GET /jobs/${JOB_ID}/metrics?get=numRestarts`);
    assert.deepEqual(again.body, [{ id: 'numRestarts', value: '3' }]);
    const unknown = { ...RUNNING_JOB, executions: [] };
    const none = await askOf(unknown, `GET /jobs/${JOB_ID}/metrics?get=numRestarts,uptime`);
    assert.deepEqual(none.body, []);
    const all = await askOf(RUNNING_JOB, 'GET /jobs/metrics?get=uptime&agg=sum');
    assert.deepEqual(all.body, [{ id: 'uptime', sum: 7000 }]);
  });
});
