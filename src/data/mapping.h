#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

/// A file read through a window: at any time only the part that is being looked at is mapped, and what leaves the
/// window is given back at once, so that memory does not grow with the file.
///
/// A file must not be cut off by others while it is mapped (the system then ends the program with SIGBUS, as for
/// every mapped file).
namespace sluice::data {

class MappedFile {
 public:
  /// Errors  io: the file cannot be opened or is no regular file
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  ~MappedFile();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// `count` bytes from `at` on, until the next call. Errors: badInput (beyond the end), io.
  Result<std::string_view> window(std::uint64_t at, std::size_t count);
  /// The same, for as long as somebody holds `owner`, whatever becomes of this object.
  struct Held {
    std::string_view bytes;
    std::shared_ptr<const void> owner;
  };
  [[nodiscard]] Result<Held> held(std::uint64_t at, std::size_t count) const;

 private:
  MappedFile() = default;
  void release();
  struct Mapping {
    void* address;
    std::size_t bytes;
    std::size_t offset;  ///< of what was asked for, which does not begin with a page
  };
  [[nodiscard]] Result<Mapping> map(std::uint64_t at, std::size_t count) const;
  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  void* mapped_ = nullptr;
  std::size_t mappedBytes_ = 0;
};

}  // namespace sluice::data
