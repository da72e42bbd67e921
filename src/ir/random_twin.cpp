#include "ir/random_twin.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/rng.h"
#include "base/text.h"
#include "fixed/overflow.h"
#include "ir/geometry.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/reference.h"
#include "ir/verify.h"

/// Draw and try: an operation with random attributes is added where inference takes it and undone where not, so
/// the draws need not know every rule.
namespace sluice::ir {
namespace {

constexpr std::uint32_t mostBits = 18;
constexpr std::int64_t mostElements = 2000;  // gather and pad, one after the other, know no end

struct Pair {
  TensorId codes, reals;
};

class Twins {
 public:
  explicit Twins(std::uint64_t seed) : rng_(seed, 77) {
    graphs_.codes.name = graphs_.reals.name = "twin" + std::to_string(seed);
  }

  TwinGraphs run(std::size_t operations) {
    const std::int64_t inputs = rng_.chance(0.3) ? 2 : 1;
    const Shape shape = inputShape();
    for (std::int64_t i = 0; i < inputs; ++i) input(shape);
    std::size_t made = 0;
    for (std::size_t attempt = 0; made < operations && attempt < 60 * operations; ++attempt) made += tryOne();
    if (made == 0) SLUICE_CHECK(tryRescale(pairs_[0]), "a rescale always fits");
    // Outputs: everything that nobody reads.
    const auto users = allUsers(graphs_.codes);
    for (const Pair& pair : pairs_) {
      const NodeId producer = codes().tensor(pair.codes).producer;
      if (!users[pair.codes.index].empty() || !isInteger(codes(), codes().node(producer))) continue;
      codes().outputs.push_back(pair.codes);
      reals().outputs.push_back(pair.reals);
    }
    for (const Graph* graph : {&graphs_.codes, &graphs_.reals}) {
      const Status valid = verify(*graph);
      SLUICE_CHECK(valid.ok(), "random graphs are legal");
    }
    return std::move(graphs_);
  }

 private:
  Graph& codes() { return graphs_.codes; }
  Graph& reals() { return graphs_.reals; }
  const TensorType& type(const Pair& pair) { return codes().tensor(pair.codes).type; }
  const Codes& codesOfPair(const Pair& pair) { return *type(pair).codes; }
  std::int64_t draw(std::int64_t lo, std::int64_t hi) { return rng_.uniform(lo, hi); }
  double powerOfTwo() { return std::ldexp(1.0, static_cast<int>(draw(-3, 2))); }
  std::string fresh(const char* stem) { return stem + std::to_string(counter_++); }
  const Pair& anyPair() {
    // Late ones more often: chains, not only bushes.
    const auto last = static_cast<std::int64_t>(pairs_.size()) - 1;
    return pairs_[static_cast<std::size_t>(rng_.chance(0.6) ? last : draw(0, last))];
  }

  fixed::Interval smallRange() {
    const auto bits = static_cast<std::uint32_t>(draw(1, 5));
    fixed::Interval range = fixed::IntegerFormat{.bits = bits, .isSigned = rng_.chance(0.6)}.range();
    if (rng_.chance(0.2) && range.hi > range.lo + 1) ++range.lo;
    return range;
  }
  Rounding rounding() { return static_cast<Rounding>(draw(0, 8)); }
  Overflow overflow() { return static_cast<Overflow>(draw(0, 4)); }

  Shape inputShape() {
    Shape shape{draw(1, 6)};
    if (rng_.chance(0.1)) shape[0] = draw(7, 35);
    for (auto axes = draw(0, 2); axes > 0; --axes) shape.insert(shape.begin(), draw(1, 5));
    return shape;
  }

  /// A list for all, per channel or per element.
  template <typename Draw>
  auto listed(const Shape& shape, Draw one, double several) {
    std::size_t count = 1;
    if (rng_.chance(several))
      count = static_cast<std::size_t>(rng_.chance(0.6) ? channels(shape) : elements(shape));
    std::vector<decltype(one())> list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(one());
    return list;
  }
  void setRanges(const Shape& shape, fixed::Interval& range, std::vector<fixed::Interval>& ranges,
                 bool zero) {
    ranges = listed(shape, [&] { return rng_.chance(0.15) ? fixed::Interval{0, 0} : smallRange(); }, 0.3);
    if (zero)
      for (fixed::Interval& one : ranges) one = join(one, {0, 0});
    range = ranges[0];
    for (const fixed::Interval one : ranges) range = join(range, one);
    if (ranges.size() == 1) ranges.clear();
  }

