import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.cep.CEP;
import org.apache.flink.cep.functions.PatternProcessFunction;
import org.apache.flink.cep.functions.TimedOutPartialMatchHandler;
import org.apache.flink.cep.nfa.aftermatch.AfterMatchSkipStrategy;
import org.apache.flink.cep.pattern.MalformedPatternException;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.WithinType;
import org.apache.flink.cep.pattern.conditions.IterativeCondition;
import org.apache.flink.cep.pattern.conditions.SimpleCondition;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.transformations.OneInputTransformation;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;

/** Looks for the patterns of ../cep-cases.ts in their events: the operator in its harness. */
final class CepCases {
  private static final ObjectMapper JSON = new ObjectMapper();
  /** What functions found, which are copies of those that were given. */
  private static final List<String> FOUND = new ArrayList<>();

  public static class CepEvent {
    public int index;
    public String letter;
    public int value;
  }

  static void answer(File cases, PrintWriter out) throws Exception {
    for (String line : Files.readAllLines(cases.toPath())) {
      ObjectNode one = (ObjectNode) JSON.readTree(line);
      try {
        ArrayNode found = one.putArray("found");
        find(one).forEach(found::add);
      } catch (MalformedPatternException | UnsupportedOperationException refused) {
        one.put("found", "refused");
      } catch (Exception | StackOverflowError failure) {
        one.put("found", "failed: " + failure);
      }
      out.println(JSON.writeValueAsString(one));
    }
  }

  private static List<String> find(JsonNode one) throws Exception {
    FOUND.clear();
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    Pattern<CepEvent, ?> pattern = sequence(one.get("parts"), skip(one.get("skip")));
    if (one.has("withinMs")) pattern = pattern.within(ms(one.get("withinMs")));
    OneInputTransformation<CepEvent, String> operator =
        (OneInputTransformation<CepEvent, String>)
            CEP.pattern(env.fromData(new CepEvent()).keyBy(event -> 0), pattern)
                .process(new Matches()).getTransformation();
    try (KeyedOneInputStreamOperatorTestHarness<Integer, CepEvent, String> harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            operator.getOperatorFactory(), event -> 0, Types.INT)) {
      harness.open();
      int index = 0;
      long watermark = -1;
      for (String word : one.get("events").asText().split(" ")) {
        if (word.startsWith("w")) {
          // By the millisecond: what is over is over at its time, not at that of the watermark.
          while (watermark < Long.parseLong(word.substring(1))) harness.processWatermark(++watermark);
          continue;
        }
        CepEvent event = new CepEvent();
        event.index = index++;
        event.letter = word.substring(0, 1);
        event.value = Integer.parseInt(word.substring(1, 2));
        harness.processElement(event, Long.parseLong(word.substring(word.indexOf('@') + 1)));
      }
    }
    return FOUND;
  }

  private static AfterMatchSkipStrategy skip(JsonNode skip) {
    if (skip == null) return AfterMatchSkipStrategy.noSkip();
    return switch (skip.get(0).asText()) {
      case "skipToNext" -> AfterMatchSkipStrategy.skipToNext();
      case "skipPastLastEvent" -> AfterMatchSkipStrategy.skipPastLastEvent();
      case "skipToFirst" -> AfterMatchSkipStrategy.skipToFirst(skip.get(1).asText());
      default -> AfterMatchSkipStrategy.skipToLast(skip.get(1).asText());
    };
  }

  private static Pattern<CepEvent, CepEvent> sequence(JsonNode parts, AfterMatchSkipStrategy skip) {
    Pattern<CepEvent, CepEvent> pattern = null;
    for (JsonNode part : parts) {
      pattern = added(pattern, part, skip);
      if (part.has("letters")) pattern = pattern.where(new Matching(part));
      if (part.has("times")) pattern = times(pattern, part.get("times"), part.get("timesMs"));
      if (part.has("inner")) {
        pattern = part.get("inner").asText().equals("consecutive")
            ? pattern.consecutive() : pattern.allowCombinations();
      }
      if (part.has("optional")) pattern = pattern.optional();
      if (part.has("greedy")) pattern = pattern.greedy();
      if (part.has("until")) {
        String letters = part.get("until").asText();
        pattern = pattern.until(SimpleCondition.of(event -> letters.contains(event.letter)));
      }
      if (part.has("previousMs")) {
        pattern = pattern.within(ms(part.get("previousMs")), WithinType.PREVIOUS_AND_CURRENT);
      }
    }
    return pattern;
  }

  private static Pattern<CepEvent, CepEvent> added(
      Pattern<CepEvent, CepEvent> pattern, JsonNode part, AfterMatchSkipStrategy skip) {
    String name = part.get("name").asText();
    String strategy = part.get("strategy").asText();
    if (!part.has("group")) {
      return switch (strategy) {
        case "begin" -> Pattern.begin(name, skip);
        case "next" -> pattern.next(name);
        case "followedBy" -> pattern.followedBy(name);
        case "followedByAny" -> pattern.followedByAny(name);
        case "notNext" -> pattern.notNext(name);
        default -> pattern.notFollowedBy(name);
      };
    }
    Pattern<CepEvent, CepEvent> group =
        sequence(part.get("group"), AfterMatchSkipStrategy.noSkip());
    return switch (strategy) {
      case "begin" -> Pattern.begin(group, skip);
      case "next" -> pattern.next(group);
      case "followedBy" -> pattern.followedBy(group);
      default -> pattern.followedByAny(group);
    };
  }

  private static Pattern<CepEvent, CepEvent> times(
      Pattern<CepEvent, CepEvent> pattern, JsonNode times, JsonNode window) {
    int from = times.get(0).asInt();
    Duration time = window == null ? null : ms(window);
    if (times.size() == 2) return pattern.times(from, times.get(1).asInt(), time);
    return from == 1 ? pattern.oneOrMore(time) : pattern.timesOrMore(from, time);
  }

  private static Duration ms(JsonNode number) {
    return Duration.ofMillis(number.asLong());
  }

  private static class Matching extends IterativeCondition<CepEvent> {
    private final String name;
    private final String letters;
    private final boolean rising;

    Matching(JsonNode part) {
      name = part.get("name").asText();
      letters = part.get("letters").asText();
      rising = part.has("rising");
    }

    @Override
    public boolean filter(CepEvent event, Context<CepEvent> context) throws Exception {
      if (!letters.contains(event.letter)) return false;
      CepEvent last = null;
      if (rising) for (CepEvent before : context.getEventsForPattern(name)) last = before;
      return last == null || event.value >= last.value;
    }
  }

  private static class Matches extends PatternProcessFunction<CepEvent, String>
      implements TimedOutPartialMatchHandler<CepEvent> {
    @Override
    public void processMatch(
        Map<String, List<CepEvent>> match, Context context, Collector<String> out) {
      FOUND.add(show(match));
    }

    @Override
    public void processTimedOutMatch(Map<String, List<CepEvent>> match, Context context) {
      FOUND.add("!" + show(match) + "@" + context.timestamp());
    }

    private static String show(Map<String, List<CepEvent>> match) {
      return new TreeMap<>(match).entrySet().stream()
          .map(part -> part.getKey() + ":" + part.getValue().stream()
              .map(event -> "" + event.index).collect(Collectors.joining(",")))
          .collect(Collectors.joining(" "));
    }
  }
}
