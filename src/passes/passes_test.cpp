#include "passes/passes.h"

#include <gtest/gtest.h>

#include "ir/regions.h"
#include "ir/testing.h"
#include "passes/pipeline.h"

/// Each pass on the smallest graph that shows what it does, under the meaning guard.
namespace sluice::passes {
namespace {

using Names = std::vector<std::string>;

const ir::Tensor& tensorOf(const ir::Graph& graph, const std::string& name) {
  const auto id = graph.findTensor(name);
  EXPECT_TRUE(id.has_value()) << "no tensor '" << name << "'";
  return graph.tensor(id.value_or(graph.outputs[0]));
}

std::size_t run(Result<Change> (*pass)(ir::Graph&, const LowerOptions&), ir::Graph& graph,
                const LowerOptions& options = {}) {
  const auto change = pass(graph, options);
  EXPECT_TRUE(change.ok()) << change.error().text();
  return change.ok() ? change->places : 0;
}

std::string errorOf(const Result<ir::Graph>& result) {
  return result.ok() ? "no error" : result.error().text();
}

// ---- fold-constants
// ---------------------------------------------------------------------------------------------

TEST(FoldConstants, QuantizesAndTransposesWeightsWithTiesToEven) {
  ir::Graph graph = ir::graphOf(
      "x = input [3] real; q = quantize x, scale 0.5, range [-4, 3];"
      "w = constant [2, 3] real {0.125 0.375 -0.125  0.2 9 -9};"
      "c = quantize w, scale 0.25, range [-3, 3]; t = transpose c, permutation [1, 0]; y = matMul q, t; "
      "output y");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(foldConstants, graph), 2u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "matMul"}));
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "t")), (std::vector<std::int64_t>{0, 1, 2, 3, 0, -3}));
}

TEST(FoldConstants, KeepsArithmeticThatIsNotExactInFloat64) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; a = constant [2] real {1.5 2}; b = constant [1] real {3};"
      "s = add a, b; d = divide a, b; y = multiply x, s; z = multiply y, d; output z");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(foldConstants, graph), 1u) << "4.5 and 5 are exact, 0.5 and 2/3 are not";
  EXPECT_EQ(ir::realsOf(tensorOf(graph, "s")), (std::vector<double>{4.5, 5}));
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "binary", "binary", "binary"}));
}

TEST(FoldConstants, BroadcastsAndMovesAxesOfHigherRank) {
  ir::Graph graph = ir::graphOf(
      "x = input [3, 2, 2] real; a = constant [2, 1, 3] real {1 2 3 4 5 6}; b = constant [2, 1] real {10 20};"
      "s = add a, b; t = transpose s, permutation [2, 0, 1]; y = add x, t; output y");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(foldConstants, graph), 2u);
  // t[k][i][j] = a[i][0][k] + b[j][0]
  EXPECT_EQ(ir::realsOf(tensorOf(graph, "t")),
            (std::vector<double>{11, 21, 14, 24, 12, 22, 15, 25, 13, 23, 16, 26}));
}

// ---- fold-identity, remove-dead
// ---------------------------------------------------------------------------------

TEST(FoldIdentity, ReadsThroughWhatChangesNothingAndKeepsTheNameOfAnOutput) {
  ir::Graph graph = ir::graphOf(
      "x = input [2, 3] real; i = identity x; r = reshape i, shape [2, 3]; t = transpose r, permutation [0, "
      "1];"
      "one = constant [3] real {1 1 1}; zero = constant [] real {0}; m = multiply t, one; s = subtract m, "
      "zero; n = negate s;"
      "y = identity n; output y");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(foldIdentity, graph), 5u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "unary", "unary"}));
  EXPECT_EQ(graph.tensor(graph.outputs[0]).name, "y");
}

TEST(FoldIdentity, KeepsASumThatBroadcasts) {
  ir::Graph graph = ir::graphOf(
      "x = input [3] real; z = constant [2, 3] real {0 0 0 0 0 0}; y = add x, z; w = negate y; output w");
  EXPECT_EQ(run(foldIdentity, graph), 0u);
}

TEST(RemoveDead, DropsWhatNoOutputNeedsButNoInput) {
  ir::Graph graph =
      ir::graphOf("x = input [2] real; u = input [1] real; d = relu x; e = negate d; y = negate x; output y");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(removeDead, graph), 2u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "input", "unary"}));
}

