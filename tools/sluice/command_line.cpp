#include <CLI/CLI.hpp>
#include <map>

#include "base/text.h"
#include "cluster.h"
#include "experiment.h"
#include "fifo.h"
#include "frontend/model.h"
#include "data.h"
#include "metrics.h"
#include "options.h"
#include "quantize.h"
#include "split.h"

/// The only file that knows CLI11: it turns the command line into the plain structs of options.h.
namespace sluice::tool {

namespace {

constexpr int usageError = 2;

/// A number from lo to hi; the help stays short.
template <typename Number>
CLI::Validator between(Number lo, Number hi) {
  return CLI::Range(lo, hi).description("");
}
/// One of the words of the map.
template <typename Value>
CLI::Validator oneOf(const std::map<std::string, Value>& words) {
  return CLI::CheckedTransformer(words).description("");
}

/// Breaks a description into lines that fit beside the column of options.
std::string wrapped(const std::string& text) {
  constexpr std::size_t width = 88;
  std::string lines;
  std::size_t column = 0;
  for (const std::string& word : split(text, ' ')) {
    if (column > 0 && column + 1 + word.size() > width) {
      lines += '\n';
      column = 0;
    } else if (column > 0) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

/// Shared options of everything that reads a model. `format` holds the text until it is parsed.
struct ModelArguments {
  std::string format = "16,6";
  std::int64_t topK = 0;
};

void addWeights(CLI::App& command, frontend::ModelFileOptions& file) {
  command
      .add_option("--weights", file.weights,
                  "the weights of a Keras model given as JSON; else NAME_weights.h5 beside it")
      ->type_name("FILE");
}

void addModel(CLI::App& command, std::filesystem::path& model, frontend::ModelFileOptions& file) {
  command
      .add_option("MODEL", model,
                  "ONNX or QONNX; Keras, QKeras, HGQ: .keras, whole .h5, or .json with its weights")
      ->required()
      ->type_name("FILE");
  addWeights(command, file);
}

void addHls4ml(CLI::App& command, ModelOptions& options) {
  CLI::Option* config =
      command
          .add_option("--hls4ml-config", options.hls4mlConfig,
                      "an hls4ml configuration, YAML or JSON: the network becomes the one hls4ml's emulation "
                      "computes "
                      "under it, bit for bit, with a warning for each defect; of Keras and QKeras models")
          ->type_name("FILE");
  command
      .add_flag("--without-hls4ml-defects", options.withoutHls4mlDefects,
                "with --hls4ml-config: what the model says where hls4ml computes a constant softmax, an "
                "integer ReLU "
                "that wraps, or padding that wins a maximum")
      ->needs(config);
}

void addLowering(CLI::App& command, ModelArguments& arguments) {
  command
      .add_option("--input-format", arguments.format,
                  "fixed-point format W,I of a real input that the model multiplies without quantizing it "
                  "first: W bits, I "
                  "of them before the point (sign included), rounded half to even and saturating; 'none': an "
                  "error instead")
      ->type_name("W,I")
      ->capture_default_str();
  command
      .add_option("--top-k", arguments.topK,
                  "end the hardware with the indices of the K largest outputs, largest first (1: arg-max); "
                  "of equal ones the "
                  "lower index comes first")
      ->type_name("K")
      ->check(between(std::int64_t{1}, std::int64_t{1} << 20));
}

/// Errors: usage.
Result<passes::LowerOptions> lowerOptions(const ModelArguments& arguments) {
  passes::LowerOptions options;
  if (arguments.topK > 0) options.appendTopK = arguments.topK;
  if (arguments.format == "none") {
    options.inputFormat = std::nullopt;
    return options;
  }
  const std::vector<std::string> parts = split(arguments.format, ',');
  std::int64_t bits = 0;
  std::int64_t integerBits = 0;
  if (parts.size() != 2 || !parseInt64(parts[0], bits) || !parseInt64(parts[1], integerBits) || bits < 2 ||
      bits > 32 || integerBits < -64 || integerBits > 64)
    return Error{ErrorCode::usage,
                 "--input-format takes W,I with W from 2 to 32, as in 16,6, not '" + arguments.format + "'",
                 {}};
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  double scale = 1;
  for (std::int64_t i = bits; i > integerBits; --i) scale /= 2;
  for (std::int64_t i = bits; i < integerBits; ++i) scale *= 2;
  options.inputFormat = ir::Quantize{
      .scale = {scale}, .zeroPoint = 0, .range = {-half, half - 1}, .rounding = fixed::Rounding::halfEven};
  return options;
}

std::string exitCodes() {
  return "Exit codes: 0 done, 1 the input is wrong or not supported, 2 wrong usage, 3 no design can meet "
         "what was asked,\n"
         "4 a search ended at its budget without a proof, 70 an error of Sluice itself.\n";
}

struct InfoArguments {
  InfoOptions options;
  ModelArguments model;
};
void addInfo(CLI::App& app, InfoArguments& arguments) {
  CLI::App* info =
      app.add_subcommand("info", "what a model holds: nodes, shapes, formats, operations, weights");
  addModel(*info, arguments.options.model.model, arguments.options.model.file);
  addLowering(*info, arguments.model);
  info->footer(
      "Prints one line per node with the shape and format of its result, its multiplications and its "
      "weights, then the\n"
      "inputs and outputs that the hardware would have. Everything that is not supported is listed, each "
      "once, with node,\n"
      "operator and reason; then the exit code is 1. \"s8\" is a signed integer of 8 bits, \"u3\" an "
      "unsigned one of 3.\n\n"
      "Supported operators and layers:\n" +
      frontend::supportedModels() +
      "\n\n"
      "Example:\n  sluice info examples/kws/kws_mlp_w3a3.onnx\n");
}

struct DumpArguments {
  DumpOptions options;
  ModelArguments model;
};
void addDump(CLI::App& app, DumpArguments& arguments) {
  CLI::App* dump =
      app.add_subcommand("dump", "a model as text, as it was read or after a pass of the lowering");
  dump->add_option("MODEL", arguments.options.model.model, "model file; not needed with --list")
      ->type_name("FILE");
  addWeights(*dump, arguments.options.model.file);
  dump->add_option("--after", arguments.options.after, "stop after this pass; 'import': before the first")
      ->type_name("PASS")
      ->capture_default_str();
  dump->add_flag("--brief", arguments.options.brief, "one line per node, without the elements of weights");
  dump->add_flag("--list", arguments.options.listPasses, "only list the passes, in their order");
  dump->add_option("-o,--output", arguments.options.output, "write here instead of standard output")
      ->type_name("FILE");
  addLowering(*dump, arguments.model);
  addHls4ml(*dump, arguments.options.model);
  dump->footer(
      "The text form is complete: all weights, formats and names are in it. Lines \"# ...\" are comments.\n\n"
      "Examples:\n"
      "  sluice dump --list\n"
      "  sluice dump model.onnx --brief\n"
      "  sluice dump model.onnx --after fuse-chains -o lowered.slir\n");
}

struct RunArguments {
  RunOptions options;
  ModelArguments model;
};
void addRun(CLI::App& app, RunArguments& arguments) {
  RunOptions& options = arguments.options;
  CLI::App* run = app.add_subcommand("run", "a model on samples, with the engine of your choice");
  addModel(*run, options.model.model, options.model.file);
  run->add_option("--input", options.inputs,
                  "NumPy file with samples, any shape whose elements per sample match the network's input; "
                  "repeat for every "
                  "input, in the model's order")
      ->required()
      ->type_name("X.npy");
  run->add_flag("--input-codes", options.inputCodes,
                "X holds the integer codes of the network's first quantizer");
  run->add_option("--output", options.output,
                  "NumPy file for the results, [samples, ...]; with several outputs one file each, "
                  "Y.<output>.npy. Without "
                  "it they are printed")
      ->type_name("Y.npy");
  run->add_flag("--output-codes", options.outputCodes,
                "Y gets the integer codes of the hardware's outputs (int64), not real values");
  const std::map<std::string, Engine> engines = {{"float", Engine::real},
                                                 {"integer", Engine::integer},
                                                 {"hdl", Engine::hdl},
                                                 {"verilator", Engine::verilator}};
  run->add_option("--engine", options.engine, "float, integer, hdl or verilator")
      ->transform(oneOf(engines))
      ->type_name("ENGINE")
      ->default_str("integer");
  run->add_option("--threads", options.threads, "worker threads; 0: one per processor")
      ->check(between(0u, 1024u))
      ->capture_default_str();
  addLowering(*run, arguments.model);
  addHls4ml(*run, options.model);
  run->footer(
      "Engines:\n"
      "  float      float64 reference of the model as it stands in the file\n"
      "  integer    exact integer arithmetic of the lowered network: what the hardware computes, bit for "
      "bit\n"
      "  hdl        the hardware's description, evaluated in process, cycle by cycle\n"
      "  verilator  the emitted Verilog, compiled with Verilator\n"
      "What comes before the first quantizer and after the last integer operation is computed in float64 by "
      "all of them.\n\n"
      "Examples:\n"
      "  sluice run examples/kws/kws_mlp_w3a3.onnx --input examples/kws/samples.npy --input-codes --output "
      "y.npy\n"
      "  sluice run model.onnx --input x.npy --engine float\n");
}

struct BuildArguments {
  BuildOptions options;
  std::int64_t topK = 0;
  std::uint64_t reuseFactor = 0, targetInterval = 0;
};
void addBuild(CLI::App& app, BuildArguments& arguments) {
  BuildOptions& options = arguments.options;
  CLI::App* build = app.add_subcommand("build", "a model to verified, sized, split Verilog and its report");
  addModel(*build, options.model, options.file);
  build->add_option("-o,--output", options.output, "folder for everything that is made; created if need be")
      ->required()
      ->type_name("DIR");
  build
      ->add_option(
          "--board", options.boards,
          "board, and how many of it; may stand several times. Its part gives the family and the budget")
      ->type_name("NAME[:COUNT]");
  build->add_option("--topology", options.topology, "how several boards are wired; the split is then planned")
      ->type_name("chain|ring|star|switch|mesh:COLUMNS")
      ->capture_default_str();
  build->add_option("--link", options.link, "what the wires between boards are, by name or a file")
      ->type_name("NAME")
      ->capture_default_str();
  build->add_option("--objective", options.objective,
                    "what a planned split makes least: time between frames, latency, boards for --target-ii, or the longest "
                    "synthesis of a part; pareto: folds and memories layer by layer, and the whole front")
      ->type_name("rate|latency|boards|build-time|pareto")
      ->capture_default_str();
  build->add_option("--freeze", options.freeze,
                    "a subgraph of the build in DIR that stays as it is, alone on its board; may stand several times")
      ->type_name("SUBGRAPH");
  build->add_option("--split-inside", options.splitInside,
                    "how layers may be split inside; auto: in any way, but only if nothing fits without")
      ->type_name("auto|any|outputs|inputs|rows|none")
      ->capture_default_str();
  build->add_flag("--fixed-order", options.fixedOrder, "boards stand in the order they are named in");
  auto* reuse = build
                    ->add_option("--reuse-factor", arguments.reuseFactor,
                                 "multiplications that share a multiplier; where it is no legal factor of a "
                                 "layer, the next below")
                    ->type_name("N")
                    ->check(between(std::uint64_t{1}, std::uint64_t{1} << 32));
  build
      ->add_option("--target-ii", arguments.targetInterval,
                   "fewest multipliers that take a frame at least every N cycles")
      ->type_name("N")
      ->check(between(std::uint64_t{1}, std::uint64_t{1} << 40))
      ->excludes(reuse);
  const std::map<std::string, map::Regime> regimes = {{"auto", map::Regime::automatic},
                                                      {"unrolled", map::Regime::unrolled},
                                                      {"streamed", map::Regime::streamed}};
  build
      ->add_option("--regime", options.regime,
                   "unrolled: a whole frame every cycle; streamed: layers work on beats, with FIFOs between; "
                   "auto: unrolled "
                   "where the network is small")
      ->transform(oneOf(regimes))
      ->type_name("unrolled|streamed|auto")
      ->default_str("auto");
  build
      ->add_option("--split-before", options.splitBefore,
                   "start a new subgraph before each of these nodes (names as `sluice info` prints them)")
      ->delimiter(',')
      ->type_name("NODE,...");
  build
      ->add_option("--link-latency", options.linkLatency,
                   "cycles on the way over each of these cuts: FIFOs on both sides are sized for it")
      ->type_name("N")
      ->check(CLI::Range(0u, 1000u).description(""));
  build->add_option("--input", options.input, "samples for the simulation; without it random codes are used")
      ->type_name("X.npy");
  build->add_flag("--input-codes", options.inputCodes,
                  "X holds the integer codes of the first quantizer; integer files are taken as such anyway");
  const std::map<std::string, hdl::Family> families = {
      {"xc7", hdl::Family::xc7}, {"xcup", hdl::Family::xcup}, {"ecp5", hdl::Family::ecp5}};
  build->add_option("--family", options.family, "device family; without it the first board's, else xc7")
      ->transform(oneOf(families))
      ->type_name("xc7|xcup|ecp5");
  build->add_option("--until", options.until, "last stage that runs")
      ->transform(oneOf(stagesByName()))
      ->type_name("map|rtl|simulate|synth|bitstream")
      ->default_str("simulate");
  build
      ->add_option("--top-k", arguments.topK,
                   "end the hardware with the indices of the K largest outputs, largest first (1: arg-max); "
                   "of equal ones "
                   "the lower index comes first")
      ->type_name("K")
      ->check(between(std::int64_t{1}, std::int64_t{1} << 20));
  build->add_option("--frames", options.frames, "most frames to simulate")
      ->type_name("N")
      ->check(between(std::uint64_t{1}, std::uint64_t{1} << 32))
      ->capture_default_str();
  build->add_option("--seed", options.seed, "of random codes, input gaps and output stalls")
      ->capture_default_str();
  build
      ->add_option("--placement-seeds", options.placementSeeds,
                   "runs of the router for a bitstream; the fastest is kept, all are reported")
      ->type_name("N")
      ->check(between(std::uint64_t{1}, std::uint64_t{1000}))
      ->capture_default_str();
  build
      ->add_option("--node-options", options.nodeOptions,
                   "settings of single nodes, one a line: NODE reuse-factor=N simd=N pe=N weights=bram|stream ...; "
                   "the last word over what mapping would choose")
      ->type_name("FILE");
  const std::map<std::string, Skin> skins = {{"plain", Skin::plain}, {"axi", Skin::axi}};
  build
      ->add_option("--skin", options.skin,
                   "what stands around the design: plain ready/valid streams; axi: also AXI4-Stream and AXI4-Lite, with "
                   "register map, IP-XACT, Vivado scripts and a PYNQ driver")
      ->transform(oneOf(skins))
      ->type_name("plain|axi")
      ->default_str("plain");
  build->add_flag("--waves", options.waves,
                  "also waves.vcd: the places filled of every FIFO, cycle by cycle, for GTKWave");
  build->add_flag("--quiet", options.quiet, "no progress on standard error");
  build->footer(
      "DIR gets\n"
      "  rtl/*.v, rtl/top.f  Verilog: module `top` with clk, rst (synchronous, high) and "
      "<name>_{data,valid,ready} per port\n"
      "  design.json         ports, initiation interval, latency, the cycle of every output beat, FIFOs, "
      "kernels\n"
      "  profile.json        occupancy of every FIFO over one period, who waits for whom\n"
      "  report.txt, report.json, report.html\n"
      "  timings.json        measured run times; the one file that differs from build to build\n"
      "  weights/<port>.npy  what ports of weights take every frame (nodes with weights=stream in --node-options)\n"
      "and with --skin axi\n"
      "  axi/axi_top.v, axi/axi.f       module `axi_top`: aclk, aresetn, s_axis_<input>, m_axis_<output>, s_axi_control\n"
      "  axi/registers.md, .json        the registers, packing of the streams\n"
      "  axi/driver.py                  packs codes, runs frames on a PYNQ board\n"
      "  component.xml, axi/*.tcl       IP-XACT; scripts for Vivado, for a Xilinx --board\n"
      "and where several boards are named without cuts\n"
      "  deployment.json     what stands where, what goes over which link, how the whole keeps pace\n"
      "  split/*.json        the plan with its certificate, for `sluice split check` and `sluice cluster simulate`\n"
      "  boards/<place>_<board>/  Verilog, link map, constraints to start from (.xdc, of an ECP5 .lpf)\n\n"
      "Examples:\n"
      "  sluice build examples/kws/kws_mlp_w3a3.onnx -o out --board pynq-z2 --input "
      "examples/kws/samples.npy\n"
      "  sluice build model.onnx -o out --regime unrolled --family xcup --until rtl\n"
      "  sluice build model.onnx -o out --board pynq-z2:5 --topology chain --link eth1\n"
      "  sluice build model.onnx -o out --board arty-a7-100t:2 --split-before MatMul_22 --reuse-factor 64\n");
}

/// Errors: usage.
Result<BuildOptions> finishBuild(const BuildArguments& arguments, int argc, char** argv) {
  BuildOptions options = arguments.options;
  if (arguments.topK > 0) options.topK = arguments.topK;
  if (arguments.reuseFactor > 0) options.reuseFactor = arguments.reuseFactor;
  if (arguments.targetInterval > 0) options.targetInterval = arguments.targetInterval;
  for (std::size_t i = 0; i < options.splitBefore.size(); ++i) {
    const std::string& node = options.splitBefore[i];
    if (node.empty()) return Error{ErrorCode::usage, "--split-before has an empty node name", {}};
    for (std::size_t k = 0; k < i; ++k)
      if (options.splitBefore[k] == node)
        return Error{ErrorCode::usage, "--split-before names '" + node + "' twice", {}};
  }
  if (options.linkLatency > 0 && options.splitBefore.empty())
    return Error{ErrorCode::usage,
                 "--link-latency is for the cuts of --split-before; of a planned split --link says it", {}};
  options.command = "sluice";
  for (int i = 1; i < argc; ++i) options.command += std::string(" ") + argv[i];
  return options;
}

int fail(const Error& error) {
  std::fprintf(stderr, "sluice: %s\n", error.text().c_str());
  return exitCode(error.code);
}

}  // namespace

Parsed parseCommandLine(int argc, char** argv) {
  CLI::App app(
      "Sluice turns a trained, quantized neural network into streaming FPGA firmware: split into subgraphs, "
      "FIFOs\n"
      "sized to the least depth, proven bit-exact and cycle-exact on open tools.");
  app.name("sluice");
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  app.footer(
      "`sluice SUBCOMMAND --help` explains each, with examples.\n\n"
      "Examples:\n"
      "  sluice info examples/kws/kws_mlp_w3a3.onnx\n"
      "  sluice build examples/kws/kws_mlp_w3a3.onnx -o out --board pynq-z2 --input "
      "examples/kws/samples.npy\n"
      "  sluice run examples/kws/kws_mlp_w3a3.onnx --input examples/kws/samples.npy --input-codes --output "
      "y.npy\n\n" +
      exitCodes());
  InfoArguments info;
  DumpArguments dump;
  RunArguments run;
  BuildArguments build;
  addBuild(app, build);
  addInfo(app, info);
  addRun(app, run);
  addDump(app, dump);
  CmvmOptions cmvm;
  addCmvm(app, cmvm);
  FifoOptions fifo;
  addFifo(app, fifo);
  SplitOptions split;
  addSplit(app, split);
  ClusterOptions cluster;
  addCluster(app, cluster);
  QuantizeCommand quantizing;
  addQuantize(app, quantizing);
  CompareCommand comparing;
  addCompare(app, comparing);
  MetricsOptions metrics;
  addMetrics(app, metrics);
  DataOptions dataOptions;
  addData(app, dataOptions);
  ExperimentOptions experiment;
  addExperiment(app, experiment);
  for (CLI::App* command : app.get_subcommands({}))
    for (CLI::Option* option : command->get_options())
      option->description(wrapped(option->get_description()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& shown) {  // --help, --version
    return app.exit(shown);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "sluice: %s\nTry: sluice --help, or sluice SUBCOMMAND --help\n", error.what());
    return usageError;
  }
  if (app.got_subcommand("info")) {
    auto lower = lowerOptions(info.model);
    if (!lower.ok()) return fail(lower.error());
    info.options.model.lower = *lower;
    return Command(info.options);
  }
  if (app.got_subcommand("dump")) {
    auto lower = lowerOptions(dump.model);
    if (!lower.ok()) return fail(lower.error());
    if (!dump.options.listPasses && dump.options.model.model.empty())
      return fail({ErrorCode::usage, "dump needs a MODEL, or --list", {}});
    dump.options.model.lower = *lower;
    return Command(dump.options);
  }
  if (app.got_subcommand("run")) {
    auto lower = lowerOptions(run.model);
    if (!lower.ok()) return fail(lower.error());
    run.options.model.lower = *lower;
    return Command(run.options);
  }
  if (app.got_subcommand("cmvm")) return Command(cmvm);
  if (app.got_subcommand("fifo")) return runFifo(app, fifo);
  if (app.got_subcommand("split")) return runSplit(app, split);
  if (app.got_subcommand("cluster")) return runCluster(cluster);
  if (app.got_subcommand("quantize")) {
    const Status status = runQuantize(quantizing);
    return status.ok() ? 0 : fail(status.error());
  }
  if (app.got_subcommand("compare")) {
    const Status status = runCompare(comparing);
    return status.ok() ? 0 : fail(status.error());
  }
  if (app.got_subcommand("experiment")) {
    const Status status = runExperiment(app, experiment);
    return status.ok() ? 0 : fail(status.error());
  }
  if (app.got_subcommand("metrics")) {
    const Status status = runMetrics(metrics);
    return status.ok() ? 0 : fail(status.error());
  }
  if (app.got_subcommand("data")) {
    const Status status = runData(dataOptions);
    return status.ok() ? 0 : fail(status.error());
  }
  auto options = finishBuild(build, argc, argv);
  if (!options.ok()) return fail(options.error());
  return Command(std::move(options).value());
}

}  // namespace sluice::tool
