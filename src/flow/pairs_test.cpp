#include <gtest/gtest.h>

#include "base/rng.h"
#include "flow/synthesise.h"
#include "flow/tools.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"
#include "kernel/dense/dense.h"

namespace sluice::flow {
namespace {

/// Three outputs at once, two inputs at once, all by weights that vary.
kernel::DenseParams productsOf(fixed::Interval weights, fixed::Interval input, hdl::Family family) {
  kernel::DenseParams p{.nIn = 16, .nOut = 6, .simd = 2, .pe = 3, .input = input, .family = family};
  p.multiplier = kernel::MultiplierStyle::dspPairs;
  Rng rng(3);
  for (int i = 0; i < 16 * 6; ++i) p.weights.push_back(rng.uniform(weights.lo, weights.hi));
  return p;
}

TEST(PairsOfProducts, AreOneDspEachOnEveryFamily) {
  if (const Result<Tool> yosys = findYosys(); !yosys.ok()) GTEST_SKIP() << yosys.error().text();
  std::vector<SynthesisTask> tasks;
  const auto add = [&](fixed::Interval weights, fixed::Interval input, hdl::Family family) {
    const kernel::DenseParams p = productsOf(weights, input, family);
    const hdl::Module m = hdl::simplify(kernel::elaborate(kernel::dense(p).value()));
    EXPECT_EQ(hdl::cost(m, family).dsp, 4u) << "of each input a pair and a single one";
    EXPECT_EQ(kernel::denseDsps(p).value(), 4u);
    tasks.push_back(
        {.name = m.name, .files = {{"m.v", hdl::verilog(m, family)}}, .top = m.name, .family = family});
  };
  add({-128, 127}, {0, 255}, hdl::Family::xc7);      // 25 x 9 bits, signed
  add({-256, 255}, {-128, 127}, hdl::Family::xcup);  // 27 x 8
  add({-32, 31}, {-8, 7}, hdl::Family::ecp5);        // 16 x 4
  const auto built = synthesise(tasks, 2, nullptr);
  ASSERT_TRUE(built.ok()) << built.error().text();
  for (std::size_t k = 0; k < tasks.size(); ++k) EXPECT_EQ(built->at(k).cost.dsp, 4u) << tasks[k].name;
}

}  // namespace
}  // namespace sluice::flow
