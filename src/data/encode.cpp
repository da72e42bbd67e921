#include "data/encode.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/text.h"

namespace sluice::data {

namespace {
constexpr std::int64_t directFrom = -32768, directTo = 32768;  // of most columns all values lie here
}

LabelEncoder::LabelEncoder(ColumnInfo column, std::size_t mostLabels)
    : column_(std::move(column)),
      mostLabels_(mostLabels),
      direct_(static_cast<std::size_t>(directTo - directFrom), 0) {}

/// f(row, value) for the values as whole numbers.
template <typename F>
Status LabelEncoder::forEach(const Block& block, std::size_t column, F f) const {
  return withType(column_.type, [&](auto zero) -> Status {
    using T = decltype(zero);
    const auto values = valuesOf<T>(block, column);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::int64_t whole = 0;
      if constexpr (std::is_floating_point_v<T>) {
        const auto value = static_cast<double>(values[i]);
        if (!(std::abs(value) < 0x1.0p53) || std::trunc(value) != value)
          return badInput("row " + std::to_string(block.firstRow + i) + " has " + formatDouble(value) +
                              "; whole numbers and names can be encoded",
                          "column '" + column_.name + "'");
        whole = static_cast<std::int64_t>(value);
      } else {
        whole = static_cast<std::int64_t>(values[i]);
      }
      if constexpr (std::is_same_v<T, std::uint64_t>)
        if (whole < 0)
          return badInput("numbers of 2^63 and more cannot be encoded", "column '" + column_.name + "'");
      if (column_.type == Type::label && static_cast<std::uint64_t>(whole) >= column_.labels.size())
        return badInput("row " + std::to_string(block.firstRow + i) + " has label " + std::to_string(whole) +
                            " of " + std::to_string(column_.labels.size()),
                        "column '" + column_.name + "'");
      SLUICE_RETURN_IF_ERROR(f(i, whole));
    }
    return {};
  });
}

Status LabelEncoder::learn(const Block& block, std::size_t column) {
  return forEach(block, column, [&](std::size_t, std::int64_t value) -> Status {
    if (value >= directFrom && value < directTo) {
      std::uint32_t& known = direct_[static_cast<std::size_t>(value - directFrom)];
      if (known != 0) return {};
      known = 1;
    }
    codes_.emplace(value, 0);
    if (codes_.size() <= mostLabels_) return {};
    return badInput("it has more than " + std::to_string(mostLabels_) + " different values",
                    "column '" + column_.name + "'");
  });
}

void LabelEncoder::finish() {
  const bool names = column_.type == Type::label;
  std::vector<std::int64_t> values;
  for (const auto& [value, code] : codes_) values.push_back(value);
  const auto nameOf = [&](std::int64_t value) {
    return names ? column_.labels[static_cast<std::size_t>(value)] : std::to_string(value);
  };
  if (names)
    std::sort(values.begin(), values.end(),
              [&](std::int64_t a, std::int64_t b) { return nameOf(a) < nameOf(b); });
  labels_.clear();
  for (std::size_t code = 0; code < values.size(); ++code) {
    codes_[values[code]] = static_cast<std::uint32_t>(code);
    if (values[code] >= directFrom && values[code] < directTo)
      direct_[static_cast<std::size_t>(values[code] - directFrom)] = static_cast<std::uint32_t>(code) + 1;
    labels_.push_back(nameOf(values[code]));
  }
}

Status LabelEncoder::encode(const Block& block, std::size_t column, std::span<std::uint32_t> codes) const {
  return forEach(block, column, [&](std::size_t row, std::int64_t value) -> Status {
    if (value >= directFrom && value < directTo) {
      codes[row] = direct_[static_cast<std::size_t>(value - directFrom)] - 1;
      if (codes[row] != ~std::uint32_t{0}) return {};
    } else if (const auto found = codes_.find(value); found != codes_.end()) {
      codes[row] = found->second;
      return {};
    }
    return badInput("row " + std::to_string(block.firstRow + row) + " has a value that was not there before",
                    "column '" + column_.name + "'");
  });
}

}  // namespace sluice::data
