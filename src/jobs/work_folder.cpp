#include "jobs/work_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace sluice::jobs {

namespace fs = std::filesystem;

// The order of making and removing: lock file, locked, then the folder; folder gone, then the lock file. So a
// folder without a lock file is never in use. (Between opening a lock file and locking it, it may be swept
// away as abandoned; then its name is gone and we take another.)
Result<WorkFolder> WorkFolder::make(const fs::path& parent) {
  std::error_code failure;
  fs::create_directories(parent, failure);
  if (failure) return ioError("cannot be made: " + failure.message(), parent.string());
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = (parent / "job-XXXXXX.lock").string();
    const int lock = ::mkostemps(name.data(), 5, O_CLOEXEC);
    if (lock < 0)
      return ioError(std::string("no work folder can be made: ") + std::strerror(errno), parent.string());
    const fs::path path = name.substr(0, name.size() - 5);
    const bool ours =
        ::flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;  // or a file system without
    if (ours && ::access(name.c_str(), F_OK) == 0 && fs::create_directory(path, failure))
      return WorkFolder(path, lock);
    ::close(lock);
  }
  return ioError("no work folder can be made", parent.string());
}

WorkFolder::WorkFolder(WorkFolder&& other) noexcept : path_(std::move(other.path_)), lock_(other.lock_) {
  other.lock_ = -1;
}

WorkFolder::~WorkFolder() {
  if (lock_ < 0) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove(path_.string() + ".lock", ignored);
  ::close(lock_);
}

std::size_t WorkFolder::removeAbandoned(const fs::path& parent) {
  std::error_code failure;
  std::vector<fs::path> locks;
  for (const auto& entry : fs::directory_iterator(parent, failure))
    if (entry.path().extension() == ".lock") locks.push_back(entry.path());
  std::size_t removed = 0;
  for (const fs::path& path : locks) {
    const int lock = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) continue;
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
      fs::remove_all(path.parent_path() / path.stem(), failure);
      fs::remove(path, failure);
      ++removed;
    }
    ::close(lock);
  }
  return removed;
}

}  // namespace sluice::jobs
