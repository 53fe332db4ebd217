import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.api.common.eventtime.WatermarkGenerator;
import org.apache.flink.api.common.eventtime.WatermarkOutput;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** A line of input/events.jsonl; ../events.ts says what the fields are. */
public class Event {
  private static final ObjectMapper JSON = new ObjectMapper();

  public int id;
  public String side;
  public String key;
  public int value;
  public int total;
  public String sign;
  public long at;
  /** Comes behind the record; null: none does. */
  public Long watermark;

  static Event parse(String line) throws Exception {
    return JSON.readValue(line, Event.class);
  }

  static WatermarkStrategy<Event> punctuated() {
    return WatermarkStrategy.<Event>forGenerator(context -> new Punctuated())
        .withTimestampAssigner((event, before) -> event.at);
  }

  private static class Punctuated implements WatermarkGenerator<Event> {
    @Override
    public void onEvent(Event event, long timestamp, WatermarkOutput output) {
      if (event.watermark != null) output.emitWatermark(new Watermark(event.watermark));
    }

    @Override
    public void onPeriodicEmit(WatermarkOutput output) {}
  }
}
