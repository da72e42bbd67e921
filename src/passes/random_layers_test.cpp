#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>

#include "base/rng.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/reference.h"
#include "ir/regions.h"
#include "ir/testing.h"
#include "passes/pipeline.h"
#include "passes/random_codes.h"

/// Random small networks of all kinds of layers, with quantizers between: lowered, they mean the same, and the integer
/// engine gives the codes of the reference.
namespace sluice::passes {
namespace {

class RandomLayers {
 public:
  explicit RandomLayers(std::uint64_t seed) : rng_(seed) {}

  ir::Graph graph() {
    graph_.name = "random";
    const ir::Shape shape{rng_.uniform(2, 5), rng_.uniform(2, 5), rng_.uniform(1, 4)};
    ir::TensorId x = graph_.addInput("x", {.shape = shape, .codes = std::nullopt});
    x = quantized(x, true);
    codes_.push_back(x);
    const std::int64_t layers = rng_.uniform(1, 4);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      x = rng_.chance(0.7) ? product(x) : x;
      for (std::int64_t k = rng_.uniform(0, 2); k > 0; --k)
        x = rng_.chance(0.5) ? activation(x) : structure(x);
      if (rng_.chance(0.3)) x = merged(x);
      if (rng_.chance(0.85)) {
        x = quantized(x, false);
        codes_.push_back(x);
      }
    }
    if (rng_.chance(0.3)) x = product(x);
    graph_.outputs = {x};
    if (graph_.tensor(x).producer == ir::NodeId(0))
      graph_.outputs = {node(ir::Unary{.kind = ir::UnaryKind::identity}, {x})};
    return std::move(graph_);
  }

 private:
  ir::TensorId node(ir::Operation operation, std::vector<ir::TensorId> inputs) {
    const auto added = graph_.addNode("t" + std::to_string(count_++), std::move(operation), inputs);
    return added.ok() ? *added : inputs[0];  // what does not fit is left out
  }
  const ir::Shape& shapeOf(ir::TensorId id) const { return graph_.tensor(id).type.shape; }
  std::string fresh() { return "c" + std::to_string(count_++); }

