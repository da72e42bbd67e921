#include "experiment/archive.h"

#include <set>

#include "base/text.h"

namespace sluice::experiment {
namespace {

constexpr std::size_t block = 512, longestName = 100, mostFiles = 1'000'000;

std::string octal(std::uint64_t number, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; number >>= 3) text[i] = static_cast<char>('0' + (number & 7));
  return text;
}

/// Offsets and lengths: POSIX.1-2017, pax, "ustar Interchange Format".
std::string headerOf(std::string_view name, std::uint64_t bytes) {
  std::string header(block, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, octal(bytes, 11));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

std::size_t padded(std::size_t bytes) { return (bytes + block - 1) / block * block; }

}  // namespace

bool isArchiveName(std::string_view name) {
  if (name.empty() || name.size() > longestName) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
          c == '_' || c == '-' || c == '/'))
      return false;
  for (const std::string& part : split(name, '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

std::string printArchive(const std::vector<ArchiveFile>& files) {
  std::string archive;
  std::set<std::string_view> names;
  for (const ArchiveFile& file : files) {
    SLUICE_CHECK(isArchiveName(file.name) && names.insert(file.name).second, "names are good and differ");
    archive += headerOf(file.name, file.content.size());
    archive += file.content;
    archive.resize(padded(archive.size()), '\0');
  }
  archive.resize(archive.size() + 2 * block, '\0');
  return archive;
}

Result<std::vector<ArchiveFile>> parseArchive(std::string_view bytes, const std::string& where) {
  std::vector<ArchiveFile> files;
  std::set<std::string> names;
  std::size_t at = 0;
  const auto wrong = [&](const std::string& what) {
    return badInput(
        "is no experiment as Sluice writes it, or was damaged: at byte " + std::to_string(at) + " " + what,
        where);
  };
  const std::string nothing(2 * block, '\0');
  for (;;) {
    if (bytes.size() - at < 2 * block) return wrong("it ends too early");
    const std::string_view header = bytes.substr(at, block);
    if (header[0] == '\0') break;
    const std::string name(header.substr(0, header.substr(0, longestName).find('\0')));
    if (!isArchiveName(name.substr(0, longestName)))
      return wrong("stands a file name that is not allowed; files lie inside the archive's own folder");
    std::uint64_t size = 0;
    for (const char c : header.substr(124, 11)) {
      if (c < '0' || c > '7') return wrong("stands no size");
      size = size << 3 | static_cast<std::uint64_t>(c - '0');
    }
    if (header != headerOf(name, size))
      return wrong("'" + name + "' is not a plain file, or its header is damaged");
    if (size > bytes.size() - at - block) return wrong("'" + name + "' claims more bytes than there are");
    if (!names.insert(name).second || files.size() >= mostFiles)
      return wrong("'" + name + "' is there twice");
    const auto length = static_cast<std::size_t>(size);
    const std::size_t end = at + block + padded(length);
    if (end > bytes.size()) return wrong("it ends too early");
    for (std::size_t i = at + block + length; i < end; ++i)
      if (bytes[i] != '\0') return wrong("'" + name + "' has bytes behind its end");
    files.push_back({name, std::string(bytes.substr(at + block, length))});
    at = end;
  }
  if (bytes.substr(at) != nothing) return wrong("are bytes behind the end");
  return files;
}

}  // namespace sluice::experiment
