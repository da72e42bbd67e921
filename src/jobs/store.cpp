#include "jobs/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <tuple>
#include <vector>

#include "base/file.h"
#include "jobs/work_folder.h"

namespace sluice::jobs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digestDigits = 32;

/// Marks a file as used now: collect() goes by it.
void touch(const fs::path& path) { ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

struct Entry {
  fs::file_time_type used;
  fs::path path;
  std::uint64_t bytes;
  bool temporary;
};

/// The files of objects/ and keys/, temporary ones too.
std::vector<Entry> entriesOf(const fs::path& root) {
  std::vector<Entry> entries;
  std::error_code failure;
  for (fs::recursive_directory_iterator at(root, failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code gone;  // files may vanish while we look
    if (!at->is_regular_file(gone) || gone) continue;
    const std::uint64_t bytes = at->file_size(gone);
    const fs::file_time_type used = at->last_write_time(gone);
    if (!gone) entries.push_back({used, at->path(), bytes, at->path().extension() == ".tmp"});
  }
  return entries;
}

std::uint64_t removeEntry(const Entry& entry) {
  std::error_code failure;
  return fs::remove(entry.path, failure) ? entry.bytes : 0;
}

}  // namespace

fs::path Store::defaultFolder() {
  const auto variable = [](const char* name) {
    return std::string(std::getenv(name) ? std::getenv(name) : "");
  };
  if (const std::string chosen = variable("SLUICE_CACHE"); !chosen.empty()) return chosen;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "sluice";
  if (const std::string home = variable("HOME"); !home.empty()) return fs::path(home) / ".cache" / "sluice";
  return fs::path("/var/tmp") / ("sluice-" + std::to_string(::getuid()));
}

Result<Store> Store::open(const fs::path& folder) {
  std::error_code failure;
  const fs::path absolute = fs::absolute(folder, failure);
  for (const char* kind : {"objects", "keys", "work"}) {
    fs::create_directories(absolute / "v1" / kind, failure);
    if (failure)
      return ioError("the cache cannot be made: " + failure.message() +
                         "; set SLUICE_CACHE to a folder that can be written",
                     absolute.string());
  }
  if (::access((absolute / "v1" / "objects").c_str(), W_OK) != 0)
    return ioError("the cache cannot be written; set SLUICE_CACHE to a folder that can be",
                   absolute.string());
  WorkFolder::removeAbandoned(absolute / "v1" / "work");
  return Store(absolute);
}

fs::path Store::pathOf(const char* kind, const Digest& digest) const {
  const std::string name = digest.hex();
  return folder_ / "v1" / kind / name.substr(0, 2) / name.substr(2);
}

Result<Digest> Store::put(std::string_view content) const {
  const Digest digest = digestOf(content);
  const fs::path path = pathOf("objects", digest);
  std::error_code failure;
  if (fs::file_size(path, failure) == content.size() && !failure && get(digest)) return digest;
  SLUICE_RETURN_IF_ERROR(writeFile(path, content));
  return digest;
}

std::optional<std::string> Store::get(const Digest& digest) const {
  const fs::path path = pathOf("objects", digest);
  Result<std::string> content = readFile(path);
  if (!content.ok()) return std::nullopt;
  if (digestOf(*content) != digest) return std::nullopt;  // the next put writes it anew
  touch(path);
  return std::move(content).value();
}

Status Store::bind(const Digest& key, std::string_view record) const {
  return writeFile(pathOf("keys", key), digestOf(record).hex() + "\n" + std::string(record));
}

std::optional<std::string> Store::lookup(const Digest& key) const {
  const fs::path path = pathOf("keys", key);
  const Result<std::string> content = readFile(path);
  if (!content.ok() || content->size() < digestDigits + 1) return std::nullopt;
  std::string record = content->substr(digestDigits + 1);
  if (content->substr(0, digestDigits) != digestOf(record).hex()) return std::nullopt;
  touch(path);
  return record;
}

Store::KeyLock Store::lock(const Digest& key) const {
  const int descriptor = ::open((folder_ / "v1" / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return KeyLock(-1);
  // A lock on one byte of an empty file, owned by this open file: it keeps threads apart as well as
  // processes, goes away with its owner, and leaves no file behind.
  struct flock range{};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(key.low >> 2);  // offsets have 63 bits
  range.l_len = 1;
  while (::fcntl(descriptor, F_OFD_SETLKW, &range) != 0 && errno == EINTR) {
  }
  return KeyLock(descriptor);
}

Store::KeyLock::~KeyLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Store::Usage Store::usage() const {
  Usage usage;
  for (const Entry& entry : entriesOf(folder_ / "v1" / "objects"))
    usage.bytes += entry.bytes, ++usage.artefacts;
  for (const Entry& entry : entriesOf(folder_ / "v1" / "keys")) usage.bytes += entry.bytes, ++usage.keys;
  return usage;
}

std::uint64_t Store::collect(std::uint64_t keepBytes) const {
  WorkFolder::removeAbandoned(workFolder());
  std::vector<Entry> entries = entriesOf(folder_ / "v1" / "objects");
  for (Entry& entry : entriesOf(folder_ / "v1" / "keys")) entries.push_back(std::move(entry));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.used, a.path) < std::tie(b.used, b.path);
  });
  std::uint64_t total = 0, freed = 0;
  for (const Entry& entry : entries) total += entry.bytes;
  const auto hourAgo = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const Entry& entry : entries) {
    const bool abandoned = entry.temporary && entry.used < hourAgo;
    if (abandoned || (!entry.temporary && total - freed > keepBytes)) freed += removeEntry(entry);
  }
  return freed;
}

}  // namespace sluice::jobs
