#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/simulate.h"
#include "hdl/module.h"
#include "kernel/fifo/fifo.h"
#include "kernel/kernel.h"

/// The test that ties the four views of a kernel together, for tests and benches.
///
/// A kernel is put between FIFOs with ready/valid ports outside, and run under random source gaps and sink
/// stalls:
///   meaning against hardware   the elements that come out of the evaluated tree equal a golden function,
///   written in
///                              plain integer code by whoever wrote the test
///   timing against hardware    the cycle of every push and pop on every stream equals what
///   dataflow::simulate says
/// One module is evaluated for many cases at once, each with its own data and its own stalls (lanes).
namespace sluice::kernel {

/// Elements of every port of one direction, in port order, for one pass of the loop nest.
using PassData = std::vector<std::vector<std::int64_t>>;

/// A kernel, and what it must compute.
struct KernelCase {
  Kernel kernel;
  std::function<PassData(const PassData& reads)>
      golden;                        ///< elements of the read ports -> of the write ports
  std::uint64_t multiplierDsps = 0;  ///< DSP blocks it must have, exactly
};

/// The kernel with a FIFO at each port. Ports: reads <p>_data, <p>_valid, <p>_ready; writes alike; and, to
/// look at, <p>_popped of the reads and <p>_pushed of the writes. One FIFO per port, in port order; width is
/// set here.
hdl::Module withFifos(const Kernel& kernel, std::vector<FifoParams> fifos);

/// The same as a dataflow network: channel p is port p; sources and sinks in port order.
dataflow::Network networkWithFifos(const Kernel& kernel, const std::vector<FifoParams>& fifos);

struct ViewOptions {
  std::uint64_t seed = 1;
  std::uint32_t lanes = 32;  ///< cases
  std::uint32_t passes = 4;  ///< passes of the loop nest in each
};

/// How much was compared.
struct ViewCount {
  std::uint64_t cases = 0, beats = 0, cycles = 0;
};

/// Random FIFO kinds and depths, data (extremes often) and stalls from the seed.
/// Errors  badInput with the first difference: kernel, seed, case, port, beat, both values
Result<ViewCount> checkViews(const KernelCase& test, const ViewOptions& options);

/// A kernel alone, fed with all that is given and never held up: the elements it writes. For chains of kernels whose
/// values are compared at the end. Errors: those of hdl::Evaluator.
Result<PassData> runKernel(const Kernel& kernel, const PassData& reads);

/// The families that randomKernel knows.
const std::vector<std::string>& randomFamilies();
/// Families at parameters that those seldom hit; names as families have them.
const std::vector<std::string>& randomVariants();

/// A small legal kernel of a family with random parameters, and its golden function. The same seed gives the
/// same.
KernelCase randomKernel(const std::string& family, std::uint64_t seed);
/// Of a random family.
KernelCase randomKernel(std::uint64_t seed);

}  // namespace sluice::kernel
