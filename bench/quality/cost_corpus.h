#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "hdl/module.h"

/// The modules that the cost counter is compared on.
namespace sluice::bench {

struct Subject {
  std::string group;   ///< "random dense", "kws_mlp_w3a3 rf 64": rows of the table
  std::string name;    ///< for people: which one
  hdl::Module module;  ///< simplified, without instances
};

/// Kernels of every random family; seeds first, first + 1, ...
std::vector<Subject> randomKernels(std::uint64_t first, std::uint64_t count);
/// Kernels of one random family.
std::vector<Subject> familyKernels(const std::string& family, std::uint64_t first, std::uint64_t count);
/// FIFOs of all kinds.
std::vector<Subject> randomFifos(std::uint64_t first, std::uint64_t count);

/// Every different kernel and FIFO of a design. `what` is MODEL[:REUSE_FACTOR | :everyCYCLES | :unrolled[@LEVELS]], LEVELS
/// of adders between registers, or kernels/FAMILY[:N] for N random kernels of a family (30).
/// Errors  those of import, passes and mapping
Result<std::vector<Subject>> modelKernels(const std::string& what, hdl::Family family);

}  // namespace sluice::bench
