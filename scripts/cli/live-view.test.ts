import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flightsSnapshot } from './job-snapshot.fixture.ts';
import { renderFrame, renderSummary } from './live-frame.ts';
import { LiveView } from './live-view.ts';

const input = {
  jobName: 'flights',
  snapshot: flightsSnapshot(65_000, 0.42),
  previous: flightsSnapshot(64_000, 0.4),
  nowEpochMs: Date.UTC(2001, 0, 3, 12, 0, 30),
};
const plain = { color: false, unicode: true };

const GOLDEN_160: readonly string[] = [
  'flights RUNNING 01:05: 97,055 records read, 4.62 k/s, 12 late',
  '                                                                      pr' +
    'ogress  records in         out      rate      watermark (UTC)      lag   busy   back',
  'Source: flights -> Map x2                                     ████░░░░░░' +
    '  42 %      97,055      97,055  4.62 k/s  2001-01-03 12:00:00     30 s   90 %    0 %',
  'Window(SlidingEventTimeWindows(3600000, 600000)) -> Sink: d…            ' +
    '            97,055       1,941  4.62 k/s  2001-01-03 11:50:00   11 min   25 %   60 %',
];
const GOLDEN_80: readonly string[] = [
  'flights RUNNING 01:05: 97,055 records read, 4.62 k/s, 12 late',
  '                                    progress  records in      rate   busy   back',
  'Source: flights -> Map x2   ████░░░░░░  42 %      97,055  4.62 k/s   90 %    0 %',
  'Window(SlidingEventTimeWi…                        97,055  4.62 k/s   25 %   60 %',
];

describe('renderFrame', () => {
  it('shows every column on a wide terminal', () => {
    assert.deepEqual(renderFrame(input, { ...plain, width: 160 }), GOLDEN_160);
  });

  it('leaves out columns and cuts names on a narrow one', () => {
    assert.deepEqual(renderFrame(input, { ...plain, width: 80 }), GOLDEN_80);
  });

  it('never exceeds the width it is given', () => {
    for (let width = 60; width <= 200; width += 7) {
      const lines = renderFrame(input, { ...plain, width });
      assert.ok(
        lines.every((line) => [...line].length <= width),
        `width=${width}`,
      );
    }
  });

  it('uses ASCII and no colour where asked', () => {
    const text = renderFrame(input, { color: false, unicode: false, width: 100 }).join('\n');
    assert.match(text, /^[\n -~]*$/);
    const colored = renderFrame(input, { ...plain, color: true, width: 160 }).join('\n');
    assert.ok(colored.includes('\u001B[31m 60 %\u001B[0m'), 'back pressure is red');
  });

  it('shows dashes before there is anything to show', () => {
    const snapshot = flightsSnapshot(0, 0);
    const [, , source, window] = renderFrame(
      { ...input, snapshot, previous: undefined },
      { ...plain, width: 160 },
    );
    assert.match(source ?? '', /░{10} {3}0 % .* 0\/s /);
    assert.match(window ?? '', / - +- +0 % +0 %$/);
  });
});

describe('renderSummary', () => {
  it('says all of the job in one line', () => {
    assert.equal(
      renderSummary(input),
      'flights RUNNING 01:05: 97,055 records read, 4.62 k/s, 12 late, ' +
        'watermark 2001-01-03 11:50:00, 42 %, busiest 90 %',
    );
  });
});

describe('LiveView', () => {
  function view(isTTY: boolean): { view: LiveView; written: string[] } {
    const written: string[] = [];
    const stream = { isTTY, columns: 100, rows: 24, write: (text: string) => written.push(text) };
    const options = { stream, jobName: 'flights', ...plain, nowEpochMs: () => 0 };
    return { view: new LiveView(options), written };
  }

  it('rewinds over the last frame, and over nothing the first time', () => {
    const { view: live, written } = view(true);
    live.update(flightsSnapshot(1000, 0.1));
    live.update(flightsSnapshot(2000, 0.2));
    live.close();
    assert.equal(written[0], '\u001B[?25l');
    assert.ok(written[1]?.startsWith('flights RUNNING 00:01'));
    assert.ok(written[2]?.startsWith('\r\u001B[4A\u001B[Jflights RUNNING 00:02'));
    assert.equal(written[3], '\u001B[?25h');
  });

  it('makes room for what the job prints and draws itself again below', () => {
    const { view: live, written } = view(true);
    live.update(flightsSnapshot(1000, 0.1));
    live.around(() => written.push('a result\n'));
    const [erased, printed, drawn] = written.slice(2);
    assert.deepEqual([erased, printed], ['\r\u001B[4A\u001B[J', 'a result\n']);
    assert.equal(drawn, written[1]);
  });

  it('appends a line, without any escape, where there is no terminal', () => {
    const { view: live, written } = view(false);
    live.update(flightsSnapshot(5000, 0.1));
    live.finish(flightsSnapshot(6000, 1));
    live.close();
    assert.equal(written.length, 1);
    assert.match(written[0] ?? '', /^flights RUNNING 00:05: [ -~]*\n$/);
    assert.equal(live.intervalMs, 3000);
  });
});
