#include "ir/integer.h"

#include <algorithm>

#include "base/rng.h"
#include "fixed/overflow.h"
#include "fixed/rounding.h"
#include "ir/host.h"
#include "ir/random_graph.h"
#include "ir/testing.h"

namespace sluice::ir {
namespace {

using Codes64 = std::vector<std::int64_t>;

/// The first hardware output by both forms of the engine, which must agree.
Codes64 run(const Graph& graph, const CodeRows& inputs, std::size_t samples) {
  Codes64 result;
  for (const Simd simd : {Simd::portable, Simd::automatic}) {
    const auto engine = IntegerEngine::compile(graph, simd);
    EXPECT_TRUE(engine.ok()) << engine.error().text();
    const auto outputs = engine->run(inputs, samples);
    EXPECT_TRUE(outputs.ok()) << outputs.error().text();
    if (simd == Simd::automatic) {
      EXPECT_EQ((*outputs)[0], result);
    }
    result = (*outputs)[0];
  }
  return result;
}

/// All pairs of 4-bit codes, as 256 samples of two elements.
Codes64 allPairs() {
  Codes64 pairs;
  for (std::int64_t a = -8; a <= 7; ++a)
    for (std::int64_t b = -8; b <= 7; ++b) pairs.insert(pairs.end(), {a, b});
  return pairs;
}

TEST(IntegerExhaustive, DenseOfEveryPairWithEveryPairOfWeights) {
  const Codes64 pairs = allPairs();
  Graph graph;
  const TensorId x = graph.addInput("x", {{2}, Codes{.range = {-8, 7}, .scale = {1}}});
  Codes64 weights(512);
  for (std::size_t j = 0; j < 256; ++j) weights[j] = pairs[2 * j], weights[256 + j] = pairs[2 * j + 1];
  const TensorId w = graph.addConstant("w", {{2, 256}, Codes{.range = {-8, 7}, .scale = {1}}}, weights);
  graph.outputs.push_back(*graph.addNode("y", Dense{}, {x, w}));
  const Codes64 y = run(graph, {pairs}, 256);
  for (std::size_t s = 0; s < 256; ++s)
    for (std::size_t j = 0; j < 256; ++j)
      ASSERT_EQ(y[s * 256 + j], pairs[2 * s] * pairs[2 * j] + pairs[2 * s + 1] * pairs[2 * j + 1]);
}

TEST(IntegerExhaustive, MergeOfEveryPairOnEveryGrid) {
  const Codes64 pairs = allPairs();
  Codes64 a, b;
  for (std::size_t i = 0; i < pairs.size(); i += 2) a.push_back(pairs[i]), b.push_back(pairs[i + 1]);
  for (std::uint32_t shift = 0; shift < 4; ++shift) {
    const double scale = static_cast<double>(1 << shift);
    Graph graph;
    const TensorId x = graph.addInput("x", {{1}, Codes{.range = {-8, 7}, .scale = {scale}}});
    const TensorId z = graph.addInput("z", {{1}, Codes{.range = {-8, 7}, .scale = {1}}});
    graph.outputs.push_back(*graph.addNode("y", Merge{{shift, 0}}, {x, z}));
    const Codes64 y = run(graph, {a, b}, 256);
    for (std::size_t s = 0; s < 256; ++s) ASSERT_EQ(y[s], a[s] * (1 << shift) + b[s]);
  }
}

TEST(IntegerExhaustive, ThresholdsOfEveryCodeAtEveryPair) {
  const Codes64 pairs = allPairs();
  Codes64 thresholds;  // every ascending pair is a channel of its own
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    thresholds.insert(thresholds.end(), {std::min(pairs[i], pairs[i + 1]), std::max(pairs[i], pairs[i + 1])});
  for (const int sign : {1, -1}) {
    Graph graph;
    const TensorId x = graph.addInput("x", {{256}, Codes{.range = {-8, 7}, .scale = {1}}});
    const TensorId t = graph.addConstant("t", {{256, 2}, Codes{.range = {-8, 7}, .scale = {1}}}, thresholds);
    graph.outputs.push_back(
        *graph.addNode("y", Threshold{.base = {5}, .sign = {static_cast<std::int8_t>(sign)}}, {x, t}));
    Codes64 all;
    for (std::int64_t code = -8; code <= 7; ++code) all.insert(all.end(), 256, code);
    const Codes64 y = run(graph, {all}, 16);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t c = i % 256;
      const int reached = (all[i] >= thresholds[2 * c]) + (all[i] >= thresholds[2 * c + 1]);
      ASSERT_EQ(y[i], 5 + sign * reached);
    }
  }
}

TEST(IntegerExhaustive, RescaleOfEveryCodeByEveryFactor) {
  Codes64 factors, x;
  for (std::int64_t a = -8; a <= 7; ++a) factors.push_back(a);
  for (std::int64_t code = -8; code <= 7; ++code) x.insert(x.end(), 16, code);
  for (const bool even : {false, true})
    for (std::uint32_t shift = 0; shift < 5; ++shift)
      for (std::int64_t b = -8; b <= 7; ++b) {
        Graph graph;
        const TensorId in = graph.addInput("x", {{16}, Codes{.range = {-8, 7}, .scale = {1}}});
        const TensorId a = graph.addConstant("a", {{16}, Codes{.range = {-8, 7}, .scale = {1}}}, factors);
        const TensorId c = graph.addConstant("b", {{1}, Codes{.range = {b, b}, .scale = {1}}}, Codes64{b});
        const Rescale operation{.shift = shift, .range = {-7, 9}, .tieToEven = even};
        graph.outputs.push_back(*graph.addNode("y", operation, {in, a, c}));
        const Codes64 y = run(graph, {x}, 16);
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double real =
              static_cast<double>(factors[i % 16] * x[i] + b) / static_cast<double>(1 << shift);
          const double rounded = fixed::roundToInteger(real, even ? Rounding::halfEven : Rounding::floor);
          ASSERT_EQ(static_cast<double>(y[i]), std::clamp(rounded, -7.0, 9.0)) << real;
        }
      }
}

