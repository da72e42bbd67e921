#include "frontend/qonnx.h"

#include <algorithm>
#include <unordered_set>

#include "base/diagnostics.h"
#include "base/file.h"
#include "frontend/file_graph.h"
#include "frontend/operators.h"
#include "ir/verify.h"

namespace sluice::frontend {

namespace {

constexpr std::int64_t oldestIrVersion = 3;  // the first with operator sets
constexpr std::int64_t oldestOpset = 6;      // the first without `consumed_inputs` and legacy attributes

class Importer {
 public:
  Importer(const ModelFile& file, std::string name, std::size_t fileBytes, const ImportOptions& options,
           ImportNotes* notes)
      : file_(file), name_(std::move(name)), options_(options), notes_(notes), problems_(name_) {
    state_.graph.name = name_;
    state_.opset = file.opset;
    // An honest file folds a handful of steps per weight; the constant is for shape arithmetic and masks.
    state_.budget.elements = (std::int64_t{1} << 24) + 16 * static_cast<std::int64_t>(fileBytes);
  }

  Result<ir::Graph> run() {
    SLUICE_RETURN_IF_ERROR(checkVersions());
    graph_ = collectTensors(file_, state_, problems_);
    SLUICE_RETURN_IF_ERROR(problems_.status());
    SLUICE_RETURN_IF_ERROR(sortNodes(graph_, state_, name_));
    addInputs();
    nameNodes();
    turnInputs();
    for (std::uint32_t position = 0; position < state_.nodes.size(); ++position) importNode(position);
    addOutputs();
    SLUICE_RETURN_IF_ERROR(problems_.status());
    return std::move(state_.graph);
  }

 private:
  Status checkVersions() const {
    if (file_.irVersion < oldestIrVersion)
      return badInput("IR version " + std::to_string(file_.irVersion) + "; versions from " +
                          std::to_string(oldestIrVersion) + " on are read",
                      name_);
    if (file_.opset < oldestOpset)
      return unsupported("operator set " + std::to_string(file_.opset) +
                             " of the default domain; sets from " + std::to_string(oldestOpset) +
                             " on are read",
                         name_);
    return {};
  }

  void addInputs() {
    bool sameBatch = true;
    std::optional<std::int64_t> batch;
    bool first = true;
    for (DeclaredType input : file_.inputs) {
      const std::uint32_t index = graph_.tensors.index(input.name);
      if (graph_.initializers.contains(index)) continue;
      const std::string place = "input '" + shown(input.name) + "'";
      if (const auto given = options_.inputShapes.find(input.name); given != options_.inputShapes.end()) {
        input.shape = given->second;
        input.hasShape = true;
      }
      if (!input.hasShape) {
        problems_.add(unsupported("the file does not give its shape", place));
        state_.values[index].kind = Value::Kind::unknown;
        continue;
      }
      const std::int32_t type = input.elementType;
      const bool real = type == 1 || type == 10 || type == 11 || type == 16;
      if (!real && !rangeOfType(type, "").ok())
        problems_.add(
            unsupported("its elements are " + elementTypeName(type) + "; numbers are supported", place));
      const bool batched = input.shape.size() >= 2 || (input.shape.size() == 1 && input.shape[0] < 0);
      ir::Shape shape(input.shape.begin() + (batched ? 1 : 0), input.shape.end());
      Status legal;
      if (std::find(shape.begin(), shape.end(), -1) != shape.end())
        legal = unsupported("its shape leaves more than the batch open");
      else
        legal = ir::checkShape(shape);
      if (!legal.ok()) {
        problems_.add({legal.error().code, legal.error().message, place});
        state_.values[index].kind = Value::Kind::unknown;
        continue;
      }
      if (batched) {
        const std::optional<std::int64_t> here =
            input.shape[0] > 0 ? std::optional(input.shape[0]) : std::nullopt;
        sameBatch = sameBatch && (first || here == batch);
        batch = here;
        first = false;
      }
      define(index, state_.graph.addInput(input.name, {.shape = std::move(shape), .codes = std::nullopt}),
             batched);
    }
    if (!sameBatch) problems_.add(unsupported("the inputs have different batch sizes"));
    state_.batch = batch;
    for (const auto& [index, stored] : graph_.initializers) {
      Value& value = state_.values[index];
      value.kind = Value::Kind::constant;
    }
  }

