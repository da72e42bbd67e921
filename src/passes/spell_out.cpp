#include <algorithm>
#include <numeric>

#include "ir/geometry.h"
#include "passes/fuse_chains.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

/// What framework operations are made of. Averages are sums and a division, which belongs to the chain behind them
/// (the sum is exact in integers, its nth part is not); a bias is a sum; a transposed convolution is a convolution
/// of the input with zeros between its elements.
namespace sluice::passes {
namespace {

class Speller {
 public:
  explicit Speller(Rewrite& rewrite) : rewrite_(rewrite), graph_(rewrite.from) {}

  /// False: nothing to spell out.
  Result<bool> node(const ir::Node& node) {
    if (const auto* conv = std::get_if<ir::Conv>(&node.operation)) {
      if (node.inputs.size() < 3 || graph_.tensor(node.inputs[0]).isConstant()) return false;
      SLUICE_TRY(const ir::TensorId product,
                 rewrite_.addAs(node, *conv, {rewrite_.at(node.inputs[0]), rewrite_.at(node.inputs[1])},
                                originsOf(node)));
      return plusBias(node, product);
    }
    if (const auto* conv = std::get_if<ir::ConvTranspose>(&node.operation)) return transposed(node, *conv);
    if (const auto* pool = std::get_if<ir::Pool>(&node.operation))
      return pool->kind == ir::PoolKind::average ? average(node, *pool) : Result<bool>(false);
    if (const auto* reduce = std::get_if<ir::Reduce>(&node.operation))
      return reduce->kind == ir::ReduceKind::mean ? mean(node, *reduce) : Result<bool>(false);
    return false;
  }

 private:
  ir::TensorId reals(const std::string& name, ir::Shape shape, std::vector<double> values) {
    return rewrite_.addConstant(name, {.shape = std::move(shape), .codes = std::nullopt}, std::move(values));
  }

  Result<bool> plusBias(const ir::Node& node, ir::TensorId product) {
    SLUICE_TRY(const ir::TensorId sum,
               rewrite_.replace(node, ir::Binary{.kind = ir::BinaryKind::add},
                                {product, rewrite_.at(node.inputs[2])}, originsOf(node),
                                rewrite_.freshName(node.name + ".bias")));
    (void)sum;
    return true;
  }

  Result<bool> dividedBy(const ir::Node& node, ir::TensorId sum, std::int64_t count) {
    const ir::TensorId divisor = reals(node.name + ".count", {1}, {static_cast<double>(count)});
    SLUICE_TRY(const ir::TensorId y,
               rewrite_.replace(node, ir::Binary{.kind = ir::BinaryKind::divide}, {sum, divisor},
                                originsOf(node), rewrite_.freshName(node.name + ".divide")));
    (void)y;
    return true;
  }

  Result<bool> mean(const ir::Node& node, const ir::Reduce& reduce) {
    if (graph_.tensor(node.output).type.shape.empty()) return false;
    const auto reduced = ir::reducedShape(graph_.tensor(node.inputs[0]).type.shape, reduce);
    if (!reduced.ok()) return reduced.error();
    ir::Reduce sum = reduce;
    sum.kind = ir::ReduceKind::sum;
    SLUICE_TRY(const ir::TensorId total,
               rewrite_.addAs(node, sum, {rewrite_.at(node.inputs[0])}, originsOf(node)));
    return dividedBy(node, total, reduced->count);
  }

  Result<bool> average(const ir::Node& node, const ir::Pool& pool) {
    const ir::Shape& shape = graph_.tensor(node.inputs[0]).type.shape;
    SLUICE_TRY(const std::vector<ir::WindowAxis> axes, ir::windowAxes(shape, pool.kernel, pool.window));
    std::int64_t places = 1;
    bool padded = false;
    for (const ir::WindowAxis& axis : axes) {
      places *= axis.kernel;
      padded = padded || axis.padded();
    }
    // How many elements each window holds: the places that are not padding.
    std::vector<double> counts{1};
    ir::Shape spatial;
    std::int64_t common = 1;
    for (const ir::WindowAxis& axis : axes) {
      std::vector<double> next;
      for (const double before : counts)
        for (std::int64_t o = 0; o < axis.out; ++o)
          next.push_back(before * static_cast<double>(axis.inside(o)));
      counts = std::move(next);
      spatial.push_back(axis.out);
    }
    const bool counted = padded && !pool.countPads;
    if (counted)
      for (const double count : counts) {
        if (count < 1) return false;
        common = std::lcm(common, static_cast<std::int64_t>(count));
        if (common > (std::int64_t{1} << 24)) return false;
      }
    ir::Pool sum = pool;
    sum.kind = ir::PoolKind::sum;
    sum.countPads = false;
    SLUICE_TRY(ir::TensorId total, rewrite_.addAs(node, sum, {rewrite_.at(node.inputs[0])}, originsOf(node)));
    if (!counted) return dividedBy(node, total, places);
    // sum / count = sum * (common / count) / common: whole numbers, then one divisor for all.
    spatial.push_back(1);
    for (double& count : counts) count = static_cast<double>(common) / count;
    const ir::TensorId factors = reals(node.name + ".weight", spatial, std::move(counts));
    SLUICE_TRY(total, rewrite_.add(node.name + ".weighted", ir::Binary{.kind = ir::BinaryKind::multiply},
                                   {total, factors}, originsOf(node)));
    return dividedBy(node, total, common);
  }

