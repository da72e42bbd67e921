#include "experiment_commands.h"

#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "experiment/exchange.h"
#include "experiment/report.h"
#include "stages/stages.h"

namespace sluice::tool {
namespace {

namespace fs = std::filesystem;
using namespace experiment;

constexpr const char* firstDefinition =
    R"yaml(# An experiment: parameters are chosen, stages turn them into metrics, objectives say what is wanted.
# `sluice experiment stages` lists the stages; "$x" is a parameter, "$stage.output" what a stage gave.
experiment: first
description: layer widths and bits of a small network on synthetic jets
seed: 1
sampler: nsga2          # grid, random, quasi-random, nsga2, moead, tpe, gp
window: 8               # proposal n looks at the results of trials up to n - 8
trials: 40
parameters:
  layer_1: {levels: [16, 32, 64]}
  bits: {integer: [3, 8]}
stages:
  data: {stage: jets.data, inputs: {samples: 4000}}
  prepare: {stage: jets.prepare, inputs: {x: $data.x, y: $data.y}}
  train:
    stage: jets.train
    inputs: {train_x: $prepare.train_x, train_y: $prepare.train_y, test_x: $prepare.test_x,
             test_y: $prepare.test_y, layer_1: $layer_1}
  quantize:
    stage: sluice.quantize
    inputs: {model: $train.model, samples: $prepare.train_x, weight_bits: $bits, activation_bits: $bits}
  outputs: {stage: sluice.run, inputs: {model: $quantize.model, samples: $prepare.test_x}}
  score: {stage: classes.accuracy, inputs: {outputs: $outputs.outputs, labels: $prepare.test_y}}
  build: {stage: sluice.build, inputs: {model: $quantize.model}}
  # bytes:              # any program is a stage
  #   command: [wc, -c, "{model}"]
  #   inputs: {model: $quantize.model}
  #   outputs: {bytes: {integer: stdout, match: "([0-9]+)"}}
metrics: {accuracy: $score.accuracy, lut: $build.lut, latency: $build.latency}
objectives: {accuracy: maximise, lut: minimise}
limits: {latency: {at_most: 100}}
)yaml";

}  // namespace

Result<OpenedExperiment> openExperiment(const ExperimentOptions& options) {
  SLUICE_TRY(Definition definition, readDefinition(options.definition, stages::stages()));
  std::string place = options.store;
  if (place.empty()) place = (definition.folder / (definition.name + ".trials.db")).string();
  return OpenedExperiment{std::move(definition), std::move(place)};
}

Result<ExistingTrials> existingTrials(const OpenedExperiment& opened) {
  std::error_code failure;
  const bool file = opened.place.find("://") == std::string::npos;
  if (file && !fs::exists(opened.place, failure))
    return badInput("there are no trials yet; sluice experiment run makes them", opened.place);
  SLUICE_TRY(TrialStore store, TrialStore::open(opened.place));
  SLUICE_TRY(const std::optional<std::int64_t> id, store.find(opened.definition.name));
  if (!id) return badInput("there is no experiment '" + opened.definition.name + "'", opened.place);
  return ExistingTrials{std::move(store), *id};
}

Status experimentNew(const ExperimentOptions& options) {
  std::error_code failure;
  if (fs::exists(options.definition, failure))
    return badInput("is there already", options.definition.string());
  SLUICE_RETURN_IF_ERROR(writeFile(options.definition, firstDefinition));
  std::printf("Next: sluice experiment run %s --workers 2\n", options.definition.string().c_str());
  return {};
}

Status experimentStatus(const ExperimentOptions& options) {
  SLUICE_TRY(const OpenedExperiment opened, openExperiment(options));
  SLUICE_TRY(ExistingTrials there, existingTrials(opened));
  SLUICE_TRY(const std::vector<TrialRow> rows, there.store.trials(there.id));
  std::fputs(summaryText(opened.definition, rows).c_str(), stdout);
  return {};
}