  void input(const Shape& shape) {
    TensorType type{.shape = shape, .codes = Codes{.range = {}, .scale = {}, .zeroPoint = 0, .ranges = {}}};
    Codes& own = *type.codes;
    own.scale = listed(shape, [&] { return powerOfTwo(); }, 0.25);
    if (rng_.chance(0.3)) own.zeroPoint = draw(-3, 3);
    setRanges(shape, own.range, own.ranges, false);
    const std::string name = fresh("x");
    pairs_.push_back({.codes = codes().addInput(name, type),
                      .reals = reals().addInput(name, {.shape = shape, .codes = std::nullopt})});
  }

  // ---- adding nodes; none, and everything undone, where inference refuses
  std::optional<TensorId> add(Graph& graph, Operation operation, std::vector<TensorId> inputs) {
    auto id = graph.addNode(fresh("t"), std::move(operation), std::move(inputs));
    if (!id.ok() || elements(graph.tensor(*id).type.shape) > mostElements) return std::nullopt;
    return *id;
  }
  /// Of the reals, where everything must be legal.
  TensorId real(Operation operation, std::vector<TensorId> inputs) {
    auto id = reals().addNode(fresh("t"), std::move(operation), std::move(inputs));
    SLUICE_CHECK(id.ok(), "the network of reals takes what the network of codes takes");
    return *id;
  }
  TensorId scalar(double value) {
    return reals().addConstant(fresh("c"), {.shape = {}, .codes = std::nullopt}, std::vector<double>{value});
  }
  TensorId realConstant(Shape shape, std::vector<double> values) {
    return reals().addConstant(fresh("c"), {.shape = std::move(shape), .codes = std::nullopt},
                               std::move(values));
  }
  TensorId constant(Graph& graph, Shape shape, const std::vector<std::int64_t>& data,
                    std::vector<double> scale = {1}) {
    const auto [lo, hi] = std::minmax_element(data.begin(), data.end());
    return graph.addConstant(fresh("c"),
                             {.shape = std::move(shape),
                              .codes = Codes{.range = {*lo, *hi}, .scale = std::move(scale), .zeroPoint = 0}},
                             data);
  }
  std::vector<std::int64_t> drawn(std::size_t count, std::int64_t lo, std::int64_t hi) {
    std::vector<std::int64_t> list(count);
    for (std::int64_t& one : list) one = draw(lo, hi);
    return list;
  }

  struct Mark {
    std::size_t codesTensors, codesNodes, realsTensors, realsNodes;
  };
  Mark mark() {
    return {codes().tensors.size(), codes().nodes.size(), reals().tensors.size(), reals().nodes.size()};
  }
  bool undo(const Mark& at) {
    codes().tensors.resize(at.codesTensors);
    codes().nodes.resize(at.codesNodes);
    reals().tensors.resize(at.realsTensors);
    reals().nodes.resize(at.realsNodes);
    return false;
  }
  bool keep(TensorId code, TensorId realTwin) {
    pairs_.push_back({.codes = code, .reals = realTwin});
    return true;
  }

  /// The real tensor as codes of the type, which it is on the grid of.
  TensorId onGrid(const Pair& pair) {
    const Codes& own = codesOfPair(pair);
    return real(Quantize{.scale = own.scale,
                         .zeroPoint = own.zeroPoint,
                         .range = own.range,
                         .rounding = Rounding::halfEven,
                         .ranges = own.ranges},
                {pair.reals});
  }

  bool tryOne() {
    const Pair x = anyPair();
    if (codesOfPair(x).format().bits > mostBits) return tryNarrow(x);
    switch (draw(0, 15)) {
      case 0:
      case 1:
        return tryConv(x);
      case 2:
        return tryDense(x);
      case 3:
      case 4:
        return tryMove(x);
      case 5:
        return tryConcat(x);
      case 6:
        return tryPool(x);
      case 7:
        return tryReduce(x);
      case 8:
        return tryRescale(x);
      case 9:
      case 10:
        return tryRequantize(x);
      case 11:
        return tryMerge(x);
      case 12:
        return tryBinary(x);
      case 13:
        return trySame(x);
      case 14:
        return rng_.chance(0.5) ? tryTransposed(x) : tryAccumulate(x);
      default:
        return rng_.chance(0.5) ? tryMatMul(x) : tryGather(x);
    }
  }

