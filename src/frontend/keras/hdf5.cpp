#include "frontend/keras/hdf5.h"

#include <algorithm>

#include "frontend/keras/hdf5_bytes.h"

namespace sluice::frontend::keras {
namespace {

constexpr std::string_view signature("\x89HDF\r\n\x1a\n", 8);
constexpr int deepestGroup = 64;

class TreeReader {
 public:
  explicit TreeReader(Hdf5Context& context) : context_(context) {}

  Result<std::unique_ptr<Hdf5Object>> object(std::uint64_t address, std::string path, int depth) {
    if (depth > deepestGroup) return badInput("nests its groups more than 64 deep");
    auto result = std::make_unique<Hdf5Object>();
    result->path = path.empty() ? "/" : path;
    SLUICE_TRY(const std::vector<Hdf5Message> messages, readMessages(context_, address));
    result->isDataset = std::any_of(messages.begin(), messages.end(),
                                    [](const Hdf5Message& message) { return message.type == messageLayout; });
    for (const Hdf5Message& message : messages)
      SLUICE_RETURN_IF_ERROR(this->message(message, *result, path, depth));
    return result;
  }

 private:
  Status message(const Hdf5Message& message, Hdf5Object& object, const std::string& path, int depth) {
    if ((message.flags & 2) != 0 && (message.type == messageDatatype || message.type == messageDataspace ||
                                     message.type == messageAttribute)) {
      object.problems.emplace_back("a shared message");
      return {};
    }
    switch (message.type) {
      case messageAttribute: {
        SLUICE_TRY(DecodedAttribute decoded, decodeAttribute(context_, message.body));
        if (decoded.known) object.attributes.push_back(std::move(decoded.attribute));
        return {};
      }
      case messageAttributeInfo:
        return checkHeap(message.body, 2, "attributes in a fractal heap", object);
      case messageLinkInfo:
        return checkHeap(message.body, 8, "members in a fractal heap", object);
      case messageSymbolTable:
        return symbolTable(message.body, object, path, depth);
      case messageLink:
        return link(message.body, object, path, depth);
      case messageDataspace: {
        SLUICE_TRY(object.shape, decodeDataspace(context_, message.body));
        return {};
      }
      case messageDatatype: {
        SLUICE_TRY(const Hdf5Type type, decodeType(message.body));
        object.type = type.number;
        return {};
      }
      case messageLayout:
        return layout(message.body, object);
      case messageFilters:
        return filters(message.body, object);
      default:
        return {};
    }
  }

  /// Link info and attribute info: flags, an optional creation index, then the address of a heap.
  Status checkHeap(std::string_view body, std::uint64_t indexBytes, const char* what, Hdf5Object& object) {
    Bytes bytes(body);
    bytes.skip(1);
    if ((bytes.little(1) & 1) != 0) bytes.skip(indexBytes);
    const std::uint64_t heap = bytes.little(context_.offsetBytes);
    if (!bytes.ok()) return badInput("has a damaged group");
    if (context_.defined(heap)) object.problems.emplace_back(what);
    return {};
  }

  Status add(Hdf5Object& object, std::string name, std::uint64_t address, const std::string& path,
             int depth) {
    const std::string inner = path + "/" + name;
    SLUICE_RETURN_IF_ERROR(context_.charge(inner.size() + name.size()));
    SLUICE_TRY(auto child, this->object(address, inner, depth + 1));
    object.links.push_back({std::move(name), std::move(child)});
    return {};
  }

  Status symbolTable(std::string_view body, Hdf5Object& object, const std::string& path, int depth) {
    Bytes bytes(body);
    const std::uint64_t tree = bytes.little(context_.offsetBytes), heap = bytes.little(context_.offsetBytes);
    const std::string_view heapFrom = context_.from(heap);
    Bytes heapBytes(heapFrom);
    const bool isHeap = heapBytes.take(4) == "HEAP";
    heapBytes.skip(4);
    const std::uint64_t heapSize = heapBytes.little(context_.lengthBytes);
    heapBytes.skip(context_.lengthBytes);
    const std::string_view segment = context_.from(heapBytes.little(context_.offsetBytes));
    if (!bytes.ok() || !heapBytes.ok() || !isHeap || heapSize > segment.size())
      return badInput("has a damaged group at '" + object.path + "'");
    const std::string_view names = segment.substr(0, static_cast<std::size_t>(heapSize));
    SLUICE_TRY(const std::vector<std::uint64_t> leaves, groupLeaves(context_, tree));
    for (const std::uint64_t leaf : leaves) {
      SLUICE_RETURN_IF_ERROR(context_.visit(leaf));
      Bytes node(context_.from(leaf));
      const bool isNode = node.take(4) == "SNOD";
      node.skip(2);
      const std::uint64_t count = node.little(2);
      if (!node.ok() || !isNode) return badInput("has a damaged group at '" + object.path + "'");
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t nameAt = node.little(context_.offsetBytes);
        const std::uint64_t header = node.little(context_.offsetBytes);
        const std::uint64_t cache = node.little(4);
        node.skip(20);
        if (!node.ok() || nameAt >= names.size())
          return badInput("has a damaged group at '" + object.path + "'");
        std::string_view name = names.substr(static_cast<std::size_t>(nameAt));
        name = name.substr(0, name.find('\0'));
        if (cache == 2) continue;  // a soft link
        SLUICE_RETURN_IF_ERROR(add(object, std::string(name), header, path, depth));
      }
    }
    return {};
  }

