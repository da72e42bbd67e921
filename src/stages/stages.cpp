#include "stages/stages.h"

#include <algorithm>

#include "base/npy.h"
#include "base/text.h"
#include "experiment/command_stage.h"
#include "flow/tools.h"
#include "stages/jets.h"

namespace sluice::stages {
namespace {

using experiment::Port;
using experiment::StageRun;
using experiment::StageType;
using experiment::Type;
using experiment::Value;
using experiment::Values;

std::int64_t integer(const Values& values, const char* name) {
  return std::get<std::int64_t>(values.at(name));
}
double real(const Values& values, const char* name) { return std::get<double>(values.at(name)); }
Value whole(std::int64_t value) { return Value(value); }

Error outside(const char* name, const char* range) {
  return badInput(std::string("input '") + name + "' has to be " + range);
}

Status keepSamples(const StageRun& run, const Samples& samples, const std::string& x, const std::string& y,
                   Values& into) {
  SLUICE_TRY(into[x], run.keep(printNpy(makeNpy<float>({samples.count(), samples.features}, samples.x))));
  SLUICE_TRY(into[y], run.keep(printNpy(makeNpy<std::int64_t>({samples.count()}, samples.label))));
  return {};
}

Result<Samples> readSamples(const StageRun& run, const Values& in, const std::string& x,
                            const std::string& y) {
  SLUICE_TRY(const std::string xs, run.content(in, x));
  SLUICE_TRY(const std::string ys, run.content(in, y));
  SLUICE_TRY(const NpyArray features, parseNpy(xs, x));
  SLUICE_TRY(const NpyArray labels, parseNpy(ys, y));
  if (features.shape.size() != 2 || labels.shape.size() != 1 || features.shape[0] != labels.shape[0])
    return badInput("samples are [n, features] and their labels [n]");
  Samples samples;
  samples.features = features.shape[1];
  SLUICE_TRY(samples.label, labels.asInt64());
  for (const double value : features.asDoubles()) samples.x.push_back(static_cast<float>(value));
  for (const std::int64_t label : samples.label)
    if (label < 0 || label > 999) return badInput("a label is " + std::to_string(label) + ", not 0 to 999");
  return samples;
}

StageType jetsData() {
  StageType stage{.name = "jets.data", .version = "1", .help = "synthetic jets: 16 features, 5 classes"};
  stage.inputs = {{"samples", Type::integer, "how many", whole(5000)},
                  {"seed", Type::integer, "of the samples", whole(0)}};
  stage.outputs = {{"x", Type::file, "features, .npy [n, 16]", {}},
                   {"y", Type::file, "classes, .npy [n]", {}}};
  stage.run = [](const Values& in, StageRun& run) -> Result<Values> {
    const std::int64_t samples = integer(in, "samples");
    if (samples < 10 || samples > 10'000'000) return outside("samples", "from 10 to 10,000,000");
    Values out;
    SLUICE_RETURN_IF_ERROR(keepSamples(
        run,
        syntheticJets(static_cast<std::size_t>(samples), static_cast<std::uint64_t>(integer(in, "seed"))),
        "x", "y", out));
    return out;
  };
  return stage;
}

StageType jetsPrepare() {
  StageType stage{
      .name = "jets.prepare",
      .version = "1",
      .help = "shuffles, splits into train and test, scales to mean 0 and deviation 1 of the train part"};
  stage.inputs = {{"x", Type::file, "features, .npy [n, features]", {}},
                  {"y", Type::file, "classes, .npy [n]", {}},
                  {"test_share", Type::real, "of the samples", Value(0.2)},
                  {"seed", Type::integer, "of the shuffle", whole(42)}};
  stage.outputs = {{"train_x", Type::file, "", {}},
                   {"train_y", Type::file, "", {}},
                   {"test_x", Type::file, "", {}},
                   {"test_y", Type::file, "", {}}};
  stage.run = [](const Values& in, StageRun& run) -> Result<Values> {
    SLUICE_TRY(const Samples all, readSamples(run, in, "x", "y"));
    const double share = real(in, "test_share");
    if (!(share > 0 && share < 1)) return outside("test_share", "between 0 and 1");
    const Prepared prepared = prepare(all, share, static_cast<std::uint64_t>(integer(in, "seed")));
    Values out;
    SLUICE_RETURN_IF_ERROR(keepSamples(run, prepared.train, "train_x", "train_y", out));
    SLUICE_RETURN_IF_ERROR(keepSamples(run, prepared.test, "test_x", "test_y", out));
    return out;
  };
  return stage;
}

StageType jetsTrain() {
  StageType stage{
      .name = "jets.train", .version = "1", .help = "trains dense layers with ReLU (Adam, cross entropy)"};
  stage.inputs = {{"train_x", Type::file, "", {}},
                  {"train_y", Type::file, "", {}},
                  {"test_x", Type::file, "", {}},
                  {"test_y", Type::file, "", {}},
                  {"layers", Type::integer, "hidden layers, 1 to 4", whole(3)},
                  {"layer_1", Type::integer, "width", whole(64)},
                  {"layer_2", Type::integer, "width", whole(32)},
                  {"layer_3", Type::integer, "width", whole(32)},
                  {"layer_4", Type::integer, "width", whole(32)},
                  {"batch", Type::integer, "samples of a step", whole(512)},
                  {"epochs", Type::integer, "", whole(10)},
                  {"rate", Type::real, "of Adam", Value(0.01)},
                  {"l1", Type::real, "penalty on weights", Value(1e-4)},
                  {"seed", Type::integer, "of weights and order", whole(0)}};
  stage.outputs = {{"model", Type::file, "ONNX", {}},
                   {"accuracy", Type::real, "in float, on the test part", {}}};
  stage.run = [](const Values& in, StageRun& run) -> Result<Values> {
    SLUICE_TRY(const Samples data, readSamples(run, in, "train_x", "train_y"));
    SLUICE_TRY(const Samples tests, readSamples(run, in, "test_x", "test_y"));
    const std::int64_t layers = integer(in, "layers"), batch = integer(in, "batch"),
                       epochs = integer(in, "epochs");
    if (layers < 1 || layers > 4) return outside("layers", "1 to 4");
    if (batch < 1) return outside("batch", "at least 1");
    if (epochs < 1 || epochs > 10'000) return outside("epochs", "1 to 10,000");
    TrainOptions options;
    for (std::int64_t l = 1; l <= layers; ++l) {
      const std::string name = "layer_" + std::to_string(l);
      const std::int64_t width = integer(in, name.c_str());
      if (width < 1 || width > 4096) return outside(name.c_str(), "1 to 4096");
      options.hidden.push_back(static_cast<std::size_t>(width));
    }
    options.batch = static_cast<std::size_t>(batch);
    options.epochs = static_cast<std::size_t>(epochs);
    options.rate = real(in, "rate");
    options.l1 = real(in, "l1");
    options.seed = static_cast<std::uint64_t>(integer(in, "seed"));
    std::int64_t classes = 0;
    for (const std::int64_t label : data.label) classes = std::max(classes, label + 1);
    const Mlp model = train(data, static_cast<std::size_t>(classes), options);
    const double right = accuracy(model, tests);
    run.log("trained on " + formatCount(static_cast<std::int64_t>(data.count())) +
            " samples; right on the test part: " + formatFixed(100 * right, 2) + " %\n");
    Values out;
    SLUICE_TRY(out["model"], run.keep(onnxOf(model)));
    out["accuracy"] = right;
    return out;
  };
  return stage;
}

StageType classesAccuracy() {
  StageType stage{.name = "classes.accuracy",
                  .version = "1",
                  .help = "share of samples whose largest output is that of their class"};
  stage.inputs = {{"outputs", Type::file, ".npy [n, classes]", {}}, {"labels", Type::file, ".npy [n]", {}}};
  stage.outputs = {{"accuracy", Type::real, "", {}}};
  stage.run = [](const Values& in, StageRun& run) -> Result<Values> {
    SLUICE_TRY(const Samples samples, readSamples(run, in, "outputs", "labels"));
    std::size_t right = 0;
    for (std::size_t n = 0; n < samples.count(); ++n) {
      const float* row = &samples.x[n * samples.features];
      right += std::max_element(row, row + samples.features) - row == samples.label[n];
    }
    if (samples.count() == 0) return badInput("there are no samples");
    return Values{{"accuracy", static_cast<double>(right) / static_cast<double>(samples.count())}};
  };
  return stage;
}

/// A stage that runs this program with fixed arguments.
StageType ownCommand(const std::string& name, const std::string& help, experiment::CommandStage command) {
  command.name = name;
  Result<StageType> made = makeStage(std::move(command));
  SLUICE_CHECK(made.ok(), "the stages written here are well formed");
  StageType stage = std::move(made).value();
  stage.name = name;
  stage.help = help;
  return stage;
}

StageType sluiceQuantize() {
  experiment::CommandStage command;
  command.argv = {"sluice",        "quantize",      "{model}",           "--calibrate",       "{samples}",
                  "--weight-bits", "{weight_bits}", "--activation-bits", "{activation_bits}", "-o",
                  "quantized.onnx"};
  command.inputs = {{"model", Type::file, "float ONNX", {}},
                    {"samples", Type::file, "to calibrate with, .npy", {}},
                    {"weight_bits", Type::integer, "", whole(8)},
                    {"activation_bits", Type::integer, "", whole(8)}};
  command.fileNames = {{"model", "model.onnx"}, {"samples", "samples.npy"}};
  command.outputs = {{"model", Type::file, "quantized.onnx", "", ""}};
  return ownCommand("sluice.quantize", "quantizes a float model after training", std::move(command));
}

StageType sluiceRun() {
  experiment::CommandStage command;
  command.argv = {"sluice",      "run",      "{model}",  "--input",   "{samples}", "--output",
                  "outputs.npy", "--engine", "{engine}", "--threads", "1"};
  command.inputs = {{"model", Type::file, "ONNX or QONNX", {}},
                    {"samples", Type::file, ".npy", {}},
                    {"engine", Type::text, "integer, float or hdl", Value(std::string("integer"))}};
  command.fileNames = {{"model", "model.onnx"}, {"samples", "samples.npy"}};
  command.outputs = {{"outputs", Type::file, "outputs.npy", "", ""}};
  return ownCommand("sluice.run", "a model on samples, in the hardware's exact integers", std::move(command));
}

StageType sluiceBuild(bool synthesised, bool cut) {
  experiment::CommandStage command;
  command.argv = {"sluice",
                  "build",
                  "{model}",
                  "-o",
                  "out",
                  "--until",
                  synthesised ? "synth" : "map",
                  "--regime",
                  "{regime}",
                  "--reuse-factor",
                  "{reuse_factor}",
                  "--family",
                  "{family}"};
  if (cut) command.argv.insert(command.argv.end(), {"--split-before", "{cut}"});
  command.inputs = {
      {"model", Type::file, "quantized ONNX", {}},
      {"regime", Type::text, "auto, unrolled or streamed", Value(std::string("auto"))},
      {"reuse_factor", Type::integer, "multiplications per multiplier, of streamed layers", whole(1)},
      {"family", Type::text, "xc7, xcup or ecp5", Value(std::string("xc7"))},
      {"cut", Type::text, "node before which a second subgraph begins, or none", Value(std::string("none"))}};
  command.fileNames = {{"model", "model.onnx"}};
  command.limits.seconds = 7200;
  const std::string report = "out/report.json";
  const std::string resources = synthesised ? "/resources/synthesised/" : "/resources/estimated/";
  for (const char* name : {"lut", "ff", "dsp", "bram18"})
    command.outputs.push_back({name, Type::integer, report, resources + name, ""});
  command.outputs.push_back({"latency", Type::integer, report, "/latency/cycles", ""});
  command.outputs.push_back({"interval", Type::integer, report, "/frame_interval/cycles", ""});
  command.outputs.push_back({"report", Type::file, report, "", ""});
  return ownCommand(synthesised ? "sluice.synthesise" : "sluice.build",
                    synthesised ? "to Verilog and through Yosys; resources as synthesised, latency in cycles"
                                : "maps and sizes; resources as estimated, latency and interval in cycles",
                    std::move(command));
}

/// Without and with a cut the command line differs.
StageType sluiceBuild(bool synthesised) {
  StageType stage = sluiceBuild(synthesised, false);
  const StageType withCut = sluiceBuild(synthesised, true);
  stage.run = [plain = stage.run, cut = withCut.run](const Values& in, StageRun& run) {
    return std::get<std::string>(in.at("cut")) == "none" ? plain(in, run) : cut(in, run);
  };
  stage.version += " " + withCut.version;
  if (synthesised)
    stage.tools = [own =
                       stage.tools]() -> Result<std::string> {  // asked before the first trial: is it there?
      SLUICE_TRY(const std::string version, own());
      SLUICE_TRY(const flow::Tool yosys, flow::findYosys());
      return version + "; " + yosys.version;
    };
  return stage;
}

}  // namespace

const experiment::Registry& stages() {
  static const experiment::Registry all = {jetsData(),         jetsPrepare(),    jetsTrain(),
                                           classesAccuracy(),  sluiceQuantize(), sluiceRun(),
                                           sluiceBuild(false), sluiceBuild(true)};
  return all;
}

}  // namespace sluice::stages