  bool tryNarrow(const Pair& x) {
    return rng_.chance(0.5) ? tryRescale(x) : tryRequantize(x) || tryRescale(x);
  }

  Window window(std::size_t axes) {
    Window w;
    if (rng_.chance(0.5)) w.strides = drawn(axes, 1, 3);
    if (rng_.chance(0.3)) w.dilations = drawn(axes, 1, 2);
    if (rng_.chance(0.5)) w.padBefore = drawn(axes, 0, 2);
    if (rng_.chance(0.5)) w.padAfter = drawn(axes, 0, 2);
    return w;
  }
  std::int64_t divisor(std::int64_t n) {
    std::int64_t d = rng_.chance(0.4) ? n : draw(1, n);
    while (n % d != 0) --d;
    return d;
  }

  /// Weights, a bias that takes out the zero point, and their real values.
  struct Kernel {
    std::vector<TensorId> codes, reals;
  };
  Kernel kernel(const Pair& x, const Shape& shape, std::int64_t groups, double shiftFactor = 1) {
    const std::int64_t cout = shape.back(), width = draw(1, 9);
    const auto count = static_cast<std::size_t>(elements(shape));
    const std::vector<std::int64_t> w = drawn(count, -width, width);
    std::vector<double> scale{powerOfTwo()};
    if (rng_.chance(0.3)) {
      scale.clear();
      for (std::int64_t j = 0; j < cout; ++j) scale.push_back(powerOfTwo());
    }
    Kernel result;
    result.codes.push_back(constant(codes(), shape, w, scale));
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(w[i]) * scale[i % scale.size()];
    result.reals.push_back(realConstant(shape, values));
    const Codes& own = codesOfPair(x);
    if (own.zeroPoint == 0 && rng_.chance(0.5)) return result;
    std::vector<std::int64_t> bias = drawn(static_cast<std::size_t>(cout), -20, 20);
    std::vector<double> biasScale, biasValues;
    for (std::int64_t j = 0; j < cout; ++j) {
      const double step = scaleOf(own, own.scale.size() > 1 ? j / (cout / groups) : 0) *
                          scale[static_cast<std::size_t>(j) % scale.size()] * shiftFactor;
      biasScale.push_back(step);
      biasValues.push_back(step * static_cast<double>(bias[static_cast<std::size_t>(j)]));
    }
    result.reals.push_back(realConstant({cout}, biasValues));
    for (std::size_t i = 0; i < count; ++i) bias[i % static_cast<std::size_t>(cout)] -= own.zeroPoint * w[i];
    result.codes.push_back(constant(codes(), {cout}, bias, biasScale));
    return result;
  }

  Shape kernelShape(const Pair& x, std::int64_t groups) {
    const Shape& shape = type(x).shape;
    Shape result = drawn(shape.size() - 1, 1, 3);
    result.push_back(shape.back() / groups);
    result.push_back(rng_.chance(0.4) ? groups : groups * draw(1, 3));
    return result;
  }

  bool tryConv(const Pair& x) {
    if (type(x).shape.empty()) return false;
    const Mark at = mark();
    const std::int64_t groups = divisor(channels(type(x).shape));
    const Shape shape = kernelShape(x, groups);
    const Window w = window(shape.size() - 2);
    const Kernel k = kernel(x, shape, groups);
    std::vector<TensorId> inputs{x.codes}, twins{x.reals};
    inputs.insert(inputs.end(), k.codes.begin(), k.codes.end());
    twins.insert(twins.end(), k.reals.begin(), k.reals.end());
    const auto y = add(codes(), CodeConv{.window = w, .groups = groups}, inputs);
    if (!y) return undo(at);
    return keep(*y, real(Conv{.window = w, .groups = groups}, twins));
  }

