// The B-trees of HDF5 (specification III.A) and datasets stored in chunks.

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "frontend/keras/hdf5_bytes.h"

namespace sluice::frontend::keras {
namespace {

/// Deflate cannot shrink by more (zlib's own figure).
constexpr std::uint64_t mostExpansion = 1032;
constexpr int mostLevels = 32;

Error damagedTree(std::uint64_t address) {
  return badInput("has a damaged B-tree at byte " + std::to_string(address));
}

/// Walks a B-tree of version 1. `keyBytes` stand before each child and behind the last; `leaf` gets the key and
/// the child of each entry of level 0.
template <typename Leaf>
Status walkTree(Hdf5Context& context, std::uint64_t root, std::uint64_t kind, std::uint64_t keyBytes,
                Leaf&& leaf) {
  struct Step {
    std::uint64_t address;
    int levelsLeft;
  };
  std::vector<Step> steps{{root, mostLevels}};
  while (!steps.empty()) {
    const Step step = steps.back();
    steps.pop_back();
    if (step.levelsLeft < 0) return damagedTree(step.address);
    SLUICE_RETURN_IF_ERROR(context.visit(step.address));
    Bytes bytes(context.from(step.address));
    const bool isTree = bytes.take(4) == "TREE" && bytes.little(1) == kind;
    const std::uint64_t level = bytes.little(1), entries = bytes.little(2);
    bytes.skip(2 * std::uint64_t{context.offsetBytes});
    if (!bytes.ok() || !isTree || level > mostLevels || static_cast<int>(level) > step.levelsLeft)
      return damagedTree(step.address);
    SLUICE_RETURN_IF_ERROR(context.charge(entries * (keyBytes + context.offsetBytes)));
    std::vector<Step> children;
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::string_view key = bytes.take(keyBytes);
      const std::uint64_t child = bytes.little(context.offsetBytes);
      if (!bytes.ok()) return damagedTree(step.address);
      if (level > 0) {
        children.push_back({child, static_cast<int>(level) - 1});
        continue;
      }
      SLUICE_RETURN_IF_ERROR(leaf(key, child));
    }
    steps.insert(steps.end(), children.rbegin(), children.rend());  // first child first
  }
  return {};
}

Result<std::string> inflated(std::string_view packed, std::uint64_t most) {
  std::string plain(static_cast<std::size_t>(most), '\0');
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return ioError("zlib cannot start");
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int outcome = inflate(&stream, Z_FINISH);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  if (outcome != Z_STREAM_END) return badInput("holds damaged compressed data");
  return plain;
}

/// Undoes the shuffle filter: all first bytes of the elements, then all second bytes, ...
std::string unshuffled(const std::string& bytes, std::size_t elementBytes) {
  std::string plain(bytes.size(), '\0');
  const std::size_t count = bytes.size() / elementBytes;
  for (std::size_t byte = 0; byte < elementBytes; ++byte)
    for (std::size_t i = 0; i < count; ++i) plain[i * elementBytes + byte] = bytes[byte * count + i];
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(count * elementBytes), bytes.end(),
            plain.begin() + static_cast<std::ptrdiff_t>(count * elementBytes));
  return plain;
}

/// Copies what of a chunk lies within the dataset, row by row.
void placeChunk(const Hdf5Object& dataset, const Hdf5Chunk& chunk, const std::string& plain,
                std::string& result) {
  const std::size_t rank = dataset.shape.size(), bytes = dataset.type.bytes;
  std::vector<std::uint64_t> extent(rank), index(rank, 0);
  for (std::size_t k = 0; k < rank; ++k)
    extent[k] = std::min(dataset.chunk[k], dataset.shape[k] - chunk.offset[k]);
  while (true) {
    std::uint64_t from = 0, to = 0;
    for (std::size_t k = 0; k < rank; ++k) {
      from = from * dataset.chunk[k] + index[k];
      to = to * dataset.shape[k] + chunk.offset[k] + index[k];
    }
    std::memcpy(result.data() + to * bytes, plain.data() + from * bytes, extent[rank - 1] * bytes);
    std::size_t k = rank - 1;  // the last axis was copied whole; count up the others
    while (k > 0 && ++index[k - 1] == extent[k - 1]) index[--k] = 0;
    if (k == 0) break;
  }
}

}  // namespace

