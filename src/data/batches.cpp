#include "data/batches.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace sluice::data {

struct Batches::Body {
  Source& source;
  BatchOptions options;
  std::optional<RowOrder> order;
  std::uint64_t epoch = 0;                  ///< of `order`
  std::map<std::uint64_t, HeldBlock> held;  ///< the blocks that are in memory
  HeldBlock last;                           ///< what read() gave

  [[nodiscard]] RowOrder::Place place(std::uint64_t position) const {
    if (options.shuffle) return order->at(position);
    return {position / blockRows / options.window, position / blockRows, position % blockRows};
  }
  void follow(std::uint64_t wanted) {
    if (options.shuffle && (!order || epoch != wanted))
      order.emplace(source.rows(), blockRows, options.window, options.seed, wanted);
    epoch = wanted;
  }
  Status hold(std::uint64_t block) {
    if (held.contains(block)) return {};
    SLUICE_TRY(HeldBlock read, source.held(block));
    held.emplace(block, std::move(read));
    return {};
  }
  /// `count` rows of a block from `first` on, where they are.
  [[nodiscard]] HeldBlock part(std::uint64_t block, std::uint64_t first, std::size_t count) const {
    const HeldBlock& whole = held.at(block);
    HeldBlock some{{0, count, {}}, whole.owner, false};
    const Schema& schema = source.schema();
    for (std::size_t i = 0; i < schema.size(); ++i) {
      const std::size_t width = bytesOf(schema[i].type);
      some.block.columns.push_back(
          whole.block.columns[i].substr(static_cast<std::size_t>(first) * width, count * width));
    }
    return some;
  }
  /// Rows from anywhere in the blocks that are held, one after the other.
  [[nodiscard]] HeldBlock gathered(const std::vector<RowOrder::Place>& places) const {
    constexpr std::size_t line = 64;
    const Schema& schema = source.schema();
    std::vector<std::size_t> at;  // columns begin on lines of the processor's cache
    std::size_t bytes = 0;
    for (const ColumnInfo& column : schema) {
      at.push_back(bytes);
      bytes += (places.size() * bytesOf(column.type) + line - 1) / line * line;
    }
    std::vector<const HeldBlock*> from;
    for (const RowOrder::Place& place : places) from.push_back(&held.at(place.block));
    const auto memory = std::make_shared_for_overwrite<char[]>(bytes);
    HeldBlock result{{0, places.size(), {}}, memory, true};
    for (std::size_t i = 0; i < schema.size(); ++i) {
      const std::size_t width = bytesOf(schema[i].type);
      char* const column = memory.get() + at[i];
      for (std::size_t k = 0; k < places.size(); ++k)
        std::memcpy(column + k * width, from[k]->block.columns[i].data() + places[k].row * width, width);
      result.block.columns.emplace_back(column, places.size() * width);
    }
    return result;
  }
};

Batches::Batches(Source& source, BatchOptions options) : body_(new Body{source, options, {}, 0, {}, {}}) {
  SLUICE_CHECK(options.size > 0 && options.window > 0, "a batch has rows");
}
Batches::~Batches() = default;

std::uint64_t Batches::count() const {
  return (body_->source.rows() + body_->options.size - 1) / body_->options.size;
}

std::vector<std::uint64_t> Batches::rowsOf(std::uint64_t epoch, std::uint64_t batch) const {
  body_->follow(epoch);
  std::vector<std::uint64_t> rows;
  const std::uint64_t begin = batch * body_->options.size;
  for (std::uint64_t p = begin; p < std::min(body_->source.rows(), begin + body_->options.size); ++p) {
    const RowOrder::Place place = body_->place(p);
    rows.push_back(place.block * blockRows + place.row);
  }
  return rows;
}

Result<HeldBlock> Batches::hold(std::uint64_t epoch, std::uint64_t batch) {
  Body& body = *body_;
  SLUICE_CHECK(batch < count(), "a batch of the epoch");
  body.follow(epoch);
  const std::uint64_t begin = batch * body.options.size;
  const std::uint64_t end = std::min(body.source.rows(), begin + body.options.size);
  std::vector<RowOrder::Place> places;
  for (std::uint64_t p = begin; p < end; ++p) places.push_back(body.place(p));
  // Blocks of windows that are over leave; those of this batch come.
  std::vector<std::uint64_t> wanted;
  for (const RowOrder::Place& place : places) wanted.push_back(place.block);
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<std::uint64_t> keep = wanted;
  if (body.options.shuffle)
    for (const std::uint64_t block : body.order->blocksOf(places.back().window)) keep.push_back(block);
  std::erase_if(body.held, [&](const auto& entry) {
    return std::find(keep.begin(), keep.end(), entry.first) == keep.end();
  });
  for (const std::uint64_t block : wanted) SLUICE_RETURN_IF_ERROR(body.hold(block));
  HeldBlock result = !body.options.shuffle && wanted.size() == 1
                         ? body.part(wanted[0], places[0].row, places.size())
                         : body.gathered(places);
  result.block.firstRow = begin;
  return result;
}

Result<Block> Batches::read(std::uint64_t epoch, std::uint64_t batch) {
  SLUICE_TRY(body_->last, hold(epoch, batch));
  return body_->last.block;
}

void toRows(const Schema& schema, const Block& block, std::span<const std::size_t> columns,
            std::span<float> matrix) {
  SLUICE_CHECK(matrix.size() == block.rows * columns.size(), "a place for every number");
  for (std::size_t c = 0; c < columns.size(); ++c)
    withType(schema[columns[c]].type, [&](auto zero) {
      const auto values = valuesOf<decltype(zero)>(block, columns[c]);
      for (std::size_t r = 0; r < values.size(); ++r)
        matrix[r * columns.size() + c] = static_cast<float>(values[r]);
    });
}

}  // namespace sluice::data