  bool tryAccumulate(const Pair& x) {
    if (codesOfPair(x).zeroPoint != 0 || type(x).shape.empty()) return false;
    const Mark at = mark();
    const std::int64_t groups = divisor(channels(type(x).shape));
    const Shape shape = kernelShape(x, groups);
    AccumulateConv op{.window = window(shape.size() - 2),
                      .groups = groups,
                      .shift = static_cast<std::uint32_t>(draw(0, 4)),
                      .rounding = rounding(),
                      .overflow = overflow(),
                      .range = join(smallRange(), {-draw(0, 9), 0})};
    if (rng_.chance(0.4)) {  // what hls4ml does unless told otherwise
      op.overflow = Overflow::wrap;
      op.rounding = Rounding::floor;
      op.range =
          fixed::IntegerFormat{.bits = static_cast<std::uint32_t>(draw(2, 9)), .isSigned = true}.range();
    }
    const Kernel k = kernel(x, shape, groups, std::ldexp(1.0, static_cast<int>(op.shift)));
    std::vector<TensorId> inputs{x.codes};
    inputs.insert(inputs.end(), k.codes.begin(), k.codes.end());
    const auto y = add(codes(), op, inputs);
    if (!y) return undo(at);
    std::vector<TensorId> twins{onGrid(x)};
    for (const TensorId id : k.codes) twins.push_back(copied(id));
    return keep(*y, real(op, twins));
  }
  /// A constant of the codes, in the reals.
  TensorId copied(TensorId id) {
    const Tensor& tensor = codes().tensor(id);
    return reals().addConstant(fresh("c"), tensor.type, *tensor.constant);
  }

  /// A transposed convolution as hardware does it: zeros between, the kernel turned round.
  bool tryTransposed(const Pair& x) {
    if (type(x).shape.empty()) return false;
    const Mark at = mark();
    const std::int64_t groups = divisor(channels(type(x).shape));
    const Shape shape = kernelShape(x, groups);
    const std::size_t axes = shape.size() - 2;
    const Kernel k = kernel(x, shape, groups);
    ConvTranspose op{.window = {.strides = drawn(axes, 1, 3), .dilations = drawn(axes, 1, 2)},
                     .groups = groups};
    Pad pad{.before = {}, .after = {}, .between = {}};
    for (std::size_t i = 0; i < axes; ++i) {
      const std::int64_t reach = op.window.dilations[i] * (shape[i] - 1);
      op.window.padBefore.push_back(draw(0, reach));
      op.window.padAfter.push_back(draw(0, reach));
      op.outputPad.push_back(draw(0, op.window.strides[i] - 1));
      pad.between.push_back(op.window.strides[i] - 1);
      pad.before.push_back(reach - op.window.padBefore[i]);
      pad.after.push_back(reach - op.window.padAfter[i] + op.outputPad[i]);
    }
    for (std::vector<std::int64_t>* list : {&pad.before, &pad.after, &pad.between}) list->push_back(0);
    // The places of the kernel in reverse: each place holds a matrix [cin / groups, cout].
    std::vector<std::int64_t> w = ir::codesOf(codes().tensor(k.codes[0])), turned;
    const auto block = shape[shape.size() - 2] * shape.back();
    for (std::int64_t place = static_cast<std::int64_t>(w.size()) / block; place-- > 0;)
      turned.insert(turned.end(), w.begin() + place * block, w.begin() + (place + 1) * block);
    const auto padded = add(codes(), pad, {x.codes});
    if (!padded) return undo(at);
    std::vector<TensorId> inputs{
        *padded, constant(codes(), shape, turned, codes().tensor(k.codes[0]).type.codes->scale)};
    inputs.insert(inputs.end(), k.codes.begin() + 1, k.codes.end());
    const auto y =
        add(codes(), CodeConv{.window = {.dilations = op.window.dilations}, .groups = groups}, inputs);
    std::vector<TensorId> twins{x.reals};
    twins.insert(twins.end(), k.reals.begin(), k.reals.end());
    if (!y) return undo(at);
    const auto twin = add(reals(), op, twins);
    if (!twin) return undo(at);
    return keep(*y, *twin);
  }

  bool tryDense(const Pair& x) {
    const Mark at = mark();
    const Kernel k = kernel(x, {channels(type(x).shape), draw(1, rng_.chance(0.2) ? 20 : 5)}, 1);
    std::vector<TensorId> inputs{x.codes};
    inputs.insert(inputs.end(), k.codes.begin(), k.codes.end());
    const auto y = add(codes(), Dense{}, inputs);
    if (!y) return undo(at);
    TensorId twin = real(MatMul{}, {x.reals, k.reals[0]});
    if (k.reals.size() > 1) twin = real(Binary{BinaryKind::add}, {twin, k.reals[1]});
    return keep(*y, twin);
  }

