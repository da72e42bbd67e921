#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "fixed/interval.h"
#include "hdl/infer.h"

/// Codes on their way: products and shifts of codes need more than 64 bits before it is known that they do not.
namespace sluice::kernel {

inline std::int64_t narrowCode(hdl::Int128 value) {
  SLUICE_CHECK(value > -(hdl::Int128{1} << 62) && value < (hdl::Int128{1} << 62),
               "codes stay within 62 bits (ir checks it)");
  return static_cast<std::int64_t>(value);
}

inline fixed::Interval orderedCodes(hdl::Int128 a, hdl::Int128 b) {
  return {narrowCode(std::min(a, b)), narrowCode(std::max(a, b))};
}

}  // namespace sluice::kernel
