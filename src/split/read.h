#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "split/problem.h"

/// Files with a network to be split. Two kinds are read.
///
/// 1. Device-placement workloads of "Efficient Algorithms for Device Placement of DNN Graph Operators" (NeurIPS 2020):
///    `maxFPGAs`, `maxCPUs`, `maxSizePerFPGA`, `nodes` [{`id`, `fpgaLatency`, `cpuLatency`, `size`, `supportedOnFpga`,
///    `colorClass`}], `edges` [{`sourceId`, `destId`, `cost`}]. All edges of a node carry one tensor. An accelerator adds
///    up times and pays for what enters and leaves; a CPU pays for no transfer and has no limit of size. Boards are
///    "fpga" and "cpu", in free order. Other keys are not looked at; nodes of a backward pass are refused.
///
/// 2. Our own, with boards and links. Every object is closed; keys with a default are marked with '?'.
///
///    {"format": "sluice-split/1", "name"?: "",
///     "resources"?: ["lut", ...],
///     "boards": [{"name": "a", "count"?: 1, "work"?: "sum" | "slowest", "transfers"?: "added" | "overlapped" | "free",
///                 "rate"?: 1, "capacity"?: {"lut": 100}}],          a resource that is not named is without limit
///     "nodes": [{"id": "conv1" | 1, "time": {"a": 2.5} | 2.5, "size"?: {"lut": 3}, "group"?: "x"}],
///                                                                    a board that is not named cannot run the node
///     "tensors": [{"from": id, "to": [id, ...], "amount": 3}],
///     "order"?: ["a", "a", "b"],                                     the board of each place; without it: free
///     "topology"?: {"kind": "none" | "chain" | "ring" | "mesh" | "star" | "switch", "columns"?: 2,
///                   "links"?: [{"rate": 1, "latency"?: 0}]}}
namespace sluice::splits {

/// The problem in `text`; it has passed check(). Errors: badInput with the place in the file, unsupported.
Result<Problem> parseProblem(std::string_view text, const std::string& where);
/// The same from a file. Errors: also io.
Result<Problem> readProblem(const std::filesystem::path& path);
/// Whether a file's text is of one of the two kinds (and not, for instance, a model). Errors: none
bool isProblem(std::string_view text);

/// `problem` in our own format.
std::string problemJson(const Problem& problem);

}  // namespace sluice::splits
