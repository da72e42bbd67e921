#include "data/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::data {

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  MappedFile file;
  file.name_ = path.string();
  file.descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status{};
  if (file.descriptor_ < 0 || ::fstat(file.descriptor_, &status) != 0)
    return ioError(std::string("cannot be opened: ") + std::strerror(errno), file.name_);
  if (!S_ISREG(status.st_mode)) return ioError("is not a file", file.name_);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  std::swap(mappedBytes_, other.mappedBytes_);
  return *this;
}

MappedFile::~MappedFile() {
  release();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void MappedFile::release() {
  if (mapped_ != nullptr) ::munmap(mapped_, mappedBytes_);
  mapped_ = nullptr;
  mappedBytes_ = 0;
}

Result<MappedFile::Mapping> MappedFile::map(std::uint64_t at, std::size_t count) const {
  if (at > size_ || count > size_ - at)
    return badInput("bytes " + std::to_string(at) + " to " + std::to_string(at + count) +
                        " are asked for, the file has " + std::to_string(size_),
                    name_);
  if (count == 0) return Mapping{nullptr, 0, 0};
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t from = at / page * page;
  const std::size_t bytes = count + static_cast<std::size_t>(at - from);
  void* mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor_, static_cast<off_t>(from));
  if (mapped == MAP_FAILED) return ioError(std::string("cannot be mapped: ") + std::strerror(errno), name_);
  ::madvise(mapped, bytes, MADV_SEQUENTIAL);
  ::posix_fadvise(descriptor_, static_cast<off_t>(from + bytes), static_cast<off_t>(bytes),
                  POSIX_FADV_WILLNEED);
  return Mapping{mapped, bytes, static_cast<std::size_t>(at - from)};
}

Result<std::string_view> MappedFile::window(std::uint64_t at, std::size_t count) {
  release();
  SLUICE_TRY(const Mapping mapping, map(at, count));
  mapped_ = mapping.address;
  mappedBytes_ = mapping.bytes;
  if (count == 0) return std::string_view();
  return std::string_view(static_cast<const char*>(mapped_) + mapping.offset, count);
}

Result<MappedFile::Held> MappedFile::held(std::uint64_t at, std::size_t count) const {
  SLUICE_TRY(const Mapping mapping, map(at, count));
  if (count == 0) return Held{};
  const std::shared_ptr<const void> owner(
      mapping.address, [bytes = mapping.bytes](void* address) { ::munmap(address, bytes); });
  return Held{{static_cast<const char*>(mapping.address) + mapping.offset, count}, owner};
}

}  // namespace sluice::data