  ir::TensorId reals(ir::Shape shape, double lo, double hi) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < ir::elements(shape); ++i)
      values.push_back(rng_.chance(0.3) ? std::round((lo + (hi - lo) * rng_.real()) * 4) / 4
                                        : static_cast<float>(lo + (hi - lo) * rng_.real()));
    return graph_.addConstant(fresh(), {.shape = std::move(shape), .codes = std::nullopt}, std::move(values));
  }

  ir::TensorId quantized(ir::TensorId x, bool first) {
    const std::vector<double> scales{0.25, 0.5, 1, 2};
    const std::vector<fixed::Interval> ranges{{0, 7}, {-4, 3}, {-3, 3}, {0, 1}, {-32, 31}, {0, 255}, {-8, 7}};
    const auto pick = [&](const auto& list) {
      return list[static_cast<std::size_t>(rng_.uniform(0, static_cast<std::int64_t>(list.size()) - 1))];
    };
    if (rng_.chance(0.05)) return node(ir::Bipolar{.scale = pick(scales)}, {x});
    ir::Quantize q{.scale = {pick(scales)}, .zeroPoint = 0, .range = pick(ranges)};
    if (rng_.chance(0.4)) q.rounding = static_cast<fixed::Rounding>(rng_.uniform(0, 8));
    if (rng_.chance(0.15)) q.zeroPoint = rng_.uniform(-2, 2);
    if (rng_.chance(0.25)) q.overflow = static_cast<fixed::Overflow>(rng_.uniform(0, 4));
    if (rng_.chance(0.1)) q.scale = {static_cast<float>(0.2 + rng_.real())};
    const std::int64_t channels = ir::channels(shapeOf(x)), elements = ir::elements(shapeOf(x));
    if (rng_.chance(0.2)) {  // formats per channel or per element
      const std::int64_t count = rng_.chance(0.5) ? channels : elements;
      q.scale.clear();
      for (std::int64_t i = 0; i < count; ++i) {
        q.scale.push_back(pick(scales));
        q.ranges.push_back(rng_.chance(0.1) ? fixed::Interval{0, 0} : pick(ranges));
      }
      q.range = q.ranges[0];
      for (const fixed::Interval range : q.ranges) q.range = join(q.range, range);
      if (q.ranges.size() == 1) q.ranges.clear();
      q.zeroPoint = 0;
    }
    if (q.overflow == fixed::Overflow::saturateToZero && (q.zeroPoint != 0))
      q.overflow = fixed::Overflow::wrap;
    (void)first;
    return node(q, {x});
  }

  ir::TensorId weights(ir::Shape shape) {
    std::vector<std::int64_t> codes;
    for (std::int64_t i = 0; i < ir::elements(shape); ++i) codes.push_back(rng_.uniform(-4, 3));
    ir::Codes type{.range = {-4, 3}, .scale = {0.125}, .zeroPoint = rng_.chance(0.8) ? 0 : 1};
    const std::int64_t count = rng_.chance(0.3)   ? ir::channels(shape)
                               : rng_.chance(0.1) ? ir::elements(shape)
                                                  : 1;
    if (count > 1) type.scale.clear();
    for (std::int64_t i = 0; count > 1 && i < count; ++i)
      type.scale.push_back(count == ir::channels(shape) && rng_.chance(0.5)
                               ? 0.25F + 0.1F * static_cast<float>(i)
                               : 0.125 * static_cast<double>(1 << rng_.uniform(0, 3)));
    return graph_.addConstant(fresh(), {.shape = shape, .codes = type}, std::move(codes));
  }

  ir::TensorId product(ir::TensorId x) {
    const ir::Shape shape = shapeOf(x);
    const std::int64_t cin = ir::channels(shape);
    const std::int64_t out = rng_.uniform(1, 4);
    if (shape.empty()) return x;
    if (shape.size() < 2 || rng_.chance(0.2)) return biased(node(ir::MatMul{}, {x, weights({cin, out})}));
    std::int64_t groups = 1, cout = out;
    if (rng_.chance(0.3)) {
      groups = cin;
      cout = cin * rng_.uniform(1, 2);
    }
    ir::Window window;
    ir::Shape kernel;
    for (std::size_t axis = 0; axis + 1 < shape.size(); ++axis) {
      kernel.push_back(rng_.uniform(1, std::min<std::int64_t>(3, shape[axis])));
      window.strides.push_back(rng_.uniform(1, 2));
      window.dilations.push_back(rng_.chance(0.15) ? 2 : 1);
      window.padBefore.push_back(rng_.chance(0.4) ? 1 : 0);
      window.padAfter.push_back(rng_.chance(0.4) ? 1 : 0);
    }
    ir::Shape w = kernel;
    w.push_back(cin / groups);
    w.push_back(cout);
    std::vector<ir::TensorId> inputs{x, weights(w)};
    if (rng_.chance(0.4)) inputs.push_back(reals({cout}, -2, 2));
    if (rng_.chance(0.15)) return node(ir::ConvTranspose{.window = window, .groups = groups}, inputs);
    const ir::TensorId y = node(ir::Conv{.window = window, .groups = groups}, inputs);
    return inputs.size() == 3 ? y : biased(y);
  }

  ir::TensorId biased(ir::TensorId x) {
    if (!rng_.chance(0.4)) return x;
    return node(ir::Binary{.kind = ir::BinaryKind::add}, {x, reals({ir::channels(shapeOf(x))}, -2, 2)});
  }

  ir::TensorId activation(ir::TensorId x) {
    const std::int64_t c = ir::channels(shapeOf(x));
    if (shapeOf(x).empty()) return x;
    const auto unary = [&](ir::Unary op) { return node(op, {x}); };
    switch (rng_.uniform(0, 13)) {
      case 0:
        return node(ir::BatchNormalize{},
                    {x, reals({c}, -0.5, 2), reals({c}, -1, 1), reals({c}, -2, 2), reals({c}, 0.2, 4)});
      case 1:
      case 2:
      case 3:
        return unary({.kind = ir::UnaryKind::relu});
      case 4:
        return unary({.kind = ir::UnaryKind::leakyRelu, .alpha = rng_.chance(0.5) ? 0.125 : 0.1});
      case 5:
        return unary({.kind = ir::UnaryKind::clip, .alpha = -1, .beta = 3});
      case 6:
        return unary({.kind = rng_.chance(0.5) ? ir::UnaryKind::sigmoid : ir::UnaryKind::tanh});
      case 7:
        return unary({.kind = ir::UnaryKind::hardSigmoid, .alpha = 0.25, .beta = 0.5});
      case 8:
        return node(ir::Binary{.kind = ir::BinaryKind::multiply}, {reals({1}, -1.5, 2), x});
      case 9:
        return node(ir::Binary{.kind = ir::BinaryKind::subtract}, {reals({c}, -2, 2), x});
      case 10:
        return node(ir::Binary{.kind = ir::BinaryKind::prelu}, {x, reals({c}, 0, 0.5)});
      case 11:
        return unary({.kind = rng_.chance(0.5) ? ir::UnaryKind::elu : ir::UnaryKind::softplus, .alpha = 1});
      case 12:
        return unary({.kind = static_cast<ir::UnaryKind>(rng_.uniform(3, 9))});
      default:
        return node(ir::Binary{.kind = ir::BinaryKind::add}, {x, reals(shapeOf(x), -1, 1)});
    }
  }

  ir::TensorId structure(ir::TensorId x) {
    const ir::Shape shape = shapeOf(x);
    const std::size_t rank = shape.size();
    if (rank == 0) return x;
    const auto kernel = [&] {
      ir::Shape list;
      for (std::size_t axis = 0; axis + 1 < rank; ++axis)
        list.push_back(rng_.uniform(1, std::min<std::int64_t>(2, shape[axis])));
      return list;
    };
    ir::Window window;
    for (std::size_t axis = 0; axis + 1 < rank; ++axis) {
      window.strides.push_back(rng_.uniform(1, 2));
      window.padBefore.push_back(0);
      window.padAfter.push_back(rng_.chance(0.2) ? 1 : 0);
    }
    switch (rng_.uniform(0, 10)) {
      case 0:
      case 1:
        return node(ir::Pool{.kind = ir::PoolKind::max, .kernel = kernel(), .window = window}, {x});
      case 2:
        return node(ir::Pool{.kind = ir::PoolKind::average,
                             .kernel = kernel(),
                             .window = window,
                             .countPads = rng_.chance(0.5)},
                    {x});
      case 3:
        return node(ir::Reshape{.shape = {ir::elements(shape)}}, {x});
      case 4: {
        std::vector<std::int64_t> permutation;
        for (std::size_t i = 0; i < rank; ++i)
          permutation.push_back(static_cast<std::int64_t>((i + 1) % rank));
        return node(ir::Transpose{.permutation = permutation}, {x});
      }
      case 5: {
        ir::Pad pad{.before = std::vector<std::int64_t>(rank, 0),
                    .after = std::vector<std::int64_t>(rank, 0),
                    .value = rng_.chance(0.8) ? 0.0 : 1.0};
        pad.before[0] = 1;
        pad.after[rank - 1] = rng_.uniform(0, 1);
        return node(pad, {x});
      }
      case 6: {
        ir::Slice slice{.begin = std::vector<std::int64_t>(rank, 0), .end = shape};
        const std::size_t axis =
            static_cast<std::size_t>(rng_.uniform(0, static_cast<std::int64_t>(rank) - 1));
        slice.begin[axis] = shape[axis] > 1 ? 1 : 0;
        return node(slice, {x});
      }
      case 7: {
        ir::Shape larger = shape;
        larger[0] *= 2;
        return node(ir::Resize{.kind = rng_.chance(0.7) ? ir::ResizeKind::nearest : ir::ResizeKind::linear,
                               .shape = larger},
                    {x});
      }
      case 8: {
        ir::Reduce reduce{.kind = static_cast<ir::ReduceKind>(rng_.uniform(0, 3)), .axes = {0}};
        if (rank > 2 && rng_.chance(0.5)) reduce.axes = {0, 1};
        reduce.keepDims = rng_.chance(0.3);
        return rank > 1 ? node(reduce, {x}) : x;
      }
      default: {
        // With an earlier tensor of codes of the same shape, or another part of this one.
        for (const ir::TensorId other : codes_)
          if (shapeOf(other).size() == rank && rng_.chance(0.7)) {
            const std::int64_t axis = rng_.uniform(0, static_cast<std::int64_t>(rank) - 1);
            return node(ir::Concat{.axis = axis}, {x, other});
          }
        return x;
      }
    }
  }

  ir::TensorId merged(ir::TensorId x) {
    for (const ir::TensorId other : codes_)
      if (shapeOf(other) == shapeOf(x) && other != x && rng_.chance(0.7)) {
        const ir::BinaryKind kinds[] = {ir::BinaryKind::add,      ir::BinaryKind::add,
                                        ir::BinaryKind::subtract, ir::BinaryKind::multiply,
                                        ir::BinaryKind::minimum,  ir::BinaryKind::maximum};
        return node(ir::Binary{.kind = kinds[rng_.uniform(0, 5)]}, {x, other});
      }
    return x;
  }

  Rng rng_;
  ir::Graph graph_;
  std::vector<ir::TensorId> codes_;
  int count_ = 0;
};