TEST(IntegerExhaustive, LargestOfEveryPairAndTriple) {
  Codes64 triples;
  for (std::int64_t a = -8; a <= 7; ++a)
    for (std::int64_t b = -8; b <= 7; ++b)
      for (std::int64_t c = -8; c <= 7; ++c) triples.insert(triples.end(), {a, b, c});
  for (std::int64_t k = 1; k <= 3; ++k) {
    Graph graph;
    const TensorId x = graph.addInput("x", {{3}, Codes{.range = {-8, 7}, .scale = {1}}});
    graph.outputs.push_back(*graph.addNode("y", TopK{k}, {x}));
    const Codes64 y = run(graph, {triples}, 4096);
    for (std::size_t s = 0; s < 4096; ++s) {
      const std::int64_t* v = triples.data() + 3 * s;
      // By counting those that stand before each index: an independent definition of the order.
      Codes64 sorted(3);
      for (std::int64_t i = 0; i < 3; ++i) {
        std::size_t before = 0;
        for (std::int64_t j = 0; j < 3; ++j) before += v[j] > v[i] || (v[j] == v[i] && j < i);
        sorted[before] = i;
      }
      for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i)
        ASSERT_EQ(y[s * static_cast<std::size_t>(k) + i], sorted[i]);
    }
  }
}

