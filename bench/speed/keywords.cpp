// All 500 keyword samples through the integer engine: the answers of both boards, the codes of the float64
// reference, and the speed on one core.
//
//   keywords [--json]
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "ir/host.h"
#include "ir/reference.h"
#include "show.h"

namespace {

using namespace sluice;

/// Samples whose codes at the hardware's output differ from those of the float64 reference of the imported
/// graph, which knows nothing of thresholds: its real output divided by the step, rounded.
Result<std::size_t> differencesFromReference(const show::Network& network, const ir::CodeRows& codes) {
  const ir::Graph& graph = network.imported;
  const ir::TensorType& type = network.lowered.tensor(network.engine->regions().hardwareOutputs[0]).type;
  SLUICE_TRY(const auto coded, ir::codedInputs(network.lowered, network.engine->regions()));
  const double scale = network.lowered.tensor(coded[0]).type.codes->scale[0];
  std::vector<double> reals;
  for (const double code : network.inputs) reals.push_back(code * scale);
  SLUICE_TRY(const auto values,
             ir::evaluate(graph, {{graph.inputs[0], reals}}, graph.outputs, network.samples));
  const auto expected =
      ir::nearestCodes(type, ir::realValues(graph.tensor(graph.outputs[0]).type, values[0]));
  std::size_t different = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) different += expected[i] == codes[0][i] ? 0 : 1;
  return expected.size() == codes[0].size() ? different : expected.size();
}

Status run(show::Output& out) {
  SLUICE_TRY(const show::Network classes, show::keywords({.appendTopK = 1}));
  SLUICE_TRY(const show::Network logits, show::keywords());
  SLUICE_TRY(const auto boards, show::keywordAnswers());
  SLUICE_TRY(const ir::CodeRows answers, classes.engine->run(classes.codes, classes.samples));
  const auto equal = [&](const std::vector<std::int64_t>& other) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < answers[0].size(); ++i) count += answers[0][i] == other[i] ? 1 : 0;
    return count;
  };
  const std::size_t pynq = equal(boards[0]), arty = equal(boards[1]), right = equal(classes.labels);
  out.require(classes.samples == 500 && pynq == 500,
              fmt::format("{} of {} answers equal the PYNQ-Z2's", pynq, classes.samples));
  out.require(arty == 500, fmt::format("{} of {} answers equal the Arty A7-100T's", arty, classes.samples));
  out.require(right == 416, fmt::format("{} are right by label", right));
  SLUICE_TRY(const ir::CodeRows codes, logits.engine->run(logits.codes, logits.samples));
  SLUICE_TRY(const std::size_t different, differencesFromReference(logits, codes));
  out.require(different == 0,
              fmt::format("{} of {} output codes differ from the float64 reference rounded to codes",
                          different, codes[0].size()));

  double best = 0;
  std::size_t repeats = 0;
  ir::CodeRows last;
  for (const show::Clock total; total.seconds() < 1.5 || repeats < 5; ++repeats) {
    const show::Clock clock;
    SLUICE_TRY(last, logits.engine->run(logits.codes, logits.samples));
    best = std::max(best, static_cast<double>(logits.samples) / clock.seconds());
  }
  out.require(last == codes, "the timed runs gave the same codes");
  out.require(best >= 50'000, fmt::format("{} samples/s on one core (best of {} runs over all samples)",
                                          formatCount(static_cast<std::int64_t>(best)), repeats));
  out.figure("keywords/samples_per_second", best, "samples/s", "measured");
  out.figure("keywords/equal_to_boards", static_cast<double>(std::min(pynq, arty)), "samples", "measured");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {});
  out.require(run(out), "keywords");
  return out.exitCode();
}
