#include "data.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "data/prepare.h"
#include "data/source.h"
#include "data/table.h"

namespace sluice::tool {

namespace {

constexpr const char* inputHelp =
    "a table, .npy, .npz, HDF5, Parquet, Arrow or .csv; several of as many rows stand side by side";

void addColumns(CLI::App& command, DataOptions& options) {
  command
      .add_option("--scale", options.scale,
                  "columns to standardise, comma between; '*': all numbers not named elsewhere")
      ->delimiter(',');
  command.add_option("--encode", options.encode, "columns whose values become 0, 1, ...")->delimiter(',');
  command.add_option("--one-hot", options.oneHot, "columns that become one per value")->delimiter(',');
  command.add_option("--drop", options.drop, "columns to leave out")->delimiter(',');
}

Result<std::unique_ptr<data::Source>> open(const DataOptions& options) {
  data::CsvOptions text;
  text.header = !options.noHeader;
  std::vector<std::unique_ptr<data::Source>> sources;
  for (const auto& path : options.inputs) {
    text.labels = options.labels;
    SLUICE_TRY(auto source, data::openSource(path, text));
    sources.push_back(std::move(source));
  }
  return data::sideBySide(std::move(sources));
}

Result<data::Split> splitOf(const DataOptions& options) {
  data::Split split;
  split.seed = options.seed;
  for (const std::string& part : options.parts) {
    const std::size_t equals = part.find('=');
    double share = 0;
    if (equals == std::string::npos || !parseDouble(part.substr(equals + 1), share))
      return Error{ErrorCode::usage, "a part is NAME=SHARE, as train=0.8, not '" + part + "'", {}};
    split.parts.push_back({part.substr(0, equals), share});
  }
  SLUICE_RETURN_IF_ERROR(data::check(split));
  return split;
}

Status import(const DataOptions& options) {
  SLUICE_TRY(const auto source, open(options));
  SLUICE_TRY(const data::TableInfo table, data::writeTable(*source, options.output));
  std::printf("%s: %s rows, %zu columns, digest %s\n", options.output.string().c_str(),
              formatCount(static_cast<std::int64_t>(table.rows)).c_str(), table.schema.size(),
              table.digest.hex().c_str());
  return {};
}

Status prepare(const DataOptions& options) {
  data::PrepareOptions wanted;
  wanted.scale = options.scale;
  wanted.encode = options.encode;
  wanted.oneHot = options.oneHot;
  wanted.drop = options.drop;
  wanted.fitOnAll = options.fitOnAll;
  if (options.what == DataOptions::What::split) {
    SLUICE_TRY(wanted.split, splitOf(options));
  }
  SLUICE_TRY(const auto source, open(options));
  SLUICE_TRY(const data::Prepared prepared, data::prepare(*source, wanted, options.output));
  for (const auto& part : prepared.parts)
    std::printf("%-12s %15s rows   %s\n", part.file.c_str(),
                formatCount(static_cast<std::int64_t>(part.table.rows)).c_str(),
                part.table.digest.hex().c_str());
  std::printf("%zu columns scaled, %zu encoded: %s\n", prepared.scaled.size(), prepared.encoded.size(),
              (options.output / "preparation.json").string().c_str());
  return {};
}

Status info(const DataOptions& options) {
  for (const auto& path : options.inputs) {
    if (options.verify) SLUICE_RETURN_IF_ERROR(data::verifyTable(path));
    SLUICE_TRY(const data::TableInfo table, data::readTableInfo(path));
    std::printf("%s\n  rows    %s in %zu blocks\n  digest  %s%s\n", path.string().c_str(),
                formatCount(static_cast<std::int64_t>(table.rows)).c_str(), table.blocks.size(),
                table.digest.hex().c_str(), options.verify ? ", every block as it was written" : "");
    for (const data::ColumnInfo& column : table.schema)
      std::printf("  %-6s  %s%s\n", std::string(data::nameOf(column.type)).c_str(), column.name.c_str(),
                  column.labels.empty()
                      ? ""
                      : (": " + countOf(static_cast<std::int64_t>(column.labels.size()), "value")).c_str());
  }
  return {};
}

}  // namespace

void addData(CLI::App& app, DataOptions& options) {
  using What = DataOptions::What;
  CLI::App* data = app.add_subcommand("data", "tables for training: import, scale, split, info");
  data->require_subcommand(1);
  const auto command = [&](const char* name, const char* help, What what) {
    CLI::App* sub = data->add_subcommand(name, help);
    sub->callback([&options, what] { options.what = what; });
    sub->add_option("DATA", options.inputs, what == What::info ? "tables" : inputHelp)
        ->required()
        ->type_name("FILE");
    return sub;
  };
  CLI::App* import = command("import", "rows of other formats as one table", What::import);
  CLI::App* scale = command("scale", "columns to mean 0 and deviation 1, values to numbers", What::scale);
  CLI::App* split =
      command("split", "train, validation and test tables, scaled and encoded on the way", What::split);
  CLI::App* info = command("info", "what a table holds", What::info);
  for (CLI::App* sub : {import, scale, split}) {
    sub->add_option("--labels", options.labels,
                    "CSV columns that hold names even where they look like numbers")
        ->delimiter(',');
    sub->add_flag("--no-header", options.noHeader, "the first line of a CSV holds values");
  }
  import->add_option("-o,--output", options.output, "the table")->required()->type_name("T.sluice");
  for (CLI::App* sub : {scale, split}) {
    sub->add_option("-o,--output", options.output, "a folder for tables and preparation.json")
        ->required()
        ->type_name("DIR");
    addColumns(*sub, options);
  }
  split->add_option("--parts", options.parts, "NAME=SHARE,...: rows go by a keyed hash of their number")
      ->delimiter(',')
      ->default_val(std::vector<std::string>{"train=0.8", "test=0.2"});
  split->add_option("--seed", options.seed, "another seed, another split");
  split->add_flag("--fit-on-all", options.fitOnAll,
                  "learn means and deviations from all parts, not from the first alone");
  info->add_flag("--verify", options.verify, "read everything and compare the digests");
  data->footer(
      "Memory does not grow with the data. The same rows and options give the same bytes.\n\n"
      "Examples:\n"
      "  sluice data import jets.csv --labels class -o jets.sluice\n"
      "  sluice data split jets.npy label.npy --scale '*' --encode label --parts "
      "train=0.7,validation=0.1,test=0.2 -o prepared\n"
      "  sluice data info --verify prepared/train.sluice\n");
}

Status runData(const DataOptions& options) {
  switch (options.what) {
    case DataOptions::What::import:
      return import(options);
    case DataOptions::What::scale:
    case DataOptions::What::split:
      return prepare(options);
    case DataOptions::What::info:
      return info(options);
    case DataOptions::What::none:
      break;
  }
  return Error{ErrorCode::usage, "which of import, scale, split, info?", {}};
}

}  // namespace sluice::tool
