#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "data/source.h"
#include "data/source_arrow_reader.h"
#include "data/source_child.h"

/// Parquet and Arrow through pyarrow, in a Python of its own.
///
/// Debian 12 has no library for either, and a reader of one's own would have to know a dozen encodings, four compressions
/// and nesting. pyarrow is Arrow's own C++ with an interface, so a process that runs it answers as the one for HDF5 does.
/// It reads a row group or record batch at a time, so memory is bounded by the largest of those.
namespace sluice::data {

namespace {

constexpr std::uint64_t mostMemoryOfArrow = std::uint64_t{16}
                                            << 30;  // addresses: its allocators reserve generously

void serveArrow(const std::string& python, const std::string& path, int socket) {
  confineChild(mostMemoryOfArrow);
  constexpr int place = 3;  // where the program in Python looks
  if (socket == place) {
    ::fcntl(place, F_SETFD, 0);
  } else if (::dup2(socket, place) != place) {
    return;
  }
  if (const int nowhere = ::open("/dev/null", O_WRONLY); nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  ::execlp(python.c_str(), python.c_str(), "-B", "-c", arrowReader + 1, path.c_str(), nullptr);
  sendReply(place, Reply::bad,
            "is a Parquet or Arrow file, which the Python package pyarrow reads, and there is no program '" +
                python + "' (SLUICE_PYTHON names another Python)");
}

}  // namespace

Result<std::unique_ptr<Source>> openArrow(const std::filesystem::path& path) {
  const char* const named = std::getenv("SLUICE_PYTHON");
  const std::string python = named != nullptr && *named != '\0' ? named : "python3";
  return openInChild(path, "pyarrow", [&](int socket) { serveArrow(python, path.string(), socket); });
}

}  // namespace sluice::data