Result<std::vector<std::uint64_t>> groupLeaves(Hdf5Context& context, std::uint64_t address) {
  std::vector<std::uint64_t> leaves;
  SLUICE_RETURN_IF_ERROR(walkTree(context, address, 0, context.lengthBytes,
                                  [&](std::string_view, std::uint64_t child) -> Status {
                                    leaves.push_back(child);
                                    return {};
                                  }));
  return leaves;
}

Result<std::vector<Hdf5Chunk>> chunkLeaves(Hdf5Context& context, std::uint64_t address, std::size_t rank) {
  std::vector<Hdf5Chunk> leaves;
  SLUICE_RETURN_IF_ERROR(walkTree(context, address, 1, 8 + 8 * (rank + 1),
                                  [&](std::string_view key, std::uint64_t child) -> Status {
                                    Bytes bytes(key);
                                    Hdf5Chunk chunk;
                                    chunk.bytes = bytes.little(4);
                                    chunk.filterMask = static_cast<std::uint32_t>(bytes.little(4));
                                    for (std::size_t k = 0; k < rank; ++k)
                                      chunk.offset.push_back(bytes.little(8));
                                    chunk.address = child;
                                    leaves.push_back(std::move(chunk));
                                    return {};
                                  }));
  return leaves;
}

Result<std::string> readChunks(Hdf5Context& context, const Hdf5Object& dataset, const std::string& where) {
  const std::size_t rank = dataset.shape.size();
  const Error damaged = badInput("has damaged chunks", where);
  std::uint64_t needed = 1;
  for (std::size_t k = 0; k < rank; ++k)
    needed *= (dataset.shape[k] + dataset.chunk[k] - 1) / dataset.chunk[k];
  SLUICE_TRY(const std::vector<Hdf5Chunk> chunks, chunkLeaves(context, dataset.at, rank));
  if (chunks.size() != needed)
    return badInput("has " + std::to_string(chunks.size()) + " of " + std::to_string(needed) + " chunks",
                    where);
  const std::uint64_t chunkBytes = product(dataset.chunk) * dataset.type.bytes;
  std::uint64_t packedBytes = 0;
  for (const Hdf5Chunk& chunk : chunks) packedBytes += chunk.bytes;
  SLUICE_RETURN_IF_ERROR(context.charge(packedBytes));
  const std::uint64_t most = packedBytes * mostExpansion + 64 * chunks.size();
  if (chunkBytes > most / std::max<std::uint64_t>(chunks.size(), 1) ||
      product(dataset.shape) * dataset.type.bytes > most)
    return badInput("claims more elements than its " + std::to_string(packedBytes) + " bytes can hold",
                    where);
  std::string result(static_cast<std::size_t>(product(dataset.shape) * dataset.type.bytes), '\0');
  for (const Hdf5Chunk& chunk : chunks) {
    for (std::size_t k = 0; k < rank; ++k)
      if (chunk.offset[k] >= dataset.shape[k] || chunk.offset[k] % dataset.chunk[k] != 0) return damaged;
    const std::string_view from = context.from(chunk.address);
    if (from.size() < chunk.bytes) return damaged;
    std::string plain(from.substr(0, static_cast<std::size_t>(chunk.bytes)));
    for (std::size_t f = dataset.filters.size(); f-- > 0;) {
      if (f < 32 && (chunk.filterMask >> f & 1) != 0) continue;  // was skipped for this chunk
      if (dataset.filters[f] == 1) {
        auto content = inflated(plain, chunkBytes + 4);
        if (!content.ok()) return damaged;
        plain = std::move(content).value();
      } else if (dataset.filters[f] == 2) {
        plain = unshuffled(plain, dataset.type.bytes);
      } else if (dataset.filters[f] == 3 && plain.size() >= 4) {
        plain.resize(plain.size() - 4);  // a checksum behind the data
      } else {
        return unsupported("is packed by filter " + std::to_string(dataset.filters[f]) +
                               "; deflate, shuffle and checksums are read. Save it without compression",
                           where);
      }
    }
    if (plain.size() != chunkBytes) return damaged;
    placeChunk(dataset, chunk, plain, result);
  }
  return result;
}

}  // namespace sluice::frontend::keras