  /// An input with channels in front is turned round at once where a convolution or its like is the first to care:
  /// ahead of its quantizer, so that all behind it is channels last.
  void turnInputs() {
    const std::vector<ir::TensorId> inputs = state_.graph.inputs;
    for (const DeclaredType& input : file_.inputs) {
      const std::uint32_t index = graph_.tensors.index(input.name);
      Value& value = state_.values[index];
      if (!value.isRuntime() || !value.batched) continue;
      const std::size_t rank = state_.graph.tensor(value.tensor).type.shape.size();
      if (rank < 2 || !leadsToChannelsFirst(index)) continue;
      const Order order = withLast(rank, std::int64_t{0});
      auto turned = addPermuted(state_, value.tensor, order, input.name + ".channelsLast", {});
      SLUICE_CHECK(turned.ok(), "axes of a real tensor can be permuted");
      value.inOrder.emplace_back(identityOrder(rank), value.tensor);
      value.tensor = *turned;
      value.layout = layoutOf(order);
    }
  }

  bool leadsToChannelsFirst(std::uint32_t tensor) const {
    std::vector<bool> seen(state_.nodes.size(), false);
    std::vector<std::uint32_t> open = {tensor};
    while (!open.empty()) {
      const std::uint32_t here = open.back();
      open.pop_back();
      for (const std::uint32_t position : state_.consumers[here]) {
        if (seen[position]) continue;
        seen[position] = true;
        const ImportNode& node = state_.nodes[position];
        if (prefersChannelsLast(*node.file)) return true;
        if (!isElementWise(*node.file)) continue;
        for (const std::uint32_t output : node.outputs)
          if (output != noTensor) open.push_back(output);
      }
    }
    return false;
  }

  void define(std::uint32_t index, ir::TensorId tensor, bool batched) {
    Value& value = state_.values[index];
    value.kind = Value::Kind::runtime;
    value.tensor = tensor;
    value.batched = batched;
  }

  /// Named nodes first, so that a name made up never takes one that the file gives.
  void nameNodes() {
    for (ImportNode& node : state_.nodes)
      if (!node.file->name.empty()) node.name = state_.nodeNames.unique(node.file->name);
    for (std::size_t i = 0; i < state_.nodes.size(); ++i)
      if (state_.nodes[i].name.empty())
        state_.nodes[i].name =
            state_.nodeNames.unique(state_.nodes[i].file->op + "_" + std::to_string(graph_.fileIndex[i]));
    for (ir::Node& input : state_.graph.nodes) input.name = state_.nodeNames.unique(input.name);
  }

  /// Initializers are taken up when a node reads them: those of refused nodes then cost nothing.
  bool loadInitializers(const ImportNode& node) {
    bool fine = true;
    for (const std::uint32_t input : node.inputs) {
      const auto found = input == noTensor ? graph_.initializers.end() : graph_.initializers.find(input);
      if (found == graph_.initializers.end() || state_.values[input].constant) continue;
      const StoredTensor& stored = *found->second;
      if (stored.problem) {
        if (reportedTensors_.insert(input).second)
          problems_.add(
              {stored.problem->code, stored.problem->message, "tensor '" + shown(stored.name) + "'"});
        fine = false;
        continue;
      }
      state_.values[input].constant =
          std::shared_ptr<const Constant>(std::shared_ptr<void>(), &stored.constant);
    }
    return fine;
  }

