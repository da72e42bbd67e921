#include "kernels_verilator.h"

#include <fmt/format.h>

#include <cstring>
#include <set>

#include "base/rng.h"
#include "emit/beats.h"
#include "flow/simulate.h"
#include "hdl/evaluate.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"
#include "jobs/command.h"
#include "kernel/testing.h"
#include "show.h"

namespace sluice::show {
namespace {

using dataflow::Direction;

/// The program: one line of input words in, one line of output words out, every cycle. In four cycles of
/// reset first, all inputs are 0.
const char* const kHarness = R"(#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include "Vtop.h"
#include "verilated.h"
int main(int, char** argv) {
  VerilatedContext context;
  context.randReset(2);
  context.randSeed(std::atoi(argv[3]));
  Vtop top(&context);
  FILE* in = std::fopen(argv[1], "rb");
  FILE* out = std::fopen(argv[2], "wb");
  if (in == nullptr || out == nullptr) return 1;
  top.rst = 1;
  for (uint32_t i = 0; i < @IN@; ++i) top.in[i] = 0;
  for (int i = 0; i < 4; ++i) {
    top.clk = 0;
    top.eval();
    top.clk = 1;
    top.eval();
  }
  top.rst = 0;
  static uint32_t words[@IN@];
  while (std::fread(words, 4, @IN@, in) == @IN@) {
    top.clk = 0;
    for (uint32_t i = 0; i < @IN@; ++i) top.in[i] = words[i];
    top.eval();
    std::fwrite(&top.out[0], 4, @OUT@, out);
    top.clk = 1;
    top.eval();
  }
  std::fclose(out);
  return 0;
}
)";

/// Where the ports of a module stand in the wide vectors: each in 32-bit words of its own.
struct Places {
  std::vector<std::uint32_t> first;  ///< word of port p
  std::uint32_t end = 0;
};
Places place(const hdl::Module& module, const std::vector<hdl::Port>& ports, std::uint32_t from) {
  Places places{.end = from};
  for (const hdl::Port& port : ports) {
    places.first.push_back(places.end);
    places.end += (module.node(port.signal).width + 31) / 32;
  }
  return places;
}

void appendModules(const std::shared_ptr<const hdl::Module>& module, std::set<std::string>& seen,
                   std::string& text) {
  for (const hdl::Instance& instance : module->instances) appendModules(instance.module, seen, text);
  if (seen.insert(module->name).second) text += hdl::verilog(*module, hdl::Family::xc7);
}

/// How often each input of a bench is closed, in percent. Drawn anew every few dozen cycles and for each port, so that
/// FIFOs run full and empty: a sink that stalls while the source does not, and the other way round.
std::vector<std::uint32_t> drawStalls(const Bench& bench, Rng& rng) {
  static constexpr std::uint32_t kPercents[] = {0, 0, 25, 50, 75, 100};
  std::vector<std::uint32_t> stalls;
  for (std::size_t p = 0; p < bench.module->inputs.size(); ++p)
    stalls.push_back(kPercents[rng.uniform(0, 5)]);
  return stalls;
}

/// Cycles of a swing: enough for the deepest FIFO behind a kernel that takes hundreds of beats for one.
constexpr std::uint32_t kSwing = 400;

/// Swings from full to empty, which random rates do not reach: first sinks stand still until everything is full, then
/// sources until everything is empty, then one port alone.
std::vector<std::uint32_t> swingStalls(const Bench& bench, std::uint32_t swing) {
  const std::size_t ports = bench.kernel.ports.size();
  std::vector<std::uint32_t> stalls;
  for (const hdl::Port& input : bench.module->inputs)
    for (std::size_t p = 0; p < ports; ++p) {
      if (!input.name.starts_with(bench.kernel.ports[p].name + "_")) continue;
      const bool sink = bench.kernel.ports[p].direction == Direction::write;
      const bool still = swing % 3 == 2 ? swing / 3 % ports == p : sink == (swing % 3 == 0);
      stalls.push_back(still ? 100 : 0);
      break;
    }
  return stalls;
}

/// The stalls of cycle `cycle` of `cycles`: random ones in phases of 40 cycles; in the second half of a long run swings.
std::vector<std::uint32_t> stallsFrom(const Bench& bench, std::uint32_t cycle, std::uint32_t cycles,
                                      std::vector<std::uint32_t> before, Rng& rng) {
  const bool swings = cycles >= 8 * kSwing && cycle >= cycles / 2;
  if (swings && (cycle - cycles / 2) % kSwing == 0) return swingStalls(bench, (cycle - cycles / 2) / kSwing);
  if (!swings && cycle % 40 == 0) return drawStalls(bench, rng);
  return before;
}

/// What a bench is fed in a cycle, per input port.
std::vector<std::vector<std::uint64_t>> stimulus(const Bench& bench, Rng& rng,
                                                 const std::vector<std::uint32_t>& stalls) {
  std::vector<std::vector<std::uint64_t>> words;
  for (const hdl::Port& input : bench.module->inputs) {
    for (const kernel::StreamPort& port : bench.kernel.ports) {
      if (input.name == port.name + "_valid" || input.name == port.name + "_ready") {
        words.push_back({rng.uniform(0, 99) >= stalls[words.size()] ? 1u : 0u});
      } else if (input.name == port.name + "_data") {
        std::vector<std::int64_t> codes;
        for (std::uint32_t e = 0; e < port.beat.elements; ++e)
          codes.push_back(rng.chance(0.2)   ? port.range.lo
                          : rng.chance(0.2) ? port.range.hi
                                            : rng.uniform(port.range.lo, port.range.hi));
        words.push_back(emit::packBeats(codes, port.beat));
      }
    }
  }
  return words;
}

std::uint32_t wordAt(const std::string& bytes, std::size_t index) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + 4 * index, 4);
  return word;
}

