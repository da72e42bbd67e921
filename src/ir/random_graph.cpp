#include "ir/random_graph.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "ir/verify.h"

namespace sluice::ir {
namespace {

enum class Choice : std::uint8_t { dense, threshold, lookup, rescale, merge, topK, reshape, transpose };

class Generator {
 public:
  Generator(std::uint64_t seed, const RandomGraphOptions& options) : rng_(seed), options_(options) {
    graph_.name = "random" + std::to_string(seed);
  }

  Graph run() {
    TensorId x = makeInputs();
    made_.push_back(x);
    for (std::size_t i = 0; i < options_.operations; ++i) {
      const bool last = i + 1 == options_.operations;
      x = step(x, last);
      made_.push_back(x);
    }
    graph_.outputs.push_back(x);
    while (graph_.outputs.size() < options_.mostOutputs && rng_.chance(0.5)) {
      const TensorId extra = made_[static_cast<std::size_t>(rng_.uniform(0, last(made_)))];
      const Tensor& tensor = graph_.tensor(extra);
      const bool integer = isInteger(graph_, graph_.node(tensor.producer));
      if (integer && std::find(graph_.outputs.begin(), graph_.outputs.end(), extra) == graph_.outputs.end())
        graph_.outputs.push_back(extra);
    }
    const Status valid = verify(graph_);
    SLUICE_CHECK(valid.ok(), "random graphs are legal");
    return std::move(graph_);
  }

 private:
  template <typename T>
  static std::int64_t last(const std::vector<T>& list) {
    return static_cast<std::int64_t>(list.size()) - 1;
  }
  [[nodiscard]] const TensorType& type(TensorId id) const { return graph_.tensor(id).type; }
  [[nodiscard]] const Codes& codes(TensorId id) const { return *graph_.tensor(id).type.codes; }
  [[nodiscard]] std::uint32_t bits(TensorId id) const { return codes(id).format().bits; }

  std::string fresh(const char* stem) { return stem + std::to_string(counter_++); }

  TensorId node(const char* stem, Operation operation, std::vector<TensorId> inputs) {
    auto id = graph_.addNode(fresh(stem), std::move(operation), std::move(inputs));
    SLUICE_CHECK(id.ok(), "random graphs are legal");
    return *id;
  }

  /// A random range of at most mostCodeBits bits.
  fixed::Interval smallRange() {
    const auto bits = static_cast<std::uint32_t>(rng_.uniform(1, options_.mostCodeBits));
    fixed::Interval range = fixed::IntegerFormat{.bits = bits, .isSigned = rng_.chance(0.5)}.range();
    if (rng_.chance(0.3) && range.hi > range.lo + 1) ++range.lo;  // also ranges that do not fill their bits
    return range;
  }
  double powerOfTwo() { return std::ldexp(1.0, static_cast<int>(rng_.uniform(-3, 1))); }

  TensorId constant(Shape shape, const std::vector<std::int64_t>& data, double scale = 1) {
    const auto [lo, hi] = std::minmax_element(data.begin(), data.end());
    return graph_.addConstant(
        fresh("c"),
        {.shape = std::move(shape), .codes = Codes{.range = {*lo, *hi}, .scale = {scale}, .zeroPoint = 0}},
        data);
  }

  Shape inputShape() {
    Shape shape{rng_.uniform(1, options_.mostChannels)};
    if (options_.leadingAxes)
      for (auto axes = rng_.uniform(0, 2); axes > 0; --axes) shape.insert(shape.begin(), rng_.uniform(1, 3));
    return shape;
  }

  TensorId makeInputs() {
    const Shape shape = inputShape();
    std::vector<TensorId> all;
    for (std::size_t i = 0; i < options_.inputs; ++i) {
      const fixed::Interval range = smallRange();
      const double scale = powerOfTwo();
      if (options_.realInputs) {
        const TensorId x = graph_.addInput(fresh("x"), {.shape = shape, .codes = std::nullopt});
        all.push_back(node("q", Quantize{.scale = {scale}, .zeroPoint = 0, .range = range}, {x}));
      } else {
        all.push_back(graph_.addInput(
            fresh("x"), {.shape = shape, .codes = Codes{.range = range, .scale = {scale}, .zeroPoint = 0}}));
      }
    }
    return all.size() == 1 ? all[0] : merged(all);
  }