  Status importKnown(std::uint32_t position) {
    const ImportNode& node = state_.nodes[position];
    const OperatorRow* row = findOperator(*node.file);
    if (row == nullptr) return unsupported(whyUnsupported(*node.file));
    if (node.inputs.size() < row->minInputs || node.inputs.size() > row->maxInputs)
      return badInput("it has " + std::to_string(node.inputs.size()) + " inputs");
    for (std::size_t i = 0; i < row->minInputs; ++i)
      if (node.inputs[i] == noTensor) return badInput("input " + std::to_string(i) + " is left out");
    if (node.outputs.empty() || node.outputs[0] == noTensor) return badInput("it has no output");
    for (const Attribute& attribute : node.file->attributes)
      if ((" " + std::string(row->attributes) + " ").find(" " + attribute.name + " ") == std::string::npos)
        return unsupported("attribute '" + shown(attribute.name) + "' is not supported");
    for (std::size_t i = row->outputs; i < node.outputs.size(); ++i)
      if (node.outputs[i] != noTensor && state_.readers[node.outputs[i]] > 0)
        return unsupported("output " + std::to_string(i) + " ('" +
                           shown(state_.tensorNames[node.outputs[i]]) +
                           "') is used; only the first is supported");
    const bool known = loadInitializers(node) &&
                       std::none_of(node.inputs.begin(), node.inputs.end(), [&](std::uint32_t input) {
                         return input != noTensor && state_.values[input].kind == Value::Kind::unknown;
                       });
    if (!known) {
      leaveUnknown(node);
      return {};
    }
    SLUICE_RETURN_IF_ERROR(checkInputs(node, *row));
    Call call(state_, position);
    SLUICE_RETURN_IF_ERROR(row->run(call));
    for (const std::uint32_t output : node.outputs) {
      if (output == noTensor) continue;
      if (row->codes == OnCodes::moves && state_.values[output].isRuntime())
        state_.values[output].codes = codesBefore(node);
      SLUICE_RETURN_IF_ERROR(checkDeclared(output));
      note(node, output);
    }
    return {};
  }

  /// The meaning of the integers that the node reads; null if it reads real numbers.
  std::shared_ptr<const FileCodes> codesBefore(const ImportNode& node) const {
    for (const std::uint32_t input : node.inputs)
      if (input != noTensor && state_.values[input].isRuntime()) return state_.values[input].codes;
    return nullptr;
  }

  /// Integers, and vectors whose batch axis is second, reach only the operators that can take them.
  Status checkInputs(const ImportNode& node, const OperatorRow& row) const {
    const bool takesTurned = node.file->op == "Transpose" || node.file->op == "BatchNormalization";
    const std::shared_ptr<const FileCodes> first = codesBefore(node);
    for (const std::uint32_t input : node.inputs) {
      if (input == noTensor || !state_.values[input].isRuntime()) continue;
      const Value& value = state_.values[input];
      if (value.turned && !takesTurned)
        return unsupported("'" + shown(state_.tensorNames[input]) + "' has its batch axis second");
      if (row.codes == OnCodes::handles) continue;
      const bool same = (value.codes == nullptr) == (first == nullptr) && (!first || *value.codes == *first);
      if (!same && row.codes == OnCodes::moves)
        return unsupported("its inputs are integers of different scales or zero points");
      if (value.codes == nullptr) continue;
      if (row.codes == OnCodes::refuses)
        return unsupported(
            "'" + shown(state_.tensorNames[input]) +
            "' holds the integers of a QuantizeLinear; a DequantizeLinear must come before this operator");
      if ((value.codes->scale.size() > 1 || value.codes->zero.size() > 1) && node.file->op != "Identity")
        return unsupported("'" + shown(state_.tensorNames[input]) +
                           "' holds integers of several scales or zero points");
    }
    return {};
  }

  void note(const ImportNode& node, std::uint32_t output) {
    const Value& value = state_.values[output];
    if (notes_ == nullptr || !value.isRuntime()) return;
    TensorPlace place{
        .name = state_.tensorNames[output], .op = node.file->op, .tensor = {}, .order = {}, .flattened = {}};
    const ir::Tensor& tensor = state_.graph.tensor(value.tensor);
    place.tensor = tensor.name;
    place.order = orderOf(value.layout, tensor.type.shape.size());
    if (value.layout.flat) {
      place.order = value.layout.flat->order;
      place.flattened = value.layout.flat->shape;
    }
    notes_->places.push_back(std::move(place));
  }

