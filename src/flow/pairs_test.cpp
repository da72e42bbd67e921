#include <gtest/gtest.h>

#include "base/rng.h"
#include "emit/stitch.h"
#include "flow/synthesise.h"
#include "flow/tools.h"
#include "hdl/verilog.h"
#include "ir/text.h"
#include "kernel/dense/dense.h"
#include "map/dsp_pairs.h"

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
    const hdl::Module m = kernel::hardware(kernel::dense(p).value());
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

/// One layer of 16 x 16 products of 8 bits, 16 at once, for a board that has half as many blocks.
TEST(PairsOfProducts, AreCountedAsSynthesisBuildsThemWhereMappingChoseThem) {
  if (const Result<Tool> yosys = findYosys(); !yosys.ok()) GTEST_SKIP() << yosys.error().text();
  Rng rng(11);
  std::string text =
      "graph one\nx = input [16] real\nq = quantize x, scale 1, range [-128, 127]\nw = constant [16, 16] s8 "
      "{";
  for (int i = 0; i < 256; ++i) text += (i > 0 ? " " : "") + std::to_string(rng.uniform(-128, 127));
  const auto graph = ir::parse(text + "}\ny = dense q, w\noutput y\n");
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  map::MapOptions options{.regime = map::Regime::streamed, .nodes = {{"y", {.simd = 4, .pe = 4}}}};
  const auto single = map::mapGraph(*graph, options);
  ASSERT_TRUE(single.ok()) << single.error().text();
  const auto pairs = map::pairWhereDspsLack(*graph, options, *single, std::vector<std::uint64_t>{8});
  ASSERT_TRUE(pairs.ok() && pairs->enough);
  options.nodes = pairs->nodes;
  auto design = map::mapGraph(*graph, options);
  ASSERT_TRUE(design.ok() && map::sizeStreams(*design, options.family).ok());
  const auto rtl = emit::stitch(*design, options.family);
  ASSERT_TRUE(rtl.ok());
  EXPECT_EQ(hdl::cost(*rtl->top, options.family).dsp, 8u);
  const auto built = synthesise(
      {{.name = "one", .files = emit::verilogFiles(*rtl), .top = rtl->top->name, .family = options.family}},
      1, nullptr);
  ASSERT_TRUE(built.ok()) << built.error().text();
  EXPECT_EQ(built->at(0).cost.dsp, 8u);
}

}  // namespace
}  // namespace sluice::flow