// ---- quantize-inputs
// --------------------------------------------------------------------------------------------

TEST(QuantizeInputs, GivesTheFirstProductOfARealInputTheDefaultFormatOnce) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; h = constant [1] real {0.5}; s = multiply x, h; w = constant [2, 2] s4 {1 2 3 4};"
      "a = matMul s, w; b = matMul s, w; y = add a, b; output y");
  EXPECT_EQ(run(quantizeInputs, graph), 1u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "binary", "quantize", "matMul", "matMul", "binary"}));
  const ir::Codes& codes = *tensorOf(graph, "s.quantized").type.codes;
  EXPECT_EQ(codes.scale, std::vector<double>{0x1p-10});
  EXPECT_EQ(codes.range, (fixed::Interval{-32768, 32767}));
}

TEST(QuantizeInputs, LeavesQuantizedInputsAloneAndAsksWhereNoFormatIsAllowed) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 1, range s4; w = constant [2, 1] s4 {1 2};"
      "y = matMul q, w; output y");
  EXPECT_EQ(run(quantizeInputs, graph), 0u);
  ir::Graph raw = ir::graphOf("x = input [2] real; w = constant [2, 1] s4 {1 2}; y = matMul x, w; output y");
  const auto refused = quantizeInputs(raw, {.inputFormat = std::nullopt});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text(),
            "node 'y': reads 'x', which no quantizer comes before; give a format for inputs");
}

// ---- lower-linear, fold-bias
// -------------------------------------------------------------------------------------

TEST(LowerLinear, TakesZeroPointsOfBothSidesOut) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 0.5, zeroPoint 3, range u4;"
      "w = constant [2, 3] codes [0, 7] scale [0.25, 0.5, 1] zeroPoint 4 {0 1 2  5 6 7}; y = matMul q, w; "
      "output y");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(lowerLinear, graph), 1u);
  ASSERT_EQ(ir::opNames(graph), (Names{"input", "quantize", "dense"}));
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "w.codes")), (std::vector<std::int64_t>{-4, -3, -2, 1, 2, 3}));
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "y.bias")), (std::vector<std::int64_t>{9, 3, -3}));
}

TEST(LowerLinear, TakesRealWeightsOnACoarseGridAndNoOthers) {
  const std::string start = "x = input [2] real; q = quantize x, scale 0.5, range s4; ";
  ir::Graph coarse = ir::graphOf(start + "w = constant [2, 1] real {0.375 -1}; y = matMul q, w; output y");
  const ir::SameMeaning guard(coarse);
  EXPECT_EQ(run(lowerLinear, coarse), 1u);
  EXPECT_EQ(ir::codesOf(tensorOf(coarse, "w.codes")), (std::vector<std::int64_t>{3, -8}));
  EXPECT_EQ(tensorOf(coarse, "w.codes").type.codes->scale, std::vector<double>{0.125});
  ir::Graph fine = ir::graphOf(start + "w = constant [2, 1] real {0.1 -1}; y = matMul q, w; output y");
  EXPECT_EQ(run(lowerLinear, fine), 0u);
  EXPECT_EQ(errorOf(lower(fine)),
            "node 'y': has weights 'w' that are real numbers and lie on no grid of 16 bits; quantize them");
}

TEST(LowerLinear, ReadsThroughReluAndSignsWhereNoQuantizerFollows) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 0.5, zeroPoint 1, range s4; m = constant [1] real {-2};"
      "n = multiply q, m; r = relu n; one = constant [1] real {3}; s = subtract one, r;"
      "w = constant [2, 1] s4 {1 -2}; y = matMul s, w; output y");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(lowerLinear, graph), 1u);
  EXPECT_EQ(run(removeDead, graph), 3u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "rescale", "rescale", "rescale", "dense"}));
}

TEST(FoldBias, MovesWholeStepsIntoTheDenseAndLeavesOthers) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 0.5, range s4; w = constant [2, 2] s4 scale 0.25 {1 2 "
      "3 4};"
      "a = dense q, w; b = constant [2] codes [-8, 7] scale 0.25 {1 -3}; c = constant [2] real {0.5 0.1};"
      "d = add b, a; e = add d, c; output e");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(foldBias, graph), 1u);
  ASSERT_EQ(ir::opNames(graph), (Names{"input", "quantize", "dense", "binary"}));
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "a.bias")), (std::vector<std::int64_t>{2, -6}));
  EXPECT_EQ(graph.nodes[2].name, "a");
  EXPECT_EQ(graph.tensor(graph.nodes[2].output).name, "d");
  EXPECT_EQ(graph.nodes[2].origins, (Names{"a", "d"}));
}