/// One bench in the evaluator against the words that Verilator wrote.
Status compareBench(const Bench& bench, const std::vector<std::vector<std::vector<std::uint64_t>>>& inputs,
                    const Places& places, std::uint32_t wordsPerCycle, const std::string& seen,
                    BatchCount& count) {
  SLUICE_TRY(hdl::Evaluator evaluator, hdl::Evaluator::make(*bench.module));
  evaluator.reset();
  const hdl::Module& module = *bench.module;
  for (std::size_t cycle = 0; cycle < inputs.size(); ++cycle) {
    for (std::uint32_t p = 0; p < inputs[cycle].size(); ++p) evaluator.setWords(p, 0, inputs[cycle][p]);
    evaluator.settle();
    for (std::uint32_t p = 0; p < module.outputs.size(); ++p) {
      const std::string& name = module.outputs[p].name;
      if (name.ends_with("_data")) {
        const std::string valid = name.substr(0, name.size() - 4) + "valid";
        if (evaluator.get(evaluator.outputIndex(valid), 0) == 0) continue;
        ++count.beats;
      }
      const std::uint32_t width = module.node(module.outputs[p].signal).width;
      std::vector<std::uint64_t> words((width + 63) / 64, 0);
      evaluator.getWords(p, 0, words);
      ++count.values;
      for (std::uint32_t w = 0; w * 32 < width; ++w) {
        // Bits of the wide vector that nothing drives are random.
        const std::uint32_t mask = width - w * 32 >= 32 ? ~0u : (1u << (width - w * 32)) - 1;
        const std::uint32_t got = wordAt(seen, cycle * wordsPerCycle + places.first[p] + w) & mask;
        if (got != static_cast<std::uint32_t>(words[w / 2] >> (32 * (w % 2))))
          return badInput(fmt::format("cycle {}, {}: evaluator and Verilator differ", cycle, name),
                          module.name);
      }
    }
    evaluator.step();
  }
  count.cycles += inputs.size();
  return {};
}

}  // namespace

Bench benchOf(kernel::Kernel kernel, const std::string& name, Rng rng) {
  kernel.name = name;
  std::vector<kernel::FifoParams> fifos;
  for (const kernel::StreamPort& port : kernel.ports)
    fifos.push_back({.width = port.beat.width(),
                     .depth = static_cast<std::uint32_t>(rng.uniform(1, 9)),
                     .kind = static_cast<kernel::FifoKind>(rng.uniform(0, 3)),
                     .reserveIsPush = port.direction == Direction::read && rng.chance(0.7)});
  hdl::Module flat = hdl::simplify(hdl::flatten(kernel::withFifos(kernel, fifos)));
  // State that reset defines must be the same in every cycle, too: a counter that goes other ways to the same end, or a
  // pipeline that wakes up full, shows nowhere else.
  const std::size_t nodes = flat.nodes.size();
  for (std::uint32_t n = 0; n < nodes; ++n)
    if (flat.nodes[n].op == hdl::Op::reg && flat.nodes[n].hasReset)
      flat.outputs.push_back({"state" + std::to_string(n), hdl::Signal(n)});
  return {.kernel = std::move(kernel), .module = std::make_shared<const hdl::Module>(flat)};
}

