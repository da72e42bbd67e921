#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hdl/evaluate.h"
#include "ir/reference.h"
#include "ir/testing.h"
#include "kernel/bits.h"
#include "kernel/testing/unrolled_case.h"
#include "kernel/unrolled/unrolled.h"

/// What the tests of unrolled pipelines share: a pipeline of a whole graph against the reference interpreter.
namespace sluice::kernel {

inline UnrolledParams paramsOf(const ir::Graph& graph) {
  return {.graph = &graph, .nodes = integerNodes(graph), .adders = {}};
}

inline KernelCase caseOf(const ir::Graph& graph, const UnrolledParams& params) {
  const auto kernel = unrolledPipeline("dut", params);
  EXPECT_TRUE(kernel.ok()) << kernel.error().text();
  const UnrolledPorts ports = unrolledPorts(graph, params.nodes);
  return {.kernel = *kernel,
          .golden = [&graph, ports](const PassData& reads) { return referencePass(graph, ports, reads); }};
}

/// Every code of a network with one input element, one code a cycle, back to back: beat k leaves `depth`
/// cycles after it came. Returns the elements that left.
inline std::vector<std::vector<std::int64_t>> sweep(const Kernel& kernel,
                                                    const std::vector<std::int64_t>& codes) {
  const hdl::Module module = elaborate(kernel);
  auto evaluator = hdl::Evaluator::make(module);
  EXPECT_TRUE(evaluator.ok()) << evaluator.error().text();
  evaluator->reset();
  evaluator->set(evaluator->inputIndex("y_credit"), 0, 1);
  const StreamPort& x = kernel.ports[0];
  const StreamPort& y = kernel.ports[1];
  std::vector<std::vector<std::int64_t>> seen;
  for (std::size_t cycle = 0; cycle < codes.size() + kernel.schedule.depth; ++cycle) {
    const bool valid = cycle < codes.size();
    WordPacker packer;
    packer.append(valid ? codes[cycle] : 0, x.beat.format.bits);
    evaluator->setWords(evaluator->inputIndex("x_data"), 0, packer.words());
    evaluator->set(evaluator->inputIndex("x_valid"), 0, valid ? 1 : 0);
    evaluator->settle();
    EXPECT_EQ(evaluator->get(evaluator->outputIndex("y_push"), 0) != 0, cycle >= kernel.schedule.depth);
    if (cycle >= kernel.schedule.depth) {
      std::vector<std::uint64_t> words((y.beat.width() + 63) / 64);
      evaluator->getWords(evaluator->outputIndex("y_data"), 0, words);
      std::vector<std::int64_t> elements;
      for (std::uint32_t e = 0; e < y.beat.elements; ++e) {
        std::uint64_t raw = 0;
        for (std::uint32_t k = 0; k < y.beat.format.bits; ++k) {
          const std::uint32_t bit = e * y.beat.format.bits + k;
          raw |= (words[bit / 64] >> (bit % 64) & 1) << k;
        }
        elements.push_back(codeValue(raw, y.beat.format));
      }
      seen.push_back(std::move(elements));
    }
    evaluator->step();
  }
  return seen;
}

inline void expectSweepEqualsReference(const ir::Graph& graph, const std::string& what) {
  const UnrolledParams params = paramsOf(graph);
  const auto kernel = unrolledPipeline("dut", params);
  ASSERT_TRUE(kernel.ok()) << what << ": " << kernel.error().text();
  std::vector<std::int64_t> codes;
  for (std::int64_t q = kernel->ports[0].range.lo; q <= kernel->ports[0].range.hi; ++q) codes.push_back(q);
  const auto seen = sweep(*kernel, codes);
  const UnrolledPorts ports = unrolledPorts(graph, params.nodes);
  const auto want = ir::evaluate(graph, {{ports.reads[0], codes}}, ports.writes, codes.size());
  ASSERT_TRUE(want.ok()) << want.error().text();
  const auto& values = std::get<std::vector<std::int64_t>>((*want)[0]);
  const std::size_t each = values.size() / codes.size();
  for (std::size_t k = 0; k < codes.size(); ++k)
    for (std::size_t e = 0; e < each; ++e)
      ASSERT_EQ(seen[k][e], values[k * each + e]) << what << ", x = " << codes[k] << ", element " << e;
}

}  // namespace sluice::kernel