  TensorId merged(const std::vector<TensorId>& parts) {
    double least = codes(parts[0]).scale[0];
    for (const TensorId part : parts) least = std::min(least, codes(part).scale[0]);
    Merge merge;
    for (const TensorId part : parts)
      merge.shift.push_back(static_cast<std::uint32_t>(std::ilogb(codes(part).scale[0] / least)));
    return node("merge", merge, parts);
  }

  TensorId step(TensorId x, bool isLast) {
    if (bits(x) > options_.mostBits && !isLast) return narrow(x);
    std::vector<Choice> choices;
    const auto offer = [&](bool allowed, Choice choice, int weight) {
      if (allowed) choices.insert(choices.end(), static_cast<std::size_t>(weight), choice);
    };
    offer(options_.dense && bits(x) <= options_.mostCodeBits + 2, Choice::dense, 6);
    offer(options_.threshold, Choice::threshold, 3);
    offer(options_.lookup && bits(x) <= 8, Choice::lookup, 2);
    offer(options_.rescale, Choice::rescale, 2);
    offer(options_.merge, Choice::merge, 2);
    offer(options_.topK && isLast, Choice::topK, 6);
    offer(options_.reshape, Choice::reshape, 1);
    offer(options_.transpose && type(x).shape.size() > 1, Choice::transpose, 1);
    if (choices.empty()) return narrow(x);
    return apply(choices[static_cast<std::size_t>(rng_.uniform(0, last(choices)))], x);
  }

  TensorId narrow(TensorId x) {
    return options_.threshold && (!options_.rescale || rng_.chance(0.7)) ? threshold(x) : rescale(x);
  }

  TensorId apply(Choice choice, TensorId x) {
    switch (choice) {
      case Choice::dense:
        return dense(x);
      case Choice::threshold:
        return threshold(x);
      case Choice::lookup:
        return lookup(x);
      case Choice::rescale:
        return rescale(x);
      case Choice::merge:
        return merge(x);
      case Choice::topK:
        return node("top", TopK{.k = rng_.uniform(1, std::min<std::int64_t>(3, channels(type(x).shape)))},
                    {x});
      case Choice::reshape:
        return reshape(x);
      case Choice::transpose:
        return transpose(x);
    }
    return x;
  }

  TensorId dense(TensorId x) {
    const std::int64_t n = channels(type(x).shape);
    const std::int64_t m = rng_.uniform(1, options_.mostChannels);
    const fixed::Interval range = smallRange();
    std::vector<std::int64_t> weights(static_cast<std::size_t>(n * m));
    const double zeros = rng_.real() * 0.5;
    for (std::int64_t& w : weights) w = rng_.chance(zeros) ? 0 : rng_.uniform(range.lo, range.hi);
    const double scale = powerOfTwo();
    std::vector<TensorId> inputs{x, constant({n, m}, weights, scale)};
    if (rng_.chance(0.5)) {
      std::vector<std::int64_t> bias(static_cast<std::size_t>(m));
      for (std::int64_t& b : bias) b = rng_.uniform(-20, 20);
      inputs.push_back(constant({m}, bias, scale * codes(x).scale[0]));
    }
    return node("dense", Dense{}, inputs);
  }

