#pragma once

#include <filesystem>

#include "base/result.h"

/// A fresh folder for one job, removed with the object. A lock file beside it is held as long as the job
/// lives (its processes inherit it), so that what a killed run left behind can be told from what is in use.
namespace sluice::jobs {

class WorkFolder {
 public:
  /// Makes "<parent>/<random>" and its lock. Errors: io.
  static Result<WorkFolder> make(const std::filesystem::path& parent);
  ~WorkFolder();
  WorkFolder(WorkFolder&& other) noexcept;
  WorkFolder& operator=(WorkFolder&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] int lockDescriptor() const { return lock_; }

  /// Removes the folders under `parent` whose jobs are dead; how many.
  static std::size_t removeAbandoned(const std::filesystem::path& parent);

 private:
  WorkFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace sluice::jobs
