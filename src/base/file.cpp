#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace sluice {

Result<std::string> readFile(const std::filesystem::path& path, std::uint64_t limitBytes) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return ioError("is a folder, not a file", path.string());
  std::ifstream file(path, std::ios::binary);
  if (!file) return ioError(std::string("cannot be read: ") + std::strerror(errno), path.string());
  std::string content;
  char block[1 << 16];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    content.append(block, static_cast<std::size_t>(file.gcount()));
    if (content.size() > limitBytes)
      return badInput("is larger than the " + std::to_string(limitBytes) + " bytes allowed here",
                      path.string());
  }
  return content;
}

Status writeFile(const std::filesystem::path& path, std::string_view content) {
  static std::atomic<unsigned> serial{0};
  std::error_code failure;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failure);
  if (failure) return ioError("its folder cannot be made: " + failure.message(), path.string());
  const std::filesystem::path temporary =
      path.parent_path() / ("." + path.filename().string() + "." + std::to_string(::getpid()) + "." +
                            std::to_string(serial++) + ".tmp");
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.flush();
    if (!file) {
      const std::string reason = std::strerror(errno);
      std::filesystem::remove(temporary, failure);
      return ioError("cannot be written: " + reason, path.string());
    }
  }
  std::filesystem::rename(temporary, path, failure);
  if (failure) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    return ioError("cannot be written: " + failure.message(), path.string());
  }
  return {};
}

}  // namespace sluice
