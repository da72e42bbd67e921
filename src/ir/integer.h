#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ir/graph.h"
#include "ir/integer_kernels.h"
#include "ir/regions.h"

/// The exact integer interpreter: the integer middle of a lowered graph (regions.h), compiled once, run on
/// many samples.
///
/// Every tensor is held in the narrowest of int16, int32 and int64 that its proven range allows, rows padded
/// to whole vectors. Samples pass through in batches, one step of the network after the other, so that
/// weights are read once per batch; batches are shared out to threads. Results do not depend on batches,
/// threads or the processor.
///
///   SLUICE_TRY(const IntegerEngine engine, IntegerEngine::compile(graph));
///   SLUICE_TRY(const auto codes, hardwareInputCodes(graph, engine.regions(), inputs, samples));   // host.h
///   SLUICE_TRY(const auto results, engine.run(codes, samples));
namespace sluice::ir {

/// Rows of codes: for each tensor samples * elements, sample-major, each sample row-major.
using CodeRows = std::vector<std::vector<std::int64_t>>;

struct IntegerPlan;

class IntegerEngine {
 public:
  /// The graph must verify; it is not kept. Errors: unsupported if it is not lowered or has no integer node.
  static Result<IntegerEngine> compile(const Graph& graph, Simd simd = Simd::automatic);

  [[nodiscard]] const Regions& regions() const;

  /// Codes of the hardware outputs from codes of the hardware inputs, in the order of regions(). threads 0:
  /// all. Errors  badInput: wrong number or size of inputs, a code outside its tensor's range (names tensor
  /// and sample).
  [[nodiscard]] Result<CodeRows> run(const CodeRows& inputs, std::size_t samples, unsigned threads = 1) const;

 private:
  explicit IntegerEngine(std::shared_ptr<const IntegerPlan> plan) : plan_(std::move(plan)) {}
  std::shared_ptr<const IntegerPlan> plan_;
};

}  // namespace sluice::ir
