#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/order.h"
#include "data/scale.h"
#include "data/source.h"
#include "data/table.h"

/// From raw rows to tables ready for training: scaling, label encoding, one-hot columns and a split, in two passes over
/// the source and memory that does not grow with it.
///
/// The first pass learns means, deviations and labels; the second writes. What was learnt is written, too
/// (`preparation.json`), so that new data can be treated alike.
namespace sluice::data {

struct PrepareOptions {
  std::vector<std::string>
      scale;  ///< columns that are standardised, and become f4; "*": all numbers not named elsewhere
  std::vector<std::string> encode;  ///< columns whose different values become 0, 1, ... in their order
  std::vector<std::string> oneHot;  ///< encoded columns as one u1 column per value, named COLUMN=VALUE
  std::vector<std::string> drop;
  std::optional<Split> split;  ///< none: one table, "all"
  bool fitOnAll = false;       ///< learn means and deviations from all parts, not from the first alone
  std::size_t mostLabels = 1 << 16;
};

struct Scaled {
  std::string column;
  Scaler scaler;
};
struct Encoded {
  std::string column;
  std::vector<std::string> labels;
};
struct Prepared {
  std::vector<Scaled> scaled;
  std::vector<Encoded> encoded;
  struct Part {
    std::string name, file;  ///< "train", "train.sluice"
    TableInfo table;
  };
  std::vector<Part> parts;
};

/// Writes one table per part, and preparation.json, into `folder`.
/// Errors  io; badInput: no such column, a column named twice, one to scale that holds labels or is infinite, one to encode
///         that has fractions or too many different values, a split that makes no sense
Result<Prepared> prepare(Source& source, const PrepareOptions& options, const std::filesystem::path& folder);

/// The text of preparation.json.
std::string preparationJson(const Prepared& prepared, const PrepareOptions& options);

}  // namespace sluice::data
