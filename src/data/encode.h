#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/column.h"

/// Different values of a column as 0, 1, ...: numbers in their order, names in the order of their bytes.
namespace sluice::data {

class LabelEncoder {
 public:
  LabelEncoder(ColumnInfo column, std::size_t mostLabels);
  /// Errors  badInput: a number that is not whole, a label that has no name, too many different values
  Status learn(const Block& block, std::size_t column);
  /// No more values come: from now on codes may be asked for.
  void finish();
  /// Errors  badInput: a value that was not learnt
  Status encode(const Block& block, std::size_t column, std::span<std::uint32_t> codes) const;
  /// What the codes mean.
  [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }

 private:
  template <typename F>
  Status forEach(const Block& block, std::size_t column, F f) const;
  ColumnInfo column_;
  std::size_t mostLabels_;
  std::map<std::int64_t, std::uint32_t> codes_;  ///< of whole numbers, or of the column's own labels
  std::vector<std::uint32_t> direct_;            ///< of small values: code + 1, 0 if not known
  std::vector<std::string> labels_;
};

}  // namespace sluice::data