  /// y[o] = sum of x[i] * w[k] over i * stride - padBefore + k * dilation = o is a convolution, with the kernel
  /// turned round, of x with stride - 1 zeros between elements and dilation * (kernel - 1) - padBefore around.
  Result<bool> transposed(const ir::Node& node, const ir::ConvTranspose& conv) {
    const ir::Tensor& w = graph_.tensor(node.inputs[1]);
    const ir::Shape& shape = graph_.tensor(node.inputs[0]).type.shape;
    const std::size_t axes = shape.size() - 1;
    if (!w.isConstant()) return false;
    const auto entry = [](const std::vector<std::int64_t>& list, std::size_t axis, std::int64_t otherwise) {
      return list.empty() ? otherwise : list[axis];
    };
    ir::Pad spread{.before = std::vector<std::int64_t>(axes + 1, 0),
                   .after = std::vector<std::int64_t>(axes + 1, 0),
                   .between = std::vector<std::int64_t>(axes + 1, 0),
                   .value = 0};
    ir::Conv plain{.window = {}, .groups = conv.groups};
    // What a negative padding asks for is cut off the result.
    ir::Slice cut;
    const ir::Shape& result = graph_.tensor(node.output).type.shape;
    bool cuts = false, spreads = false;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      const std::int64_t dilation = entry(conv.window.dilations, axis, 1);
      const std::int64_t reach = dilation * (w.type.shape[axis] - 1);
      spread.between[axis] = entry(conv.window.strides, axis, 1) - 1;
      spreads = spreads || spread.between[axis] > 0;
      const std::int64_t before = reach - entry(conv.window.padBefore, axis, 0);
      const std::int64_t after =
          reach - entry(conv.window.padAfter, axis, 0) + entry(conv.outputPad, axis, 0);
      plain.window.dilations.push_back(dilation);
      plain.window.padBefore.push_back(std::max(before, std::int64_t{0}));
      plain.window.padAfter.push_back(std::max(after, std::int64_t{0}));
      const std::int64_t from = std::max(-before, std::int64_t{0});
      cut.begin.push_back(from);
      cut.end.push_back(from + result[axis]);
      cuts = cuts || before < 0 || after < 0;
    }
    cut.begin.push_back(0);
    cut.end.push_back(result[axes]);

    // The kernel turned round along every spatial axis.
    std::int64_t places = 1;
    for (std::size_t axis = 0; axis < axes; ++axis) places *= w.type.shape[axis];
    const auto block = static_cast<std::size_t>(ir::elements(w.type.shape) / places);
    ir::ConstantData turned = *w.constant;
    std::visit(
        [&](auto& data) {
          const auto count = static_cast<std::size_t>(places);
          for (std::size_t k = 0; k < count / 2; ++k)
            std::swap_ranges(data.begin() + static_cast<std::ptrdiff_t>(k * block),
                             data.begin() + static_cast<std::ptrdiff_t>((k + 1) * block),
                             data.begin() + static_cast<std::ptrdiff_t>((count - 1 - k) * block));
        },
        turned);
    ir::TensorType type = w.type;
    if (!type.isReal() && (type.codes->scale.size() > static_cast<std::size_t>(ir::channels(type.shape)) ||
                           type.codes->ranges.size() > static_cast<std::size_t>(ir::channels(type.shape)))) {
      const auto turn = [&](auto& list) {
        if (list.size() != static_cast<std::size_t>(ir::elements(type.shape))) return;
        const auto count = static_cast<std::size_t>(places);
        for (std::size_t k = 0; k < count / 2; ++k)
          std::swap_ranges(list.begin() + static_cast<std::ptrdiff_t>(k * block),
                           list.begin() + static_cast<std::ptrdiff_t>((k + 1) * block),
                           list.begin() + static_cast<std::ptrdiff_t>((count - 1 - k) * block));
      };
      turn(type.codes->scale);
      turn(type.codes->ranges);
    }
    const ir::TensorId weights = rewrite_.addConstant(w.name + ".turned", std::move(type), std::move(turned));

    ir::TensorId x = rewrite_.at(node.inputs[0]);
    if (spreads) {
      SLUICE_TRY(x, rewrite_.add(node.name + ".spread", spread, {x}, originsOf(node)));
    }
    const bool hasBias = node.inputs.size() == 3;
    if (!cuts && !hasBias) {
      SLUICE_TRY(const ir::TensorId y, rewrite_.replace(node, plain, {x, weights}, originsOf(node)));
      (void)y;
      return true;
    }
    SLUICE_TRY(ir::TensorId y, rewrite_.addAs(node, plain, {x, weights}, originsOf(node)));
    if (!hasBias) {
      SLUICE_TRY(y,
                 rewrite_.replace(node, cut, {y}, originsOf(node), rewrite_.freshName(node.name + ".cut")));
      return true;
    }
    if (cuts) {
      SLUICE_TRY(y, rewrite_.add(node.name + ".cut", cut, {y}, originsOf(node)));
    }
    return plusBias(node, y);
  }

  Rewrite& rewrite_;
  const ir::Graph& graph_;
};

}  // namespace

Result<Change> spellOut(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  Speller speller(rewrite);
  const std::vector<bool> touches = touchesCodes(graph);
  for (const ir::Node& node : graph.nodes) {
    // Only behind codes: the rest is the host's, who computes it as it stands.
    bool done = false;
    if (touches[node.output.index] && graph.tensor(node.output).type.isReal()) {
      SLUICE_TRY(done, speller.node(node));
    }
    if (done)
      ++change.places;
    else
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes
