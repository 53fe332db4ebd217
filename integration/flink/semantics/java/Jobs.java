import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.cep.CEP;
import org.apache.flink.cep.functions.PatternProcessFunction;
import org.apache.flink.cep.functions.TimedOutPartialMatchHandler;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.conditions.SimpleCondition;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.functions.async.AsyncFunction;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.streaming.api.functions.co.ProcessJoinFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** What ../jobs.ts has, in Java. */
final class Jobs {
  interface Job {
    DataStream<String> build(DataStream<Event> events, DataStream<String> text) throws Exception;
  }

  private static final OutputTag<String> SIDE = new OutputTag<>("side") {};
  private static final String[] STATES = {"idle", "open", "paid", "sent"};

  static final Map<String, Job> ALL = new TreeMap<>();

  static {
    ALL.put("word-count", (events, text) -> words(text).keyBy(pair -> pair.f0).sum(1)
        .map(pair -> pair.f0 + " " + pair.f1).returns(Types.STRING));
    ALL.put("window-join", Jobs::windowJoin);
    ALL.put("co-group", Jobs::coGroup);
    ALL.put("interval-join", Jobs::intervalJoin);
    ALL.put("side-outputs", Jobs::sideOutputs);
    ALL.put("broadcast-rules", Jobs::broadcastRules);
    ALL.put("async-ordered", (events, text) -> AsyncDataStream.orderedWait(
        events, new Ask(), 10, TimeUnit.SECONDS, 7));
    ALL.put("async-unordered", (events, text) -> AsyncDataStream.unorderedWait(
        events, new Ask(), 10, TimeUnit.SECONDS, 7));
    ALL.put("state-machine", (events, text) -> events.keyBy(event -> event.key)
        .process(new StateMachine()));
    ALL.put("timers", (events, text) -> events.keyBy(event -> event.key).process(new Timers()));
    ALL.put("union", (events, text) -> WindowJobs.average(
        side(prompt(events), "left").union(side(prompt(events), "right"))));
    ALL.put("cep", Jobs::cep);
    WindowJobs.addTo(ALL);
  }

