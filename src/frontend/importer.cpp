#include "frontend/importer.h"

#include <algorithm>
#include <cmath>

namespace sluice::frontend {

namespace {

const Value missingValue;

ir::TensorType typeOfCodes(const QuantizedConstant& constant) {
  return {.shape = constant.shape,
          .codes = ir::canonical({.range = constant.range, .scale = constant.scale, .zeroPoint = 0},
                                 constant.shape)};
}

std::vector<double> realsOf(const Constant& constant) {
  if (constant.isReal()) return std::get<0>(constant.data);
  const auto& integers = std::get<1>(constant.data);
  return {integers.begin(), integers.end()};
}

}  // namespace

std::string NameSet::unique(const std::string& wanted) {
  const auto [entry, fresh] = used_.emplace(wanted, 1);
  if (fresh) return wanted;
  // The counter of the wanted name goes on where it stopped, so a thousand equal names take a thousand steps.
  for (std::uint32_t n = used_[wanted] + 1;; ++n) {
    std::string candidate = wanted + "_" + std::to_string(n);
    if (used_.emplace(candidate, 1).second) {
      used_[wanted] = n;
      return candidate;
    }
  }
}

Result<ir::TensorId> addPermuted(ImportState& state, ir::TensorId from, const Order& permutation,
                                 const std::string& name, std::vector<std::string> origins) {
  const ir::Shape shape = state.graph.tensor(from).type.shape;
  ir::Operation operation = ir::Transpose{.permutation = permutation};
  if (movesNothing(shape, permutation)) operation = ir::Reshape{.shape = graphShapeOf(shape, permutation)};
  auto added =
      state.graph.addNode(state.nodeNames.unique(name), std::move(operation), {from}, std::move(origins));
  if (!added.ok()) return Error{added.error().code, added.error().message, {}};
  state.graph.tensors[added->index].name = state.graphTensorNames.unique(name);
  return added;
}

bool Call::channelsLast() const { return file().domain.starts_with("qonnx.custom_op.channels_last"); }

const Value& Call::input(std::size_t i) const {
  if (i >= node().inputs.size() || node().inputs[i] == noTensor) return missingValue;
  return state_.values[node().inputs[i]];
}

std::string Call::inputName(std::size_t i) const {
  return i < node().inputs.size() && node().inputs[i] != noTensor ? state_.tensorNames[node().inputs[i]] : "";
}

bool Call::outputUsed(std::size_t i) const {
  return i < node().outputs.size() && node().outputs[i] != noTensor && state_.readers[node().outputs[i]] > 0;
}

bool Call::readsAlone(std::size_t i) const {
  const std::uint32_t tensor = node().inputs[i];
  return state_.consumers[tensor].size() == 1 && state_.readers[tensor] == 1;
}

std::vector<const FileNode*> Call::readersOf(std::uint32_t tensor) const {
  std::vector<const FileNode*> list;
  for (const std::uint32_t position : state_.consumers[tensor]) list.push_back(state_.nodes[position].file);
  return list;
}

Result<std::shared_ptr<const Constant>> Call::constantInput(std::size_t i, const char* what) const {
  const Value& value = input(i);
  if (value.kind == Value::Kind::missing) return badInput(std::string(what) + " is missing");
  if (!value.isConstant())
    return unsupported(std::string(what) + " ('" + shown(inputName(i)) + "') is not a constant");
  return realOf(value);
}

Result<double> Call::scalarInput(std::size_t i, const char* what) const {
  SLUICE_TRY(const std::shared_ptr<const Constant> constant, constantInput(i, what));
  if (constant->symbolic) return unsupported(std::string(what) + " depends on the batch size");
  if (constant->size() == 0) return badInput(std::string(what) + " has no elements");
  const double first = constant->real(0);
  for (std::size_t k = 1; k < constant->size(); ++k)
    if (constant->real(k) != first) return unsupported(std::string(what) + " has several different elements");
  return first;
}

Result<std::vector<std::int64_t>> Call::integersInput(std::size_t i, const char* what) const {
  SLUICE_TRY(const std::shared_ptr<const Constant> constant, constantInput(i, what));
  if (constant->isReal()) return badInput(std::string(what) + " is not a list of integers");
  if (constant->shape.size() > 1)
    return badInput(std::string(what) + " is not a list but of shape " + shapeText(constant->shape));
  return std::get<1>(constant->data);
}

ir::Shape Call::sampleShape(std::size_t i) const {
  const Value& value = input(i);
  if (value.isRuntime()) return fileShapeOf(state_.graph.tensor(value.tensor).type.shape, value.layout);
  if (value.kind == Value::Kind::constant) return value.constant->shape;
  if (value.kind == Value::Kind::quantized) return value.quantized->shape;
  return {};
}

std::size_t Call::fileRank(std::size_t i) const { return sampleShape(i).size() + (input(i).batched ? 1 : 0); }

Result<std::int64_t> Call::sampleAxis(std::size_t i, std::int64_t fileAxis) const {
  SLUICE_TRY(const std::int64_t axis, normalizeAxis(fileAxis, fileRank(i)));
  if (!input(i).batched) return axis;
  if (axis == 0) return unsupported("it runs over axis 0, the batch");
  return axis - 1;
}

std::int64_t Call::graphAxis(std::size_t i, std::int64_t axis) const {
  const Order& order = input(i).layout.order;
  if (order.empty()) return axis;
  return std::find(order.begin(), order.end(), axis) - order.begin();
}

const Attribute* Call::attribute(std::string_view name) const {
  for (const Attribute& attribute : file().attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

Result<std::int64_t> Call::integer(std::string_view name, std::int64_t otherwise) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return otherwise;
  if (const auto* value = std::get_if<std::int64_t>(&found->value)) return *value;
  return badInput("attribute '" + std::string(name) + "' is not an integer");
}

Result<double> Call::real(std::string_view name, double otherwise) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return otherwise;
  const auto* value = std::get_if<double>(&found->value);
  if (value == nullptr || !std::isfinite(*value))
    return badInput("attribute '" + std::string(name) + "' is not a finite number");
  return *value;
}

Result<std::string> Call::text(std::string_view name, std::string otherwise) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return otherwise;
  if (const auto* value = std::get_if<std::string>(&found->value)) return *value;
  return badInput("attribute '" + std::string(name) + "' is not a text");
}