  Status link(std::string_view body, Hdf5Object& object, const std::string& path, int depth) {
    Bytes bytes(body);
    bytes.skip(1);
    const std::uint64_t flags = bytes.little(1);
    const std::uint64_t kind = (flags & 8) != 0 ? bytes.little(1) : 0;
    if ((flags & 4) != 0) bytes.skip(8);
    if ((flags & 16) != 0) bytes.skip(1);
    const std::uint64_t length = bytes.little(std::size_t{1} << (flags & 3));
    const std::string_view name = bytes.take(length);
    const std::uint64_t address = kind == 0 ? bytes.little(context_.offsetBytes) : 0;
    if (!bytes.ok()) return badInput("has a damaged link in '" + object.path + "'");
    if (kind != 0) return {};  // soft or external: nobody of ours follows it
    return add(object, std::string(name), address, path, depth);
  }

  Status layout(std::string_view body, Hdf5Object& object) {
    Bytes bytes(body);
    const std::uint64_t version = bytes.little(1);
    const std::uint64_t kind = bytes.little(1);
    if (version != 3 && version != 4) {
      object.problems.push_back("a data layout of version " + std::to_string(version));
      return {};
    }
    if (kind == 0) {
      object.size = bytes.little(2);
      const std::string_view data = bytes.take(object.size);
      if (!bytes.ok()) return badInput("has a damaged data layout");
      object.at = static_cast<std::uint64_t>(data.data() - context_.file.data()) - context_.base;
      object.layout = Hdf5Object::Layout::contiguous;
    } else if (kind == 1) {
      object.at = bytes.little(context_.offsetBytes);
      object.size = bytes.little(context_.lengthBytes);
      object.layout = Hdf5Object::Layout::contiguous;
    } else if (kind == 2 && version == 3) {
      const std::uint64_t rank = bytes.little(1);
      object.at = bytes.little(context_.offsetBytes);
      for (std::uint64_t i = 0; i + 1 < rank; ++i) object.chunk.push_back(bytes.little(4));
      object.layout = Hdf5Object::Layout::chunked;
    } else {
      object.problems.push_back("a data layout of version " + std::to_string(version) + ", kind " +
                                std::to_string(kind));
    }
    if (!bytes.ok()) return badInput("has a damaged data layout");
    return {};
  }

  Status filters(std::string_view body, Hdf5Object& object) {
    Bytes bytes(body);
    const std::uint64_t version = bytes.little(1), count = bytes.little(1);
    if (version == 1) bytes.skip(6);
    if (version != 1 && version != 2) return badInput("has a damaged filter list");
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t id = bytes.little(2);
      const std::uint64_t nameBytes = version == 1 || id >= 256 ? bytes.little(2) : 0;
      bytes.skip(2);
      const std::uint64_t values = bytes.little(2);
      bytes.skip(version == 1 ? (nameBytes + 7) / 8 * 8 : nameBytes);
      bytes.skip(4 * values);
      if (version == 1 && values % 2 == 1) bytes.skip(4);
      if (!bytes.ok()) return badInput("has a damaged filter list");
      object.filters.push_back(static_cast<std::uint16_t>(id));
    }
    return {};
  }

  Hdf5Context& context_;
};

struct Superblock {
  std::uint32_t offsetBytes = 8, lengthBytes = 8;
  std::uint64_t base = 0, root = 0;
};

/// At byte 0, 512, 1024, 2048, ...
Result<Superblock> readSuperblock(std::string_view file) {
  std::uint64_t at = 0;
  while (at < file.size() && file.substr(static_cast<std::size_t>(at), 8) != signature)
    at = at == 0 ? 512 : 2 * at;
  if (at >= file.size()) return badInput("is no HDF5 file");
  Bytes bytes(file.substr(static_cast<std::size_t>(at)));
  bytes.skip(8);
  const std::uint64_t version = bytes.little(1);
  Superblock block;
  if (version <= 1) {
    bytes.skip(4);
    block.offsetBytes = static_cast<std::uint32_t>(bytes.little(1));
    block.lengthBytes = static_cast<std::uint32_t>(bytes.little(1));
    bytes.skip(1 + 4 + 4 + (version == 1 ? 4 : 0));
  } else if (version <= 3) {
    block.offsetBytes = static_cast<std::uint32_t>(bytes.little(1));
    block.lengthBytes = static_cast<std::uint32_t>(bytes.little(1));
    bytes.skip(1);
  } else {
    return unsupported("is an HDF5 file of superblock version " + std::to_string(version) +
                       "; versions 0 to 3 are read");
  }
  const auto legal = [](std::uint32_t size) { return size == 4 || size == 8; };
  if (!bytes.ok() || !legal(block.offsetBytes) || !legal(block.lengthBytes))
    return badInput("has a damaged HDF5 superblock");
  block.base = bytes.little(block.offsetBytes);
  bytes.skip(version <= 1 ? 3 * block.offsetBytes : 2 * block.offsetBytes);
  if (version <= 1) bytes.skip(block.offsetBytes);  // the root's name
  block.root = bytes.little(block.offsetBytes);
  if (!bytes.ok()) return badInput("has a damaged HDF5 superblock");
  return block;
}

