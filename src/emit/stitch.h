#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "hdl/module.h"
#include "map/design.h"

/// Stitching: a finished design as a tree of modules. Decides nothing.
///
///   top                 the subgraphs, joined by ready/valid wires
///     sub0, sub1, ...   kernels and FIFOs of one subgraph; ready/valid ports, so each can be built and tested alone
///       kernels, FIFOs
///
/// Ports of top and of every subgraph: clk, rst (synchronous, high) and per stream <name>_data, <name>_valid,
/// <name>_ready. Every module is simplified before it is put in.
namespace sluice::emit {

struct Rtl {
  hdl::Family family = hdl::Family::xc7;
  std::map<std::string, hdl::Family>
      others;  ///< modules that stand on boards of another family: kernels, by name
  std::shared_ptr<const hdl::Module> top;
  std::vector<std::shared_ptr<const hdl::Module>> subgraphs;  ///< in the design's order
  std::vector<std::shared_ptr<const hdl::Module>> kernels;    ///< elaborated, in the design's order
  std::vector<std::shared_ptr<const hdl::Module>> modules;    ///< all, each once, leaves first, top last
};

/// The family, or that of a kernel's own subgraph, decides how constant tables are written down (hdl/table_form.h). Other modules
/// have none, and are the same on all boards.
Result<Rtl> stitch(const map::Design& design, hdl::Family family);

struct File {
  std::string name;  ///< relative to the build folder: "rtl/top.v"
  std::string content;
};

/// One file per module and rtl/top.f, which lists them (paths relative to the build folder), leaves first.
std::vector<File> verilogFiles(const Rtl& rtl);

}  // namespace sluice::emit