Result<std::optional<std::vector<std::int64_t>>> Call::integers(std::string_view name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return std::optional<std::vector<std::int64_t>>();
  if (const auto* value = std::get_if<std::vector<std::int64_t>>(&found->value)) return std::optional(*value);
  return badInput("attribute '" + std::string(name) + "' is not a list of integers");
}

Result<std::optional<std::vector<double>>> Call::reals(std::string_view name) const {
  const Attribute* found = attribute(name);
  if (found == nullptr) return std::optional<std::vector<double>>();
  const auto* value = std::get_if<std::vector<double>>(&found->value);
  if (value == nullptr ||
      !std::all_of(value->begin(), value->end(), [](double v) { return std::isfinite(v); }))
    return badInput("attribute '" + std::string(name) + "' is not a list of finite numbers");
  return std::optional(*value);
}

Result<ir::TensorId> Call::tensorOf(std::size_t i) {
  SLUICE_CHECK(i < node().inputs.size() && node().inputs[i] != noTensor, "the caller has asked has(i)");
  const std::uint32_t index = node().inputs[i];
  Value& value = state_.values[index];
  if (value.isRuntime()) return tensorIn(i, identityOrder(sampleShape(i).size()));
  if (value.tensor.valid()) return value.tensor;
  SLUICE_TRY(value.tensor, makeTensor(value, inputName(i)));  // once per tensor of the file: its name is free
  return value.tensor;
}