/// One extent per axis, none of them 0, and no chunk far larger than the dataset.
bool chunksAreSane(const Hdf5Object& dataset, std::uint64_t count) {
  if (dataset.chunk.size() != dataset.shape.size() || dataset.shape.empty()) return false;
  const std::uint64_t most = 64 * count + 1024 * 1024;
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : dataset.chunk) {
    if (extent == 0 || extent > most / elements) return false;
    elements *= extent;
  }
  return true;
}

Error placed(Error error, const std::string& where) {
  if (error.where.empty()) error.where = where;
  return error;
}

}  // namespace

bool looksLikeHdf5(std::string_view bytes) {
  return bytes.substr(0, 8) == signature || (bytes.size() > 520 && bytes.substr(512, 8) == signature);
}

const Hdf5Object* Hdf5Object::find(std::string_view name) const {
  for (const Hdf5Link& link : links)
    if (link.name == name) return link.object.get();
  return nullptr;
}

const Hdf5Object* Hdf5Object::findPath(std::string_view path) const {
  const Hdf5Object* object = this;
  while (object != nullptr && !path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (!name.empty()) object = object->find(name);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return object;
}

const Hdf5Attribute* Hdf5Object::attribute(std::string_view name) const {
  for (const Hdf5Attribute& attribute : attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

const std::vector<std::string>* Hdf5Object::strings(std::string_view name) const {
  const Hdf5Attribute* found = attribute(name);
  return found == nullptr ? nullptr : std::get_if<std::vector<std::string>>(&found->values);
}

Result<Hdf5File> Hdf5File::parse(std::string bytes, std::string where) {
  Hdf5File file;
  file.bytes_ = std::move(bytes);
  file.where_ = std::move(where);
  const auto block = readSuperblock(file.bytes_);
  if (!block.ok()) return placed(block.error(), file.where_);
  Hdf5Context context;
  context.file = file.bytes_;
  file.offsetBytes_ = context.offsetBytes = block->offsetBytes;
  file.lengthBytes_ = context.lengthBytes = block->lengthBytes;
  file.base_ = context.base = block->base;
  context.budget = 16 * std::uint64_t{file.bytes_.size()} + 4096;
  auto root = TreeReader(context).object(block->root, {}, 0);
  if (!root.ok()) return placed(root.error(), file.where_);
  file.root_ = std::move(root).value();
  file.budget_ = 4 * std::uint64_t{file.bytes_.size()};
  return file;
}

Result<Hdf5Data> Hdf5File::read(const Hdf5Object& dataset) const {
  const std::string where = where_ + ": '" + dataset.path + "'";
  SLUICE_CHECK(dataset.isDataset, "only datasets have elements");
  if (dataset.type.kind == Hdf5Number::Kind::none)
    return unsupported("is no array of numbers of 1, 2, 4 or 8 bytes", where);
  if (dataset.layout == Hdf5Object::Layout::missing)
    return unsupported("has " + (dataset.problems.empty() ? "no data" : dataset.problems.front()) +
                           ", which is not read; save the model again with h5py's defaults",
                       where);
  const std::uint64_t count = product(dataset.shape), bytes = count * dataset.type.bytes;
  Hdf5Data data{.shape = dataset.shape, .values = {}};
  if (count == 0) return data;
  Hdf5Context context;
  context.file = bytes_;
  context.offsetBytes = offsetBytes_;
  context.lengthBytes = lengthBytes_;
  context.base = base_;
  context.budget = budget_;
  std::string chunks;
  std::string_view from;
  if (dataset.layout == Hdf5Object::Layout::contiguous) {
    from = context.from(dataset.at);
    if (from.size() < bytes || dataset.size < bytes)
      return badInput("has " + std::to_string(count) + " elements, but its data ends before", where);
    if (const Status paid = context.charge(bytes); !paid.ok()) return placed(paid.error(), where);
  } else {
    if (!chunksAreSane(dataset, count)) return badInput("has damaged chunks", where);
    auto content = readChunks(context, dataset, where);
    if (!content.ok()) return placed(content.error(), where);
    chunks = std::move(content).value();
    from = chunks;
  }
  budget_ = context.budget;
  data.values.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i)
    data.values.push_back(decodeNumber(dataset.type, from.data() + i * dataset.type.bytes));
  return data;
}

}  // namespace sluice::frontend::keras
