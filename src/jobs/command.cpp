#include "jobs/command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "jobs/work_folder.h"

namespace sluice::jobs {
namespace {

namespace fs = std::filesystem;

constexpr const char* recordHeader = "sluice-outcome 1";

/// Of our environment, what a command may see: where programs and caches are. None of it may change a result.
constexpr const char* passedOn[] = {"PATH",           "HOME",       "LD_LIBRARY_PATH",
                                    "XDG_CACHE_HOME", "CCACHE_DIR", "YOWASP_CACHE_DIR"};

// ---- Outcomes in the store -------------------------------------------------------------------------------------------
// A record is lines of text: the header, "seconds S", "processor S" (absent in the oldest), "memory M",
// "stdout DIGEST", "stderr DIGEST" and per output "output DIGEST NAME"; the files are artefacts. Only successes are
// recorded, so there is no exit code.

Status save(const Store& store, const Digest& key, const Outcome& outcome) {
  SLUICE_TRY(const Digest standardOutput, store.put(outcome.standardOutput));
  SLUICE_TRY(const Digest standardError, store.put(outcome.standardError));
  std::string record = recordHeader;
  record += "\nseconds " + formatDouble(outcome.seconds) + "\nprocessor " +
            formatDouble(outcome.processorSeconds) + "\nmemory " + std::to_string(outcome.peakMemoryMiB) +
            "\nstdout " + standardOutput.hex() + "\nstderr " + standardError.hex() + "\n";
  for (const auto& [name, content] : outcome.outputs) {
    SLUICE_TRY(const Digest digest, store.put(content));
    record += "output " + digest.hex() + " " + name + "\n";
  }
  return store.bind(key, record);
}

/// The outcome under `key`; nothing if it, or one of its artefacts, is not there.
std::optional<Outcome> load(const Store& store, const Digest& key) {
  const std::optional<std::string> record = store.lookup(key);
  if (!record) return std::nullopt;
  const std::vector<std::string> lines = split(*record, '\n');
  if (lines.front() != recordHeader) return std::nullopt;
  Outcome outcome;
  outcome.fromCache = true;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const std::size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;  // the empty line at the end
    const std::string kind = line.substr(0, blank), rest = line.substr(blank + 1);
    if (kind == "seconds") {
      if (!parseDouble(rest, outcome.seconds)) return std::nullopt;
    } else if (kind == "processor") {
      if (!parseDouble(rest, outcome.processorSeconds)) return std::nullopt;
    } else if (kind == "memory") {
      std::int64_t memory = 0;
      if (!parseInt64(rest, memory)) return std::nullopt;
      outcome.peakMemoryMiB = static_cast<std::uint64_t>(memory);
    } else {
      const std::optional<Digest> digest = parseDigest(std::string_view(rest).substr(0, 32));
      if (!digest) return std::nullopt;
      std::optional<std::string> content = store.get(*digest);
      if (!content) return std::nullopt;
      if (kind == "stdout") {
        outcome.standardOutput = std::move(*content);
      } else if (kind == "stderr") {
        outcome.standardError = std::move(*content);
      } else if (kind == "output" && rest.size() > 33) {
        outcome.outputs[rest.substr(33)] = std::move(*content);
      } else {
        return std::nullopt;
      }
    }
  }
  return outcome;
}

// ---- Running
// ------------------------------------------------------------------------------------------------------

/// What a program printed: the work folder's path as ".", and of very long logs both ends.
std::string readLog(const fs::path& path, const std::string& workFolder) {
  constexpr std::size_t most = std::size_t{16} << 20;
  Result<std::string> content = readFile(path);
  if (!content.ok()) return {};
  std::string log = std::move(content).value();
  if (log.size() > most)
    log = log.substr(0, most / 2) + "\n... " + formatCount(static_cast<std::int64_t>(log.size() - most)) +
          " bytes left out ...\n" + log.substr(log.size() - most / 2);
  for (std::size_t at = 0; (at = log.find(workFolder, at)) != std::string::npos; ++at)
    log.replace(at, workFolder.size(), ".");
  return log;
}

std::vector<std::string> environmentOf(const Command& command, const fs::path& folder) {
  std::map<std::string, std::string> variables;
  for (const char* name : passedOn)
    if (const char* value = std::getenv(name)) variables[name] = value;
  variables["LC_ALL"] = "C.UTF-8";
  variables["TMPDIR"] = folder.string();
  for (const auto* more : {&command.environment, &command.machine})
    for (const auto& [name, value] : *more) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

Result<Outcome> execute(const fs::path& parent, const Command& command) {
  SLUICE_TRY(const WorkFolder work, WorkFolder::make(parent));
  const fs::path files = work.path() / "files", temporary = work.path() / "tmp";
  std::error_code failure;
  fs::create_directory(files, failure);
  if (!failure) fs::create_directory(temporary, failure);
  if (failure) return ioError("cannot be made: " + failure.message(), files.string());
  for (const InputFile& input : command.inputs) {
    SLUICE_RETURN_IF_ERROR(writeFile(files / input.name, input.content));
    if (input.executable) ::chmod((files / input.name).c_str(), 0755);
  }
  for (const OutputFile& output : command.outputs)
    fs::create_directories((files / output.name).parent_path(), failure);

  Process process;
  if (command.argv.front().starts_with("./")) {
    process.program = files / command.argv.front();
  } else {
    const std::optional<fs::path> program = findProgram(command.argv.front());
    if (!program)
      return ioError("the program '" + command.argv.front() + "' is not installed or not in PATH",
                     command.name);
    process.program = *program;
  }
  process.argv = command.argv;
  process.environment = environmentOf(command, temporary);
  process.folder = files;
  process.standardOutput = work.path() / "stdout";
  process.standardError = work.path() / "stderr";
  process.limits = command.limits;
  process.keepOpen = work.lockDescriptor();
  SLUICE_TRY(const ProcessEnd end, runProcess(process));

  Outcome outcome;
  outcome.end = end.end;
  outcome.exitCode = end.code;
  outcome.seconds = end.seconds;
  outcome.processorSeconds = end.processorSeconds;
  outcome.peakMemoryMiB = end.peakMemoryMiB;
  outcome.standardOutput = readLog(process.standardOutput, files.string());
  outcome.standardError = readLog(process.standardError, files.string());
  for (const OutputFile& output : command.outputs) {
    Result<std::string> content = readFile(files / output.name);
    if (content.ok()) {
      outcome.outputs[output.name] = std::move(content).value();
    } else if (!output.optional && outcome.succeeded()) {
      return ioError("ended well, but did not write its output '" + output.name + "'", command.name);
    }
  }
  return outcome;
}

}  // namespace

bool staysInside(const std::string& name) {
  const fs::path path(name);
  if (name.empty() || name.find('\n') != std::string::npos || path.is_absolute()) return false;
  for (const fs::path& part : path)
    if (part == "..") return false;
  return true;
}

Digest keyOf(const Command& command) {
  Hasher hasher;
  hasher.field("sluice-command 1").field(command.toolVersion).field(command.argv.size());
  for (std::size_t i = 0; i < command.argv.size(); ++i)
    hasher.field(i == 0 ? fs::path(command.argv[i]).filename().string() : command.argv[i]);
  hasher.field(command.inputs.size());
  for (const InputFile& input : command.inputs)
    hasher.field(input.name).field(input.content).field(std::uint64_t{input.executable});
  hasher.field(command.outputs.size());
  for (const OutputFile& output : command.outputs)
    hasher.field(output.name).field(std::uint64_t{output.optional});
  hasher.field(command.environment.size());
  for (const auto& [name, value] : command.environment) hasher.field(name).field(value);
  return hasher.digest();
}

Result<Outcome> run(const Store* store, const Command& command) {
  SLUICE_CHECK(!command.argv.empty(), "a command has a program");
  for (const InputFile& input : command.inputs)
    SLUICE_CHECK(staysInside(input.name), "inputs lie in the work folder");
  for (const OutputFile& output : command.outputs)
    SLUICE_CHECK(staysInside(output.name), "outputs lie in the work folder");
  std::error_code failure;
  if (store == nullptr) return execute(fs::temp_directory_path(failure) / "sluice-work", command);

  const Digest key = keyOf(command);
  if (std::optional<Outcome> known = load(*store, key)) return std::move(*known);
  const Store::KeyLock lock = store->lock(key);
  if (std::optional<Outcome> known = load(*store, key)) return std::move(*known);  // made while we waited
  SLUICE_TRY(Outcome outcome, execute(store->workFolder(), command));
  if (outcome.succeeded()) SLUICE_RETURN_IF_ERROR(save(*store, key, outcome));
  return outcome;
}

Status requireSuccess(const Command& command, const Outcome& outcome) {
  if (outcome.succeeded()) return {};
  std::string how;
  switch (outcome.end) {
    case End::exited:
      how = "ended with exit code " + std::to_string(outcome.exitCode);
      break;
    case End::signalled:
      how = "was ended by signal " + std::to_string(outcome.exitCode - 128);
      break;
    case End::timedOut:
      how = "was stopped after " + formatDouble(command.limits.seconds) + " seconds";
      break;
    case End::outOfMemory:
      how =
          "was stopped when it used more than " + std::to_string(command.limits.memoryMiB) + " MiB of memory";
      break;
  }
  const std::string& log =
      trim(outcome.standardError).empty() ? outcome.standardOutput : outcome.standardError;
  std::vector<std::string> lines = split(trim(log), '\n');
  constexpr std::size_t shown = 20;
  if (lines.size() > shown) lines.erase(lines.begin(), lines.end() - shown);
  if (!trim(log).empty()) how += "; its last lines:\n  " + join(lines, "\n  ");
  return ioError(std::move(how), command.name);
}

Result<std::string> programVersion(const std::string& program, const std::vector<std::string>& arguments,
                                   const std::string& hint) {
  if (!findProgram(program)) return ioError("'" + program + "' is not installed or not in PATH; " + hint);
  Command command;
  command.name = program;
  command.argv = {program};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.limits.seconds = 300;  // WebAssembly tools compile themselves at their first start
  SLUICE_TRY(const Outcome outcome, run(nullptr, command));
  SLUICE_RETURN_IF_ERROR(requireSuccess(command, outcome));
  const std::string_view printed =
      trim(outcome.standardOutput).empty() ? trim(outcome.standardError) : trim(outcome.standardOutput);
  return std::string(trim(printed.substr(0, printed.find('\n'))));
}

}  // namespace sluice::jobs