/// The start of a message without names and numbers: which kind of refusal it is.
std::string kindOf(const std::string& message) {
  std::string kind;
  bool quoted = false;
  for (const char c : message) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == ' ')) kind += c;
  }
  return kind.substr(0, 160);
}

/// The first tensor of codes in `after` whose values are not those of the tensor of that name in `before`.
std::string firstDifference(const ir::Graph& before, const ir::Graph& after, std::uint64_t seed) {
  const auto inputs = ir::drawInputs(before, 30, seed);
  for (const ir::Node& node : after.nodes) {
    const ir::Tensor& tensor = after.tensor(node.output);
    const auto old = before.findTensor(tensor.name);
    if (!old || tensor.type.isReal() || before.tensor(*old).type.shape != tensor.type.shape) continue;
    const auto valuesIn = [&](const ir::Graph& graph, ir::TensorId id) {
      std::vector<ir::Feed> feeds;
      for (std::size_t i = 0; i < inputs.size(); ++i) feeds.push_back({graph.inputs[i], inputs[i]});
      const auto values = ir::evaluate(graph, feeds, {id}, 30);
      return values.ok() ? ir::realValues(graph.tensor(id).type, (*values)[0]) : std::vector<double>();
    };
    const auto a = valuesIn(before, *old), b = valuesIn(after, node.output);
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
      if (std::fabs(a[i] - b[i]) > 1e-9 * std::max(1.0, std::fabs(a[i])))
        return "'" + tensor.name + "' element " + std::to_string(i) + ": " + std::to_string(a[i]) +
               " became " + std::to_string(b[i]);
  }
  return "none";
}

