#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dataflow/process/network.h"

/// The process networks of shared/data/dataflow with the results that stand beside them.
namespace sluice::bench {

struct File {
  std::string path;
  dataflow::process::Network network;
  nlohmann::json expected;
};

/// All of them in the order of their names; `only`: those whose name contains it. Ends the program if there are none.
std::vector<File> processFiles(const std::string& only = {});

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One JSON line for the experiment database.
void figure(const std::string& name, double value, const char* unit);

}  // namespace sluice::bench
