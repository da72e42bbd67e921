// Object headers of HDF5 and the messages in them (specification IV.A).

#include <bit>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "frontend/keras/hdf5_bytes.h"

namespace sluice::frontend::keras {

std::uint64_t Bytes::little(std::size_t count) {
  const std::string_view bytes = take(count);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 8; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

std::string_view Bytes::take(std::uint64_t count) {
  if (count > bytes_.size()) {
    ok_ = false;
    bytes_ = {};
    return {};
  }
  const std::string_view taken = bytes_.substr(0, static_cast<std::size_t>(count));
  bytes_.remove_prefix(static_cast<std::size_t>(count));
  return taken;
}

bool Hdf5Context::defined(std::uint64_t address) const {
  return offsetBytes == 8 ? address != ~std::uint64_t{0} : address != 0xffffffffu;
}

std::string_view Hdf5Context::from(std::uint64_t address) const {
  if (!defined(address) || address > file.size() || base > file.size() - address) return {};
  return file.substr(static_cast<std::size_t>(address + base));
}

Status Hdf5Context::charge(std::uint64_t bytes) {
  if (bytes > budget)
    return badInput("is damaged: its parts together are larger than the file can hold; save the model again");
  budget -= bytes;
  return {};
}

Status Hdf5Context::visit(std::uint64_t address) {
  SLUICE_RETURN_IF_ERROR(charge(8));
  if (!visited.insert(address).second)
    return badInput("is damaged: two places share the structure at byte " + std::to_string(address));
  return {};
}

namespace {

Error damagedHeader(std::uint64_t address) {
  return badInput("has a damaged object header at byte " + std::to_string(address));
}

struct Block {
  std::uint64_t address = 0, bytes = 0;
};

/// Messages of one block; blocks that continue it are added to `blocks`.
Status readBlock(Hdf5Context& context, const Block& block, int version, bool ordered,
                 std::vector<Hdf5Message>& messages, std::vector<Block>& blocks) {
  Bytes bytes(
      context.from(block.address)
          .substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(block.bytes, context.file.size()))));
  if (bytes.left() < block.bytes) return damagedHeader(block.address);
  SLUICE_RETURN_IF_ERROR(context.charge(block.bytes));
  const std::size_t prefix = version == 1 ? 8 : ordered ? 6 : 4;
  while (bytes.left() >= prefix) {
    Hdf5Message message;
    std::uint64_t size = 0;
    if (version == 1) {
      message.type = static_cast<std::uint16_t>(bytes.little(2));
      size = bytes.little(2);
      message.flags = static_cast<std::uint8_t>(bytes.little(1));
      bytes.skip(3);
    } else {
      message.type = static_cast<std::uint16_t>(bytes.little(1));
      size = bytes.little(2);
      message.flags = static_cast<std::uint8_t>(bytes.little(1));
      if (ordered) bytes.skip(2);
    }
    message.body = bytes.take(size);
    if (!bytes.ok()) return damagedHeader(block.address);
    if (message.type == messageContinuation) {
      Bytes place(message.body);
      const std::uint64_t address = place.little(context.offsetBytes);
      const std::uint64_t length = place.little(context.lengthBytes);
      if (!place.ok()) return damagedHeader(block.address);
      blocks.push_back({address, length});
    } else if (message.type != 0) {
      messages.push_back(message);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Hdf5Message>> readMessages(Hdf5Context& context, std::uint64_t address) {
  SLUICE_RETURN_IF_ERROR(context.visit(address));
  Bytes bytes(context.from(address));
  std::vector<Block> blocks;
  int version = 1;
  bool ordered = false;
  if (context.from(address).substr(0, 4) == "OHDR") {
    version = 2;
    bytes.skip(5);
    const std::uint64_t flags = bytes.little(1);
    if ((flags & 0x20) != 0) bytes.skip(16);
    if ((flags & 0x10) != 0) bytes.skip(4);
    ordered = (flags & 0x04) != 0;
    const std::uint64_t size = bytes.little(std::size_t{1} << (flags & 3));
    const std::uint64_t head = context.from(address).size() - bytes.left();
    blocks.push_back({address + head, size});
  } else {
    if (bytes.little(1) != 1) return damagedHeader(address);
    bytes.skip(7);
    blocks.push_back({address + 16, bytes.little(4)});
  }
  if (!bytes.ok()) return damagedHeader(address);
  std::vector<Hdf5Message> messages;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Block block = blocks[i];
    if (i > 0) {
      SLUICE_RETURN_IF_ERROR(context.visit(block.address));
      if (version == 2) {  // "OCHK" before, a checksum behind
        if (block.bytes < 8 || context.from(block.address).substr(0, 4) != "OCHK")
          return damagedHeader(block.address);
        block = {block.address + 4, block.bytes - 8};
      }
    }
    SLUICE_RETURN_IF_ERROR(readBlock(context, block, version, ordered, messages, blocks));
  }
  return messages;
}

std::uint64_t product(const std::vector<std::uint64_t>& extents) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : extents) count *= extent;
  return count;
}

Result<std::vector<std::uint64_t>> decodeDataspace(const Hdf5Context& context, std::string_view body) {
  Bytes bytes(body);
  const std::uint64_t version = bytes.little(1);
  const std::uint64_t rank = bytes.little(1);
  bytes.skip(1);
  const std::uint64_t kind = version == 1 ? 1 : bytes.little(1);
  if (version == 1) bytes.skip(5);
  if ((version != 1 && version != 2) || rank > 32) return badInput("has a damaged dataspace");
  if (kind == 2) return std::vector<std::uint64_t>{0};  // null: no elements
  std::vector<std::uint64_t> extents;
  std::uint64_t count = 1;
  bool isEmpty = false;
  for (std::uint64_t i = 0; i < rank; ++i) {
    const std::uint64_t extent = bytes.little(context.lengthBytes);
    if (extent > (std::uint64_t{1} << 40)) return badInput("has a dataspace beyond all bounds");
    if (extent == 0) isEmpty = true;
    if (extent > 0) count *= extent;
    if (count > (std::uint64_t{1} << 40)) return badInput("has a dataspace beyond all bounds");
    extents.push_back(extent);
  }
  if (!bytes.ok()) return badInput("has a damaged dataspace");
  if (isEmpty) return std::vector<std::uint64_t>{0};
  return extents;
}

Result<Hdf5Type> decodeType(std::string_view body) {
  Bytes bytes(body);
  const std::uint64_t first = bytes.little(1);
  const std::uint64_t bits = bytes.little(3);
  Hdf5Type type;
  type.bytes = bytes.little(4);
  if (!bytes.ok() || type.bytes == 0) return badInput("has a damaged datatype");
  const bool whole = type.bytes == 1 || type.bytes == 2 || type.bytes == 4 || type.bytes == 8;
  switch (first & 15) {
    case 0: {  // integer
      const std::uint64_t offset = bytes.little(2), precision = bytes.little(2);
      if (!bytes.ok()) return badInput("has a damaged datatype");
      if (whole && offset == 0 && precision == 8 * type.bytes)
        type.number = {.kind = Hdf5Number::Kind::integer,
                       .bytes = static_cast<std::uint32_t>(type.bytes),
                       .isSigned = (bits & 8) != 0,
                       .bigEndian = (bits & 1) != 0};
      break;
    }
    case 1: {  // float: only the three IEEE formats
      bytes.skip(4);
      const std::uint64_t exponentAt = bytes.little(1), exponentBits = bytes.little(1);
      const std::uint64_t mantissaAt = bytes.little(1), mantissaBits = bytes.little(1);
      if (!bytes.ok()) return badInput("has a damaged datatype");
      const bool half = type.bytes == 2 && exponentAt == 10 && exponentBits == 5 && mantissaBits == 10;
      const bool single = type.bytes == 4 && exponentAt == 23 && exponentBits == 8 && mantissaBits == 23;
      const bool full = type.bytes == 8 && exponentAt == 52 && exponentBits == 11 && mantissaBits == 52;
      if ((half || single || full) && mantissaAt == 0)
        type.number = {.kind = Hdf5Number::Kind::floating,
                       .bytes = static_cast<std::uint32_t>(type.bytes),
                       .isSigned = true,
                       .bigEndian = (bits & 1) != 0};
      break;
    }
    case 3:
      type.isFixedString = true;
      break;
    case 8: {  // enumeration (h5py's bool): its base type
      const std::uint64_t size = type.bytes;
      SLUICE_TRY(type, decodeType(bytes.take(bytes.left()).substr(0, 12)));
      type.bytes = size;
      type.isFixedString = type.isVariableString = false;
      if (type.number.bytes != size) type.number = {};
      break;
    }
    case 9:
      type.isVariableString = (bits & 15) == 1;
      break;
    default:
      break;
  }
  return type;
}

double decodeNumber(const Hdf5Number& type, const char* bytes) {
  std::uint64_t raw = 0;
  for (std::uint32_t i = 0; i < type.bytes; ++i)
    raw |=
        static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[type.bigEndian ? type.bytes - 1 - i : i]))
        << (8 * i);
  if (type.kind == Hdf5Number::Kind::integer) {
    if (!type.isSigned) return static_cast<double>(raw);
    const std::uint32_t unused = 64 - 8 * type.bytes;
    return static_cast<double>(static_cast<std::int64_t>(raw << unused) >> unused);
  }
  if (type.bytes == 8) return std::bit_cast<double>(raw);
  if (type.bytes == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(raw));
  const auto mantissa = static_cast<double>(raw & 1023);
  const auto exponent = static_cast<int>(raw >> 10 & 31);
  double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  if (exponent == 31) magnitude = mantissa == 0 ? HUGE_VAL : NAN;
  return (raw >> 15 & 1) != 0 ? -magnitude : magnitude;
}