TEST(FoldBias, SubtractsAndAddsToABiasThatIsThereAndSparesSharedSums) {
  ir::Graph graph = ir::graphOf(
      "x = input [1] real; q = quantize x, scale 1, range s4; w = constant [1, 2] s4 {1 2}; b = constant [2] "
      "s8 {10 20};"
      "a = dense q, w, b; c = constant [] real {4}; d = subtract a, c; output d");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(foldBias, graph), 1u);
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "a.bias")), (std::vector<std::int64_t>{6, 16}));
  ir::Graph shared = ir::graphOf(
      "x = input [1] real; q = quantize x, scale 1, range s4; w = constant [1, 2] s4 {1 2};"
      "a = dense q, w; c = constant [] real {4}; d = add a, c; output d, a");
  EXPECT_EQ(run(foldBias, shared), 0u);
}

// ---- lower-merge
// ------------------------------------------------------------------------------------------------

TEST(LowerMerge, AddsAndSubtractsOnTheCommonDyadicGrid) {
  for (const char* operation : {"add", "subtract"}) {
    ir::Graph graph = ir::graphOf(
        "x = input [3] real; p = quantize x, scale 0.75, zeroPoint 2, range s4; q = quantize x, scale "
        "0.1875, zeroPoint -1, range u3;"
        "y = " +
        std::string(operation) + " p, q; z = " + operation + " q, p; output y, z");
    const ir::SameMeaning guard(graph);
    EXPECT_EQ(run(lowerLinear, graph), 2u);
    for (const ir::TensorId output : graph.outputs) {
      EXPECT_FALSE(graph.tensor(output).type.isReal());
      EXPECT_EQ(graph.tensor(output).type.codes->scale, std::vector<double>{0.1875});
    }
  }
}

TEST(LowerMerge, TakesATableOfPairsWhereScalesHaveNothingInCommonAndCodesAreFew) {
  ir::Graph graph = ir::graphOf(
      "x = input [3] real; p = quantize x, scale 0.7, range s4; q = quantize x, scale 0.3, range u3;"
      "y = add p, q; r = relu y; z = quantize r, scale 1, range u3; output z");
  const ir::SameMeaning guard(graph, {.samples = 300});
  auto lowered = lower(graph);
  ASSERT_TRUE(lowered.ok()) << lowered.error().text();
  graph = std::move(lowered).value();
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "quantize", "pairLookup"}));
}

TEST(LowerMerge, MultipliesOntoTheCommonGridWhereFactorsAreSmall) {
  ir::Graph graph = ir::graphOf(
      "x = input [3] real; p = quantize x, scale 0.75, zeroPoint 1, range s10; q = quantize x, scale 0.5, "
      "range "
      "s10; y = add p, q; z = quantize y, scale 1, range s4; output z");
  const ir::SameMeaning guard(graph, {.samples = 300});
  auto lowered = lower(graph);
  ASSERT_TRUE(lowered.ok()) << lowered.error().text();
  graph = std::move(lowered).value();
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "quantize", "rescale", "merge", "rescale"}));
}

TEST(LowerMerge, NamesASumOfScalesThatDoNotFitWhenAQuantizerNeedsIt) {
  const ir::Graph graph = ir::graphOf(
      "x = input [3] real; p = quantize x, scale 0.7, range s10; q = quantize x, scale 0.3, range s10;"
      "y = add p, q; z = quantize y, scale 1, range s4; output z");
  EXPECT_EQ(
      errorOf(lower(graph)),
      "node 'z': cannot be computed on integers: it depends on two tensors of codes, 'p' and 'q', "
      "which meet on no common grid; quantize both to scales that differ by a power of two (a table of all "
      "pairs of codes would have 1048576 entries, more than 16384)");
}

// ---- lift-reshape
// -----------------------------------------------------------------------------------------------

