#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "experiment/stage.h"
#include "search/halving.h"
#include "search/sampler.h"

/// An experiment as a file: what may be chosen, the stages that turn a choice into metrics, what is wanted of
/// them, how to search and how long. YAML; docs/rationale/experiment.md shows every key.
///
///   experiment: tutorial
///   seed: 42
///   sampler: grid
///   trials: 12
///   parameters:
///     batch: {choices: [512, 1024, 2048]}
///     width: {integer: [8, 128], log: true}
///     kernel: {integer: [1, 7], when: {type: conv}}      # counts only where type is conv
///   stages:
///     data:  {stage: jets.data, inputs: {samples: 5000}}
///     train: {stage: jets.train, inputs: {data: $data.samples, batch: $batch, layer_1: $width}}
///     size:  {command: [wc, -c, "{model}"], inputs: {model: $train.model},
///             outputs: {bytes: {integer: stdout, match: "([0-9]+)"}}}
///   metrics: {accuracy: $train.accuracy, bytes: $size.bytes}
///   objectives: {accuracy: maximise, bytes: minimise}
///   limits: {bytes: {at_most: 100000}}
///   fidelity: {values: [2, 6, 18], bracket: 27, factor: 3}          # early stopping: $fidelity, say of epochs
///
/// "$name" is a parameter, "$stage.output" what another stage gave, {file: path} a file beside the definition.
/// Everything is checked before anything runs: names, types along every wire, no circles, choices that fit the
/// inputs they go to, a fallback where a conditional parameter may not count.
namespace sluice::experiment {

struct ParameterSource {
  std::size_t parameter = 0;
  std::optional<Value> fallback;  ///< where the parameter does not count
};
struct WireSource {
  std::size_t stage = 0;  ///< an earlier one
  std::string output;
};
struct FileSource {
  std::string path;   ///< as written: relative to the definition
  bool code = false;  ///< a program's source: goes with the definition wherever that goes
};
struct FidelitySource {};  ///< the value of the trial's fidelity
using Source = std::variant<Value, ParameterSource, WireSource, FileSource, FidelitySource>;

struct StageUse {
  std::string name;
  StageType type;
  std::map<std::string, Source> inputs;
  bool command = false;  ///< runs a program that the definition names, or brings
};

struct Metric {
  std::string name;
  WireSource source;
};

/// Early stopping (search/halving.h): every trial is at one rung.
struct Fidelity {
  std::vector<std::string> values;  ///< of $fidelity, one per rung, lowest first
  search::Halving halving;
};

struct Definition {
  std::string name, description;
  std::uint64_t seed = 0;
  std::int64_t trials = 0;  ///< at most; with fidelities: points that start at the lowest
  std::optional<Fidelity> fidelity;
  search::Space space;
  search::Objectives objectives;
  search::SamplerOptions sampler;
  std::vector<StageUse> stages;  ///< each after those whose outputs it takes
  std::vector<Metric> metrics;
  std::string text;  ///< the file
  std::string
      identity;  ///< the same without comments, spelling, description and (without fidelities) number of trials
  std::filesystem::path folder;  ///< where its files are

  [[nodiscard]] bool hasCommands() const;
};

/// Stages by name that a definition may use.
using Registry = std::vector<StageType>;

/// `where` names the text in errors, which say the line. `folder`: where the files that it names are.
/// Errors: badInput, all problems, one per line.
Result<Definition> parseDefinition(std::string_view text, const std::string& where,
                                   const std::filesystem::path& folder, const Registry& registry);
Result<Definition> readDefinition(const std::filesystem::path& file, const Registry& registry);

}  // namespace sluice::experiment
