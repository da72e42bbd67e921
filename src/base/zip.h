#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Zip archives, read from memory: NumPy's .npz, Keras' .keras.
///
/// Members are found by the central directory at the end of the file, as the format asks (local headers may
/// lie about sizes; NumPy's do, for it writes them in zip64 form). No size is believed before it was compared
/// with the bytes there, so a damaged archive costs no memory.
///
/// Source  PKWARE APPNOTE 6.3, sections 4.3 to 4.5: methods stored and deflate; no encryption; no archives or
///         members of 4 GiB and more
namespace sluice {

struct ZipMember {
  std::string name;
  std::uint32_t flags = 0, method = 0, crc = 0, packedBytes = 0, plainBytes = 0;
  std::uint32_t at = 0;  ///< of its local header
};

/// The archive's members in the order of its directory. `what` stands in the message if there is no directory:
/// "an .npz". Errors: badInput, unsupported.
Result<std::vector<ZipMember>> readZipDirectory(std::string_view zip, const std::string& what,
                                                const std::string& where);

/// The content of one member, checked against its checksum. Errors: badInput, unsupported.
Result<std::string> extractZipMember(std::string_view zip, const ZipMember& member, const std::string& where);

}  // namespace sluice