TEST(LiftReshape, MovesAReshapeBeforeTheChainItWouldCut) {
  ir::Graph graph = ir::graphOf(
      "x = input [2, 2, 3] real; q = quantize x, scale 0.5, range s4; r = relu q; c = constant [3] real {0.1 "
      "0.2 0.3};"
      "s = multiply r, c; f = reshape s, shape [4, 3]; z = quantize f, scale 0.25, range u3; output z");
  const ir::SameMeaning guard(graph);
  EXPECT_EQ(run(liftReshape, graph), 1u);
  EXPECT_EQ(run(fuseChains, graph), 1u);
  EXPECT_EQ(run(removeDead, graph), 4u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "reshape", "lookup"}));
}

TEST(LiftReshape, LeavesItWhereChannelsWouldBeTorn) {
  ir::Graph graph = ir::graphOf(
      "x = input [2, 3] real; q = quantize x, scale 0.5, range s4; c = constant [3] real {0.1 0.2 0.3};"
      "s = multiply q, c; f = reshape s, shape [6]; z = quantize f, scale 0.25, range u3; output z");
  EXPECT_EQ(run(liftReshape, graph), 0u);
  // There the quantizer goes before the reshape instead.
  const ir::SameMeaning guard(graph);
  auto lowered = lower(graph);
  ASSERT_TRUE(lowered.ok()) << lowered.error().text();
  graph = std::move(lowered).value();
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "lookup", "reshape"}));
  EXPECT_EQ(graph.nodes[2].name, "z");
  EXPECT_EQ(graph.nodes[3].name, "f");
  EXPECT_EQ(graph.tensor(graph.outputs[0]).name, "z");
}

// ---- fuse-chains
// ------------------------------------------------------------------------------------------------

TEST(FuseChains, TurnsABatchNormalizationWithFallingAndDeadChannelsIntoThresholds) {
  ir::Graph graph = ir::graphOf(
      "x = input [4] real; q = quantize x, scale 0.25, range s8; w = constant [4, 3] s4 scale 0.125 {1 "
      "-2 3 4 5 -6 7 -8 1 2 3 -1};"
      "a = dense q, w; g = constant [3] real {0.7 -1.3 0}; b = constant [3] real {0.2 1.5 0.9};"
      "m = constant [3] real {0.3 -2 1}; v = constant [3] real {2 3 5};"
      "n = batchNormalize a, g, b, m, v; r = relu n; z = quantize r, scale 0.25, range u3; output z");
  const ir::SameMeaning guard(graph, {.samples = 300});
  EXPECT_EQ(run(fuseChains, graph), 1u);
  EXPECT_EQ(run(removeDead, graph), 2u);
  ASSERT_EQ(ir::opNames(graph), (Names{"input", "quantize", "dense", "threshold"}));
  const auto& threshold = std::get<ir::Threshold>(graph.nodes.back().operation);
  EXPECT_EQ(threshold.sign, (std::vector<std::int8_t>{1, -1, 1}));
  EXPECT_EQ(threshold.base, (std::vector<std::int64_t>{0, 7, 4}));
  EXPECT_EQ(threshold.scale, std::vector<double>{0.25});
  EXPECT_EQ(graph.nodes.back().name, "z");
  EXPECT_EQ(graph.nodes.back().origins, (Names{"n", "r", "z"}));
}

TEST(FuseChains, UsesAShiftWithTiesToEvenForManyCodesOnADyadicGrid) {
  ir::Graph graph = ir::graphOf(
      "x = input [4] real; q = quantize x, scale 0.03125, range s16; r = relu q; z = quantize r, scale 0.25, "
      "range u6; output z");
  const ir::SameMeaning guard(graph, {.samples = 300});
  EXPECT_EQ(run(fuseChains, graph), 1u);
  const auto& rescale = std::get<ir::Rescale>(graph.nodes.back().operation);
  EXPECT_TRUE(rescale.tieToEven);
  EXPECT_EQ(rescale.shift, 3u);
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "z.a")), std::vector<std::int64_t>{1});
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "z.b")), std::vector<std::int64_t>{0});
}

TEST(FuseChains, TakesTheZeroPointOfTheInputIntoTheSummandOfAShift) {
  ir::Graph graph = ir::graphOf(
      "x = input [4] real; q = quantize x, scale 0.03125, zeroPoint 700, range s16; z = quantize q, scale "
      "0.25, "
      "zeroPoint 3, range u12; output z");
  const ir::SameMeaning guard(graph, {.samples = 300});
  EXPECT_EQ(run(fuseChains, graph), 1u);
  const auto& rescale = std::get<ir::Rescale>(graph.nodes.back().operation);
  EXPECT_EQ(rescale.shift, 3u);
  EXPECT_EQ(ir::codesOf(tensorOf(graph, "z.b")), std::vector<std::int64_t>{24 - 700});
}

