#include "process_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "dataflow/process/read.h"

namespace sluice::bench {

std::vector<File> processFiles(const std::string& only) {
  const char* given = std::getenv("SLUICE_SHARED");
  const std::filesystem::path folder = std::filesystem::path(given ? given : "../shared") / "data/dataflow";
  std::vector<std::string> paths;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure))
    if (entry.path().string().ends_with(".dataflow.json")) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  std::vector<File> files;
  for (const std::string& path : paths) {
    const auto kind = dataflow::process::fileKind(path);
    if (!kind.ok() || *kind != "process-network") continue;
    auto network = dataflow::process::readNetwork(path);
    const auto text = readFile(path);
    if (!network.ok() || !text.ok()) {
      fmt::print(stderr, "{}\n", network.ok() ? text.error().text() : network.error().text());
      std::exit(1);
    }
    if (network->name.find(only) == std::string::npos) continue;
    files.push_back({path, std::move(network).value(), nlohmann::json::parse(*text)["expected"]});
  }
  if (files.empty()) {
    fmt::print(stderr, "no process networks in {}; SLUICE_SHARED names the folder 'shared'\n",
               folder.string());
    std::exit(1);
  }
  return files;
}

void figure(const std::string& name, double value, const char* unit) {
  fmt::print("{}\n", nlohmann::json{{"name", name}, {"value", value}, {"unit", unit}}.dump());
}

}  // namespace sluice::bench