  /// The same operation in both networks.
  bool tryBoth(const Operation& operation, const std::vector<Pair>& parts) {
    const Mark at = mark();
    std::vector<TensorId> inputs, twins;
    for (const Pair& part : parts) inputs.push_back(part.codes), twins.push_back(part.reals);
    const auto y = add(codes(), operation, inputs);
    if (!y || codes().tensor(*y).type.isReal()) return undo(at);
    return keep(*y, real(operation, twins));
  }

  bool tryMove(const Pair& x) {
    const Shape& shape = type(x).shape;
    const std::size_t rank = shape.size();
    switch (draw(0, 6)) {
      case 0:
        return tryBoth(Reshape{.shape = {elements(shape)}}, {x});
      case 1: {
        const std::int64_t d = divisor(elements(shape));
        return tryBoth(Reshape{.shape = {elements(shape) / d, d}}, {x});
      }
      case 2: {
        std::vector<std::int64_t> axes(rank);
        for (std::size_t i = 0; i < rank; ++i) axes[i] = static_cast<std::int64_t>(i);
        for (std::size_t i = rank; i-- > 1;)
          std::swap(axes[i], axes[static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(i)))]);
        return tryBoth(Transpose{.permutation = axes}, {x});
      }
      case 3: {
        Slice slice;
        for (const std::int64_t extent : shape) {
          slice.begin.push_back(draw(0, extent - 1));
          slice.end.push_back(draw(slice.begin.back() + 1, extent));
          slice.step.push_back(draw(1, 2));
        }
        return tryBoth(slice, {x});
      }
      case 4: {
        Pad pad{.before = drawn(rank, 0, 2), .after = drawn(rank, 0, 2), .between = drawn(rank, 0, 1)};
        if (rng_.chance(0.4)) pad.value = powerOfTwo() * static_cast<double>(draw(-3, 3));
        return tryBoth(pad, {x});
      }
      case 5: {
        Shape wide = shape;
        if (rng_.chance(0.5)) wide.insert(wide.begin(), draw(1, 3));
        for (std::int64_t& extent : wide)
          if (extent == 1) extent = draw(1, 3);
        return tryBoth(Expand{.shape = wide}, {x});
      }
      default: {
        Resize resize{.kind = static_cast<ResizeKind>(draw(0, 1)), .shape = shape, .factors = {}};
        resize.coordinates = static_cast<Coordinates>(draw(0, 3));
        resize.rounding = static_cast<NearestRounding>(draw(0, 3));
        for (std::size_t i = 0; i + 1 < rank; ++i)
          resize.shape[i] = rng_.chance(0.7) ? shape[i] * draw(1, 3) : draw(1, 2 * shape[i]);
        return tryBoth(resize, {x});
      }
    }
  }

  bool tryConcat(const Pair& x) {
    std::vector<Pair> parts{x};
    const Shape& shape = type(x).shape;
    if (shape.empty()) return false;
    for (auto more = draw(1, 2); more > 0; --more) {
      const Pair other = anyPair();
      parts.push_back(type(other).shape == shape ? other : x);
    }
    return tryBoth(Concat{.axis = draw(0, static_cast<std::int64_t>(shape.size()) - 1)}, parts);
  }

  bool tryPool(const Pair& x) {
    const Shape& shape = type(x).shape;
    if (shape.empty()) return false;
    return tryBoth(Pool{.kind = rng_.chance(0.5) ? PoolKind::max : PoolKind::sum,
                        .kernel = drawn(shape.size() - 1, 1, 3),
                        .window = window(shape.size() - 1)},
                   {x});
  }

  bool tryReduce(const Pair& x) {
    Reduce reduce{.kind = ReduceKind::sum, .axes = {}, .keepDims = rng_.chance(0.5)};
    reduce.kind =
        std::vector{ReduceKind::sum, ReduceKind::max, ReduceKind::min}[static_cast<std::size_t>(draw(0, 2))];
    for (std::size_t i = 0; i < type(x).shape.size(); ++i)
      if (rng_.chance(0.5)) reduce.axes.push_back(static_cast<std::int64_t>(i));
    return tryBoth(reduce, {x});
  }

