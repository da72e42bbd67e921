#include "frontend/keras/layer.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend::keras {

namespace {
constexpr std::int64_t largestExtent = std::int64_t{1} << 24;
}  // namespace

Result<std::vector<std::int64_t>> Layer::extents(std::string_view key, std::size_t rank,
                                                 std::int64_t otherwise) const {
  const Json& value = config()[key];
  std::vector<std::int64_t> result;
  if (value.isNull() || value.isNumber()) {
    result.assign(rank, value.integer(otherwise));
  } else {
    for (const Json& item : value.items) result.push_back(item.integer(-1));
    if (result.size() == 1) result.assign(rank, result[0]);
  }
  if (result.size() != rank)
    return badInput("has " + std::to_string(result.size()) + " numbers in '" + std::string(key) +
                    "' instead of " + std::to_string(rank));
  for (const std::int64_t extent : result)
    if (extent < 1 || extent > largestExtent)
      return badInput("has " + std::to_string(extent) + " in '" + std::string(key) + "'");
  return result;
}

Result<Weight> Layer::checkedWeight(LayerWeights& from, std::string_view name, const ir::Shape& shape) const {
  SLUICE_TRY(const Hdf5Data data, from.get(name));
  Weight weight = weightOf(data);
  if (weight.shape != shape)
    return badInput("has a weight '" + std::string(name) + "' of shape " + ir::text(weight.shape) +
                    " where " + ir::text(shape) + " is needed");
  for (const double value : weight.values)
    if (!std::isfinite(value))
      return badInput("has a weight '" + std::string(name) + "' with values that are not finite");
  return weight;
}

Result<Weight> Layer::weight(std::string_view name, const ir::Shape& shape) {
  return checkedWeight(weights_, name, shape);
}

std::string Layer::unique(std::unordered_set<std::string>& used, std::string wanted) {
  std::string name = wanted;
  for (int i = 2; !used.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

ir::TensorId Layer::constant(const std::string& suffix, const Weight& weight) {
  const std::string name = unique(state_.tensorNames, step_.name + "/" + suffix);
  if (!weight.isCoded())
    return state_.graph.addConstant(name, {.shape = weight.shape, .codes = {}},
                                    ir::ConstantData(weight.values));
  ir::Codes codes{.range = weight.range, .scale = weight.scale};
  return state_.graph.addConstant(
      name, {.shape = weight.shape, .codes = ir::canonical(std::move(codes), weight.shape)},
      ir::ConstantData(weight.codes));
}

Result<ir::TensorId> Layer::emit(ir::Operation operation, std::vector<ir::TensorId> inputs,
                                 const std::string& suffix) {
  const std::string name = unique(state_.nodeNames, step_.name + "/" + suffix);
  state_.tensorNames.insert(name);
  return state_.graph.addNode(name, std::move(operation), std::move(inputs), {step_.name});
}

Result<ir::TensorId> Layer::binary(ir::BinaryKind kind, ir::TensorId a, ir::TensorId b,
                                   const std::string& suffix) {
  return emit(ir::Binary{kind}, {a, b}, suffix);
}

Result<ir::TensorId> Layer::unary(ir::Unary operation, ir::TensorId a, const std::string& suffix) {
  return emit(operation, {a}, suffix);
}

Result<ir::TensorId> Layer::transpose(ir::TensorId tensor, const std::vector<std::int64_t>& permutation,
                                      const std::string& suffix) {
  if (std::is_sorted(permutation.begin(), permutation.end())) return tensor;
  return emit(ir::Transpose{permutation}, {tensor}, suffix);
}

Result<ir::TensorId> Layer::channelsToLast(ir::TensorId tensor) {
  std::vector<std::int64_t> permutation;
  for (std::size_t k = 1; k < shape(tensor).size(); ++k) permutation.push_back(static_cast<std::int64_t>(k));
  permutation.push_back(0);
  return transpose(tensor, permutation, "to_channels_last");
}

Result<ir::TensorId> Layer::channelsToFirst(ir::TensorId tensor) {
  std::vector<std::int64_t> permutation;
  const auto last = static_cast<std::int64_t>(shape(tensor).size()) - 1;
  permutation.push_back(last);
  for (std::int64_t k = 0; k < last; ++k) permutation.push_back(k);
  return transpose(tensor, permutation, "to_channels_first");
}

Result<std::int64_t> axisOf(std::int64_t kerasAxis, std::size_t rank) {
  const auto all = static_cast<std::int64_t>(rank) + 1;
  const std::int64_t axis = kerasAxis < 0 ? kerasAxis + all : kerasAxis;
  if (axis < 1 || axis >= all)
    return badInput("names axis " + std::to_string(kerasAxis) + " of a tensor of " + std::to_string(all) +
                    " axes (with the batch)");
  return axis - 1;
}

}  // namespace sluice::frontend::keras
