#include "frontend/importer.h"

#include <algorithm>
#include <cmath>

namespace sluice::frontend {

namespace {

const Value missingValue;

std::shared_ptr<const Constant> realOf(const Value& value) {
  if (value.kind == Value::Kind::constant) return value.constant;
  return std::make_shared<const Constant>(value.quantized->dequantized());
}

ir::TensorType typeOf(const QuantizedConstant& constant) {
  return {
      .shape = constant.shape,
      .codes = ir::Codes{.range = constant.range, .scale = constant.scale, .zeroPoint = constant.zeroPoint}};
}

std::vector<double> realsOf(const Constant& constant) {
  if (constant.isReal()) return std::get<0>(constant.data);
  const auto& integers = std::get<1>(constant.data);
  return {integers.begin(), integers.end()};
}

}  // namespace

Constant QuantizedConstant::dequantized() const {
  std::vector<double> reals(codes.size());
  std::size_t inner = 1;
  if (scale.size() > 1)
    for (std::size_t axis = static_cast<std::size_t>(channelAxis) + 1; axis < shape.size(); ++axis)
      inner *= static_cast<std::size_t>(shape[axis]);
  for (std::size_t i = 0; i < codes.size(); ++i)
    reals[i] = scale[i / inner % scale.size()] * static_cast<double>(codes[i] - zeroPoint);
  return {.shape = shape, .data = std::move(reals), .symbolic = false};
}

Value valueOf(Constant constant) {
  Value value;
  value.kind = Value::Kind::constant;
  value.constant = std::make_shared<const Constant>(std::move(constant));
  return value;
}

Value valueOf(QuantizedConstant constant) {
  Value value;
  value.kind = Value::Kind::quantized;
  value.quantized = std::make_shared<const QuantizedConstant>(std::move(constant));
  return value;
}

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
  if (value.isRuntime()) return state_.graph.tensor(value.tensor).type.shape;
  if (value.kind == Value::Kind::constant) return value.constant->shape;
  if (value.kind == Value::Kind::quantized) return value.quantized->shape;
  return {};
}

std::size_t Call::fileRank(std::size_t i) const { return sampleShape(i).size() + (input(i).batched ? 1 : 0); }

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

Result<ir::TensorId> Call::tensorOf(std::size_t i) {
  SLUICE_CHECK(i < node().inputs.size() && node().inputs[i] != noTensor, "the caller has asked has(i)");
  const std::uint32_t index = node().inputs[i];
  Value& value = state_.values[index];
  if (value.tensor.valid()) return value.tensor;
  SLUICE_TRY(value.tensor, makeTensor(value, inputName(i)));  // once per tensor of the file: its name is free
  return value.tensor;
}

Result<ir::TensorId> Call::tensorOf(const Value& constant, const std::string& suffix) {
  return makeTensor(constant,
                    state_.graphTensorNames.unique(state_.tensorNames[node().outputs[0]] + "." + suffix));
}

Result<ir::TensorId> Call::makeTensor(const Value& value, const std::string& name) {
  if (value.kind == Value::Kind::quantized) {
    const QuantizedConstant& constant = *value.quantized;
    SLUICE_RETURN_IF_ERROR(ir::checkShape(constant.shape));
    if (constant.scale.size() > 1 &&
        constant.channelAxis + 1 != static_cast<std::int64_t>(constant.shape.size()))
      return unsupported("'" + shown(name) + "' of shape " + shapeText(constant.shape) +
                         " has one scale per index of axis " + std::to_string(constant.channelAxis) +
                         "; only the last axis can have scales of its own here");
    return state_.graph.addConstant(name, typeOf(constant), constant.codes);
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

Result<ir::TensorId> Call::emit(ir::Operation operation, std::vector<ir::TensorId> inputs,
                                const std::string& suffix) {
  const bool last = suffix.empty();
  const std::string name = last ? node().name : state_.nodeNames.unique(node().name + "." + suffix);
  auto added = state_.graph.addNode(name, std::move(operation), std::move(inputs),
                                    last ? takeOrigins() : std::vector<std::string>{node().name});
  if (!added.ok()) return Error{added.error().code, added.error().message, {}};
  std::string tensorName = state_.tensorNames[node().outputs[0]];
  if (!last) tensorName = state_.graphTensorNames.unique(tensorName + "." + suffix);
  state_.graph.tensors[added->index].name = std::move(tensorName);
  return added;
}

Status Call::finish(ir::Operation operation, std::vector<ir::TensorId> inputs, bool batched) {
  SLUICE_TRY(const ir::TensorId tensor, emit(std::move(operation), std::move(inputs)));
  Value value;
  value.kind = Value::Kind::runtime;
  value.tensor = tensor;
  value.batched = batched;
  state_.values[node().outputs[0]] = std::move(value);
  return {};
}

void Call::define(Constant constant) { define(valueOf(std::move(constant))); }

void Call::define(QuantizedConstant constant) { define(valueOf(std::move(constant))); }

void Call::define(Value value) {
  state_.folded[position_] = true;
  state_.values[node().outputs[0]] = std::move(value);
}

}  // namespace sluice::frontend