  TensorId threshold(TensorId x) {
    const std::int64_t n = channels(type(x).shape);
    const bool shared = rng_.chance(0.3);
    const std::int64_t rows = shared ? 1 : n;
    const std::int64_t steps = rng_.uniform(1, (std::int64_t{1} << options_.mostCodeBits) - 1);
    const fixed::Interval range = codes(x).range;
    std::vector<std::int64_t> thresholds;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::vector<std::int64_t> one(static_cast<std::size_t>(steps));
      // From below the range (always reached) to one above it (never reached).
      for (std::int64_t& t : one) t = rng_.uniform(range.lo, range.hi + 1);
      std::sort(one.begin(), one.end());
      thresholds.insert(thresholds.end(), one.begin(), one.end());
    }
    Threshold operation{.base = {}, .sign = {}, .scale = {powerOfTwo()}, .zeroPoint = 0};
    const bool perChannel = !shared && rng_.chance(0.3);
    for (std::int64_t c = 0; c < (perChannel ? n : 1); ++c) {
      const bool falls = rng_.chance(0.2);
      operation.sign.push_back(falls ? std::int8_t{-1} : std::int8_t{1});
      operation.base.push_back(rng_.uniform(-steps, 0) + (falls ? steps : 0));
    }
    return node("threshold", operation, {x, constant({rows, steps}, thresholds)});
  }

  TensorId lookup(TensorId x) {
    const fixed::Interval range = codes(x).range;
    const std::int64_t rows = rng_.chance(0.5) ? 1 : channels(type(x).shape);
    const std::int64_t entries = range.hi - range.lo + 1;
    const fixed::Interval values = smallRange();
    std::vector<std::int64_t> table(static_cast<std::size_t>(rows * entries));
    for (std::int64_t& entry : table) entry = rng_.uniform(values.lo, values.hi);
    const double scale = powerOfTwo();
    return node("lookup", Lookup{.first = range.lo}, {x, constant({rows, entries}, table, scale)});
  }

  TensorId rescale(TensorId x) {
    const std::int64_t rows = rng_.chance(0.5) ? 1 : channels(type(x).shape);
    std::vector<std::int64_t> a(static_cast<std::size_t>(rows)), b(a);
    for (std::int64_t& one : a) one = rng_.uniform(-31, 31);
    for (std::int64_t& one : b) one = rng_.uniform(-100, 100);
    Rescale operation{.shift = bits(x) + 5 > options_.mostCodeBits ? bits(x) + 5 - options_.mostCodeBits : 0,
                      .range = smallRange(),
                      .tieToEven = rng_.chance(0.5),
                      .scale = {powerOfTwo()},
                      .zeroPoint = 0};
    return node("rescale", operation, {x, constant({rows}, a), constant({rows}, b)});
  }

  TensorId merge(TensorId x) {
    std::vector<TensorId> fitting;
    for (const TensorId other : made_)
      if (type(other).shape == type(x).shape) fitting.push_back(other);
    std::vector<TensorId> parts{x};
    if (!fitting.empty()) {
      TensorId other = fitting[static_cast<std::size_t>(rng_.uniform(0, last(fitting)))];
      // A branch of its own: through an operation that keeps the shape.
      if (rng_.chance(0.5)) other = narrow(other);
      parts.push_back(other);
    }
    return merged(parts);
  }

  TensorId reshape(TensorId x) {
    Shape shape = type(x).shape;
    if (!options_.leadingAxes || shape.size() > 1)
      return node("reshape", Reshape{.shape = {elements(shape)}}, {x});
    // [c] to [h, c / h] for some divisor.
    const std::int64_t n = shape[0];
    std::vector<std::int64_t> divisors;
    for (std::int64_t d = 1; d <= n; ++d)
      if (n % d == 0) divisors.push_back(d);
    const std::int64_t h = divisors[static_cast<std::size_t>(rng_.uniform(0, last(divisors)))];
    return node("reshape", Reshape{.shape = {h, n / h}}, {x});
  }

  TensorId transpose(TensorId x) {
    std::vector<std::int64_t> axes(type(x).shape.size());
    for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
    for (std::size_t i = axes.size() - 1; i > 0; --i)
      std::swap(axes[i], axes[static_cast<std::size_t>(rng_.uniform(0, static_cast<std::int64_t>(i)))]);
    return node("transpose", Transpose{.permutation = axes}, {x});
  }

  Rng rng_;
  const RandomGraphOptions options_;
  Graph graph_;
  std::vector<TensorId> made_;  ///< the chain so far
  std::size_t counter_ = 0;
};

}  // namespace

Graph randomGraph(std::uint64_t seed, const RandomGraphOptions& options) {
  return Generator(seed, options).run();
}

}  // namespace sluice::ir