TEST(FuseChains, DuplicatesAChainThatOthersReadToo) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 0.5, range s8; c = constant [1] real {0.3}; s = multiply q, "
      "c;"
      "u = quantize s, scale 0.5, range u3; v = quantize s, scale 1, range s3; e = relu s; output u, v, e");
  const ir::SameMeaning guard(graph, {.samples = 300});
  EXPECT_EQ(run(fuseChains, graph), 2u);
  EXPECT_EQ(ir::opNames(graph), (Names{"input", "quantize", "binary", "threshold", "threshold", "unary"}));
}

TEST(FuseChains, HandlesBipolarQuantizersAndScalesPerChannelOnBothSides) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale [0.5, 0.3], range s8; c = constant [2] real {0.3 -0.7}; s = "
      "add q, c;"
      "u = bipolar s, scale 0.5; v = quantize s, scale [0.5, 7], range s3; output u, v");
  const ir::SameMeaning guard(graph, {.samples = 300});
  EXPECT_EQ(run(fuseChains, graph), 2u);
  EXPECT_EQ(*tensorOf(graph, "u").type.codes, (ir::Codes{.range = {-1, 1}, .scale = {0.5}, .zeroPoint = 0}));
  EXPECT_EQ(tensorOf(graph, "v").type.codes->scale, (std::vector<double>{0.5, 7}));
}

TEST(FuseChains, TightensRangesDownstream) {
  ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 1, range s4; r = relu q; z = quantize r, scale 1, range s8;"
      "w = constant [2, 1] s4 {1 1}; y = dense z, w; output y");
  EXPECT_EQ(tensorOf(graph, "y").type.codes->range, (fixed::Interval{-256, 254}));
  const ir::SameMeaning guard(graph);
  run(fuseChains, graph);
  EXPECT_EQ(tensorOf(graph, "y").type.codes->range, (fixed::Interval{0, 14}));
}

TEST(FuseChains, LeavesTheRealPrologueToTheHost) {
  ir::Graph graph =
      ir::graphOf("x = input [2] real; r = relu x; z = quantize r, scale 1, range s8; output z");
  EXPECT_EQ(run(fuseChains, graph), 0u);
}

TEST(FuseChains, SaysWhatItCannotDoWithAChain) {
  const std::string start = "x = input [2, 3] real; q = quantize x, scale 0.5, range s8;";
  const auto problem = [&](const std::string& rest) {
    return errorOf(lower(ir::graphOf(start + rest + "; output z")));
  };
  EXPECT_EQ(problem("c = constant [1] real {inf}; s = add q, c; z = quantize s, scale 1, range s8"),
            "node 'z': cannot be computed on integers: constant 'c' holds an infinity or NaN");
  EXPECT_EQ(problem("s = power q, q; z = quantize s, scale 1, range s8"),
            "node 's' in the chain before 'z': cannot be computed on integers: an exponent that is not one "
            "constant");
  EXPECT_EQ(problem("c = constant [4, 2, 3] real {" +
                    [] {
                      std::string zeros;
                      for (int i = 0; i < 24; ++i) zeros += " 3";
                      return zeros;
                    }() +
                    "}; s = add q, c; z = quantize s, scale 1, range s8"),
            "node 'z': cannot be computed on integers: tensor 'q' of shape [2, 3] is broadcast to [4, 2, 3]");
  EXPECT_EQ(problem("r = relu x; s = add q, r; z = quantize s, scale 1, range s8"),
            "node 'x' in the chain before 'z': cannot be computed on integers: it depends on the real input "
            "'x', which is "
            "not quantized on the way");
  EXPECT_EQ(problem("r = relu q; z = quantize r, scale 1, range s52"),
            "node 'z': cannot be computed on integers: codes beyond 2^50");
}

// ---- append-top-k
// -----------------------------------------------------------------------------------------------

