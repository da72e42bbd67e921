#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "frontend/keras/hdf5.h"

/// Inside of the HDF5 reader: bytes with bounds, and the messages of object headers.
namespace sluice::frontend::keras {

/// A stretch of bytes that is read from the front. Reading beyond its end gives zeros and is remembered: a
/// decoder reads a whole structure and asks once whether all of it was there.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t little(std::size_t count);
  std::string_view take(std::uint64_t count);
  void skip(std::uint64_t count) { (void)take(count); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

struct Hdf5Message {
  std::uint16_t type = 0;
  std::uint8_t flags = 0;
  std::string_view body;
};

/// A type that is read: a number, or a string of fixed or variable length.
struct Hdf5Type {
  Hdf5Number number;
  bool isFixedString = false, isVariableString = false;
  std::uint64_t bytes = 0;  ///< of one element
};

/// What all decoders share.
struct Hdf5Context {
  std::string_view file;
  std::uint32_t offsetBytes = 8, lengthBytes = 8;
  std::uint64_t base = 0;
  std::uint64_t budget = 0;                   ///< bytes that may still be copied or visited
  std::unordered_set<std::uint64_t> visited;  ///< addresses of headers and tree nodes

  /// The file from an address on. Empty (and so not ok to read) beyond its end or for the undefined address.
  [[nodiscard]] std::string_view from(std::uint64_t address) const;
  [[nodiscard]] bool defined(std::uint64_t address) const;
  /// Takes from the budget. Errors: badInput.
  Status charge(std::uint64_t bytes);
  /// Errors: badInput if the structure at this address was visited before.
  Status visit(std::uint64_t address);
};

constexpr std::uint16_t messageDataspace = 0x01, messageLinkInfo = 0x02, messageDatatype = 0x03,
                        messageLink = 0x06, messageLayout = 0x08, messageFilters = 0x0b,
                        messageAttribute = 0x0c, messageContinuation = 0x10, messageSymbolTable = 0x11,
                        messageAttributeInfo = 0x15;

Result<std::vector<Hdf5Message>> readMessages(Hdf5Context& context, std::uint64_t address);

/// The extents of a dataspace. Errors: badInput; their product stays below 2^48.
Result<std::vector<std::uint64_t>> decodeDataspace(const Hdf5Context& context, std::string_view body);
/// Types that are not read give a type without kind. Errors: badInput.
Result<Hdf5Type> decodeType(std::string_view body);
/// An attribute; one of a type that is not read has no values (`known` false).
struct DecodedAttribute {
  Hdf5Attribute attribute;
  bool known = true;
};
Result<DecodedAttribute> decodeAttribute(Hdf5Context& context, std::string_view body);

/// One number of a dataset or attribute.
double decodeNumber(const Hdf5Number& type, const char* bytes);
std::uint64_t product(const std::vector<std::uint64_t>& extents);

/// One leaf of the B-tree of a group (a symbol table's address) or of chunks.
struct Hdf5Chunk {
  std::uint64_t address = 0, bytes = 0;
  std::uint32_t filterMask = 0;
  std::vector<std::uint64_t> offset;
};
/// Leaves of a group's B-tree.
Result<std::vector<std::uint64_t>> groupLeaves(Hdf5Context& context, std::uint64_t address);
/// Leaves of a chunk B-tree. `rank`: of the dataset.
Result<std::vector<Hdf5Chunk>> chunkLeaves(Hdf5Context& context, std::uint64_t address, std::size_t rank);
/// The elements' bytes of a chunked dataset, row-major.
Result<std::string> readChunks(Hdf5Context& context, const Hdf5Object& dataset, const std::string& where);

}  // namespace sluice::frontend::keras
