#include "data_binding.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <mutex>

#include "data/batches.h"
#include "data/source.h"
#include "data/table.h"

/// Batches as NumPy arrays that are the very bytes C++ read or gathered: each array keeps them alive, none is copied.
namespace sluice::python {
namespace {

namespace nb = nanobind;
using namespace nb::literals;

class TableBatches {
 public:
  TableBatches(const std::filesystem::path& table, std::uint64_t size, std::uint64_t seed, bool shuffle,
               std::uint64_t window) {
    Result<std::unique_ptr<data::Source>> source = data::openSource(table);
    if (!source.ok()) raise(source.error());
    source_ = std::move(source).value();
    if (size == 0 || window == 0) raise(badInput("a batch has rows, and a window has blocks"));
    batches_ = std::make_unique<data::Batches>(
        *source_, data::BatchOptions{.size = size, .seed = seed, .shuffle = shuffle, .window = window});
  }
  [[nodiscard]] std::uint64_t rows() const { return source_->rows(); }
  [[nodiscard]] std::uint64_t count() const { return batches_->count(); }

  /// (name, labels) per column, in order.
  [[nodiscard]] nb::list columns() const {
    nb::list list;
    for (const data::ColumnInfo& column : source_->schema())
      list.append(nb::make_tuple(column.name, column.labels));
    return list;
  }

  /// One array per column.
  nb::list read(std::uint64_t epoch, std::uint64_t batch) {
    if (batch >= count()) raise(badInput("there is no batch " + std::to_string(batch)));
    Result<data::HeldBlock> held = [&] {
      const nb::gil_scoped_release release;
      const std::lock_guard lock(mutex_);
      return batches_->hold(epoch, batch);
    }();
    if (!held.ok()) raise(held.error());
    const nb::capsule owner(new std::shared_ptr<const void>(held->owner), [](void* pointer) noexcept {
      delete static_cast<std::shared_ptr<const void>*>(pointer);
    });
    nb::list arrays;
    const data::Schema& schema = source_->schema();
    for (std::size_t i = 0; i < schema.size(); ++i)
      data::withType(schema[i].type, [&](auto zero) {
        using T = decltype(zero);
        const T* const values = data::valuesOf<T>(held->block, i).data();
        const std::size_t count = held->block.rows;
        if (held->alone)  // gathered for this batch: may be written
          arrays.append(nb::ndarray<nb::numpy, T, nb::ndim<1>>(const_cast<T*>(values), {count}, owner));
        else
          arrays.append(nb::ndarray<nb::numpy, const T, nb::ndim<1>>(values, {count}, owner));
      });
    return arrays;
  }
  nb::list rowsOf(std::uint64_t epoch, std::uint64_t batch) {
    if (batch >= count()) raise(badInput("there is no batch " + std::to_string(batch)));
    const std::lock_guard lock(mutex_);
    nb::list rows;
    for (const std::uint64_t row : batches_->rowsOf(epoch, batch)) rows.append(row);
    return rows;
  }

 private:
  std::unique_ptr<data::Source> source_;
  std::unique_ptr<data::Batches> batches_;
  std::mutex mutex_;
};

void importTable(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                 const std::vector<std::string>& labels) {
  const auto write = [&]() -> Status {
    std::vector<std::unique_ptr<data::Source>> sources;
    for (const std::filesystem::path& input : inputs) {
      SLUICE_TRY(auto source, data::openSource(input, {.labels = labels}));
      sources.push_back(std::move(source));
    }
    if (sources.empty()) return badInput("no files to import");
    SLUICE_TRY(const auto source, data::sideBySide(std::move(sources)));
    SLUICE_TRY(const data::TableInfo table, data::writeTable(*source, output));
    return {};
  };
  const Status written = [&] {
    const nb::gil_scoped_release release;
    return write();
  }();
  if (!written.ok()) raise(written.error());
}

}  // namespace

void bindData(nb::module_& module) {
  module.def("import_table", &importTable, "inputs"_a, "output"_a, "labels"_a);
  nb::class_<TableBatches>(module, "TableBatches")
      .def(nb::init<const std::filesystem::path&, std::uint64_t, std::uint64_t, bool, std::uint64_t>(),
           "table"_a, "size"_a, "seed"_a, "shuffle"_a, "window"_a)
      .def_prop_ro("rows", &TableBatches::rows)
      .def_prop_ro("count", &TableBatches::count)
      .def_prop_ro("columns", &TableBatches::columns)
      .def("read", &TableBatches::read, "epoch"_a, "batch"_a)
      .def("rows_of", &TableBatches::rowsOf, "epoch"_a, "batch"_a);
}

}  // namespace sluice::python