namespace {

/// A string of variable length: where its bytes stand in a global heap (specification III.E).
Result<std::string> heapString(Hdf5Context& context, std::uint64_t collection, std::uint64_t index,
                               std::uint64_t length) {
  const Error damaged = badInput("has a damaged global heap at byte " + std::to_string(collection));
  if (length == 0) return std::string();
  const std::string_view from = context.from(collection);
  Bytes head(from);
  const bool isHeap = head.take(4) == "GCOL";
  head.skip(4);
  const std::uint64_t size = head.little(context.lengthBytes);
  if (!head.ok() || !isHeap || size > from.size()) return damaged;
  Bytes objects(from.substr(0, static_cast<std::size_t>(size)));
  objects.skip(8 + context.lengthBytes);
  while (objects.left() >= 8 + context.lengthBytes) {
    const std::uint64_t number = objects.little(2);
    objects.skip(6);
    const std::uint64_t bytes = objects.little(context.lengthBytes);
    SLUICE_RETURN_IF_ERROR(context.charge(16));
    if (number == 0) break;  // free space up to the end
    const std::string_view content = objects.take(bytes);
    if (!objects.ok()) return damaged;
    if (number == index) {
      if (length > content.size()) return damaged;
      SLUICE_RETURN_IF_ERROR(context.charge(length));
      return std::string(content.substr(0, static_cast<std::size_t>(length)));
    }
    const std::uint64_t padding = (8 - bytes % 8) % 8;
    objects.skip(std::min<std::uint64_t>(padding, objects.left()));
  }
  return damaged;
}

}  // namespace

