#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "jobs/process.h"
#include "jobs/store.h"

/// A command: a program with its input files, run in a fresh folder of its own, whose result depends on
/// nothing else; so a result in the store is as good as a new one.
///
/// What a command sees: its inputs in the current folder, its arguments, `environment`, and of our
/// environment only what finds programs and caches (PATH, HOME, and a few more, see command.cpp). LC_ALL is
/// C.UTF-8, TMPDIR is the work folder, standard input is empty. The path of the work folder reads "." in
/// logs, so that logs repeat.
namespace sluice::jobs {

struct InputFile {
  std::string name;  ///< relative path in the work folder
  std::string content;
  bool executable = false;
};

struct OutputFile {
  std::string name;  ///< relative path in the work folder
  bool optional = false;
  OutputFile(std::string n, bool o = false)
      : name(std::move(n)), optional(o) {}  // NOLINT: implicit by intent
  OutputFile(const char* n) : name(n) {}    // NOLINT: implicit by intent
};

struct Command {
  std::string name;               ///< for people; not part of the key
  std::vector<std::string> argv;  ///< argv[0]: a program in PATH, a path, or "./x" for an input
  std::vector<InputFile> inputs;
  std::vector<OutputFile> outputs;  ///< what is kept; a missing one that is not optional is a failure
  std::map<std::string, std::string> environment;  ///< part of the key
  std::map<std::string, std::string>
      machine;              ///< more environment, not part of the key: paths of this machine
  std::string toolVersion;  ///< whatever tells two versions of the program apart
  Limits limits;            ///< not part of the key: only successes are kept
};

struct Outcome {
  End end = End::exited;
  int exitCode = 0;
  std::string standardOutput, standardError;   ///< 16 MiB each; of longer ones both ends
  std::map<std::string, std::string> outputs;  ///< name -> content
  bool fromCache = false;
  double seconds = 0;           ///< wall clock; of the original run if it comes from the store
  double processorSeconds = 0;  ///< likewise; what the machine did beside it does not change this
  std::uint64_t peakMemoryMiB = 0;

  [[nodiscard]] bool succeeded() const { return end == End::exited && exitCode == 0; }
};

/// Whether `name` may be an input or an output: a relative path that stays inside the work folder.
bool staysInside(const std::string& name);

/// Digest of what the result depends on: arguments (of argv[0] only the last part of the path: toolVersion
/// says which program it is), inputs, names of outputs, environment, toolVersion.
Digest keyOf(const Command& command);

/// Runs the command, or takes its result from `store` (null: always runs). A program that fails is an
/// Outcome, not an error; only successes are kept. Two runs of one key at the same time: the second waits for
/// the first. Errors: io (program not found, no disk, a promised output was not written).
Result<Outcome> run(const Store* store, const Command& command);

/// Success, or an error that tells how the command ended, with the last lines it printed.
Status requireSuccess(const Command& command, const Outcome& outcome);

/// What `program arguments...` prints first, for Command::toolVersion ("Verilator 5.006 2023-01-22"). Errors:
/// io, with `hint` on how to get the program.
Result<std::string> programVersion(const std::string& program, const std::vector<std::string>& arguments,
                                   const std::string& hint);

}  // namespace sluice::jobs
