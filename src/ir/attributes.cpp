#include "ir/attributes.h"

#include <vector>

namespace sluice::ir {

const char* textName(const Operation& operation) {
  if (const auto* binary = std::get_if<Binary>(&operation)) {
    switch (binary->kind) {
      case BinaryKind::add:
        return "add";
      case BinaryKind::subtract:
        return "subtract";
      case BinaryKind::multiply:
        return "multiply";
      case BinaryKind::divide:
        return "divide";
      case BinaryKind::power:
        return "power";
    }
  }
  if (const auto* unary = std::get_if<Unary>(&operation)) {
    switch (unary->kind) {
      case UnaryKind::relu:
        return "relu";
      case UnaryKind::sigmoid:
        return "sigmoid";
      case UnaryKind::tanh:
        return "tanh";
      case UnaryKind::negate:
        return "negate";
      case UnaryKind::identity:
        return "identity";
    }
  }
  return info(operation).name;
}

std::optional<Operation> operationFromName(std::string_view name) {
  static const std::vector<Operation> all = {Input{},
                                             Quantize{},
                                             Bipolar{},
                                             MatMul{},
                                             BatchNormalize{},
                                             Binary{BinaryKind::add},
                                             Binary{BinaryKind::subtract},
                                             Binary{BinaryKind::multiply},
                                             Binary{BinaryKind::divide},
                                             Binary{BinaryKind::power},
                                             Unary{UnaryKind::relu},
                                             Unary{UnaryKind::sigmoid},
                                             Unary{UnaryKind::tanh},
                                             Unary{UnaryKind::negate},
                                             Unary{UnaryKind::identity},
                                             Softmax{},
                                             Reshape{},
                                             Transpose{},
                                             Dense{},
                                             Threshold{},
                                             Lookup{},
                                             Rescale{},
                                             Merge{},
                                             TopK{}};
  for (const Operation& operation : all)
    if (name == textName(operation)) return operation;
  return std::nullopt;
}

}  // namespace sluice::ir
