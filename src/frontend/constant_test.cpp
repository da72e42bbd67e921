#include "frontend/constant.h"

#include <gtest/gtest.h>

namespace sluice::frontend {
namespace {

Constant reals(ir::Shape shape, std::vector<double> data) {
  return {std::move(shape), std::move(data), false};
}
Constant integers(ir::Shape shape, std::vector<std::int64_t> data) {
  return {std::move(shape), std::move(data), false};
}
FoldBudget plenty() { return {1 << 20}; }

TEST(Constants, BroadcastAsNumpyDoes) {
  FoldBudget budget = plenty();
  const auto sum = foldBinary(FoldKind::add, reals({2, 1}, {1, 2}), reals({3}, {10, 20, 30}), budget);
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(sum->shape, (ir::Shape{2, 3}));
  EXPECT_EQ(std::get<0>(sum->data), (std::vector<double>{11, 21, 31, 12, 22, 32}));
}

TEST(Constants, ThatDoNotBroadcastSaySoWithBothShapes) {
  FoldBudget budget = plenty();
  const auto sum = foldBinary(FoldKind::add, reals({2}, {1, 2}), reals({3}, {1, 2, 3}), budget);
  ASSERT_FALSE(sum.ok());
  EXPECT_EQ(sum.error().message, "shapes [2] and [3] do not broadcast");
}

TEST(Constants, FoldInDoublePrecisionNotInTheFilesFloat32) {
  FoldBudget budget = plenty();
  const auto third = foldBinary(FoldKind::divide, reals({}, {1}), reals({}, {3}), budget);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->real(0), 1.0 / 3.0);
  EXPECT_NE(third->real(0), static_cast<double>(1.0f / 3.0f));
}

TEST(Constants, IntegerArithmeticThatOverflowsIsAnError) {
  FoldBudget budget = plenty();
  for (const FoldKind kind : {FoldKind::add, FoldKind::multiply})
    EXPECT_FALSE(foldBinary(kind, integers({}, {INT64_MAX}), integers({}, {2}), budget).ok());
  EXPECT_FALSE(foldBinary(FoldKind::divide, integers({}, {INT64_MIN}), integers({}, {-1}), budget).ok());
  EXPECT_FALSE(foldBinary(FoldKind::divide, integers({}, {1}), integers({}, {0}), budget).ok());
  EXPECT_FALSE(foldBinary(FoldKind::power, integers({}, {3}), integers({}, {INT64_MAX}), budget).ok());
  EXPECT_FALSE(foldUnary(FoldUnary::negate, integers({}, {INT64_MIN}), budget).ok());
}

TEST(Constants, PowersOfOneAndMinusOneAreFoundWithoutALoop) {
  FoldBudget budget = plenty();
  const auto even = foldBinary(FoldKind::power, integers({}, {-1}), integers({}, {INT64_MAX - 1}), budget);
  const auto odd = foldBinary(FoldKind::power, integers({}, {-1}), integers({}, {INT64_MAX}), budget);
  EXPECT_EQ(std::get<1>(even->data), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(std::get<1>(odd->data), (std::vector<std::int64_t>{-1}));
}

TEST(Constants, DivisionByZeroAndRootsOfNegativesAreErrors) {
  FoldBudget budget = plenty();
  EXPECT_FALSE(foldBinary(FoldKind::divide, reals({}, {1}), reals({}, {0}), budget).ok());
  EXPECT_FALSE(foldBinary(FoldKind::power, reals({}, {-2}), reals({}, {0.5}), budget).ok());
  EXPECT_FALSE(foldUnary(FoldUnary::squareRoot, reals({}, {-1}), budget).ok());
}

TEST(Constants, BroadcastingStopsWhenTheBudgetIsSpent) {
  FoldBudget budget{1000};
  const Constant column = reals({40, 1}, std::vector<double>(40, 1));
  const Constant row = reals({1, 40}, std::vector<double>(40, 1));
  const auto product = foldBinary(FoldKind::multiply, column, row, budget);
  ASSERT_FALSE(product.ok());
  EXPECT_NE(product.error().message.find("far more elements than the file holds"), std::string::npos);
  EXPECT_FALSE(gather(column, integers({1001}, std::vector<std::int64_t>(1001, 0)), 0, budget).ok());
}

TEST(Constants, GatherTakesElementsAlongAnAxisAndCountsNegativeIndicesFromTheEnd) {
  FoldBudget budget = plenty();
  const auto picked = gather(integers({2, 3}, {1, 2, 3, 4, 5, 6}), integers({2}, {-1, 0}), 1, budget);
  ASSERT_TRUE(picked.ok());
  EXPECT_EQ(picked->shape, (ir::Shape{2, 2}));
  EXPECT_EQ(std::get<1>(picked->data), (std::vector<std::int64_t>{3, 1, 6, 4}));
  const auto scalar = gather(integers({2}, {7, 8}), integers({}, {1}), 0, budget);
  EXPECT_EQ(scalar->shape, ir::Shape{});
  EXPECT_FALSE(gather(integers({2}, {7, 8}), integers({}, {2}), 0, budget).ok());
}

TEST(Constants, ConcatenateJoinsAlongAnInnerAxis) {
  FoldBudget budget = plenty();
  const Constant a = integers({2, 1}, {1, 2});
  const Constant b = integers({2, 2}, {3, 4, 5, 6});
  const auto joined = concatenate({&a, &b}, -1, budget);
  ASSERT_TRUE(joined.ok());
  EXPECT_EQ(std::get<1>(joined->data), (std::vector<std::int64_t>{1, 3, 4, 2, 5, 6}));
  EXPECT_FALSE(concatenate({&a, &b}, 0, budget).ok());
}

TEST(Constants, SliceFollowsOnnxForEverySmallStartEndAndStep) {
  FoldBudget budget{1 << 24};
  const Constant five = integers({5}, {0, 1, 2, 3, 4});
  for (std::int64_t start = -7; start <= 7; ++start)
    for (std::int64_t end = -7; end <= 7; ++end)
      for (std::int64_t step = -3; step <= 3; ++step) {
        if (step == 0) continue;
        // Negative ones count from the end; then, by the definition of ONNX, starts are clamped to elements
        // and ends to one place beyond them on the side the step goes to. (Python differs for a start before
        // the first element.)
        const auto bound = [&](std::int64_t v, std::int64_t low, std::int64_t high) {
          return std::clamp(v < 0 ? v + 5 : v, low, high);
        };
        const std::int64_t first = step > 0 ? bound(start, 0, 5) : bound(start, 0, 4);
        const std::int64_t last = step > 0 ? bound(end, 0, 5) : bound(end, -1, 4);
        std::vector<std::int64_t> expected;
        for (std::int64_t p = first; step > 0 ? p < last : p > last; p += step) expected.push_back(p);
        const auto cut = slice(five, 0, start, end, step, budget);
        ASSERT_TRUE(cut.ok());
        EXPECT_EQ(std::get<1>(cut->data), expected) << start << " " << end << " " << step;
      }
  EXPECT_FALSE(slice(five, 0, 0, 5, 0, budget).ok());
}

TEST(Constants, TransposeAgreesWithIndexArithmeticForAnyRank) {
  std::vector<std::int64_t> data(2 * 3 * 5);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::int64_t>(i);
  const auto turned = transposeElements(data, {2, 3, 5}, {2, 0, 1});
  for (std::size_t a = 0; a < 2; ++a)
    for (std::size_t b = 0; b < 3; ++b)
      for (std::size_t c = 0; c < 5; ++c) EXPECT_EQ(turned[(c * 2 + a) * 3 + b], data[(a * 3 + b) * 5 + c]);
  std::vector<double> matrix(70 * 45);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<double>(i);
  const auto flipped = transposeElements(matrix, {70, 45}, {1, 0});
  for (std::size_t r = 0; r < 70; ++r)
    for (std::size_t c = 0; c < 45; ++c) ASSERT_EQ(flipped[c * 70 + r], matrix[r * 45 + c]);
}

TEST(Constants, ShapesWithAbsurdOrNegativeExtentsAreRefused) {
  EXPECT_FALSE(countElements({-1}).ok());
  EXPECT_FALSE(countElements({1 << 20, 1 << 20}).ok());
  EXPECT_FALSE(countElements({INT64_MAX, INT64_MAX, 0}).ok());
  EXPECT_FALSE(countElements(ir::Shape(65, 1)).ok());
  EXPECT_EQ(*countElements({3, 0, 4}), 0);
  EXPECT_EQ(*countElements({}), 1);
}

TEST(Constants, ArithmeticWithTheOpenBatchSizeIsUnsupported) {
  FoldBudget budget = plenty();
  const Constant shape{{2}, std::vector<std::int64_t>{openBatch, 3}, true};
  EXPECT_EQ(foldBinary(FoldKind::multiply, shape, shape, budget).error().code, ErrorCode::unsupported);
  const auto inner = gather(shape, integers({1}, {1}), 0, budget);
  ASSERT_TRUE(inner.ok());
  EXPECT_FALSE(inner->symbolic);  // the batch is no longer among them
}

}  // namespace
}  // namespace sluice::frontend