  /// y = clamp((a * x + b) >> shift), and the same with floor or round, and clip.
  bool tryRescale(const Pair& x) {
    const Mark at = mark();
    const std::int64_t n = channels(type(x).shape);
    const bool several = rng_.chance(0.4);
    const auto rows = static_cast<std::size_t>(several ? n : 1);
    const std::uint32_t bits = codesOfPair(x).format().bits;
    Rescale op{.shift = static_cast<std::uint32_t>(draw(0, 3)) + (bits > 6 ? bits - 5 : 0),
               .range = smallRange(),
               .tieToEven = rng_.chance(0.5),
               .scale = {powerOfTwo()},
               .zeroPoint = rng_.chance(0.2) ? draw(-2, 2) : 0};
    const std::vector<std::int64_t> a = drawn(rows, -9, 9), b = drawn(rows, -30, 30);
    const auto y = add(codes(), op,
                       {x.codes, constant(codes(), {static_cast<std::int64_t>(rows)}, a),
                        constant(codes(), {static_cast<std::int64_t>(rows)}, b)});
    if (!y) return undo(at);
    // The codes of x as real numbers: x / scale + zero point, per element.
    const Codes& own = codesOfPair(x);
    std::vector<double> factor, plus;
    const double half = std::ldexp(1.0, -static_cast<int>(op.shift));
    const Shape& shape = type(x).shape;
    for (std::int64_t i = 0; i < elements(shape); ++i) {
      const auto c = static_cast<std::size_t>(i % n) % rows;
      factor.push_back(static_cast<double>(a[c]) / scaleOf(own, i) * half);
      plus.push_back(static_cast<double>(a[c] * own.zeroPoint + b[c]) * half);
    }
    TensorId t = real(Binary{BinaryKind::multiply}, {x.reals, realConstant(shape, factor)});
    t = real(Binary{BinaryKind::add}, {t, realConstant(shape, plus)});
    t = real(Unary{.kind = op.tieToEven ? UnaryKind::round : UnaryKind::floor}, {t});
    t = real(Unary{.kind = UnaryKind::clip,
                   .alpha = static_cast<double>(op.range.lo),
                   .beta = static_cast<double>(op.range.hi)},
             {t});
    t = real(Binary{BinaryKind::subtract}, {t, scalar(static_cast<double>(op.zeroPoint))});
    t = real(Binary{BinaryKind::multiply}, {t, scalar(op.scale[0])});
    return keep(*y, t);
  }

  bool tryRequantize(const Pair& x) {
    const Mark at = mark();
    const Codes own = codesOfPair(x);
    const Shape shape = type(x).shape;
    const auto bits = static_cast<std::int64_t>(own.format().bits);
    Requantize op{.shift = listed(
                      shape, [&] { return draw(-2, 3) + std::max<std::int64_t>(0, bits - 5); }, 0.3),
                  .range = {},
                  .rounding = rounding(),
                  .overflow = overflow()};
    setRanges(shape, op.range, op.ranges, op.overflow == Overflow::saturateToZero);
    if (op.overflow == Overflow::saturateSymmetric && op.range.lo > 0) return false;
    const auto y = add(codes(), op, {x.codes});
    if (!y) return undo(at);
    std::vector<double> scale;
    for (std::int64_t i = 0; i < elements(shape); ++i)
      scale.push_back(std::ldexp(scaleOf(own, i),
                                 static_cast<int>(op.shift[static_cast<std::size_t>(i) % op.shift.size()])));
    return keep(*y, real(Quantize{.scale = scale,
                                  .zeroPoint = 0,
                                  .range = op.range,
                                  .rounding = op.rounding,
                                  .overflow = op.overflow,
                                  .ranges = op.ranges},
                         {x.reals}));
  }

  bool tryMerge(const Pair& x) {
    const Pair other = anyPair();
    if (type(other).shape != type(x).shape) return false;
    if (!hasOneScale(codesOfPair(x)) || !hasOneScale(codesOfPair(other))) return false;
    const Mark at = mark();
    const double a = codesOfPair(x).scale[0], b = codesOfPair(other).scale[0], least = std::min(a, b);
    const auto y = add(codes(),
                       Merge{.shift = {static_cast<std::uint32_t>(std::ilogb(a / least)),
                                       static_cast<std::uint32_t>(std::ilogb(b / least))}},
                       {x.codes, other.codes});
    if (!y) return undo(at);
    return keep(*y, real(Binary{BinaryKind::add}, {x.reals, other.reals}));
  }

