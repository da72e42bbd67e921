#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

/// The store: artefacts under the digest of their content, and records under keys, in a folder that any
/// number of processes may use at once.
///
///   <folder>/v1/objects/ab/cdef...   an artefact; its name is the digest of its bytes
///   <folder>/v1/keys/ab/cdef...      a record: 32 hexadecimal digits of its own digest, a line end, the
///   record <folder>/v1/work/                work folders of running jobs (work_folder.h) <folder>/v1/lock
///   byte-range locks, one byte per key; always empty
///
/// Purpose      a result that was paid for once is never computed again, on this machine.
/// Constraints  a reader never sees half a file (write aside, rename); a killed writer leaves at most a
/// temporary
///              file; a damaged file (disk, power) is noticed by its digest and counts as absent.
/// Rejected     SQLite: one writer at a time, and megabytes of netlists do not belong in pages; fsync: losing
/// an
///              entry to a power cut costs a rerun, waiting for the disk costs every run.
/// The layout has a version in its path; another version is another store.
namespace sluice::jobs {

class Store {
 public:
  /// Opens the store at `folder`, making what is missing and removing the work folders of killed runs.
  /// Errors: io.
  static Result<Store> open(const std::filesystem::path& folder);
  /// $SLUICE_CACHE, else $XDG_CACHE_HOME/sluice, else ~/.cache/sluice.
  static std::filesystem::path defaultFolder();

  Result<Digest> put(std::string_view content) const;
  /// The artefact; nothing if it is absent or damaged.
  [[nodiscard]] std::optional<std::string> get(const Digest& digest) const;

  Status bind(const Digest& key, std::string_view record) const;
  [[nodiscard]] std::optional<std::string> lookup(const Digest& key) const;

  /// Held while one process works on a key, so that a second one waits and then finds the answer. Advisory:
  /// where the file system has no locks, both do the work, and both answers are right.
  class KeyLock {
   public:
    explicit KeyLock(int descriptor) : descriptor_(descriptor) {}
    KeyLock(KeyLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
    KeyLock& operator=(KeyLock&&) = delete;
    ~KeyLock();

   private:
    int descriptor_;
  };
  [[nodiscard]] KeyLock lock(const Digest& key) const;  ///< waits

  struct Usage {
    std::uint64_t bytes = 0, artefacts = 0, keys = 0;
  };
  [[nodiscard]] Usage usage() const;

  /// Removes what was used longest ago until at most `keepBytes` are left, and what killed runs left behind.
  /// Safe beside running jobs: what they miss they compute again. Returns the bytes freed.
  std::uint64_t collect(std::uint64_t keepBytes) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path workFolder() const { return folder_ / "v1" / "work"; }

 private:
  explicit Store(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path pathOf(const char* kind, const Digest& digest) const;
  std::filesystem::path folder_;
};

}  // namespace sluice::jobs