  void importNode(std::uint32_t position) {
    const ImportNode& node = state_.nodes[position];
    if (const Status done = importKnown(position); !done.ok()) {
      problems_.add({done.error().code, done.error().message, placeOf(*node.file, node.name)});
      leaveUnknown(node);
    }
    for (const std::uint32_t input : node.inputs)
      if (input != noTensor && --state_.readers[input] == 0 && !state_.values[input].isRuntime())
        state_.values[input] = {};
  }

  /// Outputs of a refused node. Where the file declares their shape, the nodes behind are still looked at, as
  /// if the network began there: so that all problems are found in one run. The graph is thrown away in any
  /// case.
  void leaveUnknown(const ImportNode& node) {
    for (const std::uint32_t output : node.outputs) {
      if (output == noTensor) continue;
      Value& value = state_.values[output];
      value = {};
      value.kind = Value::Kind::unknown;
      const DeclaredType* declared = state_.declared[output];
      if (declared == nullptr || !declared->hasShape || declared->shape.size() < 2) continue;
      ir::Shape shape(declared->shape.begin() + 1, declared->shape.end());
      if (std::find(shape.begin(), shape.end(), -1) != shape.end() || !ir::checkShape(shape).ok()) continue;
      define(output,
             state_.graph.addInput(state_.tensorNames[output],
                                   {.shape = std::move(shape), .codes = std::nullopt}),
             true);
    }
  }

  /// What the file says of a tensor's shape must be what its node gives. The batch axis is free.
  Status checkDeclared(std::uint32_t tensor) const {
    const DeclaredType* declared = state_.declared[tensor];
    const Value& value = state_.values[tensor];
    if (declared == nullptr || !declared->hasShape || !options_.inputShapes.empty()) return {};
    ir::Shape shape;
    if (value.isRuntime())
      shape = fileShapeOf(state_.graph.tensor(value.tensor).type.shape, value.layout);
    else if (value.kind == Value::Kind::constant)
      shape = value.constant->shape;
    else if (value.kind == Value::Kind::quantized)
      shape = value.quantized->shape;
    else
      return {};
    if (value.batched) shape.insert(shape.begin() + (value.turned ? 1 : 0), -1);
    bool agrees = shape.size() == declared->shape.size();
    for (std::size_t i = 0; agrees && i < shape.size(); ++i)
      agrees = shape[i] == declared->shape[i] || shape[i] == -1 || declared->shape[i] == -1;
    // Exporters write an empty shape where they know nothing.
    if (agrees || declared->shape.empty()) return {};
    return badInput("the file declares shape " + shapeText(declared->shape) + " for '" +
                    shown(declared->name) + "', its node gives " + shapeText(shape) + " (-1: any)");
  }

  /// Outputs in the file's order, each in its shape and order there. An output that is another name of a tensor
  /// gets a node of its own (a reshape to the same shape, which keeps codes), so that the graph's outputs have
  /// the file's names.
  void addOutputs() {
    for (const std::uint32_t output : graph_.outputs) {
      const Value& value = state_.values[output];
      const std::string& tensorName = state_.tensorNames[output];
      const std::string place = "output '" + shown(tensorName) + "'";
      if (graph_.initializers.contains(output) || value.isConstant()) {
        problems_.add(unsupported("it is a constant", place));
        continue;
      }
      if (!value.isRuntime()) continue;  // reported where it arose
      if (value.turned) {
        problems_.add(unsupported("its batch axis is the second", place));
        continue;
      }
      std::vector<std::string> origins;
      if (const std::uint32_t from = state_.producer[output]; from != noTensor)
        origins = {state_.nodes[from].name};
      ir::TensorId tensor = value.tensor;
      if (!value.layout.isPlain()) {
        auto plain = inFileOrder(value, tensorName, origins);
        if (!plain.ok()) {
          problems_.add({plain.error().code, plain.error().message, place});
          continue;
        }
        tensor = *plain;
      }
      if (state_.graph.tensor(tensor).name != tensorName ||
          std::holds_alternative<ir::Input>(
              state_.graph.node(state_.graph.tensor(tensor).producer).operation)) {
        const bool taken = state_.graph.tensor(tensor).name == tensorName;
        const bool made = tensor != value.tensor && !isInput(tensor);  // just now, under a name of ours
        if (made) {
          ir::Tensor& turned = state_.graph.tensors[value.tensor.index];
          if (turned.name == tensorName)
            turned.name = state_.graphTensorNames.unique(tensorName + ".channelsLast");
        } else {
          const std::uint32_t from = state_.producer[output];
          const bool free = from != noTensor && !state_.emitted[from];
          const std::string nodeName =
              free ? state_.nodes[from].name
                   : state_.nodeNames.unique(origins.empty() ? tensorName : origins[0]);
          if (free) state_.emitted[from] = true;
          const ir::Reshape same{.shape = state_.graph.tensor(tensor).type.shape};
          auto added = state_.graph.addNode(nodeName, same, {tensor}, origins);
          SLUICE_CHECK(added.ok(), "a reshape to the same shape takes any tensor");
          tensor = *added;
        }
        state_.graph.tensors[tensor.index].name =
            taken ? state_.graphTensorNames.unique(tensorName) : tensorName;
      }
      state_.graph.outputs.push_back(tensor);
    }
  }

