#include "data/source.h"

#ifdef SLUICE_HDF5
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "data/source_child.h"
#endif

/// HDF5 through its own library, in a process of its own.
///
/// The library crashes on some damaged files, hangs on others, and takes any amount of memory for a few (2,000 damaged
/// copies of a small file: 33 crashes, 8 hangs), hence the process (source_child.h).
namespace sluice::data {

#ifdef SLUICE_HDF5

namespace {

constexpr std::size_t mostDatasets = 10'000, mostColumns = 1 << 20;
constexpr std::uint64_t mostMemory = std::uint64_t{4} << 30;  // addresses, of the child

struct Dataset {
  hid_t id = -1, memoryType = -1;
  Type type = Type::f4;
  std::string name;
  std::uint64_t rows = 0, columns = 1;
  bool oneAxis = false;
};

/// Nothing for what is no column of numbers.
bool describeDataset(hid_t file, const std::string& name, Dataset& dataset) {
  const hid_t plain = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  if (plain < 0) return false;
  const hid_t type = H5Dget_type(plain), space = H5Dget_space(plain), list = H5Dget_create_plist(plain);
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t bytes = H5Tget_size(type);
  const bool isSigned = kind == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
  const int axes = H5Sget_simple_extent_ndims(space);
  hsize_t sizes[2] = {0, 1}, chunk[2] = {1, 1};
  const bool numbers = (kind == H5T_FLOAT && bytes <= 8) ||
                       (kind == H5T_INTEGER && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8));
  bool good = numbers && (axes == 1 || axes == 2) && H5Sget_simple_extent_dims(space, sizes, nullptr) == axes;
  if (good) {
    dataset.name = name;
    dataset.rows = sizes[0];
    dataset.columns = axes == 2 ? sizes[1] : 1;
    dataset.oneAxis = axes == 1;
    const struct {
      bool fits;
      Type type;
      hid_t memory;
    } kinds[] = {{kind == H5T_FLOAT && bytes <= 4, Type::f4, H5T_NATIVE_FLOAT},
                 {kind == H5T_FLOAT, Type::f8, H5T_NATIVE_DOUBLE},
                 {isSigned && bytes == 1, Type::i1, H5T_NATIVE_INT8},
                 {isSigned && bytes == 2, Type::i2, H5T_NATIVE_INT16},
                 {isSigned && bytes == 4, Type::i4, H5T_NATIVE_INT32},
                 {isSigned, Type::i8, H5T_NATIVE_INT64},
                 {bytes == 1, Type::u1, H5T_NATIVE_UINT8},
                 {bytes == 2, Type::u2, H5T_NATIVE_UINT16},
                 {bytes == 4, Type::u4, H5T_NATIVE_UINT32},
                 {true, Type::u8, H5T_NATIVE_UINT64}};
    const auto* found =
        std::find_if(std::begin(kinds), std::end(kinds), [](const auto& k) { return k.fits; });
    dataset.type = found->type;
    dataset.memoryType = found->memory;
    // A chunk that does not fit the library's cache would be unpacked anew for every block.
    std::uint64_t cache = std::uint64_t{1} << 20;
    if (H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, 2, chunk) == axes)
      cache = std::clamp<std::uint64_t>(chunk[0] * (axes == 2 ? chunk[1] : 1) * bytes * 2, cache, 256u << 20);
    const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 521, cache, 1.0);
    dataset.id = H5Dopen2(file, name.c_str(), access);
    H5Pclose(access);
    good = dataset.id >= 0;
  }
  H5Pclose(list);
  H5Sclose(space);
  H5Tclose(type);
  H5Dclose(plain);
  return good;
}

herr_t noteName(hid_t, const char* name, const H5L_info_t* info, void* names) {
  auto& all = *static_cast<std::vector<std::string>*>(names);
  if (info->type == H5L_TYPE_HARD) all.emplace_back(name);  // no links to other files
  return all.size() > mostDatasets ? 1 : 0;
}