  bool tryBinary(const Pair& x) {
    const Pair other = rng_.chance(0.2) ? x : anyPair();
    if (codesOfPair(other).format().bits > 10 || codesOfPair(x).format().bits > 10) return false;
    const Mark at = mark();
    const auto kind = static_cast<CodeBinaryKind>(draw(0, 2));
    const auto y = add(codes(), CodeBinary{kind}, {x.codes, other.codes});
    if (!y) return undo(at);
    const BinaryKind twin = kind == CodeBinaryKind::multiply  ? BinaryKind::multiply
                            : kind == CodeBinaryKind::minimum ? BinaryKind::minimum
                                                              : BinaryKind::maximum;
    return keep(*y, real(Binary{twin}, {x.reals, other.reals}));
  }

  bool tryMatMul(const Pair& x) {
    const Mark at = mark();
    const Shape& shape = type(x).shape;
    if (shape.size() < 2 || codesOfPair(x).format().bits > 9) return false;
    std::vector<std::int64_t> axes(shape.size());
    for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    const auto turned = add(codes(), Transpose{.permutation = axes}, {x.codes});
    if (!turned) return undo(at);
    const auto y = add(codes(), CodeMatMul{}, {x.codes, *turned});
    if (!y) return undo(at);
    const TensorId twin = real(Transpose{.permutation = axes}, {x.reals});
    return keep(*y, real(MatMul{}, {x.reals, twin}));
  }

  bool tryGather(const Pair& x) {
    const Shape& shape = type(x).shape;
    if (shape.empty()) return false;
    const Mark at = mark();
    const std::int64_t axis = draw(0, static_cast<std::int64_t>(shape.size()) - 1);
    const std::int64_t extent = shape[static_cast<std::size_t>(axis)];
    const Gather op{.axis = axis};
    if (rng_.chance(0.5)) {  // computed indices: the place of the largest element of something
      const Pair other = anyPair();
      if (type(other).shape.empty() || channels(type(other).shape) > extent ||
          !hasOneScale(codesOfPair(other)))
        return false;
      const TopK top{.k = draw(1, channels(type(other).shape))};
      const auto index = add(codes(), top, {other.codes});
      if (!index) return undo(at);
      const auto y = add(codes(), op, {x.codes, *index});
      if (!y || codes().tensor(*y).type.isReal()) return undo(at);
      return keep(*y, real(op, {x.reals, real(top, {onGrid(other)})}));
    }
    const Shape list{draw(1, 4)};
    const std::vector<std::int64_t> places = drawn(static_cast<std::size_t>(list[0]), 0, extent - 1);
    const auto y = add(codes(), op, {x.codes, constant(codes(), list, places)});
    if (!y || codes().tensor(*y).type.isReal()) return undo(at);
    return keep(*y, real(op, {x.reals, constant(reals(), list, places)}));
  }

  /// Operations that no function of reals says: the same on the real network's codes.
  bool trySame(const Pair& x) {
    const Mark at = mark();
    const Codes own = codesOfPair(x);
    const Shape shape = type(x).shape;
    const std::int64_t n = channels(shape), rows = rng_.chance(0.5) ? 1 : n;
    const auto span = static_cast<std::size_t>(own.range.hi - own.range.lo + 1);
    Operation operation = TopK{.k = draw(1, n)};
    std::vector<TensorId> inputs{x.codes};
    std::vector<Pair> parts{x};
    switch (draw(0, 3)) {
      case 0: {
        const std::int64_t steps = draw(1, 20);
        std::vector<std::int64_t> list =
            drawn(static_cast<std::size_t>(rows * steps), own.range.lo, own.range.hi + 1);
        for (std::int64_t row = 0; row < rows; ++row)
          std::sort(list.begin() + row * steps, list.begin() + (row + 1) * steps);
        inputs.push_back(constant(codes(), {rows, steps}, list));
        operation = Threshold{.base = drawn(static_cast<std::size_t>(rng_.chance(0.5) ? 1 : n), -4, 4),
                              .sign = {static_cast<std::int8_t>(rng_.chance(0.5) ? 1 : -1)},
                              .scale = {powerOfTwo()},
                              .zeroPoint = rng_.chance(0.3) ? draw(-2, 2) : 0};
        break;
      }
      case 1: {
        if (span > 512) return false;
        const auto list = drawn(static_cast<std::size_t>(rows) * span, -9, 9);
        inputs.push_back(constant(codes(), {rows, static_cast<std::int64_t>(span)}, list, {powerOfTwo()}));
        operation = Lookup{.first = own.range.lo};
        break;
      }
      case 2: {
        const Pair other = anyPair();
        const Codes with = codesOfPair(other);
        const std::int64_t width = with.range.hi - with.range.lo + 1;
        if (type(other).shape != shape || static_cast<std::int64_t>(span) * width > 4096) return false;
        const auto list =
            drawn(static_cast<std::size_t>(rows * static_cast<std::int64_t>(span) * width), -9, 9);
        parts.push_back(other);
        inputs.push_back(other.codes);
        inputs.push_back(
            constant(codes(), {rows, static_cast<std::int64_t>(span) * width}, list, {powerOfTwo()}));
        operation = PairLookup{.first0 = own.range.lo, .first1 = with.range.lo, .span1 = width};
        break;
      }
      default:
        if (own.scale.size() > 1) return false;
        break;
    }
    const auto y = add(codes(), operation, inputs);
    if (!y) return undo(at);
    std::vector<TensorId> twins;
    for (const Pair& part : parts) twins.push_back(onGrid(part));
    for (std::size_t i = parts.size(); i < inputs.size(); ++i) twins.push_back(copied(inputs[i]));
    return keep(*y, real(operation, twins));
  }

