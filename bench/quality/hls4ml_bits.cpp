// hls4ml configurations against the answers of hls4ml's own emulation: every recorded configuration
// ($SLUICE_SHARED/data/oracles/hls4ml) through compatibility mode and the integer engine, outputs of all samples and all
// traced layers, bit for bit; and every type of the resolved network.
//
//   hls4ml_bits [NAME...] [--warnings] [--recordings=DIR]      NAME: configurations whose name contains it
//
// --recordings: another folder of recordings, the model files among them (src/compat/testdata).
//
// Prints a table configuration / layers / values / differing / types / differing, and ends with exit code 1 on any
// difference.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "compat/hls4ml_recorded.h"

int main(int argc, char** argv) {
  using namespace sluice;
  std::vector<std::string> names;
  bool warnings = false;
  std::filesystem::path recordings;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--warnings")
      warnings = true;
    else if (argument.starts_with("--recordings="))
      recordings = argument.substr(13);
    else
      names.push_back(argument);
  }
  const char* variable = std::getenv("SLUICE_SHARED");
  const std::filesystem::path shared = variable != nullptr ? variable : "../shared";
  const std::filesystem::path folder = recordings.empty() ? shared / "data/oracles/hls4ml" : recordings;
  const std::filesystem::path models = recordings.empty() ? shared / "models" : recordings;
  if (!std::filesystem::is_directory(folder)) {
    fmt::print("no recordings in '{}'; set SLUICE_SHARED\n", folder.string());
    return 1;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".json" && entry.path().stem().has_extension())
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  fmt::print("{:<46}{:>12}{:>8}{:>10}{:>11}{:>7}{:>11}\n", "configuration", "io", "layers", "values",
             "differing", "types", "differing");
  std::size_t configurations = 0, equal = 0, values = 0;
  for (const auto& file : files) {
    const std::string name = file.stem().string();
    if (!names.empty() && std::none_of(names.begin(), names.end(), [&](const std::string& part) {
          return name.find(part) != std::string::npos;
        }))
      continue;
    ++configurations;
    const auto compared = compat::compareRecorded(file, models);
    if (!compared.ok()) {
      fmt::print("{:<46}{}\n", name, compared.error().text());
      continue;
    }
    fmt::print("{:<46}{:>12}{:>8}{:>10}{:>11}{:>7}{:>11}\n", name, compared->ioType, compared->layers,
               compared->values, compared->differing, compared->types, compared->typesDiffering);
    for (std::size_t i = 0; i < std::min<std::size_t>(compared->notes.size(), 6); ++i)
      fmt::print("    {}\n", compared->notes[i]);
    if (warnings)
      for (const std::string& warning : compared->warnings) fmt::print("    warning: {}\n", warning);
    values += compared->values;
    equal += compared->differing == 0 && compared->typesDiffering == 0 && compared->values > 0 ? 1 : 0;
  }
  fmt::print("{} of {} configurations are equal in every bit and type; {} values\n", equal, configurations,
             values);
  return equal == configurations && configurations > 0 ? 0 : 1;
}
