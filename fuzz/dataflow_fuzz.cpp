#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dataflow/check/check.h"
#include "dataflow/csdf/read.h"
#include "dataflow/csdf/simulate.h"
#include "dataflow/process/evaluate.h"
#include "dataflow/process/read.h"

namespace {

using namespace sluice;

/// Any bytes as a CSDF graph, which has its own reader.
void asGraph(std::string_view bytes) {
  const auto graph = dataflow::csdf::parseGraph(bytes, "fuzz");
  if (!graph.ok()) {
    SLUICE_CHECK(!graph.error().message.empty(), "an error says what is wrong");
    return;
  }
  const dataflow::csdf::Capacities none(graph->channels.size(), dataflow::csdf::unlimited);
  const auto repetition = dataflow::csdf::check(*graph);
  SLUICE_CHECK(repetition.ok(), "what is read is well formed");
  if (repetition->total < 10'000) (void)dataflow::csdf::simulate(*graph, none, 2);
}

/// Any bytes as a certificate for a network of two processes.
void asCertificate(std::string_view bytes) {
  static auto checker =
      dataflow::check::Checker::parse(R"({"format": "dataflow-json/1", "kind": "process-network",
"name": "pair", "timing": {"write_to_read_srl": 1, "write_to_read_ram": 2, "read_to_write": 1, "srl_max_depth": 2,
"srl_max_bits": 1024}, "fifos": [{"name": "f", "width_bits": 32, "depth": 4, "group": "g", "src": "w", "dst": "r",
"tokens": 10}], "processes": [{"name": "w", "latency": 11, "after": [], "phases": [{"loops": [10], "trip": 10, "start": 0,
"ii": 1, "iteration_latency": 2, "accesses": [{"op": "write", "stage": 0, "fifos": [0], "at": [{"first": 0, "dims":
[[10, 1]]}]}]}]}, {"name": "r", "latency": 29, "after": [], "phases": [{"loops": [10], "trip": 10, "start": 0, "ii": 3,
"iteration_latency": 2, "accesses": [{"op": "read", "stage": 0, "fifos": [0], "at": [{"first": 0, "dims":
[[10, 1]]}]}]}]}]})");
  SLUICE_CHECK(checker.ok(), "the network is legal");
  (void)checker->check(bytes);
}

}  // namespace

/// Any bytes as a process network: one error with a message, or a network that compiles and, if it is small, runs. The same
/// bytes as a CSDF graph and as a certificate.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::dataflow::process;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  asGraph(bytes);
  asCertificate(bytes);
  const auto network = parseNetwork(bytes, "fuzz");
  if (!network.ok()) {
    SLUICE_CHECK(!network.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  std::uint64_t tokens = 0;
  for (const Fifo& fifo : network->fifos) tokens += fifo.tokens;
  if (tokens > 100'000) return 0;
  const auto program = compile(*network);
  if (!program.ok()) return 0;
  Evaluator evaluator(*program, network->timing);
  for (const auto& depths : {givenDepths(*network), std::vector<std::uint64_t>(network->groups.size(), 2)}) {
    const Outcome outcome = evaluator.run(evaluator.exact(depths));
    Record record;
    const Outcome recorded = evaluator.record(evaluator.exact(depths), record);
    SLUICE_CHECK(outcome.kind == recorded.kind && outcome.cycles == recorded.cycles, "both runs agree");
  }
  auto checker = dataflow::check::Checker::parse(bytes);
  if (checker.ok()) (void)checker->check("{}");
  return 0;
}