Result<ir::TensorId> Call::tensorIn(std::size_t i, const Order& order) {
  Value& value = state_.values[node().inputs[i]];
  if (!value.isRuntime()) {
    if (order == identityOrder(order.size())) return tensorOf(i);
    SLUICE_TRY(const Value turned, transposed(value, order, state_.budget));
    return tensorOf(turned, "operand");
  }
  if (!value.layout.flat && orderOf(value.layout, order.size()) == order) return value.tensor;
  for (const auto& [known, tensor] : value.inOrder)
    if (known == order) return tensor;
  const std::string name = inputName(i) + ".reordered";
  const std::vector<std::string> origins = {node().name};
  ir::TensorId turned;
  if (const Flattening* flat = value.layout.flat.get()) {
    // Back to the axes it was flattened from, these in the file's order, and flat again.
    const std::int64_t count = ir::elements(flat->shape);
    const auto reshape = [&](ir::TensorId from, ir::Shape shape, const char* what) {
      return add(ir::Reshape{.shape = std::move(shape)}, {from}, inputName(i) + what, inputName(i) + what,
                 origins);
    };
    SLUICE_TRY(turned, reshape(value.tensor, flat->shape, ".unflattened"));
    SLUICE_TRY(turned, addPermuted(state_, turned, inverseOrder(flat->order), name, origins));
    SLUICE_TRY(turned, reshape(turned, {count}, ".flattened"));
  } else {
    const Order place = inverseOrder(orderOf(value.layout, order.size()));
    Order permutation;
    for (const std::int64_t axis : order) permutation.push_back(place[static_cast<std::size_t>(axis)]);
    SLUICE_TRY(turned, addPermuted(state_, value.tensor, permutation, name, origins));
  }
  value.inOrder.emplace_back(order, turned);
  return turned;
}

Result<ir::TensorId> Call::tensorOf(const Value& constant, const std::string& suffix) {
  return makeTensor(constant,
                    state_.graphTensorNames.unique(state_.tensorNames[node().outputs[0]] + "." + suffix));
}

