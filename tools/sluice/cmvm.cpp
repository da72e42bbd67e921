#include "cmvm.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include "base/usage.h"
#include "hdl/cost.h"
#include "hdl/verilog.h"
#include "kernel/unrolled/adder_graph.h"
#include "kernel/unrolled/matrix_vector.h"

namespace sluice::tool {
namespace {

Result<kernel::MatrixVector> readProblem(const CmvmOptions& options) {
  SLUICE_TRY(const NpyArray array, readNpy(options.weights));
  const std::string where = options.weights.string();
  if (array.shape.size() != 2)
    return badInput("holds an array of " + std::to_string(array.shape.size()) +
                        " dimensions; a matrix [inputs, outputs] is needed",
                    where);
  // So many weights could not be searched anyway, and the product of the two fits.
  constexpr std::uint64_t most = 1u << 20;
  if (array.shape[0] > most || array.shape[1] > most)
    return badInput("is larger than 2^20 inputs or outputs", where);
  auto weights = array.asInt64();
  if (!weights.ok()) return badInput(weights.error().message, where);
  const std::int64_t half = std::int64_t{1} << (options.inputBits - 1);
  const fixed::Interval input =
      options.unsignedInputs ? fixed::Interval{0, 2 * half - 1} : fixed::Interval{-half, half - 1};
  kernel::MatrixVector problem{.rows = static_cast<std::uint32_t>(array.shape[0]),
                               .columns = static_cast<std::uint32_t>(array.shape[1]),
                               .weights = std::move(weights).value(),
                               .inputs = {},
                               .inputDepth = {}};
  problem.inputs.assign(problem.rows, input);
  if (const Status status = check(problem); !status.ok()) return badInput(status.error().text(), where);
  return problem;
}

std::string json(const kernel::AdderGraph& graph, std::uint32_t leastDepth, double cpu) {
  std::string text = "{\"adders\": " + std::to_string(graph.ops.size()) +
                     ", \"depth\": " + std::to_string(graph.depth()) +
                     ", \"least_depth\": " + std::to_string(leastDepth) +
                     ", \"cpu_ms\": " + formatDouble(std::round(cpu * 1000) / 1000) + ",\n \"ops\": [";
  const char* separator = "";
  for (const kernel::AdderGraph::Op& op : graph.ops) {
    text += separator + ("\n  [" + std::to_string(op.a)) + ", " + std::to_string(op.shiftA) + ", " +
            std::to_string(op.signA) + ", " + std::to_string(op.b) + ", " + std::to_string(op.shiftB) + ", " +
            std::to_string(op.signB) + "]";
    separator = ",";
  }
  text += "],\n \"outputs\": [";
  separator = "";
  for (const kernel::AdderGraph::Output& out : graph.outputs) {
    text += separator + ("\n  [" + (out.node ? std::to_string(*out.node) : std::string("-1"))) + ", " +
            std::to_string(out.shift) + ", " + std::to_string(out.sign) + "]";
    separator = ",";
  }
  return text + "]}\n";
}

}  // namespace

void addCmvm(CLI::App& app, CmvmOptions& options) {
  CLI::App* cmvm =
      app.add_subcommand("cmvm", "a product with a constant matrix as an adder graph, and its Verilog");
  cmvm->add_option("W", options.weights, "NumPy file with integers, [inputs, outputs]: y = x * W")
      ->required()
      ->type_name("W.npy");
  cmvm->add_option("--input-bits", options.inputBits, "width of every input, in two's complement")
      ->type_name("N")
      ->check(CLI::Range(1u, 32u).description(""))
      ->capture_default_str();
  cmvm->add_flag("--unsigned", options.unsignedInputs, "inputs are from 0 to 2^N - 1");
  cmvm->add_option("--depth-over-least", options.depthOverLeast,
                   "adder levels allowed above the least depth there is; without it depth is free")
      ->type_name("N")
      ->check(CLI::Range(0u, 60u).description(""));
  cmvm->add_option(
          "--effort", options.effort,
          "how long the search goes on, in steps that are the same on every machine; twice as many take "
          "about twice as long, 0 takes one greedy run")
      ->type_name("N")
      ->check(CLI::Range(0u, 100000u).description(""))
      ->capture_default_str();
  cmvm->add_option("-o,--output", options.output, "JSON file for the graph")->required()->type_name("G.json");
  cmvm->add_option("--verilog", options.verilog, "also write the graph as a module")->type_name("F.v");
  cmvm->add_option("--module", options.module, "name of that module")
      ->type_name("NAME")
      ->capture_default_str();
  cmvm->add_option(
          "--levels-per-stage", options.levelsPerStage,
          "registers in that module: behind its inputs, in front of its outputs, and between so many "
          "adder levels; 0: none")
      ->type_name("N")
      ->check(CLI::Range(0u, 64u).description(""))
      ->capture_default_str();
  cmvm->footer(
      "G.json holds `adders`, `depth`, `least_depth`, `cpu_ms`, and\n"
      "  ops      rows [a, shift_a, sign_a, b, shift_b, sign_b] in topological order: node (inputs + i) is\n"
      "           sign_a * (node_a << shift_a) + sign_b * (node_b << shift_b); nodes 0 .. inputs-1 are the "
      "inputs\n"
      "  outputs  per column [node, shift, sign]: sign * (node << shift); node -1: the column is zero\n"
      "The graph was expanded to its exact linear forms and compared with W before it is written. `cpu_ms` "
      "is the\n"
      "one measured figure; all else is the same for the same W and options.\n\n"
      "Examples:\n"
      "  sluice cmvm W.npy -o G.json\n"
      "  sluice cmvm W.npy --depth-over-least 0 -o G.json --verilog product.v --levels-per-stage 3\n");
}

Status runCmvm(const CmvmOptions& options) {
  if (!hdl::legalName(options.module))
    return Error{ErrorCode::usage,
                 "--module takes a Verilog name (letters, digits, single underscores, no keyword), not '" +
                     options.module + "'",
                 {}};
  SLUICE_TRY(const kernel::MatrixVector problem, readProblem(options));
  const double start = processorSeconds();
  SLUICE_TRY(const kernel::AdderGraph graph,
             kernel::adderGraph(problem, {.extraDepth = options.depthOverLeast, .effort = options.effort}));
  const double cpu = 1e3 * (processorSeconds() - start);
  const std::uint32_t least = kernel::leastDepth(problem);
  SLUICE_RETURN_IF_ERROR(writeFile(options.output, json(graph, least, cpu)));
  std::string registers;
  if (options.verilog) {
    const auto made = kernel::matrixVectorModule(graph, options.module, options.levelsPerStage);
    SLUICE_RETURN_IF_ERROR(writeFile(*options.verilog, hdl::verilog(made.module, hdl::Family::xc7)));
    if (options.levelsPerStage > 0)
      registers = ", latency " + std::to_string(made.latency) + " clocks, " +
                  std::to_string(made.registerBits) + " register bits";
  }
  std::printf("%zu adders (%llu bits), depth %u (least %u), %u negated outputs%s\n", graph.ops.size(),
              static_cast<unsigned long long>(graph.adderBits()), graph.depth(), least,
              graph.negatedOutputs(), registers.c_str());
  return {};
}

}  // namespace sluice::tool