TEST(IntegerExhaustive, LookupOfEveryCodePerChannel) {
  Graph graph;
  Codes64 table, x;
  for (std::int64_t i = 0; i < 32; ++i) table.push_back((i * 37) % 101 - 50);
  for (std::int64_t code = -8; code <= 7; ++code) x.insert(x.end(), {code, code});
  const TensorId in = graph.addInput("x", {{2}, Codes{.range = {-8, 7}, .scale = {1}}});
  const TensorId t = graph.addConstant("t", {{2, 16}, Codes{.range = {-50, 50}, .scale = {1}}}, table);
  graph.outputs.push_back(*graph.addNode("y", Lookup{.first = -8}, {in, t}));
  const Codes64 y = run(graph, {x}, 16);
  for (std::size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(y[i], table[i % 2 * 16 + static_cast<std::size_t>(x[i] + 8)]);
}

/// A product of random codes at the ends of the given ranges against int64 arithmetic.
void checkDense(std::int64_t n, std::int64_t m, fixed::Interval xRange, fixed::Interval wRange,
                std::uint64_t seed) {
  Rng rng(seed);
  const auto draw = [&](fixed::Interval range) {
    return rng.chance(0.3) ? range.lo : rng.chance(0.4) ? range.hi : rng.uniform(range.lo, range.hi);
  };
  Graph graph;
  const TensorId in = graph.addInput("x", {{n}, Codes{.range = xRange, .scale = {1}}});
  Codes64 weights(static_cast<std::size_t>(n * m)), bias(static_cast<std::size_t>(m));
  for (std::int64_t& w : weights) w = draw(wRange);
  for (std::int64_t& b : bias) b = rng.uniform(-100, 100);
  const TensorId w = graph.addConstant("w", {{n, m}, Codes{.range = wRange, .scale = {1}}}, weights);
  const TensorId b = graph.addConstant("b", {{m}, Codes{.range = {-100, 100}, .scale = {1}}}, bias);
  graph.outputs.push_back(*graph.addNode("y", Dense{}, {in, w, b}));
  constexpr std::size_t samples = 13;
  Codes64 x(samples * static_cast<std::size_t>(n));
  for (std::int64_t& one : x) one = draw(xRange);
  const Codes64 y = run(graph, {x}, samples);
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t j = 0; j < static_cast<std::size_t>(m); ++j) {
      std::int64_t acc = bias[j];
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        acc += x[s * static_cast<std::size_t>(n) + i] * weights[i * static_cast<std::size_t>(m) + j];
      ASSERT_EQ(y[s * static_cast<std::size_t>(m) + j], acc) << n << " x " << m;
    }
}

TEST(Integer, ProductsAreExactInEveryWidthAtTheEndsOfTheirRanges) {
  const std::int64_t s = INT16_MAX;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    checkDense(5, 17, {-8, 7}, {-3, 3}, seed);               // int16 sums
    checkDense(490, 33, {-128, 127}, {-4, 3}, seed);         // int32 sums
    checkDense(2, 3, {-s + 1, s - 1}, {-s - 1, s}, seed);    // products and pair sums at their limit
    checkDense(2, 3, {-s, s}, {-s - 1, s}, seed);            // x just too wide for int16
    checkDense(100, 5, {-s + 1, s - 1}, {-s - 1, s}, seed);  // int16 operands, int64 sums
    checkDense(3, 5, {-8, 7}, {-100000, 100000}, seed);      // weights beyond int16
    checkDense(3, 5, {INT32_MIN, INT32_MAX}, {-(1 << 25), 1 << 25}, seed);  // int64
    checkDense(1, 1, {0, 1}, {0, 1}, seed);
  }
}

