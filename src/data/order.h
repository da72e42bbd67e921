#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

/// Orders of rows that need no memory: which part of a split a row belongs to, and where a shuffle puts it, are
/// functions of its number and a seed.
namespace sluice::data {

/// Parts of a table by share. Row r belongs to the part in whose share hash(seed, r) falls, so that every part is a
/// random sample, the same whatever is read first and however many rows are added later. A part has its share of the
/// rows up to chance: n * share +- sqrt(n * share * (1 - share)).
struct Split {
  struct Part {
    std::string name;
    double share = 0;
  };
  std::vector<Part> parts;
  std::uint64_t seed = 0;
};
/// Errors  badInput: no part, names that repeat or are no file names, shares that are not above 0 or do not sum to 1
Status check(const Split& split);
/// Position of the part.
std::size_t partOf(const Split& split, std::uint64_t row);

/// A random order of 0..count-1, one number at a time: a Feistel network over the next power of four, walked until it
/// is below `count` (fewer than four steps on average).
///
/// Source  M. Luby, C. Rackoff, SIAM J. Computing 17(2), 1988; walking: J. Black, P. Rogaway, "Ciphers with arbitrary
///         finite domains", CT-RSA 2002. Six rounds of a mixing function; for shuffling, not for secrets.
class Permutation {
 public:
  Permutation(std::uint64_t count, std::uint64_t seed);
  [[nodiscard]] std::uint64_t at(std::uint64_t position) const;
  [[nodiscard]] std::uint64_t positionOf(std::uint64_t number) const;

 private:
  std::uint64_t count_ = 0, seed_ = 0;
  unsigned half_ = 1;  ///< bits of each half
};

/// A shuffle that reads whole blocks: blocks in random order, and the rows of `window` of them in random order. Rows
/// that lie far apart in the file meet in a batch; what has to be in memory is the window.
class RowOrder {
 public:
  /// `rows` in blocks of `rowsPerBlock`; the last one may be shorter.
  RowOrder(std::uint64_t rows, std::uint64_t rowsPerBlock, std::uint64_t window, std::uint64_t seed,
           std::uint64_t epoch);
  struct Place {
    std::uint64_t window = 0, block = 0, row = 0;  ///< block of the table; row in the block
  };
  [[nodiscard]] Place at(std::uint64_t position) const;
  /// The blocks of a window, in the order they were drawn.
  [[nodiscard]] std::vector<std::uint64_t> blocksOf(std::uint64_t window) const;

 private:
  /// Rows before block position `position`.
  [[nodiscard]] std::uint64_t before(std::uint64_t position) const;
  std::uint64_t rows_, rowsPerBlock_, window_, seed_, blocks_, shortAt_ = 0;
  Permutation order_;
};

}  // namespace sluice::data