/// All columns of numbers; an empty list and a sentence if there is none to give.
std::vector<Dataset> datasetsOf(hid_t file, std::string& problem) {
  std::vector<std::string> names;
  std::vector<Dataset> datasets;
  if (H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, noteName, &names) != 0)
    return problem = "has more objects than are looked at, or is damaged", datasets;
  std::uint64_t columns = 0;
  for (const std::string& name : names) {
    H5O_info_t info;
    if (H5Oget_info_by_name(file, name.c_str(), &info, H5P_DEFAULT) < 0)
      return problem = "is damaged at '" + name + "'", std::vector<Dataset>();
    Dataset dataset;
    if (info.type != H5O_TYPE_DATASET || !describeDataset(file, name, dataset)) continue;
    columns += dataset.columns;
    datasets.push_back(std::move(dataset));
  }
  if (datasets.empty()) return problem = "has no dataset of numbers with one or two axes", datasets;
  if (columns > mostColumns) return problem = "has more than a million columns", std::vector<Dataset>();
  for (const Dataset& dataset : datasets)
    if (dataset.rows != datasets[0].rows)
      return problem = "its datasets are not side by side: '" + datasets[0].name + "' has " +
                       std::to_string(datasets[0].rows) + " rows and '" + dataset.name + "' " +
                       std::to_string(dataset.rows) + "; write them to files of their own",
             std::vector<Dataset>();
  return datasets;
}

/// Rows `first` and on, column by column. Empty if the library says no.
std::string readRows(const Dataset& dataset, std::uint64_t first, std::uint64_t rows) {
  const std::size_t width = bytesOf(dataset.type), columns = static_cast<std::size_t>(dataset.columns),
                    count = static_cast<std::size_t>(rows);
  const hsize_t start[2] = {first, 0}, size[2] = {rows, dataset.columns};
  const int axes = dataset.oneAxis ? 1 : 2;
  const hid_t space = H5Dget_space(dataset.id), memory = H5Screate_simple(axes, size, nullptr);
  std::string bytes(count * columns * width, '\0'), turned(bytes.size(), '\0');
  const bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, size, nullptr) >= 0 &&
                    H5Dread(dataset.id, dataset.memoryType, memory, space, H5P_DEFAULT, bytes.data()) >= 0;
  H5Sclose(memory);
  H5Sclose(space);
  if (!good) return "";
  if (columns == 1) return bytes;
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      std::memcpy(&turned[(c * count + r) * width], &bytes[(r * columns + c) * width], width);
  return turned;
}

/// As source_child.h has it.
std::string describeColumns(const std::vector<Dataset>& datasets) {
  std::string text = std::to_string(datasets[0].rows);
  for (const Dataset& dataset : datasets) {
    std::string name = dataset.name;
    std::replace(name.begin(), name.end(), '/', '.');
    for (std::uint64_t c = 0; c < dataset.columns; ++c)
      text += "\n" + std::string(nameOf(dataset.type)) + " " +
              escapeLine(dataset.oneAxis ? name : name + "." + std::to_string(c));
  }
  return text;
}

[[noreturn]] void serveHdf5(const std::string& path, int socket) {
  confineChild(mostMemory);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  std::string problem;
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  std::vector<Dataset> datasets;
  if (file < 0)
    problem = "is no HDF5 file, or damaged";
  else
    datasets = datasetsOf(file, problem);
  if (datasets.empty()) {
    sendReply(socket, Reply::bad, problem);
    ::_exit(0);
  }
  if (!sendReply(socket, Reply::good, describeColumns(datasets))) ::_exit(0);
  std::uint64_t index = 0;
  while (receiveRequest(socket, index)) {
    const std::uint64_t first = index * blockRows,
                        rows = std::min<std::uint64_t>(blockRows, datasets[0].rows - first);
    std::string block;
    for (const Dataset& dataset : datasets) {
      const std::string bytes = readRows(dataset, first, rows);
      if (bytes.empty() && dataset.columns > 0) {
        sendReply(socket, Reply::bad,
                  "cannot be read at '" + dataset.name + "', row " + std::to_string(first));
        ::_exit(0);
      }
      block += bytes;
    }
    if (!sendReply(socket, Reply::good, block)) break;
  }
  ::_exit(0);
}

}  // namespace

Result<std::unique_ptr<Source>> openHdf5(const std::filesystem::path& path) {
  return openInChild(path, "the HDF5 library", [&](int socket) { serveHdf5(path.string(), socket); });
}

#else

Result<std::unique_ptr<Source>> openHdf5(const std::filesystem::path& path) {
  return unsupported(
      "is an HDF5 file, and this program was built without its library: install libhdf5-dev and pkg-config "
      "and build it "
      "again, or write the datasets as .npy (numpy.save)",
      path.string());
}

#endif

}  // namespace sluice::data
