#include "experiment/slurm.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "experiment/proposer.h"
#include "experiment/worker.h"
#include "jobs/command.h"

namespace sluice::experiment {
namespace {

namespace fs = std::filesystem;

/// What one of Slurm's programs prints. It, and through sbatch our workers, get what we were told of this machine.
Result<std::string> askSlurm(std::vector<std::string> argv) {
  jobs::Command command;
  command.name = argv.front();
  command.argv = std::move(argv);
  command.limits.seconds = 120;
  for (const char* name : {"SLURM_CONF", "SLUICE_CACHE", "SLUICE_YOSYS", "SLUICE_PYTHON", "XDG_CACHE_HOME",
                           "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH"})
    if (const char* value = std::getenv(name)) command.machine[name] = value;
  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(nullptr, command));
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, outcome));
  return outcome.standardOutput;
}

/// As one word of a shell.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

Result<std::string> submit(const std::string& name, const SlurmOptions& options) {
  std::error_code failure;
  fs::create_directories(options.logs, failure);
  if (failure) return ioError("cannot be made: " + failure.message(), options.logs.string());
  std::vector<std::string> words;
  for (const std::string& word : options.worker) words.push_back(quoted(word));
  std::vector<std::string> argv = {"sbatch",
                                   "--parsable",
                                   "--job-name=" + name,
                                   "--array=0-" + std::to_string(std::max(1u, options.workers) - 1),
                                   "--chdir=" + fs::current_path(failure).string(),
                                   "--output=" + (fs::absolute(options.logs, failure) / "%A_%a.log").string(),
                                   "--no-requeue"};  // we submit anew, in one place
  argv.insert(argv.end(), options.more.begin(), options.more.end());
  argv.push_back("--wrap=unset TMPDIR; exec " + join(words, " "));  // the one of sbatch is gone by then
  SLUICE_TRY(const std::string said, askSlurm(std::move(argv)));
  const std::string job(trim(split(said, ';').front()));  // "12" or "12;cluster"
  std::int64_t number = 0;
  if (!parseInt64(job, number)) return ioError("sbatch did not say the job's number but: " + said);
  return job;
}

/// The last lines of the logs of an array.
std::string lastWords(const fs::path& logs, const std::string& job) {
  constexpr std::size_t shown = 10;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(logs, failure)) {
    if (!entry.path().filename().string().starts_with(job + "_")) continue;
    const Result<std::string> text = readFile(entry.path());
    if (!text.ok() || trim(*text).empty()) continue;
    std::vector<std::string> lines = split(trim(*text), '\n');
    if (lines.size() > shown) lines.erase(lines.begin(), lines.end() - shown);
    return entry.path().string() + ":\n  " + join(lines, "\n  ");
  }
  return logs.string() + " has no log of it";
}

}  // namespace

std::string slurmNameOf(const Definition& definition, const std::string& place) {
  std::error_code failure;
  const bool file = place.find("://") == std::string::npos;
  Hasher hasher;
  hasher.field(file ? fs::absolute(place, failure).lexically_normal().string() : place)
      .field(definition.identity);
  return "sluice-" + definition.name + "-" + hasher.hex().substr(0, 12);
}

Status runOnSlurm(const Definition& definition, const SlurmOptions& options) {
  for (const char* program : {"sbatch", "squeue", "scancel"})
    if (!jobs::findProgram(program))
      return unsupported(std::string("Slurm's program '") + program +
                         "' is not in PATH; run this where jobs are submitted, or without --slurm");
  SLUICE_TRY(const Proposer proposer, Proposer::make(definition));
  const std::string name = slurmNameOf(definition, options.place);
  std::string job;                // the array that we submitted
  std::int64_t endedBefore = -1;  // when it was
  int unanswered = 0;
  for (;;) {
    TrialCounts counts;
    {
      SLUICE_TRY(TrialStore store, TrialStore::open(options.place, true));
      SLUICE_TRY(const std::int64_t experiment, enter(store, definition));
      SLUICE_TRY(counts, store.counts(experiment));
    }
    if (options.progress) options.progress(counts);
    const std::int64_t ended = counts.done + counts.failed;
    if (ended >= proposer.trials()) break;
    const Result<std::string> jobs = askSlurm({"squeue", "--noheader", "--format=%i", "--name=" + name});
    constexpr int mostUnanswered = 60;
    if (!jobs.ok() && ++unanswered > mostUnanswered)
      return jobs.error();  // the controller may be starting again
    if (jobs.ok()) {
      unanswered = 0;
      if (trim(*jobs).empty()) {
        if (ended == endedBefore)
          return ioError("the array job " + job + " ended without ending a trial; " +
                         lastWords(options.logs, job));
        SLUICE_TRY(job, submit(name, options));
        endedBefore = ended;
      }
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  (void)askSlurm({"scancel", "--name=" + name, "--state=PENDING"})
      .ok();  // tasks that never began; others end
  return {};
}

}  // namespace sluice::experiment