  [[nodiscard]] bool isInput(ir::TensorId tensor) const {
    return std::holds_alternative<ir::Input>(
        state_.graph.node(state_.graph.tensor(tensor).producer).operation);
  }

  /// The tensor in the file's order, as Call::tensorOf makes it for a node.
  Result<ir::TensorId> inFileOrder(const Value& value, const std::string& name,
                                   const std::vector<std::string>& origins) {
    const std::string wanted = name + ".reordered";
    if (!value.layout.flat)
      return addPermuted(state_, value.tensor, inverseOrder(value.layout.order), wanted, origins);
    const Flattening& flat = *value.layout.flat;
    const auto reshape = [&](ir::TensorId from, ir::Shape shape) {
      auto added = state_.graph.addNode(state_.nodeNames.unique(wanted),
                                        ir::Reshape{.shape = std::move(shape)}, {from}, origins);
      if (added.ok()) state_.graph.tensors[added->index].name = state_.graphTensorNames.unique(wanted);
      return added;
    };
    SLUICE_TRY(ir::TensorId tensor, reshape(value.tensor, flat.shape));
    SLUICE_TRY(tensor, addPermuted(state_, tensor, inverseOrder(flat.order), wanted, origins));
    return reshape(tensor, {ir::elements(flat.shape)});
  }

  const ModelFile& file_;
  std::string name_;
  const ImportOptions& options_;
  ImportNotes* notes_;
  ImportState state_;
  Diagnostics problems_;
  FileGraph graph_;
  std::unordered_set<std::uint32_t> reportedTensors_;
};

}  // namespace

std::string supportedOnnxOperators() { return supportedOperators(); }

Result<ir::Graph> importOnnxBytes(std::string_view bytes, std::string name, const ImportOptions& options,
                                  ImportNotes* notes) {
  auto file = decodeModel(bytes);
  if (!file.ok()) return Error{file.error().code, file.error().message, name};
  Importer importer(*file, name, bytes.size(), options, notes);
  SLUICE_TRY(ir::Graph graph, importer.run());
  if (const Status valid = ir::verify(graph); !valid.ok())
    return Error{valid.error().code, valid.error().message, std::move(name)};
  return graph;
}

Result<ir::Graph> importOnnx(const std::filesystem::path& path, const ImportOptions& options,
                             ImportNotes* notes) {
  SLUICE_TRY(const std::string bytes, readFile(path, std::uint64_t{1} << 31));
  const std::string name = path.stem().string();
  auto graph = importOnnxBytes(bytes, name, options, notes);
  // Messages about the whole file name the file, not the graph.
  if (!graph.ok() && graph.error().where == name)
    return Error{graph.error().code, graph.error().message, path.filename().string()};
  return graph;
}

}  // namespace sluice::frontend