/// Thresholds of every width and number against counting.
void checkThresholds(fixed::Interval range, std::int64_t steps, bool shared, std::int64_t base,
                     std::uint64_t seed) {
  constexpr std::int64_t n = 19;
  Rng rng(seed);
  const std::int64_t rows = shared ? 1 : n;
  Codes64 thresholds;
  for (std::int64_t row = 0; row < rows; ++row) {
    Codes64 one(static_cast<std::size_t>(steps));
    for (std::int64_t& t : one)
      t = rng.chance(0.2) ? range.hi + rng.uniform(0, 5) : rng.uniform(range.lo - 2, range.hi + 1);
    std::sort(one.begin(), one.end());
    thresholds.insert(thresholds.end(), one.begin(), one.end());
  }
  Threshold operation{.base = {base}, .sign = {}};
  for (std::int64_t j = 0; j < n; ++j)
    operation.sign.push_back(rng.chance(0.5) ? std::int8_t{1} : std::int8_t{-1});
  Graph graph;
  const TensorId in = graph.addInput("x", {{n}, Codes{.range = range, .scale = {1}}});
  const TensorId t = graph.addConstant(
      "t", {{rows, steps}, Codes{.range = {range.lo - 2, range.hi + 5}, .scale = {1}}}, thresholds);
  graph.outputs.push_back(*graph.addNode("y", operation, {in, t}));
  constexpr std::size_t samples = 40;
  Codes64 x(samples * n);
  for (std::int64_t& one : x) {
    // At thresholds and one below, at the ends, and anywhere.
    const std::int64_t t0 = thresholds[static_cast<std::size_t>(
        rng.uniform(0, static_cast<std::int64_t>(thresholds.size()) - 1))];
    one = std::clamp(rng.chance(0.6) ? t0 - rng.uniform(0, 1) : rng.uniform(range.lo, range.hi), range.lo,
                     range.hi);
  }
  const Codes64 y = run(graph, {x}, samples);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % n;
    std::int64_t reached = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(steps); ++k)
      reached += x[i] >= thresholds[(shared ? 0 : c * static_cast<std::size_t>(steps)) + k];
    ASSERT_EQ(y[i], base + operation.sign[c] * reached);
  }
}

TEST(Integer, ThresholdsAreExactInEveryWidthByBothMethods) {
  std::uint64_t seed = 0;
  for (const fixed::Interval range : {fixed::Interval{-50, 50},
                                      {INT16_MIN + 1, INT16_MAX - 1},
                                      {INT16_MIN, INT16_MAX},
                                      {-100000, 100000},
                                      {INT32_MIN + 1, INT32_MAX - 1},
                                      {INT32_MIN, INT32_MAX},
                                      {-(std::int64_t{1} << 40), std::int64_t{1} << 40}})
    for (const std::int64_t steps : {1, 3, 15, 255})
      for (const std::int64_t base : {std::int64_t{0}, std::int64_t{-40000}, std::int64_t{1} << 40})
        for (const bool shared : {false, true}) checkThresholds(range, steps, shared, base, ++seed);
}

TEST(Integer, EqualsTheReferenceOnRandomNetworks) {
  std::size_t codesCompared = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    RandomGraphOptions options{.operations = 4 + seed % 7,
                               .mostChannels = seed % 5 == 0 ? 40 : 8,
                               .mostBits = seed % 3 == 0 ? 40u : 16u,
                               .mostCodeBits = seed % 7 == 0 ? 9u : 4u,
                               .inputs = 1 + seed % 2,
                               .mostOutputs = 1 + seed % 3,
                               .realInputs = seed % 4 != 0,
                               .leadingAxes = seed % 2 == 1,
                               .transpose = true};
    const Graph graph = randomGraph(seed, options);
    for (const Simd simd : {Simd::automatic, Simd::portable}) {
      const auto engine = IntegerEngine::compile(graph, simd);
      ASSERT_TRUE(engine.ok()) << engine.error().text();
      const CodeRows inputs = randomCodes(graph, engine->regions(), 11, seed);
      const auto is = engine->run(inputs, 11);
      const auto expected = referenceCodes(graph, engine->regions(), inputs, 11);
      ASSERT_TRUE(is.ok() && expected.ok());
      ASSERT_EQ(*is, *expected) << "seed " << seed << "\n" << print(graph);
      for (std::size_t i = 0; i < is->size(); ++i) {
        const fixed::Interval range = graph.tensor(engine->regions().hardwareOutputs[i]).type.codes->range;
        for (const std::int64_t code : (*is)[i]) ASSERT_TRUE(range.contains(code)) << "seed " << seed;
        codesCompared += (*is)[i].size();
      }
    }
  }
  EXPECT_GT(codesCompared, 50000u);  // the comparison has something to compare
}

