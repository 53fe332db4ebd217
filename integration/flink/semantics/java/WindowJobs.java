import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.functions.windowing.ProcessAllWindowFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.GlobalWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.evictors.CountEvictor;
import org.apache.flink.streaming.api.windowing.evictors.DeltaEvictor;
import org.apache.flink.streaming.api.windowing.evictors.Evictor;
import org.apache.flink.streaming.api.windowing.evictors.TimeEvictor;
import org.apache.flink.streaming.api.windowing.triggers.ContinuousEventTimeTrigger;
import org.apache.flink.streaming.api.windowing.triggers.CountTrigger;
import org.apache.flink.streaming.api.windowing.triggers.DeltaTrigger;
import org.apache.flink.streaming.api.windowing.triggers.EventTimeTrigger;
import org.apache.flink.streaming.api.windowing.triggers.PurgingTrigger;
import org.apache.flink.streaming.api.windowing.triggers.Trigger;
import org.apache.flink.streaming.api.windowing.windows.GlobalWindow;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.streaming.api.windowing.windows.Window;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** What ../window-jobs.ts has, in Java. */
final class WindowJobs {
  private static final OutputTag<Event> LATE = new OutputTag<>("late") {};

  static void addTo(Map<String, Jobs.Job> jobs) {
    jobs.put("window-word-count", WindowJobs::windowWordCount);
    jobs.put("session-windowing", WindowJobs::sessionWindowing);
    jobs.put("top-speed-windowing", WindowJobs::topSpeed);
    jobs.put("tumbling-late", (events, text) -> late(events, EventTimeTrigger.create()));
    jobs.put("tumbling-late-purging",
        (events, text) -> late(events, PurgingTrigger.of(EventTimeTrigger.create())));
    jobs.put("sliding-late", WindowJobs::sliding);
    jobs.put("continuous", WindowJobs::continuous);
    for (boolean after : new boolean[] {false, true}) {
      String when = after ? "after" : "before";
      jobs.put("evict-count-" + when, (events, text) -> evicting(events, CountEvictor.of(4, after)));
      jobs.put("evict-time-" + when,
          (events, text) -> evicting(events, TimeEvictor.of(Duration.ofMillis(60), after)));
      jobs.put("evict-delta-" + when, (events, text) -> evicting(events,
          DeltaEvictor.of(20, (one, last) -> last.value - one.value, after)));
    }
    jobs.put("end-of-stream", (events, text) -> byKey(events)
        .window(GlobalWindows.createWithEndOfStreamTrigger()).process(new ShowAll()));
    jobs.put("dynamic-sessions", (events, text) -> byKey(events)
        .window(EventTimeSessionWindows.withDynamicGap((Event event) -> 5 + event.value))
        .process(new ShowSorted()));
    jobs.put("window-all", WindowJobs::windowAll);
    jobs.put("window-average", (events, text) -> average(events));
  }

  static DataStream<String> average(DataStream<Event> events) {
    return byKey(events)
        .window(TumblingEventTimeWindows.of(Duration.ofMillis(80), Duration.ofMillis(30)))
        .aggregate(new Average(), new Named());
  }

  private static DataStream<String> windowWordCount(DataStream<Event> events, DataStream<String> text) {
    return Jobs.words(text).keyBy(pair -> pair.f0).countWindow(5, 3).sum(1)
        .map(pair -> pair.f0 + " " + pair.f1).returns(Types.STRING);
  }

  private static DataStream<String> sessionWindowing(DataStream<Event> events, DataStream<String> text) {
    return byKey(events).window(EventTimeSessionWindows.withGap(Duration.ofMillis(15)))
        .process(new ShowSorted());
  }

  private static DataStream<String> topSpeed(DataStream<Event> events, DataStream<String> text) {
    return byKey(events).window(GlobalWindows.create())
        .evictor(TimeEvictor.of(Duration.ofMillis(100)))
        .trigger(DeltaTrigger.of(60, (before, now) -> now.total - before.total,
            events.getType().createSerializer(Jobs.serializers())))
        .maxBy("value")
        .map(event -> event.key + " " + event.value + " at " + event.at).returns(Types.STRING);
  }

  private static DataStream<String> late(DataStream<Event> events, Trigger<Object, TimeWindow> trigger) {
    return withLate(byKey(events).window(TumblingEventTimeWindows.of(Duration.ofMillis(50)))
        .trigger(trigger).allowedLateness(Duration.ofMillis(25)).sideOutputLateData(LATE)
        .process(new Show()));
  }