Result<BatchVerdict> judgeBatch(const std::vector<Bench>& benches, std::uint32_t cycles, std::uint64_t seed) {
  std::string modules, body;
  std::set<std::string> names;
  std::vector<Places> ins, outs;
  std::uint32_t in = 0, out = 0;
  std::vector<std::vector<std::vector<std::vector<std::uint64_t>>>> inputs;  // bench, cycle, port, word
  for (const Bench& bench : benches) {
    const hdl::Module& module = *bench.module;
    if (bench.verilog.empty())
      appendModules(bench.module, names, modules);
    else
      modules += bench.verilog;
    ins.push_back(place(module, module.inputs, in));
    outs.push_back(place(module, module.outputs, out));
    in = ins.back().end;
    out = outs.back().end;
    body += fmt::format("  {0} {0}_i (.clk(clk), .rst(rst)", module.name);
    for (std::size_t p = 0; p < module.inputs.size(); ++p)
      body += fmt::format(", .{}(in[{} +: {}])", module.inputs[p].name, 32 * ins.back().first[p],
                          module.node(module.inputs[p].signal).width);
    for (std::size_t p = 0; p < module.outputs.size(); ++p)
      body += fmt::format(", .{}(out[{} +: {}])", module.outputs[p].name, 32 * outs.back().first[p],
                          module.node(module.outputs[p].signal).width);
    body += ");\n";
    Rng rng(seed, inputs.size());
    std::vector<std::uint32_t> stalls;
    auto& mine = inputs.emplace_back();
    for (std::uint32_t cycle = 0; cycle < cycles; ++cycle) {
      stalls = stallsFrom(bench, cycle, cycles, std::move(stalls), rng);
      mine.push_back(stimulus(bench, rng, stalls));
    }
  }
  // Vectors of more than 64 bits, so that Verilator's class has arrays of 32-bit words.
  in = std::max(in, 3u);
  out = std::max(out, 3u);
  const std::string top =
      fmt::format("module top (input clk, input rst, input [{}:0] in, output [{}:0] out);\n{}endmodule\n",
                  32 * in - 1, 32 * out - 1, body);
  std::string fed(std::size_t{4} * in * cycles, '\0');
  for (std::size_t b = 0; b < benches.size(); ++b)
    for (std::size_t cycle = 0; cycle < cycles; ++cycle)
      for (std::size_t p = 0; p < inputs[b][cycle].size(); ++p) {
        const std::uint32_t words =
            (benches[b].module->node(benches[b].module->inputs[p].signal).width + 31) / 32;
        std::memcpy(&fed[4 * (cycle * in + ins[b].first[p])], inputs[b][cycle][p].data(),
                    std::size_t{4} * words);
      }
  std::string harness = kHarness;
  const auto replace = [&](const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = harness.find(what, at)) != std::string::npos;)
      harness.replace(at, what.size(), by);
  };
  replace("@IN@", std::to_string(in));
  replace("@OUT@", std::to_string(out));
  const show::Clock clock;
  SLUICE_TRY(const jobs::Command compile,
             flow::compileCommand(
                 {{"rtl/top.f", "rtl/top.v\n"}, {"rtl/top.v", modules + top}, {"harness.cpp", harness}}));
  SLUICE_TRY(const jobs::Outcome compiled, jobs::run(nullptr, compile));
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(compile, compiled));
  jobs::Command command{.name = "kernels in Verilator",
                        .argv = {"./model", "in.bin", "out.bin", std::to_string(seed % 1'000'000 + 1)},
                        .outputs = {"out.bin"},
                        .limits = {.seconds = 600}};
  command.inputs = {{"model", compiled.outputs.at("model"), true}, {"in.bin", fed}};
  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(nullptr, command));
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, outcome));
  const std::string& seen = outcome.outputs.at("out.bin");
  if (seen.size() != std::size_t{4} * out * cycles) return badInput("Verilator's program wrote too little");
  BatchVerdict verdict{.count = {.kernels = benches.size(), .compileSeconds = clock.seconds()}};
  for (std::size_t b = 0; b < benches.size(); ++b)
    verdict.benches.push_back(compareBench(benches[b], inputs[b], outs[b], out, seen, verdict.count));
  return verdict;
}

Result<std::vector<std::vector<std::uint64_t>>> statesSeen(const Bench& bench, std::uint32_t cycles,
                                                           std::uint64_t seed) {
  SLUICE_TRY(hdl::Evaluator evaluator, hdl::Evaluator::make(*bench.module));
  evaluator.reset();
  std::vector<std::uint32_t> states;
  for (std::uint32_t p = 0; p < bench.module->outputs.size(); ++p)
    if (bench.module->outputs[p].name.starts_with("state")) states.push_back(p);
  Rng rng(seed, 0);
  std::vector<std::uint32_t> stalls;
  std::vector<std::vector<std::uint64_t>> seen;
  for (std::uint32_t cycle = 0; cycle < cycles; ++cycle) {
    stalls = stallsFrom(bench, cycle, cycles, std::move(stalls), rng);
    const auto words = stimulus(bench, rng, stalls);
    for (std::uint32_t p = 0; p < words.size(); ++p) evaluator.setWords(p, 0, words[p]);
    evaluator.settle();
    auto& values = seen.emplace_back();
    for (const std::uint32_t p : states) {
      std::vector<std::uint64_t> value((bench.module->node(bench.module->outputs[p].signal).width + 63) / 64,
                                       0);
      evaluator.getWords(p, 0, value);
      values.push_back(value[0]);
    }
    evaluator.step();
  }
  return seen;
}

Result<BatchCount> compareBatch(const std::vector<Bench>& benches, std::uint32_t cycles, std::uint64_t seed) {
  SLUICE_TRY(const BatchVerdict verdict, judgeBatch(benches, cycles, seed));
  for (const Status& bench : verdict.benches) SLUICE_RETURN_IF_ERROR(bench);
  return verdict.count;
}

}  // namespace sluice::show