TEST(Integer, ResultsDependNeitherOnBatchesNorOnThreads) {
  const Graph graph = randomGraph(12, {.operations = 8, .mostChannels = 60});
  const auto engine = IntegerEngine::compile(graph);
  ASSERT_TRUE(engine.ok());
  constexpr std::size_t samples = 1000;
  const CodeRows inputs = randomCodes(graph, engine->regions(), samples, 3);
  const auto together = engine->run(inputs, samples);
  EXPECT_EQ(*together, *engine->run(inputs, samples, 3));
  const std::size_t elementsIn = inputs[0].size() / samples, elementsOut = (*together)[0].size() / samples;
  for (std::size_t s = 0; s < samples; s += 97) {
    const auto begin = inputs[0].begin() + static_cast<std::ptrdiff_t>(s * elementsIn);
    const auto alone = engine->run({Codes64(begin, begin + static_cast<std::ptrdiff_t>(elementsIn))}, 1);
    EXPECT_TRUE(std::equal((*alone)[0].begin(), (*alone)[0].end(),
                           (*together)[0].begin() + static_cast<std::ptrdiff_t>(s * elementsOut)));
  }
}

TEST(Integer, NoSamplesGiveNoCodes) {
  const Graph graph = graphOf("x = input [2] s4; y = topK x; output y");
  EXPECT_EQ(*IntegerEngine::compile(graph)->run({{}}, 0), CodeRows{{}});
}

TEST(Integer, ConstantsMayBeMerged) {
  const Graph graph = graphOf(
      "x = input [2] s4 scale 2; c = constant [2] {100 -100}; y = merge x, c, shift [1, 0]; z = merge y, c, "
      "shift [0, 0]; output z");
  EXPECT_EQ(run(graph, {{1, 2, -8, 7}}, 2), (Codes64{202, -196, 184, -186}));
}

TEST(Integer, RefusesCodesOutsideTheirRange) {
  const Graph graph = graphOf("x = input [2] s4; y = topK x; output y");
  const auto engine = IntegerEngine::compile(graph);
  EXPECT_EQ(engine->run({{0, 7, -8, 8}}, 2).error().message, "'x', sample 1: code 8 is not in [-8, 7]");
  EXPECT_EQ(engine->run({{0}}, 1).error().message, "'x' takes 2 codes for 1 samples, not 1");
  EXPECT_EQ(engine->run({}, 1).error().message, "0 tensors of codes are given; the hardware takes 1");
}

TEST(Integer, RefusesGraphsItCannotRun) {
  const auto none = IntegerEngine::compile(graphOf("x = input [2]; y = relu x; output y"));
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("no integer operations"), std::string::npos);
}

/// Every rounding and overflow, shifts to either side, codes of 16 and of 32 bits: fast forms against fixed.
TEST(Integer, ConversionsAreThoseOfFixed) {
  using fixed::Overflow;
  for (const std::int64_t factor : {1, 70001}) {  // the second needs 32 bits
    Codes64 x;
    for (std::int64_t code = -300; code <= 300; ++code) x.push_back(code * factor);
    for (const std::int64_t shift : {-3, 0, 1, 2, 5, 16})
      for (const Rounding rounding :
           {Rounding::floor, Rounding::ceil, Rounding::halfUp, Rounding::halfDown, Rounding::halfEven,
            Rounding::towardZero, Rounding::halfTowardZero, Rounding::halfAwayFromZero})
        for (const Overflow overflow :
             {Overflow::wrap, Overflow::saturate, Overflow::saturateToZero, Overflow::saturateSymmetric})
          for (const fixed::Interval range : {fixed::Interval{-16, 15}, {0, 63}, {-32768, 32767}}) {
            Graph graph;
            const auto count = static_cast<std::int64_t>(x.size());
            const TensorId in =
                graph.addInput("x", {{count}, Codes{.range = {-300 * factor, 300 * factor}, .scale = {1}}});
            graph.outputs.push_back(*graph.addNode(
                "y", Requantize{.shift = {shift}, .range = range, .rounding = rounding, .overflow = overflow},
                {in}));
            Codes64 expected;
            for (const std::int64_t code : x)
              expected.push_back(fixed::fit(
                  shift >= 0 ? fixed::roundShiftRight(code, static_cast<std::uint32_t>(shift), rounding)
                             : code * (std::int64_t{1} << -shift),
                  range, overflow));
            ASSERT_EQ(run(graph, {x}, 1), expected)
                << "shift " << shift << ", " << fixed::name(rounding) << ", " << fixed::name(overflow);
          }
  }
}

