#include <CLI/CLI.hpp>

#include "experiment.h"
#include "experiment_commands.h"

namespace sluice::tool {
namespace {

CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help, ExperimentOptions& options,
              const char* file, const char* what) {
  CLI::App* command = parent.add_subcommand(name, help);
  if (file != nullptr) command->add_option(file, options.definition, what)->required()->type_name("FILE");
  return command;
}

void addStore(CLI::App* command, ExperimentOptions& options) {
  command
      ->add_option("--store", options.store,
                   "trials: a file (SQLite) or postgresql://...; else NAME.trials.db here")
      ->type_name("PLACE");
}

void addWorkers(CLI::App* command, ExperimentOptions& options) {
  command
      ->add_option("--workers", options.workers, "worker processes; the trials are the same for any number")
      ->check(CLI::Range(1u, 1024u).description(""))
      ->capture_default_str();
}

}  // namespace

void addExperiment(CLI::App& app, ExperimentOptions& options) {
  CLI::App* all = app.add_subcommand("experiment", "trials of a definition: run, look, pass on, run again");
  all->require_subcommand(1);
  all->footer(
      "Examples:\n"
      "  sluice experiment new mine.yaml\n"
      "  sluice experiment run mine.yaml --workers 2\n"
      "  sluice experiment report mine.yaml -o page.html\n"
      "  sluice experiment serve mine.yaml\n"
      "  sluice experiment export mine.yaml -o mine.tar\n"
      "  sluice experiment verify mine.tar\n"
      "  sluice experiment reproduce mine.tar -o again\n");
  const char* what = "the definition, YAML";
  CLI::App* fresh = add(*all, "new", "writes a definition to begin with", options, "FILE", what);
  fresh->footer("Example:\n  sluice experiment new mine.yaml\n");
  CLI::App* run = add(*all, "run", "runs what has not been run", options, "DEFINITION", what);
  addStore(run, options);
  addWorkers(run, options);
  run->add_flag("--retry-failed", options.retryFailed,
                "failed trials run again, and what a sampler made of them is proposed anew");
  run->add_flag("--slurm", options.slurm, "workers are tasks of an array job of Slurm");
  run->add_option("--sbatch", options.sbatch, "arguments for sbatch, as --sbatch=--partition=long")
      ->type_name("ARGUMENT")
      ->allow_extra_args(false);
  run->footer(
      "Ends when every trial has ended; killed at any point and started again, it goes on. Several may run "
      "at the\n"
      "same time on one store. Results of stages are kept in the cache ($SLUICE_CACHE), so a second run is "
      "quick.\n"
      "Stages in Python run with $SLUICE_PYTHON, else python3. With --slurm, workers need a store that they "
      "reach:\n"
      "a file if they run on this host, else postgresql://...; what they print goes to NAME.slurm/.\n\n"
      "Examples:\n"
      "  sluice experiment run examples/experiments/jets.yaml --workers 2\n"
      "  sluice experiment run mine.yaml --slurm --workers 8 --store postgresql://me@host/trials\n");
  CLI::App* work =
      add(*all, "work", "one worker, for schedulers of one's own; ends when all trials have ended", options,
          "DEFINITION", what);
  addStore(work, options);
  work->footer("Example:\n  sluice experiment work mine.yaml --store postgresql://me@host/trials\n");
  CLI::App* status = add(*all, "status", "how far it is, and the best trials", options, "DEFINITION", what);
  addStore(status, options);
  status->footer("Example:\n  sluice experiment status examples/experiments/jets.yaml\n");
  CLI::App* report = add(*all, "report", "one HTML page", options, "DEFINITION", what);
  addStore(report, options);
  report->add_option("-o,--output", options.output, "the page")->required()->type_name("PAGE.html");
  report->footer("Example:\n  sluice experiment report examples/experiments/jets.yaml -o jets.html\n");
  CLI::App* serve = add(*all, "serve", "the report as it grows, for a browser on this machine", options,
                        "DEFINITION", what);
  addStore(serve, options);
  serve->add_option("--port", options.port, "of 127.0.0.1; 0: any that is free")
      ->check(CLI::Range(0u, 65535u).description(""))
      ->capture_default_str();
  serve->footer("Example:\n  sluice experiment serve examples/experiments/jets.yaml\n");
  CLI::App* exporting = add(*all, "export", "one file for a colleague", options, "DEFINITION", what);
  addStore(exporting, options);
  exporting->add_option("-o,--output", options.output, "the file")->required()->type_name("FILE");
  exporting->add_flag("--data", options.data, "with the files that the definition names");
  exporting->add_flag("--artefacts", options.artefacts, "with everything that stages made");
  exporting->add_flag("--timings", options.timings, "with times; the file then differs from run to run");
  exporting->footer("Example:\n  sluice experiment export examples/experiments/jets.yaml -o jets.tar\n");
  CLI::App* verify =
      add(*all, "verify", "whether a file is whole; runs nothing", options, "FILE", "an exported experiment");
  verify->footer("Example:\n  sluice experiment verify jets.tar\n");
  CLI::App* again = add(*all, "reproduce", "runs an exported experiment again and compares every metric",
                        options, "FILE", "an exported experiment");
  again->add_option("-o,--output", options.output, "a new folder for it")->required()->type_name("DIR");
  again->add_flag("--run-commands", options.runCommands, "it may run the programs that it names");
  addWorkers(again, options);
  again->footer("Example:\n  sluice experiment reproduce jets.tar -o again --workers 2\n");
  add(*all, "stages", "the stages there are, with inputs and outputs", options, nullptr, "")
      ->footer("Example:\n  sluice experiment stages\n");
}

Status runExperiment(CLI::App& app, const ExperimentOptions& options) {
  CLI::App* all = app.get_subcommand("experiment");
  const std::string name = all->get_subcommands().front()->get_name();
  if (name == "new") return experimentNew(options);
  if (name == "run") return experimentRun(options);
  if (name == "work") return experimentWork(options);
  if (name == "serve") return experimentServe(options);
  if (name == "status") return experimentStatus(options);
  if (name == "report") return experimentReport(options);
  if (name == "export") return experimentExport(options);
  if (name == "verify") return experimentVerify(options);
  if (name == "reproduce") return experimentReproduce(options);
  return experimentStages();
}

}  // namespace sluice::tool
