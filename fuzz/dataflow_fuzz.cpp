#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dataflow/check/check.h"
#include "dataflow/process/evaluate.h"
#include "dataflow/process/read.h"

/// Any bytes as a process network: one error with a message, or a network that compiles and, if it is small, runs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::dataflow::process;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
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