TEST(RandomLayers, MeanTheSameInIntegersAndTheEngineGivesTheirCodes) {
  const char* wished = std::getenv("SLUICE_RANDOM_LAYERS");
  const char* from = std::getenv("SLUICE_RANDOM_SEED");
  const std::uint64_t first = from != nullptr ? std::strtoull(from, nullptr, 10) : 1;
  const std::uint64_t count = wished != nullptr ? std::strtoull(wished, nullptr, 10) : 300;
  std::map<std::string, std::pair<std::size_t, std::uint64_t>> refused;
  std::size_t lowerable = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const ir::Graph graph = RandomLayers(seed).graph();
    const Status valid = ir::verify(graph);
    ASSERT_TRUE(valid.ok()) << "seed " << seed << ": " << valid.error().text();
    const auto lowered = lower(graph);
    if (!lowered.ok()) {
      ASSERT_EQ(lowered.error().code, ErrorCode::unsupported)
          << "seed " << seed << ": " << lowered.error().text() << "\n"
          << ir::print(graph);
      auto& [times, where] = refused[kindOf(lowered.error().text())];
      ++times;
      where = seed;
      continue;
    }
    ++lowerable;
    const Status same = ir::compareMeaning(
        graph, *lowered,
        {.samples = 30, .seed = seed, .mostExcused = std::getenv("STRICT") != nullptr ? 0.5 : 1});
    ASSERT_TRUE(same.ok()) << "seed " << seed << ": " << same.error().text()
                           << "\nfirst difference: " << firstDifference(graph, *lowered, seed) << "\n"
                           << ir::print(graph) << "\n"
                           << ir::print(*lowered);
    const auto engine = ir::IntegerEngine::compile(*lowered);
    if (!engine.ok()) continue;  // nothing but quantizers
    const auto codes = elementCodes(*lowered, engine->regions(), 8, seed);
    const auto got = engine->run(codes, 8);
    ASSERT_TRUE(got.ok()) << "seed " << seed << ": " << got.error().text();
    const auto expected = ir::referenceCodes(*lowered, engine->regions(), codes, 8);
    ASSERT_TRUE(expected.ok()) << "seed " << seed << ": " << expected.error().text();
    ASSERT_EQ(*got, *expected) << "seed " << seed << "\n" << ir::print(*lowered);
  }
  for (const auto& [kind, times] : refused)
    std::printf("refused %zu times, last at seed %llu: %s\n", times.first,
                static_cast<unsigned long long>(times.second), kind.c_str());
  std::printf("%zu of %zu lowered\n", lowerable, static_cast<std::size_t>(count));
  EXPECT_GE(lowerable * 10, count * 7);
}

}  // namespace
}  // namespace sluice::passes
