import java.io.File;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** `<verb> <input> <output>`: writes a line of JSON for each answer. */
public final class Main {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    try (PrintWriter out = new PrintWriter(args[2], "UTF-8")) {
      switch (args[0]) {
        case "jobs" -> jobs(new File(args[1]), out);
        case "cep" -> CepCases.answer(new File(args[1]), out);
        case "windows" -> WindowCases.answer(new File(args[1]), out);
        case "two-inputs" -> TwoInputCases.answer(new File(args[1]), out);
        default -> throw new IllegalArgumentException(args[0]);
      }
    }
    // Without the hooks of a cluster that is gone.
    Runtime.getRuntime().halt(0);
  }

  private static void jobs(File inputs, PrintWriter out) throws Exception {
    for (String mode : new String[] {"STREAMING", "BATCH"}) {
      for (String name : Jobs.ALL.keySet()) {
        List<String> lines;
        try {
          lines = Jobs.run(name, inputs, RuntimeExecutionMode.valueOf(mode));
        } catch (Exception failure) {
          throw new IllegalStateException(mode + " " + name, failure);
        }
        out.println(JSON.writeValueAsString(
            new TreeMap<>(Map.of("name", name, "mode", mode, "lines", lines))));
      }
    }
  }
}
