#include "data/prepare.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "data/encode.h"

namespace sluice::data {

namespace {

enum class Use : std::uint8_t { keep, scale, encode, oneHot, drop };

struct Column {
  std::size_t index = 0;  ///< in the source
  Use use = Use::keep;
  MomentTree moments;
  Scaler scaler;
  std::unique_ptr<LabelEncoder> encoder;
};

Result<std::vector<Column>> plan(const Schema& schema, const PrepareOptions& options) {
  std::vector<Column> columns(schema.size());
  std::vector<bool> named(schema.size());
  for (std::size_t i = 0; i < schema.size(); ++i) columns[i].index = i;
  bool all = false;
  const auto mark = [&](const std::vector<std::string>& names, Use use) -> Status {
    for (const std::string& name : names) {
      if (use == Use::scale && name == "*") {
        all = true;
        continue;
      }
      SLUICE_TRY(const std::size_t i, columnNamed(schema, name));
      if (named[i]) return badInput("column '" + name + "' is to be treated in two ways");
      if (use == Use::scale && schema[i].type == Type::label)
        return badInput("column '" + name + "' holds names, which cannot be scaled");
      named[i] = true;
      columns[i].use = use;
    }
    return {};
  };
  SLUICE_RETURN_IF_ERROR(mark(options.encode, Use::encode));
  SLUICE_RETURN_IF_ERROR(mark(options.oneHot, Use::oneHot));
  SLUICE_RETURN_IF_ERROR(mark(options.drop, Use::drop));
  SLUICE_RETURN_IF_ERROR(mark(options.scale, Use::scale));
  if (all)
    for (std::size_t i = 0; i < schema.size(); ++i)
      if (!named[i] && schema[i].type != Type::label) columns[i].use = Use::scale;
  for (Column& column : columns)
    if (column.use == Use::encode || column.use == Use::oneHot)
      column.encoder = std::make_unique<LabelEncoder>(schema[column.index], options.mostLabels);
  return columns;
}

/// The rows of a block by part.
using Chosen = std::vector<std::vector<std::uint32_t>>;
void choose(const std::optional<Split>& split, const Block& block, Chosen& chosen) {
  for (auto& rows : chosen) rows.clear();
  for (std::size_t i = 0; i < block.rows; ++i)
    chosen[split ? partOf(*split, block.firstRow + i) : 0].push_back(static_cast<std::uint32_t>(i));
}

Status learn(Source& source, const PrepareOptions& options, std::vector<Column>& columns, Chosen& chosen) {
  const bool some =
      options.split && !options.fitOnAll;  // means and deviations come from the first part alone
  std::vector<double> values(blockRows), picked(blockRows);
  for (std::uint64_t index = 0; index < source.blocks(); ++index) {
    SLUICE_TRY(const Block block, source.block(index));
    if (some) choose(options.split, block, chosen);
    for (Column& column : columns) {
      if (column.encoder) SLUICE_RETURN_IF_ERROR(column.encoder->learn(block, column.index));
      if (column.use != Use::scale) continue;
      std::span<double> numbers(values.data(), block.rows);
      toDoubles(source.schema()[column.index], block.columns[column.index], numbers);
      if (some) {
        std::size_t count = 0;
        for (const std::uint32_t row : chosen[0]) picked[count++] = values[row];
        numbers = {picked.data(), count};
      }
      const Moments moments = momentsOf(numbers);
      if (moments.count > 0 && !std::isfinite(moments.squares))
        return badInput("an infinite number, or one too large, stands in rows " +
                            std::to_string(block.firstRow) + " to " +
                            std::to_string(block.firstRow + block.rows - 1),
                        "column '" + source.schema()[column.index].name + "'");
      column.moments.add(moments);
    }
  }
  for (Column& column : columns) {
    if (column.encoder) column.encoder->finish();
    if (column.use == Use::scale) column.scaler = scalerOf(column.moments.total());
  }
  return {};
}

Schema writtenSchema(const Schema& schema, const std::vector<Column>& columns) {
  Schema written;
  for (const Column& column : columns) {
    const ColumnInfo& info = schema[column.index];
    switch (column.use) {
      case Use::keep:
        written.push_back(info);
        break;
      case Use::scale:
        written.push_back({info.name, Type::f4, {}});
        break;
      case Use::encode:
        written.push_back({info.name, Type::label, column.encoder->labels()});
        break;
      case Use::oneHot:
        for (const std::string& label : column.encoder->labels())
          written.push_back({info.name + "=" + label, Type::u1, {}});
        break;
      case Use::drop:
        break;
    }
  }
  return written;
}

/// A block as it is written. What is made here stands in buffers that are kept.
class Treatment {
 public:
  Treatment(const Schema& schema, const std::vector<Column>& columns) : schema_(schema), columns_(columns) {}

