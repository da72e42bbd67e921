#pragma once

#include <string>

#include "ir/type.h"

namespace sluice::tool {

/// "u3", "s8", or "real": what a tensor's elements are.
inline std::string formatText(const ir::TensorType& type) {
  if (type.isReal()) return "real";
  const fixed::IntegerFormat format = type.codes->format();
  return (format.isSigned ? "s" : "u") + std::to_string(format.bits);
}

}  // namespace sluice::tool
