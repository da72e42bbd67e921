#include "data/source.h"

#ifdef SLUICE_HDF5
#include <hdf5.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#endif

/// HDF5 through its own library, in a process of its own.
///
/// The library crashes on some damaged files, hangs on others, and takes any amount of memory for a few (2,000 damaged
/// copies of a small file: 33 crashes, 8 hangs). So it runs in a child: what happens there is an error here. The child
/// opens the file, says what columns there are, and then sends the blocks it is asked for.
///
///   parent -> child   8 bytes: a block
///   child -> parent   1 byte: good or not; 8 bytes: how many follow; the columns of the block, or a sentence
namespace sluice::data {

#ifdef SLUICE_HDF5

namespace {

constexpr std::size_t mostDatasets = 10'000, mostColumns = 1 << 20;
constexpr int patienceMs = 120'000;
constexpr rlim_t mostMemory = rlim_t{4} << 30;  // addresses, of the child
constexpr char goodReply = 0, badReply = 1;

bool sendAll(int socket, const void* data, std::size_t count) {
  for (const char* at = static_cast<const char*>(data); count > 0;) {
    const ssize_t sent = ::send(socket, at, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

/// False at the end, or when nothing comes for too long.
bool receiveAll(int socket, void* data, std::size_t count, int milliseconds) {
  for (char* at = static_cast<char*>(data); count > 0;) {
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, milliseconds) <= 0) return false;
    const ssize_t got = ::recv(socket, at, count, 0);
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

bool reply(int socket, char kind, std::string_view text) {
  const std::uint64_t size = text.size();
  return sendAll(socket, &kind, 1) && sendAll(socket, &size, sizeof size) &&
         sendAll(socket, text.data(), text.size());
}

// ---- In the child

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

/// "TYPE NAME" per column, after a line with the number of rows.
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
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit memory{mostMemory, mostMemory}, core{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CORE, &core);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  std::string problem;
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  std::vector<Dataset> datasets;
  if (file < 0)
    problem = "is no HDF5 file, or damaged";
  else
    datasets = datasetsOf(file, problem);
  if (datasets.empty()) {
    reply(socket, badReply, problem);
    ::_exit(0);
  }
  if (!reply(socket, goodReply, describeColumns(datasets))) ::_exit(0);
  std::uint64_t index = 0;
  while (receiveAll(socket, &index, sizeof index, -1)) {
    const std::uint64_t first = index * blockRows,
                        rows = std::min<std::uint64_t>(blockRows, datasets[0].rows - first);
    std::string block;
    for (const Dataset& dataset : datasets) {
      const std::string bytes = readRows(dataset, first, rows);
      if (bytes.empty() && dataset.columns > 0) {
        reply(socket, badReply, "cannot be read at '" + dataset.name + "', row " + std::to_string(first));
        ::_exit(0);
      }
      block += bytes;
    }
    if (!reply(socket, goodReply, block)) break;
  }
  ::_exit(0);
}

// ---- In the parent

class Hdf5Source : public Source {
 public:
  Hdf5Source(std::string path, pid_t child, int socket)
      : path_(std::move(path)), child_(child), socket_(socket) {}
  ~Hdf5Source() override {
    ::close(socket_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Hdf5Source(const Hdf5Source&) = delete;
  Hdf5Source& operator=(const Hdf5Source&) = delete;

  /// Reads what the child says of the file.
  Status begin() {
    SLUICE_RETURN_IF_ERROR(receive(std::size_t{64} << 20));
    std::vector<std::string> lines = split(reply_, '\n');
    std::int64_t rows = 0;
    if (!parseInt64(lines[0], rows) || rows < 0) return badInput("is damaged", path_);
    rows_ = static_cast<std::uint64_t>(rows);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const std::size_t blank = lines[i].find(' ');
      if (blank == std::string::npos) return badInput("is damaged", path_);
      SLUICE_TRY(const Type type, typeNamed(lines[i].substr(0, blank)));
      schema_.push_back({unescapeLine(lines[i].substr(blank + 1)), type, {}});
      rowBytes_ += bytesOf(type);
    }
    return {};
  }
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return rows_; }
  Result<Block> block(std::uint64_t index) override {
    SLUICE_CHECK(index < blocks(), "a block that there is");
    Block block = emptyBlock(index);
    if (!sendAll(socket_, &index, sizeof index)) return gone();
    SLUICE_RETURN_IF_ERROR(receive(block.rows * rowBytes_));
    if (reply_.size() != block.rows * rowBytes_) return badInput("is damaged", path_);
    std::size_t at = 0;
    for (const ColumnInfo& column : schema_) {
      const std::size_t bytes = block.rows * bytesOf(column.type);
      block.columns.push_back(std::string_view(reply_).substr(at, bytes));
      at += bytes;
    }
    return block;
  }

 private:
  /// The next reply, of `most` bytes at most. Errors: what the child says, or that it is no more.
  Status receive(std::size_t most) {
    char kind = badReply;
    std::uint64_t size = 0;
    constexpr std::size_t longestSentence = 1 << 16;
    if (!receiveAll(socket_, &kind, 1, patienceMs) || !receiveAll(socket_, &size, sizeof size, patienceMs))
      return gone();
    if (size > std::max(most, longestSentence)) return badInput("is damaged", path_);
    reply_.resize(static_cast<std::size_t>(size));
    if (!receiveAll(socket_, reply_.data(), reply_.size(), patienceMs)) return gone();
    if (kind != goodReply) return badInput(reply_, path_);
    return {};
  }
  [[nodiscard]] Error gone() const {
    return badInput("is damaged: the HDF5 library crashed on it, or did not come to an end", path_);
  }

  std::string path_;
  pid_t child_;
  int socket_;
  Schema schema_;
  std::uint64_t rows_ = 0;
  std::size_t rowBytes_ = 0;
  std::string reply_;
};

}  // namespace

Result<std::unique_ptr<Source>> openHdf5(const std::filesystem::path& path) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return ioError("no process can be started to read it", path.string());
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    serveHdf5(path.string(), ends[1]);
  }
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return ioError("no process can be started to read it", path.string());
  }
  auto source = std::make_unique<Hdf5Source>(path.string(), child, ends[0]);
  SLUICE_RETURN_IF_ERROR(source->begin());
  return std::unique_ptr<Source>(std::move(source));
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
