#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "data/order.h"
#include "data/source.h"

/// Shuffled batches of a source. Batch k of epoch e is a function of (seed, e, k) alone: any worker may read any batch,
/// training goes on in the middle of an epoch from two numbers, and how many workers there are changes nothing.
///
///   Batches batches(source, {.size = 256, .seed = 1});
///   for (std::uint64_t k = worker; k < batches.count(); k += workers) { SLUICE_TRY(Block b, batches.read(epoch, k)); ... }
namespace sluice::data {

struct BatchOptions {
  std::uint64_t size = 256;
  std::uint64_t seed = 0;
  bool shuffle = true;
  std::uint64_t window = 8;  ///< blocks whose rows are mixed, and which are in memory
};

class Batches {
 public:
  /// The source stays the caller's and must live as long.
  Batches(Source& source, BatchOptions options);
  ~Batches();
  /// Batches of an epoch; the last one may be shorter.
  [[nodiscard]] std::uint64_t count() const;
  /// Rows of a batch, column by column, to hold as long as wanted. `firstRow` is its first position in the epoch. Rows in
  /// order within one block are the source's own (of a table: the mapped file); all others are gathered once, into memory
  /// of their own. Reading batches in order reads every block once.
  Result<HeldBlock> hold(std::uint64_t epoch, std::uint64_t batch);
  /// The same, valid until the next call.
  Result<Block> read(std::uint64_t epoch, std::uint64_t batch);
  /// The rows' numbers in the source.
  [[nodiscard]] std::vector<std::uint64_t> rowsOf(std::uint64_t epoch, std::uint64_t batch) const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// Chosen columns of a block as a row-major matrix [rows, columns.size()], as training wants it.
void toRows(const Schema& schema, const Block& block, std::span<const std::size_t> columns,
            std::span<float> matrix);

}  // namespace sluice::data
