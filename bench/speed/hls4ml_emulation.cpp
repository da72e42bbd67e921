// The integer engine against hls4ml's compiled C++ emulation: three recorded networks under the same configuration, on one
// core, whose outputs are first compared with the recorded ones.
//
//   hls4ml_emulation [--json] [--python=PYTHON]
//
// The emulation's time is taken in the same run, by bench/speed/hls4ml_emulation.py in the given Python (which needs
// hls4ml; for the two QKeras networks also its qkeras); else it is the one seen with hls4ml 1.3.0 on 2 cores
// (0.07, 4.9 and 149 ms a sample) and is marked as quoted.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/npy.h"
#include "base/text.h"
#include "base/usage.h"
#include "compat/hls4ml.h"
#include "frontend/model.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "show.h"

namespace {

using namespace sluice;

struct Row {
  const char* title;
  const char* model;      ///< below $SLUICE_SHARED/models
  const char* recording;  ///< below $SLUICE_SHARED/data/oracles/hls4ml
  double quotedMs;
  std::size_t samples;  ///< of a batch: the recorded ones again and again
};
constexpr Row rows[] = {
    {"jet MLP", "keras/KERAS_3layer.json", "KERAS_3layer.model16_6", 0.07, 9600},
    {"jet MLP, inferred types", "keras/KERAS_3layer.json", "KERAS_3layer.name", 0.07, 9600},
    {"qkeras_mnist_cnn", "qkeras-hgq/qkeras_mnist_cnn.json", "qkeras_mnist_cnn.name", 4.9, 192},
    {"RN07", "mlperf-tiny/RN07_qkeras.h5", "RN07_qkeras.name", 149, 24},
};

/// What the script prints: milliseconds a sample. Errors: io.
Result<double> emulationMs(const std::string& python, const Row& row, const std::filesystem::path& shared) {
  const std::string command = "'" + python + "' '" SLUICE_BENCH_SOURCE "/hls4ml_emulation.py' '" +
                              (shared / "models" / row.model).string() + "' '" +
                              (shared / "data/oracles/hls4ml" / row.recording).string() + "'";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return ioError("cannot be started", python);
  char line[256] = {};
  std::string last;
  while (std::fgets(line, sizeof line, pipe) != nullptr) last = line;
  double ms = 0;
  if (pclose(pipe) != 0 || !parseDouble(trim(last), ms))
    return ioError("the emulation could not be timed", row.title);
  return ms;
}

Status timeRow(show::Output& out, const Row& row, const std::string& python,
               std::vector<std::vector<std::string>>& table) {
  const std::filesystem::path shared = show::sharedFolder();
  const std::filesystem::path stem = shared / "data/oracles/hls4ml" / row.recording;
  SLUICE_TRY(const std::string text, readFile(stem.string() + ".json"));
  const auto recorded = nlohmann::json::parse(text, nullptr, false);
  if (recorded.is_discarded()) return badInput("is no JSON", stem.string());
  SLUICE_TRY(const auto config,
             compat::parseHls4mlConfig(recorded.at("hls_config_given").dump(), "hls_config_given"));
  SLUICE_TRY(const ir::Graph imported, frontend::importModel(shared / "models" / row.model));
  SLUICE_TRY(const compat::Hls4mlGraph made, compat::applyHls4mlConfig(imported, config));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(made.graph));
  SLUICE_TRY(auto arrays, readNpz(stem.string() + ".npz"));
  const NpyArray &x = arrays.at("x"), &y = arrays.at("y");
  const std::vector<double> values = x.asDoubles(), expected = y.asDoubles();
  const auto recordedSamples = static_cast<std::size_t>(x.shape.at(0));
  std::vector<double> inputs;
  inputs.reserve(values.size() / recordedSamples * row.samples);
  for (std::size_t i = 0; i < row.samples; ++i) {
    const std::size_t per = values.size() / recordedSamples, from = i % recordedSamples * per;
    inputs.insert(inputs.end(), values.begin() + static_cast<std::ptrdiff_t>(from),
                  values.begin() + static_cast<std::ptrdiff_t>(from + per));
  }
  SLUICE_TRY(const ir::CodeRows codes,
             ir::hardwareInputCodes(made.graph, engine.regions(), {inputs}, row.samples));
  ir::CodeRows results;
  double best = 1e9;
  std::size_t runs = 0;
  for (const show::Clock total; total.seconds() < 2 || runs < 5; ++runs) {
    const double start = processorSeconds();
    SLUICE_TRY(results, engine.run(codes, row.samples));
    best = std::min(best, (processorSeconds() - start) / static_cast<double>(row.samples));
  }
  const int fraction = made.layers.back().result.fraction();
  std::size_t different = 0;
  for (std::size_t i = 0; i < results[0].size(); ++i)
    different += static_cast<float>(std::ldexp(static_cast<double>(results[0][i]), -fraction)) ==
                         static_cast<float>(expected[i % expected.size()])
                     ? 0
                     : 1;
  out.require(different == 0, fmt::format("{}: {} of {} outputs differ from the recorded ones", row.title,
                                          different, results[0].size()));
  double peer = row.quotedMs;
  bool quoted = true;
  if (!python.empty()) {
    if (const auto measured = emulationMs(python, row, shared); measured.ok()) {
      peer = *measured;
      quoted = false;
    } else {
      out.say(measured.error().text());
    }
  }
  const double ratio = peer / (best * 1e3);
  table.push_back({row.title, fmt::format("{:.2f}", best * 1e6), fmt::format("{:.4g}", peer),
                   quoted ? "quoted" : "same run", fmt::format("{:.0f}", ratio)});
  out.figure(std::string("hls4ml_emulation/") + row.title + "/ratio", ratio, "times",
             quoted ? "estimated" : "measured");
  out.require(ratio >= 100, fmt::format("{}: {:.0f} times as fast as the emulation", row.title, ratio));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::string python;
  std::vector<char*> others;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--python="))
      python = argument.substr(9);
    else
      others.push_back(argv[i]);
  }
  show::Output out(static_cast<int>(others.size()), others.data(), {});
  std::vector<std::vector<std::string>> table{{"network", "engine us", "emulation ms", "", "ratio"}};
  for (const Row& row : rows) out.require(timeRow(out, row, python, table), row.title);
  out.say(show::table(table));
  return out.exitCode();
}
