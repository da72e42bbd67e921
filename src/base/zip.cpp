#include "base/zip.h"

#include <zlib.h>

#include <limits>

namespace sluice {
namespace {

constexpr std::size_t endBytes = 22, memberBytes = 46, localBytes = 30;
/// Deflate cannot shrink by more: 258 bytes per two bits and a little (zlib's own figure is 1032 : 1).
constexpr std::uint64_t mostExpansion = 1032;

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

/// Position of the end record: the last place where one can stand and its comment reaches the end of the
/// file.
std::size_t findEnd(std::string_view zip) {
  for (std::size_t back = endBytes; back <= zip.size() && back <= endBytes + 65535; ++back) {
    const std::size_t at = zip.size() - back;
    if (zip.substr(at, 4) == "PK\x05\x06" && little(zip, at + 20, 2) == back - endBytes) return at;
  }
  return std::string_view::npos;
}

Result<std::string> inflateRaw(std::string_view packed, std::size_t plainBytes, const std::string& where) {
  std::string plain(plainBytes, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return ioError("zlib cannot start", where);  // negative: no header
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int outcome = inflate(&stream, Z_FINISH);
  const bool whole = outcome == Z_STREAM_END && stream.total_out == plainBytes;
  inflateEnd(&stream);
  if (!whole) return badInput("holds damaged compressed data", where);
  return plain;
}

}  // namespace

Result<std::vector<ZipMember>> readZipDirectory(std::string_view zip, const std::string& what,
                                                const std::string& where) {
  if (zip.size() > std::numeric_limits<std::uint32_t>::max())
    return unsupported("is larger than 4 GiB", where);
  const std::size_t end = findEnd(zip);
  if (end == std::string_view::npos)
    return badInput("is not " + what + " file: no zip directory stands at its end", where);
  const std::size_t count = little(zip, end + 10, 2);
  std::size_t at = little(zip, end + 16, 4);
  std::vector<ZipMember> members;
  for (std::size_t i = 0; i < count; ++i) {
    if (at > end || end - at < memberBytes || zip.substr(at, 4) != "PK\x01\x02")
      return badInput("has a damaged zip directory at entry " + std::to_string(i), where);
    ZipMember member;
    member.flags = little(zip, at + 8, 2);
    member.method = little(zip, at + 10, 2);
    member.crc = little(zip, at + 16, 4);
    member.packedBytes = little(zip, at + 20, 4);
    member.plainBytes = little(zip, at + 24, 4);
    member.at = little(zip, at + 42, 4);
    const std::size_t nameBytes = little(zip, at + 28, 2);
    const std::size_t rest = nameBytes + little(zip, at + 30, 2) + little(zip, at + 32, 2);
    if (end - at - memberBytes < rest)
      return badInput("has a damaged zip directory at entry " + std::to_string(i), where);
    member.name = zip.substr(at + memberBytes, nameBytes);
    members.push_back(std::move(member));
    at += memberBytes + rest;
  }
  return members;
}

Result<std::string> extractZipMember(std::string_view zip, const ZipMember& member,
                                     const std::string& where) {
  if (member.packedBytes == 0xffffffffu || member.plainBytes == 0xffffffffu || member.at == 0xffffffffu)
    return unsupported("is a zip64 member of 4 GiB or more", where);
  if ((member.flags & 1) != 0) return unsupported("is encrypted", where);
  if (zip.size() < localBytes || member.at > zip.size() - localBytes ||
      zip.substr(member.at, 4) != "PK\x03\x04")
    return badInput("has no local header where the zip directory says", where);
  const std::size_t data =
      member.at + localBytes + little(zip, member.at + 26, 2) + little(zip, member.at + 28, 2);
  if (data > zip.size() || zip.size() - data < member.packedBytes)
    return badInput("reaches beyond the end of the archive", where);
  const std::string_view packed = zip.substr(data, member.packedBytes);

  std::string plain;
  if (member.method == 0) {
    if (member.packedBytes != member.plainBytes)
      return badInput("is stored, but its two sizes differ", where);
    plain = packed;
  } else if (member.method == 8) {
    if (member.plainBytes > mostExpansion * member.packedBytes + 64)
      return badInput("claims " + std::to_string(member.plainBytes) + " bytes from " +
                          std::to_string(member.packedBytes) + " compressed ones, more than deflate can do",
                      where);
    SLUICE_TRY(plain, inflateRaw(packed, member.plainBytes, where));
  } else {
    return unsupported(
        "is compressed by method " + std::to_string(member.method) + "; stored and deflate are read", where);
  }
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  if (static_cast<std::uint32_t>(crc) != member.crc) return badInput("does not match its checksum", where);
  return plain;
}

}  // namespace sluice
