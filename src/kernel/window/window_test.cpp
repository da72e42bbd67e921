#include "kernel/window/window.h"

#include <gtest/gtest.h>

#include "hdl/cost.h"
#include "hdl/simplify.h"
#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

/// 3 x 3 over a 4 x 5 map of one channel, one row and column of padding on each side.
WindowParams same() {
  return {.height = 4,
          .width = 5,
          .kernelHeight = 3,
          .kernelWidth = 3,
          .padTop = 1,
          .padLeft = 1,
          .padBottom = 1,
          .padRight = 1,
          .input = {0, 15}};
}

TEST(Window, ValuesAndCyclesOfRandomKernelsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto count = checkViews(randomKernel("window", seed), {.seed = seed, .lanes = 6, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(Window, WithoutPaddingTakesOneIterationABeat) {
  WindowParams p = same();
  p.padTop = p.padLeft = p.padBottom = p.padRight = 0;
  const Result<Kernel> kernel = window(p);
  ASSERT_TRUE(kernel.ok());
  EXPECT_EQ(dataflow::iterations(kernel->schedule), 4u * 5);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 0), 4u * 5);
  EXPECT_EQ(dataflow::beatsPerPass(kernel->schedule, 1), 2u * 3);
}

TEST(Window, PaddingOnBothSidesCostsOneRowAndOneColumnOfTheScan) {
  const WindowScan scan = windowScan(same()).value();
  EXPECT_EQ(scan.rows, 5u);
  EXPECT_EQ(scan.columns, 6u);
  EXPECT_EQ(scan.outHeight, 4u);
  EXPECT_EQ(scan.outWidth, 5u);
}

TEST(Window, PopsAndIssuesWhereTheLemmaSays) {
  const WindowParams p = same();
  const Kernel kernel = window(p).value();
  const WindowScan scan = windowScan(p).value();
  std::vector<bool> reads(scan.iterations(), false), writes = reads;
  for (std::uint32_t r = 0; r < p.height; ++r)
    for (std::uint32_t q = 0; q < p.width; ++q) reads[r * scan.columns + scan.lead + q] = true;
  for (std::uint32_t i = 0; i < scan.outHeight; ++i)
    for (std::uint32_t j = 0; j < scan.outWidth; ++j)
      writes[(scan.firstRow + i) * scan.columns + scan.lead + scan.firstColumn + j] = true;
  for (std::uint64_t n = 0; n < scan.iterations(); ++n) {
    EXPECT_EQ(dataflow::accesses(kernel.schedule, 0, n), reads[n]) << n;
    EXPECT_EQ(dataflow::accesses(kernel.schedule, 1, n), writes[n]) << n;
  }
}

TEST(Window, ARowOfAMapThatIsWideIsKeptInBlockRam) {
  WindowParams p = same();
  p.width = 1000;
  p.channels = 2;
  p.input = {-128, 127};
  const hdl::Module module = elaborate(window(p).value());
  ASSERT_FALSE(module.memories.empty());
  EXPECT_EQ(module.memories[0].style, hdl::Style::blockRam);
  EXPECT_EQ(module.memories[0].width, 2u * 8) << "both rows side by side";
  // What comes out of the memory goes in again one row up: the counter must see that this is no endless dependence.
  EXPECT_EQ(hdl::cost(hdl::simplify(module), hdl::Family::xc7).bram18, 2u) << "2,002 words of 16 bits";
}

TEST(Window, GoesOutInPiecesWhileNothingMoves) {
  WindowParams p = same();
  p.positionsAtOnce = 3;
  const Kernel kernel = window(p).value();
  EXPECT_EQ(dataflow::iterations(kernel.schedule), 5u * 6 * 3);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 0), 4u * 5);
  EXPECT_EQ(dataflow::beatsPerPass(kernel.schedule, 1), 4u * 5 * 3);
  EXPECT_EQ(kernel.ports[1].beat.elements, 3u);
}

TEST(Window, RefusesWhatDoesNotFit) {
  const auto message = [](const WindowParams& p) { return window(p).ok() ? "" : window(p).error().message; };
  WindowParams p = same();
  p.kernelHeight = 7;
  EXPECT_EQ(message(p), "a kernel that spans 7 positions on a padded height of 6");
  p = same();
  p.padLeft = 3;
  EXPECT_EQ(message(p),
            "padding of 3 on the width axis, where the kernel reaches 2: windows in the padding alone");
  p = same();
  p.channels = 4;
  p.pack = 3;
  EXPECT_EQ(message(p), "pack 3 does not divide 4 channels");
  p = same();
  p.strideWidth = 2;
  p.insertWidth = 2;
  EXPECT_EQ(message(p), "stride 2 and insertion 2 on the width axis; one of them must be 1");
  p = same();
  p.positionsAtOnce = 2;
  EXPECT_EQ(message(p), "a kernel of 9 positions, 2 at once");
  p = same();
  p.strideHeight = 0;
  EXPECT_EQ(message(p), "stride, dilation and insertion of the height are at least 1");
  p = same();
  p.kernelWidth = 0;
  EXPECT_EQ(message(p), "the width of the map or of the kernel is 0");
  p = same();
  p.input = {1, 0};
  EXPECT_EQ(message(p), "the range of x is empty");
}

}  // namespace
}  // namespace sluice::kernel