/// The least code of 16 bits, times the greatest weights of either sign, twice: just inside what one instruction holds.
TEST(Integer, ProductsOfTheLeastCodesAreExact) {
  for (const std::int64_t weight : {32767, -32767, -32768}) {
    Graph graph;
    const TensorId x = graph.addInput("x", {{4}, Codes{.range = {-32768, 32767}, .scale = {1}}});
    const TensorId w = graph.addConstant("w", {{4, 1}, Codes{.range = {-32768, 32767}, .scale = {1}}},
                                         Codes64{weight, weight, -weight / 2, 1});
    graph.outputs.push_back(*graph.addNode("y", Dense{}, {x, w}));
    EXPECT_EQ(run(graph, {{-32768, -32768, -32768, 32767, 32767, 32767, -32768, -32768}}, 2),
              (Codes64{-65536 * weight + 32768 * (weight / 2) + 32767,
                       65534 * weight + 32768 * (weight / 2) - 32768}));
  }
}

/// Accumulators that cut products, of few and many bits, term by term in 64 bits.
TEST(Integer, AccumulatorsThatCutProductsAreExact) {
  Rng rng(7);
  for (const std::int64_t bits : {5, 12, 16, 20})
    for (const std::uint32_t shift : {0u, 1u, 7u, 10u, 16u, 20u}) {
      const fixed::Interval range{-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
      constexpr std::size_t n = 21, m = 19, samples = 7;
      Codes64 x(n * samples), w(n * m), bias(m);
      for (std::int64_t& code : x) code = rng.uniform(-32768, 32767);
      for (std::int64_t& code : w) code = rng.uniform(-32767, 32767);
      for (std::int64_t& code : bias) code = rng.uniform(-15, 15);
      x[0] = x[1] = -32768, w[0] = w[m] = 32767;
      Graph graph;
      const TensorId in = graph.addInput("x", {{n}, Codes{.range = {-32768, 32767}, .scale = {1}}});
      const TensorId weights =
          graph.addConstant("w", {{n, m}, Codes{.range = {-32768, 32767}, .scale = {1}}}, w);
      const TensorId b = graph.addConstant(
          "b", {{m}, Codes{.range = {-15, 15}, .scale = {static_cast<double>(std::int64_t{1} << shift)}}},
          bias);
      graph.outputs.push_back(
          *graph.addNode("y", AccumulateConv{.shift = shift, .range = range}, {in, weights, b}));
      Codes64 expected;
      for (std::size_t s = 0; s < samples; ++s)
        for (std::size_t j = 0; j < m; ++j) {
          std::int64_t acc = fixed::fit(bias[j], range, fixed::Overflow::wrap);
          for (std::size_t i = 0; i < n; ++i)
            acc = fixed::fit(acc + ((x[s * n + i] * w[i * m + j]) >> shift), range, fixed::Overflow::wrap);
          expected.push_back(acc);
        }
      ASSERT_EQ(run(graph, {x}, samples), expected) << bits << " bits, shift " << shift;
    }
}

TEST(Integer, ThresholdsAtTheGreatestCodeOfSixteenBits) {
  Graph graph;
  const TensorId x = graph.addInput("x", {{1}, Codes{.range = {-32768, 32767}, .scale = {1}}});
  const TensorId t = graph.addConstant("t", {{1, 3}, Codes{.range = {-32768, 40000}, .scale = {1}}},
                                       Codes64{-32768, 32767, 40000});
  graph.outputs.push_back(*graph.addNode("y", Threshold{}, {x, t}));
  EXPECT_EQ(run(graph, {{-32768, 0, 32766, 32767}}, 4), (Codes64{1, 1, 1, 2}));
}

}  // namespace
}  // namespace sluice::ir
