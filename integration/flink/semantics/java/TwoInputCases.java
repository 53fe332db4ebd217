import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.streaming.api.functions.co.ProcessJoinFunction;
import org.apache.flink.streaming.api.operators.SimpleOperatorFactory;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.transformations.TwoInputTransformation;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/** Sends the records of ../two-input-cases.ts through their operators, in the harness. */
@SuppressWarnings("unchecked")
final class TwoInputCases {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<OutputTag<WindowCases.Rec>> LATE = List.of(
      new OutputTag<WindowCases.Rec>("late left") {},
      new OutputTag<WindowCases.Rec>("late right") {});

  static void answer(File cases, PrintWriter out) throws Exception {
    for (String line : Files.readAllLines(cases.toPath())) {
      ObjectNode one = (ObjectNode) JSON.readTree(line);
      ArrayNode found = one.putArray("found");
      find(one).forEach(found::add);
      out.println(JSON.writeValueAsString(one));
    }
  }

  private static List<String> find(JsonNode one) throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    KeyedStream<WindowCases.Rec, String> left = env.fromData(new WindowCases.Rec()).keyBy(rec -> rec.key);
    KeyedStream<WindowCases.Rec, String> right = env.fromData(new WindowCases.Rec()).keyBy(rec -> rec.key);
    SingleOutputStreamOperator<String> results = one.get("kind").asText().equals("timers")
        ? left.connect(right).process(new Timers()) : joined(one, left, right);
    TwoInputTransformation<WindowCases.Rec, WindowCases.Rec, String> operator =
        (TwoInputTransformation<WindowCases.Rec, WindowCases.Rec, String>) results.getTransformation();
    TwoInputStreamOperator<WindowCases.Rec, WindowCases.Rec, String> runs =
        (TwoInputStreamOperator<WindowCases.Rec, WindowCases.Rec, String>)
            ((SimpleOperatorFactory<String>) operator.getOperatorFactory()).getOperator();
    List<String> found = new ArrayList<>();
    try (KeyedTwoInputStreamOperatorTestHarness<String, WindowCases.Rec, WindowCases.Rec, String> harness =
        new KeyedTwoInputStreamOperatorTestHarness<>(
            runs, rec -> rec.key, rec -> rec.key, Types.STRING)) {
      harness.open();
      int step = 0;
      for (String word : one.get("steps").asText().split(" ")) {
        switch (word.charAt(0)) {
          case 'l' -> harness.processWatermark1(new Watermark(Long.parseLong(word.substring(1))));
          case 'r' -> harness.processWatermark2(new Watermark(Long.parseLong(word.substring(1))));
          case 'L' -> harness.processElement1(record(word, step));
          default -> harness.processElement2(record(word, step));
        }
        found.addAll(taken(harness, step++));
      }
    }
    return found;
  }

  private static StreamRecord<WindowCases.Rec> record(String word, int step) {
    WindowCases.Rec rec = new WindowCases.Rec();
    rec.key = word.substring(1, 2);
    rec.id = step;
    rec.value = Integer.parseInt(word.substring(2, 3));
    return new StreamRecord<>(rec, Long.parseLong(word.substring(4)));
  }

  private static List<String> taken(
      KeyedTwoInputStreamOperatorTestHarness<String, WindowCases.Rec, WindowCases.Rec, String> harness,
      int step) {
    List<String> lines = new ArrayList<>();
    for (Object one : harness.getOutput()) {
      if (one instanceof StreamRecord<?> record) {
        lines.add(step + ": " + record.getValue() + " @" + record.getTimestamp());
      }
    }
    harness.getOutput().clear();
    for (OutputTag<WindowCases.Rec> tag : LATE) {
      Queue<StreamRecord<WindowCases.Rec>> late = harness.getSideOutput(tag);
      if (late == null) continue;
      late.forEach(record -> lines.add(step + ": " + tag.getId() + " " + record.getValue().id));
      late.clear();
    }
    lines.sort(null);
    return lines;
  }

  private static SingleOutputStreamOperator<String> joined(
      JsonNode one,
      KeyedStream<WindowCases.Rec, String> left,
      KeyedStream<WindowCases.Rec, String> right) {
    var join = left.intervalJoin(right).between(
        Duration.ofMillis(one.get("between").get(0).asLong()),
        Duration.ofMillis(one.get("between").get(1).asLong()));
    if (one.has("lowerExclusive")) join = join.lowerBoundExclusive();
    if (one.has("upperExclusive")) join = join.upperBoundExclusive();
    return join.sideOutputLeftLateData(LATE.get(0)).sideOutputRightLateData(LATE.get(1))
        .process(new ProcessJoinFunction<>() {
          @Override
          public void processElement(
              WindowCases.Rec first, WindowCases.Rec second, Context context, Collector<String> out) {
            out.collect(first.key + " " + first.id + " " + second.id + " of " + context.getTimestamp());
          }
        });
  }

  private static class Timers
      extends KeyedCoProcessFunction<String, WindowCases.Rec, WindowCases.Rec, String> {
    @Override
    public void processElement1(WindowCases.Rec rec, Context context, Collector<String> out) {
      context.timerService().registerEventTimeTimer(context.timestamp() + rec.value);
    }

    @Override
    public void processElement2(WindowCases.Rec rec, Context context, Collector<String> out) {
      context.timerService().deleteEventTimeTimer(context.timestamp() + rec.value);
    }

    @Override
    public void onTimer(long at, OnTimerContext context, Collector<String> out) {
      out.collect(context.getCurrentKey() + " wm " + context.timerService().currentWatermark());
      if (at % 2 == 0) context.timerService().registerEventTimeTimer(at + 5);
    }
  }
}