Result<ir::TensorId> Call::makeTensor(const Value& value, const std::string& name) {
  if (value.kind == Value::Kind::quantized) {
    const QuantizedConstant& constant = *value.quantized;
    SLUICE_RETURN_IF_ERROR(ir::checkShape(constant.shape));
    const bool lastAxis = constant.channelAxis + 1 == static_cast<std::int64_t>(constant.shape.size());
    if (constant.scale.size() == 1 || constant.scale.size() == constant.codes.size() || lastAxis)
      return state_.graph.addConstant(name, typeOfCodes(constant), constant.codes);
    QuantizedConstant perElement = constant;
    perElement.scale.clear();
    for (std::size_t k = 0; k < constant.codes.size(); ++k) perElement.scale.push_back(constant.scaleAt(k));
    return state_.graph.addConstant(name, typeOfCodes(perElement), constant.codes);
  }
  const Constant& constant = *value.constant;
  SLUICE_RETURN_IF_ERROR(ir::checkShape(constant.shape));
  if (constant.symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  return state_.graph.addConstant(name, {.shape = constant.shape, .codes = std::nullopt}, realsOf(constant));
}

bool Call::isOnGrid(ir::TensorId tensor, double scale) const {
  const ir::TensorType& type = state_.graph.tensor(tensor).type;
  return type.codes.has_value() && type.codes->scale == std::vector<double>{scale} &&
         type.codes->zeroPoint == 0;
}

ir::TensorId Call::addConstant(const std::string& suffix, const Constant& constant) {
  return state_.graph.addConstant(
      state_.graphTensorNames.unique(state_.tensorNames[node().outputs[0]] + "." + suffix),
      {.shape = constant.shape, .codes = std::nullopt}, realsOf(constant));
}

ir::TensorId Call::addScalar(const std::string& suffix, double value) {
  return addConstant(suffix, {.shape = {}, .data = std::vector<double>{value}, .symbolic = false});
}

/// The folded nodes behind this one that no other node has claimed, in the file's order, then the node
/// itself. Each folded node is claimed once, so all origins together are as long as the file.
std::vector<std::string> Call::takeOrigins() {
  std::vector<std::uint32_t> found;
  std::vector<std::uint32_t> open = {position_};
  while (!open.empty()) {
    const std::uint32_t here = open.back();
    open.pop_back();
    for (const std::uint32_t input : state_.nodes[here].inputs) {
      const std::uint32_t from = input == noTensor ? noTensor : state_.producer[input];
      if (from == noTensor || !state_.folded[from]) continue;
      state_.folded[from] = false;
      found.push_back(from);
      open.push_back(from);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> origins;
  origins.reserve(found.size() + 1);
  for (const std::uint32_t position : found) origins.push_back(state_.nodes[position].name);
  origins.push_back(node().name);
  return origins;
}

Result<ir::TensorId> Call::add(ir::Operation operation, std::vector<ir::TensorId> inputs,
                               std::string nodeName, std::string tensorName,
                               std::vector<std::string> origins) {
  auto added = state_.graph.addNode(state_.nodeNames.unique(nodeName), std::move(operation),
                                    std::move(inputs), std::move(origins));
  if (!added.ok()) return Error{added.error().code, added.error().message, {}};
  state_.graph.tensors[added->index].name = state_.graphTensorNames.unique(tensorName);
  return added;
}

Result<ir::TensorId> Call::emit(ir::Operation operation, std::vector<ir::TensorId> inputs,
                                const std::string& suffix) {
  return add(std::move(operation), std::move(inputs), node().name + "." + suffix,
             state_.tensorNames[node().outputs[0]] + "." + suffix, {node().name});
}

Status Call::finish(ir::Operation operation, std::vector<ir::TensorId> inputs, bool batched, Layout layout,
                    std::size_t output) {
  const std::string name =
      output == 0 ? node().name : state_.nodeNames.unique(node().name + "." + std::to_string(output));
  auto added = state_.graph.addNode(name, std::move(operation), std::move(inputs), takeOrigins());
  if (!added.ok()) return Error{added.error().code, added.error().message, {}};
  if (output == 0) state_.emitted[position_] = true;
  const std::uint32_t index = node().outputs[output];
  state_.graph.tensors[added->index].name = state_.tensorNames[index];
  Value value;
  value.kind = Value::Kind::runtime;
  value.tensor = *added;
  value.batched = batched;
  value.layout = std::move(layout);
  state_.values[index] = std::move(value);
  return {};
}

Status Call::finishUnary(ir::Operation operation) {
  return finish(std::move(operation), {input(0).tensor}, input(0).batched, input(0).layout);
}

void Call::define(Constant constant) { define(valueOf(std::move(constant))); }

void Call::define(QuantizedConstant constant) { define(valueOf(std::move(constant))); }

void Call::define(Value value, std::size_t output) {
  state_.folded[position_] = true;
  state_.values[node().outputs[output]] = std::move(value);
}

void Call::setCodes(std::shared_ptr<const FileCodes> codes) {
  state_.values[node().outputs[0]].codes = std::move(codes);
}

bool Call::narrowQuantizer(std::size_t i, fixed::Interval range) {
  const Value& value = input(i);
  ir::Tensor& tensor = state_.graph.tensors[value.tensor.index];
  if (!tensor.producer.valid() || !readsAlone(i) || !value.inOrder.empty()) return false;
  auto* quantize = std::get_if<ir::Quantize>(&state_.graph.nodes[tensor.producer.index].operation);
  if (quantize == nullptr || !quantize->ranges.empty() || !quantize->zeroPoints.empty()) return false;
  quantize->range = range;
  tensor.type.codes->range = range;
  return true;
}

}  // namespace sluice::frontend
