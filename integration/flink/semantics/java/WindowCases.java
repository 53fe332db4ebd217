import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.WindowedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.transformations.OneInputTransformation;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.GlobalWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
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
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.streaming.api.windowing.windows.Window;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** Sends the records of ../window-cases.ts through their windows: the operator in its harness. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class WindowCases {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final OutputTag<Rec> LATE = new OutputTag<>("late") {};

  public static class Rec {
    public String key;
    public int id;
    public int value;
  }

  static void answer(File cases, PrintWriter out) throws Exception {
    for (String line : Files.readAllLines(cases.toPath())) {
      ObjectNode one = (ObjectNode) JSON.readTree(line);
      ArrayNode found = one.putArray("found");
      try {
        find(one).forEach(found::add);
      } catch (Exception failure) {
        throw new IllegalStateException(line, failure);
      }
      out.println(JSON.writeValueAsString(one));
    }
  }

  private static List<String> find(JsonNode one) throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    KeyedStream<Rec, String> keyed = env.fromData(new Rec()).keyBy(rec -> rec.key);
    OneInputTransformation<Rec, String> operator =
        (OneInputTransformation<Rec, String>) results(one, windowed(one, keyed)).getTransformation();
    List<String> found = new ArrayList<>();
    try (KeyedOneInputStreamOperatorTestHarness<String, Rec, String> harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            operator.getOperatorFactory(), rec -> rec.key, Types.STRING)) {
      harness.open();
      int step = 0;
      for (String word : one.get("steps").asText().split(" ")) {
        if (word.startsWith("w")) harness.processWatermark(Long.parseLong(word.substring(1)));
        else {
          Rec rec = new Rec();
          rec.key = word.substring(0, 1);
          rec.id = step;
          rec.value = Integer.parseInt(word.substring(1, 2));
          harness.processElement(rec, Long.parseLong(word.substring(3)));
        }
        found.addAll(taken(harness, step++));
      }
    }
    return found;
  }

  private static Collection<String> taken(
      KeyedOneInputStreamOperatorTestHarness<String, Rec, String> harness, int step) {
    List<String> lines = new ArrayList<>();
    for (Object one : harness.getOutput()) {
      if (one instanceof StreamRecord<?> record) {
        long at = record.getTimestamp();
        lines.add(step + ": " + record.getValue() + " @" + (at > 1_000_000_000_000L ? "end" : at));
      }
    }
    harness.getOutput().clear();
    Queue<StreamRecord<Rec>> late = harness.getSideOutput(LATE);
    if (late != null) {
      late.forEach(record -> lines.add(step + ": late " + record.getValue().id));
      late.clear();
    }
    lines.sort(null);
    return lines;
  }

  private static WindowedStream<Rec, String, Window> windowed(
      JsonNode one, KeyedStream<Rec, String> keyed) {
    JsonNode assigner = one.get("assigner");
    String kind = assigner.get(0).asText();
    if (kind.equals("count")) {
      long size = assigner.get(1).asLong();
      long slide = assigner.get(2).asLong();
      return (WindowedStream)
          (slide == 0 ? keyed.countWindow(size) : keyed.countWindow(size, slide));
    }
    WindowAssigner windows = switch (kind) {
      case "tumbling" -> TumblingEventTimeWindows.of(ms(assigner.get(1)), ms(assigner.get(2)));
      case "sliding" -> SlidingEventTimeWindows.of(ms(assigner.get(1)), ms(assigner.get(2)));
      case "session" -> EventTimeSessionWindows.withGap(ms(assigner.get(1)));
      case "dynamic" -> EventTimeSessionWindows.withDynamicGap((Rec rec) -> rec.value + 1);
      default -> GlobalWindows.create();
    };
    WindowedStream<Rec, String, Window> stream = keyed.window(windows);
    if (one.has("trigger")) {
      Trigger trigger = trigger(one.get("trigger"), keyed.getType());
      stream = stream.trigger(one.has("purging") ? PurgingTrigger.of(trigger) : trigger);
    }
    if (one.has("evictor")) stream = stream.evictor(evictor(one.get("evictor")));
    if (one.has("latenessMs")) stream = stream.allowedLateness(ms(one.get("latenessMs")));
    return kind.equals("global") ? stream : stream.sideOutputLateData(LATE);
  }

  private static Trigger trigger(JsonNode trigger, TypeInformation<Rec> type) {
    int of = trigger.get(1).asInt();
    return switch (trigger.get(0).asText()) {
      case "count" -> CountTrigger.of(of);
      case "continuous" -> ContinuousEventTimeTrigger.of(Duration.ofMillis(of));
      case "delta" -> DeltaTrigger.of(
          of, WindowCases::differ, type.createSerializer(new SerializerConfigImpl()));
      default -> EventTimeTrigger.create();
    };
  }

  private static Evictor evictor(JsonNode evictor) {
    int of = evictor.get(1).asInt();
    boolean after = evictor.get(2).asBoolean();
    return switch (evictor.get(0).asText()) {
      case "count" -> CountEvictor.of(of, after);
      case "time" -> TimeEvictor.of(Duration.ofMillis(of), after);
      default -> DeltaEvictor.of(of, WindowCases::differ, after);
    };
  }

  private static double differ(Rec before, Rec now) {
    return Math.abs(now.value - before.value);
  }

  private static DataStream<String> results(JsonNode one, WindowedStream<Rec, String, Window> stream) {
    String kind = one.get("assigner").get(0).asText();
    boolean merges = kind.equals("session") || kind.equals("dynamic");
    return switch (one.get("fn").asText()) {
      case "process" -> stream.process(new Process(merges));
      case "apply" -> stream.apply(new Apply(merges));
      case "reduce" -> stream.reduce((left, right) -> {
        Rec sum = new Rec();
        sum.key = left.key;
        sum.value = left.value + right.value;
        return sum;
      }, new Reduced());
      default -> stream.aggregate(new Sum(), new Summed());
    };
  }

  private static Duration ms(JsonNode number) {
    return Duration.ofMillis(number.asLong());
  }

  private static String span(Window window) {
    if (!(window instanceof TimeWindow time)) return "";
    return "[" + time.getStart() + "," + time.getEnd() + ") ";
  }

  private static String ids(Iterable<Rec> all, boolean merges) {
    List<Integer> ids = StreamSupport.stream(all.spliterator(), false)
        .map(rec -> rec.id).collect(Collectors.toCollection(ArrayList::new));
    if (merges) ids.sort(null);
    return ids.stream().map(id -> "" + id).collect(Collectors.joining(","));
  }

  private static class Process extends ProcessWindowFunction<Rec, String, String, Window> {
    private final boolean merges;

    Process(boolean merges) {
      this.merges = merges;
    }

    @Override
    public void process(String key, Context context, Iterable<Rec> all, Collector<String> out) {
      long mark = context.currentWatermark();
      out.collect(key + " " + span(context.window()) + ids(all, merges)
          + " wm " + (mark < 0 ? "none" : "" + mark));
    }
  }

  private static class Apply implements WindowFunction<Rec, String, String, Window> {
    private final boolean merges;

    Apply(boolean merges) {
      this.merges = merges;
    }

    @Override
    public void apply(String key, Window window, Iterable<Rec> all, Collector<String> out) {
      out.collect(key + " " + span(window) + ids(all, merges));
    }
  }

  private static class Reduced extends ProcessWindowFunction<Rec, String, String, Window> {
    @Override
    public void process(String key, Context context, Iterable<Rec> sum, Collector<String> out) {
      out.collect(key + " " + span(context.window()) + sum.iterator().next().value);
    }
  }

  private static class Summed extends ProcessWindowFunction<Integer, String, String, Window> {
    @Override
    public void process(String key, Context context, Iterable<Integer> sum, Collector<String> out) {
      out.collect(key + " " + span(context.window()) + sum.iterator().next());
    }
  }

  private static class Sum implements AggregateFunction<Rec, Integer, Integer> {
    @Override
    public Integer createAccumulator() {
      return 0;
    }

    @Override
    public Integer add(Rec rec, Integer sum) {
      return sum + rec.value;
    }

    @Override
    public Integer getResult(Integer sum) {
      return sum;
    }

    @Override
    public Integer merge(Integer left, Integer right) {
      return left + right;
    }
  }
}