  Result<Block> of(const Block& block) {
    Block treated{block.firstRow, block.rows, {}};
    std::size_t next = 0;
    const auto buffer = [&](std::size_t bytes) {
      if (next == buffers_.size()) buffers_.emplace_back();
      buffers_[next].resize(bytes);
      treated.columns.emplace_back(buffers_[next].data(), bytes);
      return buffers_[next++].data();
    };
    values_.resize(block.rows);
    codes_.resize(block.rows);
    for (const Column& column : columns_) {
      if (column.use == Use::keep) treated.columns.push_back(block.columns[column.index]);
      if (column.use == Use::scale) {
        toDoubles(schema_[column.index], block.columns[column.index], values_);
        scale(column.scaler, values_,
              {reinterpret_cast<float*>(buffer(block.rows * sizeof(float))), block.rows});
      }
      if (!column.encoder) continue;
      SLUICE_RETURN_IF_ERROR(column.encoder->encode(block, column.index, codes_));
      if (column.use == Use::encode)
        std::memcpy(buffer(block.rows * sizeof(std::uint32_t)), codes_.data(),
                    block.rows * sizeof(std::uint32_t));
      for (std::size_t label = 0; column.use == Use::oneHot && label < column.encoder->labels().size();
           ++label) {
        char* bits = buffer(block.rows);
        for (std::size_t i = 0; i < block.rows; ++i) bits[i] = codes_[i] == label ? 1 : 0;
      }
    }
    return treated;
  }

 private:
  const Schema& schema_;
  const std::vector<Column>& columns_;
  std::vector<std::vector<char>> buffers_;
  std::vector<double> values_;
  std::vector<std::uint32_t> codes_;
};

}  // namespace

Result<Prepared> prepare(Source& source, const PrepareOptions& options, const std::filesystem::path& folder) {
  if (options.split) SLUICE_RETURN_IF_ERROR(check(*options.split));
  SLUICE_TRY(std::vector<Column> columns, plan(source.schema(), options));
  Chosen chosen(options.split ? options.split->parts.size() : 1);
  const bool learns = std::any_of(columns.begin(), columns.end(), [](const Column& column) {
    return column.use == Use::scale || column.encoder;
  });
  if (learns) SLUICE_RETURN_IF_ERROR(learn(source, options, columns, chosen));
  const Schema schema = writtenSchema(source.schema(), columns);
  if (schema.empty()) return badInput("no column is left to write");
  Prepared prepared;
  std::vector<TableWriter> writers;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const std::string name = options.split ? options.split->parts[i].name : "all";
    prepared.parts.push_back({name, name + ".sluice", {}});
    SLUICE_TRY(TableWriter writer, TableWriter::create(folder / prepared.parts.back().file, schema));
    writers.push_back(std::move(writer));
  }
  Treatment treatment(source.schema(), columns);
  for (std::uint64_t index = 0; index < source.blocks(); ++index) {
    SLUICE_TRY(const Block block, source.block(index));
    SLUICE_TRY(const Block treated, treatment.of(block));
    choose(options.split, block, chosen);
    for (std::size_t i = 0; i < writers.size(); ++i)
      SLUICE_RETURN_IF_ERROR(writers[i].append(treated, chosen[i]));
  }
  for (std::size_t i = 0; i < writers.size(); ++i) {
    SLUICE_TRY(prepared.parts[i].table, writers[i].finish());
  }
  for (const Column& column : columns) {
    const std::string& name = source.schema()[column.index].name;
    if (column.use == Use::scale) prepared.scaled.push_back({name, column.scaler});
    if (column.encoder) prepared.encoded.push_back({name, column.encoder->labels()});
  }
  SLUICE_RETURN_IF_ERROR(writeFile(folder / "preparation.json", preparationJson(prepared, options)));
  return prepared;
}

std::string preparationJson(const Prepared& prepared, const PrepareOptions& options) {
  using Json = nlohmann::ordered_json;
  Json scaled = Json::array(), encoded = Json::array(), parts = Json::array();
  for (const Scaled& column : prepared.scaled)
    scaled.push_back(
        {{"column", column.column}, {"mean", column.scaler.mean}, {"deviation", column.scaler.deviation}});
  for (const Encoded& column : prepared.encoded)
    encoded.push_back({{"column", column.column}, {"labels", column.labels}});
  for (std::size_t i = 0; i < prepared.parts.size(); ++i) {
    const Prepared::Part& part = prepared.parts[i];
    parts.push_back({{"name", part.name},
                     {"share", options.split ? options.split->parts[i].share : 1.0},
                     {"file", part.file},
                     {"rows", part.table.rows},
                     {"digest", part.table.digest.hex()}});
  }
  Json root = {{"sluice_preparation", 1}, {"scaled", scaled}, {"encoded", encoded}};
  if (options.split) root["split_seed"] = options.split->seed;
  root["fitted_on"] = options.split && !options.fitOnAll ? options.split->parts.front().name : "all";
  root["parts"] = parts;
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::data
