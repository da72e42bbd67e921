#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "emit/stitch.h"
#include "hdl/cost.h"
#include "jobs/command.h"
#include "jobs/store.h"

/// Synthesis with the pinned Yosys: cells of a module, flattened, on a family.
namespace sluice::flow {

struct SynthesisReport {
  hdl::Cost cost;                              ///< counted from the cells as hdl::Cost counts
  std::map<std::string, std::uint64_t> cells;  ///< Yosys' own cell types
  double seconds = 0;                          ///< of the run that made it
  double processorSeconds = 0;                 ///< likewise, and the same however busy the machine was
  double peakMemoryMiB = 0;
  bool fromCache = false;
};

/// What to build: the text of every file, and the top module's name.
struct SynthesisTask {
  std::string name;  ///< for people
  std::vector<emit::File> files;
  std::string top;
  hdl::Family family = hdl::Family::xc7;
};

/// Runs the tasks `workers` at a time; results in the order of the tasks.
Result<std::vector<SynthesisReport>> synthesise(const std::vector<SynthesisTask>& tasks, unsigned workers,
                                                const jobs::Store* store);

/// Yosys cell counts as primitives of the family. Cells nobody knows are an error, so that nothing goes uncounted.
Result<hdl::Cost> costOfCells(const std::map<std::string, std::uint64_t>& cells, hdl::Family family);

}  // namespace sluice::flow
