/** Programs that the browser's tests run. Bundles, as `sluice` makes them: the engine is global. */

/** Goes on for ever, keeps state by key, takes checkpoints; ids of state are its own. */
export const COUNTING_JOB = `const s = globalThis[Symbol.for('sluice.api')];
export default (env, args) => {
  env.enableCheckpointing(1000);
  const ratePerSecond = 500;
  const events = s.generatorSource({ generate: (n) => ({ k: n % 5, n }), ratePerSecond });
  env.fromSource(events, s.WatermarkStrategy.forMonotonousTimestamps(), 'events').uid('events')
    .keyBy('k').sum('n').name('Sum').uid('sum')
    .filter(() => false).name('Nothing').print().uid('print');
  return env.execute(args[0] ?? 'counting');
};
`;

/** Ends at once. */
export const ENDING_JOB = `export default (env) => {
  env.fromData(1, 2, 3).name('three').map((n) => n + 1).filter(() => false).print();
  return env.execute('ending');
};
`;

/** Reads for ever and gives nothing: its windows wait for a watermark that nobody sends. */
export const BLOCKED_JOB = `const s = globalThis[Symbol.for('sluice.api')];
export default (env) => {
  const events = s.generatorSource({ generate: (n) => ({ k: n % 5, n }), ratePerSecond: 50 });
  const none = s.WatermarkStrategy.noWatermarks().withTimestampAssigner(({ n }) => n);
  env.fromSource(events, none, 'orders').keyBy('k')
    .window(s.TumblingEventTimeWindows.of(10000)).sum('n')
    .name('Window(TumblingEventTimeWindows(10000), EventTimeTrigger, ReducingAggregator)')
    .map((one) => one).name('a name longer than anybody would call an operator '.repeat(4))
    .print();
  return env.execute('blocked');
};
`;

/** Fails at once, for a reason that can be read. */
export const FAILING_JOB = `export default (env) => {
  env.fromData(1).map(() => { throw new Error('the reason of this test'); }).print();
  return env.execute('failing');
};
`;