  private static DataStream<String> sliding(DataStream<Event> events, DataStream<String> text) {
    return withLate(byKey(events)
        .window(SlidingEventTimeWindows.of(Duration.ofMillis(60), Duration.ofMillis(25)))
        .allowedLateness(Duration.ofMillis(10)).sideOutputLateData(LATE).process(new Show()));
  }

  private static DataStream<String> continuous(DataStream<Event> events, DataStream<String> text) {
    return byKey(events).window(TumblingEventTimeWindows.of(Duration.ofMillis(200)))
        .trigger(ContinuousEventTimeTrigger.of(Duration.ofMillis(30))).process(new Show());
  }

  private static DataStream<String> evicting(
      DataStream<Event> events, Evictor<? super Event, ? super Window> evictor) {
    return byKey(events).window(GlobalWindows.create()).trigger(CountTrigger.of(5))
        .evictor(evictor).process(new ShowGlobal());
  }

  private static DataStream<String> windowAll(DataStream<Event> events, DataStream<String> text) {
    return events.windowAll(TumblingEventTimeWindows.of(Duration.ofMillis(70)))
        .process(new ProcessAllWindowFunction<>() {
          @Override
          public void process(Context context, Iterable<Event> all, Collector<String> out) {
            out.collect("all " + context.window().getStart() + " " + ids(all));
          }
        });
  }

  private static KeyedStream<Event, String> byKey(DataStream<Event> events) {
    return events.keyBy(event -> event.key);
  }

  private static DataStream<String> withLate(SingleOutputStreamOperator<String> results) {
    return results.union(results.getSideOutput(LATE)
        .map(event -> "late " + event.id).returns(Types.STRING));
  }

  static String ids(Iterable<Event> events) {
    return StreamSupport.stream(events.spliterator(), false)
        .map(event -> "" + event.id).collect(Collectors.joining(","));
  }

  private static String sortedIds(Iterable<Event> events) {
    return StreamSupport.stream(events.spliterator(), false).map(event -> event.id).sorted()
        .map(id -> "" + id).collect(Collectors.joining(","));
  }

  private static class Show extends ProcessWindowFunction<Event, String, String, TimeWindow> {
    @Override
    public void process(String key, Context context, Iterable<Event> all, Collector<String> out) {
      TimeWindow window = context.window();
      out.collect(key + " " + window.getStart() + "-" + window.getEnd() + " " + ids(all)
          + " wm " + Jobs.watermark(context.currentWatermark()));
    }
  }

  /** Flink keeps what windows held that merge in the order of a hash table. */
  private static class ShowSorted extends ProcessWindowFunction<Event, String, String, TimeWindow> {
    @Override
    public void process(String key, Context context, Iterable<Event> all, Collector<String> out) {
      TimeWindow window = context.window();
      out.collect(key + " " + window.getStart() + "-" + window.getEnd() + " " + sortedIds(all));
    }
  }

  /** Before an operator that answers at the end only, Flink sorts. */
  private static class ShowAll extends ProcessWindowFunction<Event, String, String, GlobalWindow> {
    @Override
    public void process(String key, Context context, Iterable<Event> all, Collector<String> out) {
      out.collect(key + " " + sortedIds(all));
    }
  }

  private static class ShowGlobal extends ProcessWindowFunction<Event, String, String, GlobalWindow> {
    @Override
    public void process(String key, Context context, Iterable<Event> all, Collector<String> out) {
      out.collect(key + " " + ids(all));
    }
  }

  private static class Named extends ProcessWindowFunction<Double, String, String, TimeWindow> {
    @Override
    public void process(String key, Context context, Iterable<Double> one, Collector<String> out) {
      out.collect(key + " " + context.window().getStart() + " "
          + Math.round(one.iterator().next() * 1000));
    }
  }

  private static class Average implements AggregateFunction<Event, Tuple2<Long, Long>, Double> {
    @Override
    public Tuple2<Long, Long> createAccumulator() {
      return Tuple2.of(0L, 0L);
    }

    @Override
    public Tuple2<Long, Long> add(Event event, Tuple2<Long, Long> sum) {
      return Tuple2.of(sum.f0 + event.value, sum.f1 + 1);
    }

    @Override
    public Double getResult(Tuple2<Long, Long> sum) {
      return (double) sum.f0 / sum.f1;
    }

    @Override
    public Tuple2<Long, Long> merge(Tuple2<Long, Long> left, Tuple2<Long, Long> right) {
      return Tuple2.of(left.f0 + right.f0, left.f1 + right.f1);
    }
  }
}
