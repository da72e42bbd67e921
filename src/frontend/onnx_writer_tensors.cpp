#include "frontend/onnx_writer_tensors.h"

#include <algorithm>

#include "fixed/exact.h"

namespace sluice::frontend {
namespace {

/// Elements permuted: axis j of the result is axis permutation[j] of `from`.
template <typename T>
std::vector<T> permuted(const std::vector<T>& from, const ir::Shape& shape, const List& permutation) {
  std::vector<std::size_t> stride(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * static_cast<std::size_t>(shape[i]);
  std::vector<T> result;
  result.reserve(from.size());
  List at(shape.size(), 0);
  for (std::size_t n = 0; n < from.size(); ++n) {
    std::size_t source = 0;
    for (std::size_t j = 0; j < permutation.size(); ++j)
      source += static_cast<std::size_t>(at[j]) * stride[static_cast<std::size_t>(permutation[j])];
    result.push_back(from[source]);
    for (std::size_t j = permutation.size(); j-- > 0;) {
      if (++at[j] < shape[static_cast<std::size_t>(permutation[j])]) break;
      at[j] = 0;
    }
  }
  return result;
}

const char* roundingName(fixed::Rounding rounding) {
  switch (rounding) {
    case fixed::Rounding::halfEven:
      return "ROUND";
    case fixed::Rounding::floor:
      return "FLOOR";
    case fixed::Rounding::ceil:
      return "CEIL";
    case fixed::Rounding::towardZero:
      return "ROUND_TO_ZERO";
    case fixed::Rounding::awayFromZero:
      return "UP";
    case fixed::Rounding::halfAwayFromZero:
      return "HALF_UP";
    case fixed::Rounding::halfTowardZero:
      return "HALF_DOWN";
    default:
      return nullptr;
  }
}

}  // namespace

ir::Shape fileShape(const ir::Shape& shape, Held held) {
  if (held == Held::plain || shape.empty()) return shape;
  ir::Shape result = {shape.back()};
  result.insert(result.end(), shape.begin(), shape.end() - 1);
  return result;
}

std::vector<double> lastAxisFirst(const std::vector<double>& from, std::size_t channels) {
  std::vector<double> result(from.size());
  const std::size_t rest = from.size() / channels;
  for (std::size_t i = 0; i < from.size(); ++i) result[i % channels * rest + i / channels] = from[i];
  return result;
}

std::vector<float> singles(const std::vector<double>& list) {
  std::vector<float> result;
  result.reserve(list.size());
  for (const double value : list) result.push_back(static_cast<float>(value));
  return result;
}

std::optional<Width> widthOf(fixed::Interval range) {
  for (std::int64_t bits = 1; bits <= 32; ++bits) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    if (range == fixed::Interval{-half, half - 1}) return Width{bits, 1, 0};
    if (range == fixed::Interval{1 - half, half - 1} && bits > 1) return Width{bits, 1, 1};
    if (range == fixed::Interval{0, 2 * half - 1}) return Width{bits, 0, 0};
    if (range == fixed::Interval{0, 2 * half - 2} && bits > 1) return Width{bits, 0, 1};
  }
  return std::nullopt;
}

bool FileTensors::isOutput(ir::TensorId id) const {
  return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
}

bool FileTensors::isConstant(std::size_t input) const {
  return graph_.tensor(node_->inputs[input]).isConstant();
}

Result<std::string> FileTensors::tensor(ir::TensorId id, Held held) {
  if (shapeOf(id).size() < 2) held = Held::plain;
  if (graph_.tensor(id).isConstant()) return constant(id);
  if (const auto found = names_[id.index].find(held); found != names_[id.index].end()) return found->second;
  const auto rank = static_cast<std::int64_t>(shapeOf(id).size()) + 1;
  List permutation = {0};
  if (held == Held::channelsFirst) {
    permutation.push_back(rank - 1);
    for (std::int64_t axis = 1; axis < rank - 1; ++axis) permutation.push_back(axis);
  } else {
    for (std::int64_t axis = 2; axis < rank; ++axis) permutation.push_back(axis);
    permutation.push_back(1);
  }
  const std::string& from = names_[id.index].begin()->second;
  // The name of the graph's tensor goes to the one that was computed; of an output to the plain one.
  const std::string& own = graph_.tensor(id).name;
  const std::string name =
      held == Held::plain ? (isOutput(id) ? own : fresh(own + "/last")) : fresh(own + "/first");
  file_.node("Transpose", {from}, {name}, {{"perm", permutation}}, fresh(name + "/transpose"));
  names_[id.index][held] = name;
  return name;
}

Held FileTensors::heldOf(const ir::Node& node) const {
  for (const ir::TensorId input : node.inputs)
    if (!graph_.tensor(input).isConstant() && shapeOf(input).size() >= 2 &&
        primary_[input.index] == Held::channelsFirst)
      return Held::channelsFirst;
  return Held::plain;
}

std::string FileTensors::define(Held held) {
  const ir::TensorId id = node_->output;
  if (shapeOf(id).size() < 2) held = Held::plain;
  primary_[id.index] = held;
  const std::string& own = graph_.tensor(id).name;
  return names_[id.index][held] = held == Held::channelsFirst && isOutput(id) ? fresh(own + "/first") : own;
}

std::string FileTensors::fresh(std::string name) {
  while (graph_.findTensor(name) || graph_.findNode(name) || !made_.emplace(name, true).second) name += "_";
  return name;
}

Result<std::string> FileTensors::constant(ir::TensorId id) {
  if (const auto found = names_[id.index].find(Held::plain); found != names_[id.index].end())
    return found->second;
  const ir::Tensor& tensor = graph_.tensor(id);
  SLUICE_TRY(const std::string name, constantAs(id, tensor.name, {}));
  return names_[id.index][Held::plain] = name;
}

Result<std::string> FileTensors::constantAs(ir::TensorId id, const std::string& name,
                                            const List& permutation) {
  const ir::Tensor& tensor = graph_.tensor(id);
  ir::Shape shape = tensor.type.shape;
  List order = permutation;
  if (order.empty())
    for (std::size_t i = 0; i < shape.size(); ++i) order.push_back(static_cast<std::int64_t>(i));
  ir::Shape to;
  for (const std::int64_t axis : order) to.push_back(shape[static_cast<std::size_t>(axis)]);
  if (tensor.type.isReal()) {
    file_.tensor(name, to, singles(permuted(ir::realsOf(tensor), shape, order)));
    return name;
  }
  const ir::Codes& codes = *tensor.type.codes;
  const auto width = widthOf(codes.range);
  if (codes.zeroPoint != 0 || !codes.ranges.empty() || !width)
    return unsupported("constant '" + tensor.name + "' has codes that no Quant node gives");
  const auto channels = static_cast<std::size_t>(ir::channels(shape));
  ir::Shape scaleShape;
  std::vector<double> scale = codes.scale;
  if (scale.size() == channels && scale.size() > 1) {
    for (const std::int64_t axis : order)
      scaleShape.push_back(
          axis + 1 == static_cast<std::int64_t>(shape.size()) ? static_cast<std::int64_t>(channels) : 1);
  } else if (scale.size() > 1) {
    scale = permuted(scale, shape, order);
    scaleShape = to;
  }
  const std::vector<std::int64_t>& list = ir::codesOf(tensor);
  std::vector<double> reals(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double step = ir::scaleOf(codes, static_cast<std::int64_t>(i));
    const auto single = static_cast<float>(step);
    reals[i] = static_cast<double>(static_cast<float>(step * static_cast<double>(list[i])));
    if (static_cast<double>(single) != step ||
        fixed::quantize(reals[i], step, 0, fixed::Rounding::halfEven, codes.range) != list[i])
      return unsupported("constant '" + tensor.name + "' does not fit float32");
  }
  const std::string from = fresh(tensor.name + "/value");
  file_.tensor(from, to, singles(permuted(reals, shape, order)));
  SLUICE_RETURN_IF_ERROR(quantNode(from, name, singles(scale), scaleShape, 0, *width,
                                   fixed::Rounding::halfEven, fresh(tensor.name + "/quant")));
  return name;
}

Status FileTensors::quantNode(const std::string& from, const std::string& to, std::vector<float> scale,
                              const ir::Shape& scaleShape, std::int64_t zeroPoint, Width width,
                              fixed::Rounding rounding, const std::string& nodeName) {
  const char* mode = roundingName(rounding);
  if (mode == nullptr) return unsupported("QONNX has no such rounding");
  const std::string s = fresh(to + "/scale"), z = fresh(to + "/zero"), b = fresh(to + "/bits");
  file_.tensor(s, scaleShape, std::move(scale));
  file_.scalar(z, static_cast<float>(zeroPoint));
  file_.scalar(b, static_cast<float>(width.bits));
  file_.node("Quant", {from, s, z, b}, {to},
             {{"signed", width.isSigned}, {"narrow", width.narrow}, {"rounding_mode", std::string(mode)}},
             nodeName, quantDomain);
  return {};
}

Result<std::string> FileTensors::operand(std::size_t input, Held held) {
  const ir::TensorId id = node_->inputs[input];
  const ir::Shape& shape = shapeOf(id);
  const std::size_t rank = shapeOf(node_->output).size();
  if (!isConstant(input)) {
    if (shape.size() == rank) return tensor(id, held);
    // Broadcasting against the batch: axes of 1 behind it.
    SLUICE_TRY(const std::string from, tensor(id, Held::plain));
    ir::Shape wide(rank - shape.size(), 1);
    wide.insert(wide.end(), shape.begin(), shape.end());
    return reshaped(from, fileShape(wide, held), fresh(node_->name + "/wide"));
  }
  if (held == Held::plain || shape.empty() || ir::elements(shape) == 1) return constant(id);
  if (!graph_.tensor(id).type.isReal()) {
    // Codes keep their Quant node; a Reshape of constants puts the channels in front.
    if (ir::elements(shape) != ir::channels(shape)) return unsupported("a constant of codes per element");
    SLUICE_TRY(const std::string from, constant(id));
    List target = {ir::channels(shape)};
    target.resize(rank, 1);
    const std::string shapeName = fresh(node_->name + "/shape"), to = fresh(node_->name + "/operand");
    file_.integers(shapeName, {static_cast<std::int64_t>(target.size())}, target);
    file_.node("Reshape", {from, shapeName}, {to}, {}, fresh(to + "/reshape"));
    return to;
  }
  ir::Shape wide(rank - shape.size(), 1);
  wide.insert(wide.end(), shape.begin(), shape.end());
  const std::string name = fresh(graph_.tensor(id).name + "/first");
  file_.tensor(
      name, fileShape(wide, held),
      singles(lastAxisFirst(ir::realsOf(graph_.tensor(id)), static_cast<std::size_t>(ir::channels(shape)))));
  return name;
}

Result<std::string> FileTensors::reshaped(const std::string& from, const ir::Shape& shape,
                                          const std::string& to) {
  List target = {0};  // the batch stays
  target.insert(target.end(), shape.begin(), shape.end());
  const std::string name = fresh(to + "/shape");
  file_.integers(name, {static_cast<std::int64_t>(target.size())}, target);
  file_.node("Reshape", {from, name}, {to}, {}, to == graph_.tensor(node_->output).name ? node_->name : to);
  return to;
}

}  // namespace sluice::frontend
