#include "show.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include "flow/evaluate.h"
#include "frontend/qonnx.h"
#include "ir/host.h"
#include "passes/pipeline.h"

namespace sluice::show {
namespace {

namespace fs = std::filesystem;

Status prepare(Network& network) {
  SLUICE_TRY(network.codes,
             ir::hardwareInputCodes(network.lowered, network.engine->regions(), {network.inputs},
                                    network.samples, network.inputsAreCodes));
  return {};
}

/// Columns of labels.csv behind the index: label, answers of the boards.
Result<std::vector<std::vector<std::int64_t>>> keywordTable() {
  SLUICE_TRY(const std::string text, readFile(sharedFolder() / "data/kws/labels.csv"));
  std::vector<std::vector<std::int64_t>> columns(3);
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> cells =
        split(trim(line).empty() ? std::string() : std::string(trim(line)), ',');
    std::int64_t value = 0;
    if (cells.size() < 4 || !parseInt64(cells[0], value)) continue;  // the head, the end
    for (std::size_t c = 0; c < 3; ++c) {
      if (!parseInt64(cells[c + 1], value)) return badInput("is damaged: " + line, "labels.csv");
      columns[c].push_back(value);
    }
  }
  return columns;
}

}  // namespace

fs::path sharedFolder() {
  const char* shared = std::getenv("SLUICE_SHARED");
  return shared != nullptr ? shared : "../shared";
}

Result<std::string> readIdx(const fs::path& path, std::size_t header) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return ioError("cannot be opened", path.string());
  std::string bytes, block(1 << 16, '\0');
  for (int count = 0; (count = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0;)
    bytes.append(block, 0, static_cast<std::size_t>(count));
  gzclose(file);
  if (bytes.size() < header) return badInput("is too short", path.string());
  return bytes.substr(header);
}

Result<Network> load(const fs::path& model, const passes::LowerOptions& options) {
  Network network;
  SLUICE_TRY(network.imported, frontend::importOnnx(model));
  SLUICE_TRY(network.lowered, passes::lower(network.imported, options));
  SLUICE_TRY(ir::IntegerEngine engine, ir::IntegerEngine::compile(network.lowered));
  network.engine = std::make_shared<const ir::IntegerEngine>(std::move(engine));
  network.name = network.lowered.name;
  return network;
}

Result<Network> keywords(const passes::LowerOptions& options) {
  SLUICE_TRY(Network network, load(sharedFolder() / "models/qonnx/kws_mlp_w3a3.onnx", options));
  SLUICE_TRY(const std::string bytes, readFile(sharedFolder() / "data/kws/samples.int8.bin"));
  for (const char byte : bytes) network.inputs.push_back(static_cast<signed char>(byte));
  network.samples = bytes.size() / 490;
  network.inputsAreCodes = true;
  SLUICE_TRY(const auto columns, keywordTable());
  network.labels = columns[0];
  SLUICE_RETURN_IF_ERROR(prepare(network));
  return network;
}

Result<std::vector<std::vector<std::int64_t>>> keywordAnswers() {
  SLUICE_TRY(auto columns, keywordTable());
  columns.erase(columns.begin());
  return columns;
}

Result<Network> digits() {
  SLUICE_TRY(Network network, load(sharedFolder() / "models/qonnx/TFC_2W2A.onnx"));
  SLUICE_TRY(const std::string pixels, readIdx(sharedFolder() / "data/mnist/test-images-idx3-ubyte.gz", 16));
  SLUICE_TRY(const std::string labels, readIdx(sharedFolder() / "data/mnist/test-labels-idx1-ubyte.gz", 8));
  for (const char pixel : pixels) network.inputs.push_back(static_cast<unsigned char>(pixel) / 255.0);
  for (const char label : labels) network.labels.push_back(label);
  network.samples = pixels.size() / 784;
  SLUICE_RETURN_IF_ERROR(prepare(network));
  return network;
}

Result<Network> jets() {
  SLUICE_TRY(Network network, load(sharedFolder() / "models/qonnx/qkeras_jettagging.onnx"));
  SLUICE_TRY(const auto arrays, readNpz(sharedFolder() / "data/oracles/qonnx/qkeras_jettagging.npz"));
  network.inputs = arrays.at("x").asDoubles();
  network.samples = network.inputs.size() / 16;
  SLUICE_RETURN_IF_ERROR(prepare(network));
  return network;
}

Result<std::vector<Plan>> plans() {
  SLUICE_TRY(Network kws, keywords());
  SLUICE_TRY(Network tfc, digits());
  SLUICE_TRY(Network jet, jets());
  const auto k = std::make_shared<const Network>(std::move(kws)),
             t = std::make_shared<const Network>(std::move(tfc)),
             j = std::make_shared<const Network>(std::move(jet));
  const auto streamed = [](std::uint64_t factor) {
    return map::MapOptions{.regime = map::Regime::streamed, .reuseFactor = factor};
  };
  return std::vector<Plan>{{"KWS, reuse factor 512", k, streamed(512)},
                           {"KWS, reuse factor 2048", k, streamed(2048)},
                           {"TFC_2W2A, reuse factor 64", t, streamed(64)},
                           {"jet tagger, unrolled", j, {.regime = map::Regime::unrolled}}};
}

Result<Hardware> build(const ir::Graph& lowered, const map::MapOptions& options) {
  Hardware hardware;
  SLUICE_TRY(hardware.design, map::mapGraph(lowered, options));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(hardware.design, options.family));
  SLUICE_TRY(hardware.rtl, emit::stitch(hardware.design, options.family));
  return hardware;
}

Result<flow::Frames> framesOf(const Network& network, const map::Design& design, std::uint64_t count) {
  ir::CodeRows inputs;
  for (const std::vector<std::int64_t>& row : network.codes) {
    const std::size_t elements = row.size() / network.samples;
    std::vector<std::int64_t> taken;
    for (std::size_t i = 0; i < count * elements; ++i) taken.push_back(row[i % row.size()]);
    inputs.push_back(std::move(taken));
  }
  SLUICE_TRY(const ir::CodeRows outputs, network.engine->run(inputs, count));
  flow::Frames frames{.count = count};
  for (const map::DesignPort& port : design.ports)
    (port.isInput ? frames.inputs : frames.outputs)
        .push_back((port.isInput ? inputs : outputs)[port.position]);
  return frames;
}

namespace {

flow::SimulationRun runOf(const flow::Frames& frames, std::uint32_t stall, std::uint64_t end) {
  return {.frames = frames.count,
          .sources = {.seed = 1, .stallPercent = stall},
          .sinks = {.seed = 2, .stallPercent = stall},
          .cycleLimit = end + 1000};
}

}  // namespace

Result<flow::Agreement> agreeEvaluator(const Hardware& hardware, const flow::Frames& frames,
                                       std::uint32_t stall) {
  flow::SimulationRun run = runOf(frames, stall, 0);
  SLUICE_TRY(const flow::PredictedBeats predicted,
             flow::predict(hardware.design, frames.count, run.sources, run.sinks));
  run.cycleLimit += predicted.end;
  SLUICE_TRY(const auto seen, flow::evaluateModule(*hardware.rtl.top, flow::harnessPorts(hardware.design),
                                                   run, flow::inputWords(hardware.design, frames)));
  return flow::compare(hardware.design, frames, predicted, seen);
}

Result<flow::Agreement> agreeVerilator(const Hardware& hardware, const flow::SimulationModel& model,
                                       const flow::Frames& frames, std::uint32_t stall) {
  flow::SimulationRun run = runOf(frames, stall, 0);
  SLUICE_TRY(const flow::PredictedBeats predicted,
             flow::predict(hardware.design, frames.count, run.sources, run.sinks));
  run.cycleLimit += predicted.end;
  SLUICE_TRY(const auto seen, flow::runModel(model, run, flow::inputWords(hardware.design, frames)));
  return flow::compare(hardware.design, frames, predicted, seen);
}

std::vector<emit::File> filesOf(const std::shared_ptr<const hdl::Module>& module, hdl::Family family) {
  emit::Rtl rtl{.family = family, .top = module};
  std::set<const hdl::Module*> seen;
  const auto collect = [&](const auto& self, const std::shared_ptr<const hdl::Module>& m) -> void {
    if (!seen.insert(m.get()).second) return;
    for (const hdl::Instance& instance : m->instances) self(self, instance.module);
    rtl.modules.push_back(m);
  };
  collect(collect, module);
  return emit::verilogFiles(rtl);
}

Output::Output(int argc, char** argv, std::vector<std::string> known) {
  known.emplace_back("--json");
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals == std::string::npos ? equals : equals + 1);
    std::int64_t value = 0;
    if (std::find(known.begin(), known.end(), name) == known.end() ||
        (equals != std::string::npos && (!parseInt64(argument.substr(equals + 1), value) || value < 0))) {
      fmt::print(stderr, "usage: {} [{}]\n", argv[0], join(known, "] ["));
      std::exit(2);
    }
    if (equals == std::string::npos)
      flags_.insert(name);
    else
      numbers_.emplace_back(name, static_cast<std::uint64_t>(value));
  }
}

std::uint64_t Output::number(const std::string& option, std::uint64_t otherwise) const {
  for (const auto& [name, value] : numbers_)
    if (name == option) return value;
  return otherwise;
}

void Output::say(const std::string& text) const {
  if (json()) return;
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void Output::figure(const std::string& name, double value, const std::string& unit,
                    const std::string& kind) const {
  if (!json()) return;
  fmt::print("{{\"name\": \"{}\", \"value\": {}, \"unit\": \"{}\", \"kind\": \"{}\"}}\n", name,
             formatDouble(value), unit, kind);
  std::fflush(stdout);
}

void Output::require(bool holds, const std::string& text) {
  if (!holds) ++failures_;
  if (json() && holds) return;
  fmt::print(holds ? stdout : stderr, "{} {}\n", holds ? "ok    " : "FAILED", text);
  std::fflush(stdout);
}

bool Output::require(const Status& status, const std::string& text) {
  if (status.ok()) return true;
  require(false, text + ": " + status.error().text());
  return false;
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t texts) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], row[c].size());
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += (c == 0 ? "" : "  ") + (c < texts ? fmt::format("{:<{}}", row[c], widths[c])
                                                : fmt::format("{:>{}}", row[c], widths[c]));
    text += std::string(line.data(), line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace sluice::show