Status experimentReport(const ExperimentOptions& options) {
  SLUICE_TRY(const OpenedExperiment opened, openExperiment(options));
  SLUICE_TRY(ExistingTrials there, existingTrials(opened));
  SLUICE_TRY(const std::vector<TrialRow> rows, there.store.trials(there.id));
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  SLUICE_TRY(const std::string page, reportPage(opened.definition, rows, cache));
  SLUICE_RETURN_IF_ERROR(writeFile(options.output, page));
  std::printf("Report: %s\n", options.output.string().c_str());
  return {};
}

Status experimentExport(const ExperimentOptions& options) {
  SLUICE_TRY(const OpenedExperiment opened, openExperiment(options));
  SLUICE_TRY(ExistingTrials there, existingTrials(opened));
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  SLUICE_TRY(const Runner runner, Runner::make(opened.definition, cache));
  SLUICE_TRY(
      const std::string archive,
      exportExperiment(opened.definition, runner, there.store, cache,
                       {.data = options.data, .artefacts = options.artefacts, .timings = options.timings}));
  SLUICE_RETURN_IF_ERROR(writeFile(options.output, archive));
  std::printf("%s: %s bytes, digest %s\n", options.output.string().c_str(),
              formatCount(static_cast<std::int64_t>(archive.size())).c_str(),
              digestOf(archive).hex().c_str());
  return {};
}

Status experimentVerify(const ExperimentOptions& options) {
  SLUICE_TRY(const std::string archive, readFile(options.definition));
  SLUICE_TRY(const Exported exported, readExported(archive, options.definition.string()));
  const Result<Definition> definition = parseDefinition(
      exported.definition, options.definition.string() + ": definition.yaml", ".", stages::stages());
  if (!definition.ok()) return definition.error();
  std::printf("whole: experiment '%s', %s, %s inside, digest %s\n", exported.name.c_str(),
              countOf(static_cast<std::int64_t>(exported.trials.size()), "trial").c_str(),
              countOf(static_cast<std::int64_t>(exported.files.size()), "file").c_str(),
              digestOf(archive).hex().c_str());
  return {};
}

Status experimentReproduce(const ExperimentOptions& options) {
  SLUICE_TRY(const std::string archive, readFile(options.definition));
  SLUICE_TRY(const Exported exported, readExported(archive, options.definition.string()));
  SLUICE_TRY(const Reproduction outcome,
             reproduce(exported, stages::stages(),
                       {.folder = options.output,
                        .workers = options.workers,
                        .runCommands = options.runCommands,
                        .progress = trialProgress(static_cast<std::int64_t>(exported.trials.size()))}));
  for (const std::string& line : outcome.differences) std::printf("differs: %s\n", line.c_str());
  for (const std::string& line : outcome.tools) std::printf("other version: %s\n", line.c_str());
  std::printf("%zu of %zu trials and %zu of %zu metrics equal\n", outcome.equalTrials, outcome.trials,
              outcome.equalMetrics, outcome.metrics);
  if (outcome.equal()) return {};
  return badInput(outcome.tools.empty()
                      ? "not reproduced, though all tools have the versions of then"
                      : "not reproduced; tools have other versions than then, which may be why",
                  options.definition.string());
}

Status experimentStages() {
  for (const StageType& stage : stages::stages()) {
    std::printf("%s (version %s): %s\n", stage.name.c_str(),
                stage.version.substr(0, stage.version.find(' ')).c_str(), stage.help.c_str());
    for (const Port& port : stage.inputs)
      std::printf("  in   %-16s %-8s %s%s\n", port.name.c_str(), nameOf(port.type), port.help.c_str(),
                  port.fallback ? (" (" + printValue(*port.fallback) + ")").c_str() : "");
    for (const Port& port : stage.outputs)
      std::printf("  out  %-16s %-8s %s\n", port.name.c_str(), nameOf(port.type), port.help.c_str());
  }
  return {};
}

}  // namespace sluice::tool
