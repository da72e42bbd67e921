#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "compat/hls4ml_layer.h"

namespace sluice::compat {

/// hls4ml writes weights as decimals, '{:.10f}' for ten fractional bits, and the C++ compiler reads them. Ten decimals
/// hold a multiple of 2^-10 exactly, but of a float32 just below one they may round up to it: 0.12499999999 becomes
/// 0.125, and then is not truncated to 0.1240234375. So the decimals are made here, too.
std::vector<std::int64_t> printedCodes(const std::vector<double>& values, const fixed::ApFormat& type) {
  const int decimals = std::max(0, type.fraction());
  std::vector<std::int64_t> codes;
  codes.reserve(values.size());
  std::vector<char> buffer(400 + static_cast<std::size_t>(decimals));
  for (const double value : values) {
    const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                       std::chars_format::fixed, decimals);
    SLUICE_CHECK(printed.ec == std::errc{}, "a double has at most 309 digits before the point");
    double read = 0;
    std::from_chars(buffer.data(), printed.ptr, read);
    codes.push_back(static_cast<std::int64_t>(fixed::fromDouble(read, type).code));
  }
  return codes;
}

}  // namespace sluice::compat