  static List<String> run(String name, File folder, RuntimeExecutionMode mode) throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1);
    env.setRuntimeMode(mode);
    DataStream<Event> events = lines(env, new File(folder, "events.jsonl"))
        .map(Event::parse).returns(Event.class)
        .assignTimestampsAndWatermarks(Event.punctuated());
    DataStream<String> text = lines(env, new File(folder, "text.txt"));
    List<String> results = new ArrayList<>();
    ALL.get(name).build(events, text).executeAndCollect().forEachRemaining(results::add);
    return results;
  }

  private static DataStream<String> lines(StreamExecutionEnvironment env, File file) {
    FileSource<String> source = FileSource
        .forRecordStreamFormat(new TextLineInputFormat(), Path.fromLocalFile(file)).build();
    return env.fromSource(source, WatermarkStrategy.noWatermarks(), file.getName());
  }

  static SerializerConfigImpl serializers() {
    return new SerializerConfigImpl();
  }

  static String watermark(long watermark) {
    if (watermark == Long.MIN_VALUE) return "none";
    return watermark == Long.MAX_VALUE ? "end" : "" + watermark;
  }

  static SingleOutputStreamOperator<Tuple2<String, Integer>> words(DataStream<String> text) {
    return text.flatMap((String line, Collector<Tuple2<String, Integer>> out) -> {
      for (String word : line.toLowerCase().split("\\W+")) {
        if (!word.isEmpty()) out.collect(Tuple2.of(word, 1));
      }
    }).returns(Types.TUPLE(Types.STRING, Types.INT));
  }

  private static DataStream<Event> side(DataStream<Event> events, String side) {
    return events.filter(event -> event.side.equals(side));
  }

  private static DataStream<String> windowJoin(DataStream<Event> events, DataStream<String> text) {
    DataStream<Event> prompt = prompt(events);
    return side(prompt, "left").join(side(prompt, "right"))
        .where(event -> event.key).equalTo(event -> event.key)
        .window(TumblingEventTimeWindows.of(Duration.ofMillis(40)))
        .apply((Event left, Event right) -> left.key + " " + left.id + " " + right.id, Types.STRING);
  }

  private static DataStream<String> coGroup(DataStream<Event> events, DataStream<String> text) {
    DataStream<Event> prompt = prompt(events);
    return side(prompt, "left").coGroup(side(prompt, "right"))
        .where(event -> event.key).equalTo(event -> event.key)
        .window(SlidingEventTimeWindows.of(Duration.ofMillis(60), Duration.ofMillis(30)))
        .apply((Iterable<Event> left, Iterable<Event> right, Collector<String> out) -> out
            .collect(first(left, right).key + " " + WindowJobs.ids(left) + " " + WindowJobs.ids(right)),
            Types.STRING);
  }

  /** Nothing is late: what comes first of two inputs does not matter. */
  private static DataStream<Event> prompt(DataStream<Event> events) {
    return events.filter(event -> !event.sign.equals("late"));
  }

  private static Event first(Iterable<Event> left, Iterable<Event> right) {
    return left.iterator().hasNext() ? left.iterator().next() : right.iterator().next();
  }

  private static DataStream<String> intervalJoin(DataStream<Event> events, DataStream<String> text) {
    DataStream<Event> prompt = prompt(events);
    return side(prompt, "left").keyBy(event -> event.key)
        .intervalJoin(side(prompt, "right").keyBy(event -> event.key))
        .between(Duration.ofMillis(-10), Duration.ofMillis(20)).upperBoundExclusive()
        .process(new ProcessJoinFunction<>() {
          @Override
          public void processElement(Event left, Event right, Context context, Collector<String> out) {
            out.collect(left.key + " " + left.id + " " + right.id + " at " + context.getTimestamp());
          }
        });
  }

  private static DataStream<String> sideOutputs(DataStream<Event> events, DataStream<String> text) {
    SingleOutputStreamOperator<String> even = events.process(new ProcessFunction<>() {
      @Override
      public void processElement(Event event, Context context, Collector<String> out) {
        if (event.value % 2 == 0) out.collect("even " + event.id);
        else context.output(SIDE, "odd " + event.id + " at " + context.timestamp()
            + " wm " + watermark(context.timerService().currentWatermark()));
      }
    });
    return even.union(even.getSideOutput(SIDE));
  }

  /** Each record meets each rule of its sign, whichever comes first. */
  private static DataStream<String> broadcastRules(DataStream<Event> events, DataStream<String> text) {
    MapStateDescriptor<Integer, Event> rules =
        new MapStateDescriptor<>("rules", Types.INT, Types.POJO(Event.class));
    ListStateDescriptor<Event> seen = new ListStateDescriptor<>("seen", Event.class);
    return side(events, "left").keyBy(event -> event.key)
        .connect(side(events, "right").filter(event -> event.value > 40).broadcast(rules))
        .process(new KeyedBroadcastProcessFunction<String, Event, Event, String>() {
          @Override
          public void processElement(Event event, ReadOnlyContext context, Collector<String> out)
              throws Exception {
            getRuntimeContext().getListState(seen).add(event);
            for (Map.Entry<Integer, Event> rule
                : context.getBroadcastState(rules).immutableEntries()) {
              apply(rule.getValue(), event, out);
            }
          }

          @Override
          public void processBroadcastElement(Event rule, Context context, Collector<String> out)
              throws Exception {
            context.getBroadcastState(rules).put(rule.id, rule);
            context.applyToKeyedState(seen, (key, state) -> {
              for (Event event : state.get()) apply(rule, event, out);
            });
          }

          private void apply(Event rule, Event event, Collector<String> out) {
            if (rule.sign.equals(event.sign)) out.collect(event.key + " " + event.id + " by " + rule.id);
          }
        });
  }

  private static DataStream<String> cep(DataStream<Event> events, DataStream<String> text) {
    Pattern<Event, ?> pattern = Pattern.<Event>begin("a", AfterMatchSkipStrategy.skipToNext())
        .where(sign("a"))
        .followedBy("b").where(sign("b")).oneOrMore().optional()
        .followedByAny("c").where(sign("c"))
        .within(Duration.ofMillis(120));
    SingleOutputStreamOperator<String> matches =
        CEP.pattern(events.keyBy(event -> event.key), pattern).process(new Matches());
    return matches.union(matches.getSideOutput(SIDE));
  }

  private static SimpleCondition<Event> sign(String sign) {
    return SimpleCondition.of(event -> event.sign.equals(sign));
  }

  private static class Matches extends PatternProcessFunction<Event, String>
      implements TimedOutPartialMatchHandler<Event> {
    @Override
    public void processMatch(Map<String, List<Event>> match, Context context, Collector<String> out) {
      out.collect(match.get("a").get(0).key + " " + show(match));
    }

    @Override
    public void processTimedOutMatch(Map<String, List<Event>> match, Context context) {
      context.output(SIDE, "timeout-" + match.get("a").get(0).key + " " + show(match)
          + " at " + context.timestamp());
    }

    private static String show(Map<String, List<Event>> match) {
      StringBuilder text = new StringBuilder();
      for (String name : Arrays.asList("a", "b", "c")) {
        if (match.containsKey(name)) text.append(name).append(WindowJobs.ids(match.get(name)));
      }
      return text.toString();
    }
  }

  private static class Ask implements AsyncFunction<Event, String> {
    @Override
    public void asyncInvoke(Event event, ResultFuture<String> result) {
      new Thread(() -> {
        try {
          Thread.sleep(event.value % 5);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
        }
        result.complete(event.value % 7 == 0 ? List.of() : List.of("asked " + event.id));
      }).start();
    }
  }

  /** a opens, b pays, c sends; what does not fit is told, and the key begins anew. */
  private static class StateMachine extends KeyedProcessFunction<String, Event, String> {
    private ValueState<Integer> state;

    @Override
    public void open(OpenContext context) {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("state", Types.INT));
    }

    @Override
    public void processElement(Event event, Context context, Collector<String> out) throws Exception {
      int now = state.value() == null ? 0 : state.value();
      if ("abc".indexOf(event.sign) == now) {
        state.update(now + 1);
        return;
      }
      if (now == 3 && event.sign.equals("d")) out.collect(event.key + " done " + event.id);
      else out.collect(event.key + " " + STATES[now] + " met " + event.sign + " of " + event.id);
      state.clear();
    }
  }

  /** A timer 30 ms after each record, put off by the next; two fire again. */
  private static class Timers extends KeyedProcessFunction<String, Event, String> {
    private ListState<Long> pending;

    @Override
    public void open(OpenContext context) {
      pending = getRuntimeContext().getListState(new ListStateDescriptor<>("pending", Types.LONG));
    }

    @Override
    public void processElement(Event event, Context context, Collector<String> out) throws Exception {
      if (event.value % 3 == 0) {
        for (long at : pending.get()) context.timerService().deleteEventTimeTimer(at);
        pending.clear();
      }
      pending.add(event.at + 30);
      context.timerService().registerEventTimeTimer(event.at + 30);
    }

    @Override
    public void onTimer(long at, OnTimerContext context, Collector<String> out) throws Exception {
      out.collect(context.getCurrentKey() + " at " + at
          + " wm " + watermark(context.timerService().currentWatermark()));
      if (at % 4 == 0 && at < 100_000) context.timerService().registerEventTimeTimer(at + 6);
    }
  }
}
