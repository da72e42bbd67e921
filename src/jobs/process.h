#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

/// One program, run to its end under limits, leaving no process behind.
///
/// Between us and the program stands a supervisor process (forked, never exec'd). It adopts every orphan
/// below it, so it can name all descendants, also those that left the process group. It kills them all when
/// the time or the memory is up, when the program itself has ended, or when we die (kill -9 included). The
/// memory limit is on the sum of resident pages, sampled ten times a second, not on address space:
/// WebAssembly tools reserve tens of gigabytes of addresses that they never touch.
namespace sluice::jobs {

struct Limits {
  double seconds = 3600;           ///< wall clock
  std::uint64_t memoryMiB = 8192;  ///< resident, all processes of the job together
};

enum class End : std::uint8_t { exited, signalled, timedOut, outOfMemory };

struct Process {
  std::filesystem::path program;         ///< what is executed
  std::vector<std::string> argv;         ///< argv[0] as the program sees it
  std::vector<std::string> environment;  ///< "NAME=value"; nothing else is passed on
  std::filesystem::path folder;          ///< where it runs
  std::filesystem::path standardOutput;  ///< files that take what it prints
  std::filesystem::path standardError;
  Limits limits;
  int keepOpen = -1;  ///< a descriptor (a lock) that stays open until no process is left
};

struct ProcessEnd {
  End end = End::exited;
  int code = 0;                     ///< exit code; 128 + signal if one ended it
  double seconds = 0;               ///< wall clock
  double processorSeconds = 0;      ///< of all its processes and threads, those that were waited for
  std::uint64_t peakMemoryMiB = 0;  ///< highest sampled sum, or highest single process if that is more
};

/// Runs to the end. Errors: io if it cannot be started.
Result<ProcessEnd> runProcess(const Process& process);

/// The program that `name` means: itself if it has a slash, else the first in PATH.
std::optional<std::filesystem::path> findProgram(const std::string& name);

}  // namespace sluice::jobs