TEST(AppendTopK, ComparesCodesBehindARisingEpilogueAndRealsBehindOthers) {
  const std::string start =
      "x = input [4] real; q = quantize x, scale 0.5, range s4; c = constant [1] real {0.5};";
  ir::Graph rising = ir::graphOf(start + "m = multiply q, c; d = subtract m, c; y = softmax d; output y");
  EXPECT_EQ(run(appendTopK, rising, {.appendTopK = 2}), 1u);
  EXPECT_EQ(rising.nodes.back().inputs, std::vector<ir::TensorId>{*rising.findTensor("q")});
  EXPECT_EQ(tensorOf(rising, "y.topK").type.shape, ir::Shape{2});
  ir::Graph falling = ir::graphOf(start + "m = multiply q, c; d = subtract c, m; output d");
  EXPECT_EQ(run(appendTopK, falling, {.appendTopK = 1}), 1u);
  EXPECT_EQ(falling.nodes.back().inputs, std::vector<ir::TensorId>{*falling.findTensor("d")});
  EXPECT_EQ(run(appendTopK, falling), 0u) << "not asked for";
}

// ---- check-lowered, the runner
// ----------------------------------------------------------------------------------

TEST(CheckLowered, NamesEveryObstacleWithItsReason) {
  const ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 1, range s4; w = constant [2, 2] real {0.1 0.2 0.3 0.4}; a "
      "= matMul q, w;"
      "s = reduceProduct q, axes [0]; z = quantize s, scale 0.1, range u4; p = quantize x, scale [1, 0.3], "
      "range s4;"
      "v = constant [2, 1] s4 {1 2}; b = matMul p, v; output a, z, b");
  EXPECT_EQ(errorOf(lower(graph)),
            "3 problems\n"
            "  node 'a': has weights 'w' that are real numbers and lie on no grid of 16 bits; quantize them\n"
            "  node 's' in the chain before 'z': cannot be computed on integers: 'reduce' is not "
            "element-wise\n"
            "  node 'b': reads codes 'p' with a scale per channel; a sum over channels needs one scale");
}

TEST(Lower, GivesRegionsOfPrologueMiddleAndEpilogue) {
  const ir::Graph graph = ir::graphOf(
      "x = input [2] real; h = constant [1] real {2}; s = multiply x, h; q = quantize s, scale 1, range s4;"
      "w = constant [2, 2] s4 {1 2 3 4}; a = matMul q, w; t = constant [1] real {0.1}; e = multiply a, t; "
      "output e");
  auto lowered = lower(graph);
  ASSERT_TRUE(lowered.ok()) << lowered.error().text();
  const Status same = ir::compareMeaning(graph, *lowered);
  EXPECT_TRUE(same.ok()) << same.error().text();
  const auto regions = ir::regions(*lowered);
  ASSERT_TRUE(regions.ok());
  EXPECT_EQ(regions->prologue.size(), 3u);
  EXPECT_EQ(regions->integer.size(), 1u);
  EXPECT_EQ(regions->epilogue.size(), 1u);
}

TEST(Runner, RecordsEveryPassAndStopsWhereToldAndNamesUnknownPasses) {
  const ir::Graph graph = ir::graphOf(
      "x = input [2] real; q = quantize x, scale 1, range s4; r = relu q;"
      "z = quantize r, scale 1, range u2; output z");
  std::vector<PassRecord> records;
  std::vector<std::string> seen;
  const auto lowered =
      lower(graph, {},
            {.after = [&](const Pass& pass, const ir::Graph&) { seen.emplace_back(pass.name); },
             .records = &records});
  ASSERT_TRUE(lowered.ok());
  ASSERT_EQ(records.size(), lowering().size());
  EXPECT_EQ(seen.size(), records.size());
  EXPECT_EQ(records[9].name, "fuse-chains");
  EXPECT_EQ(records[9].places, 1u);
  EXPECT_EQ(records[11].nodesBefore, 4u);
  EXPECT_EQ(records[11].nodesAfter, 3u);

  const auto until = lowerUntil(graph, "fold-identity");
  ASSERT_TRUE(until.ok());
  EXPECT_EQ(ir::opNames(*until), ir::opNames(graph));
  EXPECT_EQ(ir::print(*lowerUntil(graph, "")), ir::print(graph));
  const auto unknown = lowerUntil(graph, "fuse-chain");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::usage);
  EXPECT_EQ(unknown.error().message.substr(0, 33), "no pass is called 'fuse-chain'; t");
}

TEST(Runner, RefusesAGraphThatIsNotValid) {
  ir::Graph graph = ir::graphOf("x = input [2] real; y = relu x; output y");
  graph.outputs.clear();
  EXPECT_FALSE(lower(graph).ok());
}

}  // namespace
}  // namespace sluice::passes