  Rng rng_;
  TwinGraphs graphs_;
  std::vector<Pair> pairs_;
  std::size_t counter_ = 0;
};

}  // namespace

TwinGraphs randomTwins(std::uint64_t seed, std::size_t operations) { return Twins(seed).run(operations); }

Status compareTwins(std::uint64_t seed, std::size_t operations, std::size_t samples) {
  const TwinGraphs twins = randomTwins(seed, operations);
  const std::string what = "seed " + std::to_string(seed) + ": ";
  std::vector<Feed> codeFeeds, realFeeds;
  Rng rng(seed, 78);
  for (std::size_t i = 0; i < twins.codes.inputs.size(); ++i) {
    const TensorType& type = twins.codes.tensor(twins.codes.inputs[i]).type;
    std::vector<std::int64_t> values(samples * static_cast<std::size_t>(elements(type.shape)));
    for (std::size_t k = 0; k < values.size(); ++k) {
      const fixed::Interval range = rangeOf(*type.codes, static_cast<std::int64_t>(k));
      values[k] = rng.uniform(range.lo, range.hi);
    }
    realFeeds.push_back({.tensor = twins.reals.inputs[i], .values = realValues(type, values)});
    codeFeeds.push_back({.tensor = twins.codes.inputs[i], .values = std::move(values)});
  }
  SLUICE_TRY(const auto reference, evaluate(twins.codes, codeFeeds, twins.codes.outputs, samples));
  SLUICE_TRY(const auto mathematics, evaluate(twins.reals, realFeeds, twins.reals.outputs, samples));
  SLUICE_TRY(const IntegerEngine engine, IntegerEngine::compile(twins.codes));
  CodeRows inputs;
  for (const TensorId id : engine.regions().hardwareInputs)
    for (const Feed& feed : codeFeeds)
      if (feed.tensor == id) inputs.push_back(std::get<std::vector<std::int64_t>>(feed.values));
  SLUICE_TRY(const CodeRows found, engine.run(inputs, samples));
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const Tensor& output = twins.codes.tensor(twins.codes.outputs[i]);
    const auto& expected = std::get<std::vector<std::int64_t>>(reference[i]);
    const std::vector<double> values = realValues(output.type, expected);
    const std::vector<double> meant =
        realValues(twins.reals.tensor(twins.reals.outputs[i]).type, mathematics[i]);
    const auto& places = engine.regions().hardwareOutputs;
    const auto place = std::find(places.begin(), places.end(), twins.codes.outputs[i]) - places.begin();
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const auto tell = [&](const std::string& other) {
        return badInput(what + "output '" + output.name + "', element " + std::to_string(k) +
                        ": the reference gives " + std::to_string(expected[k]) + ", " + other);
      };
      if (!rangeOf(*output.type.codes, static_cast<std::int64_t>(k)).contains(expected[k]))
        return tell("which leaves its proven range");
      if (const std::int64_t code = found[static_cast<std::size_t>(place)][k]; code != expected[k])
        return tell("the engine " + std::to_string(code));
      if (values[k] != meant[k])
        return tell("or " + formatDouble(values[k]) + "; on reals it is " + formatDouble(meant[k]));
    }
  }
  return {};
}

}  // namespace sluice::ir