Result<DecodedAttribute> decodeAttribute(Hdf5Context& context, std::string_view body) {
  Bytes bytes(body);
  const std::uint64_t version = bytes.little(1);
  const std::uint64_t flags = bytes.little(1);
  const std::uint64_t nameBytes = bytes.little(2), typeBytes = bytes.little(2), spaceBytes = bytes.little(2);
  if (version == 3) bytes.skip(1);  // character set
  const std::uint64_t unit = version == 1 ? 8 : 1;
  const auto padded = [unit](std::uint64_t size) { return (size + unit - 1) / unit * unit; };
  DecodedAttribute result;
  std::string_view name = bytes.take(padded(nameBytes));
  name = name.substr(0, std::min<std::size_t>(static_cast<std::size_t>(nameBytes), name.size()));
  result.attribute.name = name.substr(0, name.find('\0'));
  const std::string_view typeBody = bytes.take(padded(typeBytes)), spaceBody = bytes.take(padded(spaceBytes));
  if (!bytes.ok() || version < 1 || version > 3) return badInput("has a damaged attribute");
  if (version > 1 && (flags & 3) != 0) {  // type or dataspace stand elsewhere
    result.known = false;
    return result;
  }
  SLUICE_TRY(const Hdf5Type type, decodeType(typeBody));
  SLUICE_TRY(result.attribute.shape, decodeDataspace(context, spaceBody));
  const std::uint64_t count = product(result.attribute.shape);
  const bool isNumber = type.number.kind != Hdf5Number::Kind::none;
  if (!isNumber && !type.isFixedString && !type.isVariableString) {
    result.known = false;
    return result;
  }
  if (count > 0 && type.bytes > bytes.left() / count)
    return badInput("has a damaged attribute '" + result.attribute.name + "': its values are not all there");
  SLUICE_RETURN_IF_ERROR(context.charge(count * (type.bytes + sizeof(std::string))));
  if (isNumber) {
    std::vector<double> values;
    for (std::uint64_t i = 0; i < count; ++i)
      values.push_back(decodeNumber(type.number, bytes.take(type.bytes).data()));
    result.attribute.values = std::move(values);
    return result;
  }
  std::vector<std::string> values;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (type.isFixedString) {
      const std::string_view value = bytes.take(type.bytes);
      values.emplace_back(value.substr(0, value.find('\0')));
      continue;
    }
    const std::uint64_t length = bytes.little(4);
    const std::uint64_t collection = bytes.little(context.offsetBytes);
    const std::uint64_t index = bytes.little(4);
    if (!bytes.ok()) return badInput("has a damaged attribute '" + result.attribute.name + "'");
    SLUICE_TRY(std::string value, heapString(context, collection, index, length));
    values.push_back(std::move(value));
  }
  result.attribute.values = std::move(values);
  return result;
}

}  // namespace sluice::frontend::keras
