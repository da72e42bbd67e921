#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

/// HDF5 files, as far as Keras writes them: groups, attributes that are strings or numbers, datasets of numbers.
///
/// Layout of such a file. A superblock names the root group's object header. An object header is a list of
/// messages: a group has one that leads to a B-tree of symbol tables (name, object header) or has a link message
/// per member; a dataset has its type, shape, and where its bytes lie (here, in one piece, or in chunks found by
/// a B-tree, maybe deflated and shuffled); both have attribute messages. Strings of variable length stand in
/// global heaps.
///
/// Why a reader of our own. The HDF5 C library (1.10.8, Debian 12) was given 2,000 damaged copies each of two
/// weight files: it crashed on 33 and 64 of them, hung on 8 and 5, and took over 300 MB for 6 (files of 36 and
/// 66 kB). Model files come from strangers; the subset that Keras writes is small.
///
/// Bounds. Every address and size is compared with the file before it is used, every object is visited once, and
/// all that is copied out is charged to a budget of a few times the file's size; only deflated chunks may grow,
/// by at most what deflate can do.
///
/// Not read: superblock extensions, links to other files, soft links, committed types, compound, array and
/// reference types, groups and attributes in fractal heaps (files written with libver='latest' that have many of
/// them), chunk indices newer than the B-tree. They are errors only where somebody asks for them.
///
/// Source  HDF5 File Format Specification version 3.0 (The HDF Group), sections II to IV
namespace sluice::frontend::keras {

/// Strings, or numbers (integers and floats, exactly as doubles; 64-bit integers above 2^53 are rounded).
struct Hdf5Attribute {
  std::string name;
  std::vector<std::uint64_t> shape;  ///< empty: one value
  std::variant<std::vector<double>, std::vector<std::string>> values;
};

/// How a dataset's numbers are stored. `bytes` is 1, 2, 4 or 8.
struct Hdf5Number {
  enum class Kind : std::uint8_t { none, floating, integer };
  Kind kind = Kind::none;  ///< none: a type that is not read
  std::uint32_t bytes = 0;
  bool isSigned = false, bigEndian = false;
};

struct Hdf5Object;
struct Hdf5Link {
  std::string name;
  std::unique_ptr<Hdf5Object> object;
};

/// A group, or a dataset whose elements are still in the file.
struct Hdf5Object {
  std::string path;  ///< "/model_weights/dense/kernel:0"
  bool isDataset = false;
  std::vector<Hdf5Link> links;  ///< of a group, in the order of the file: by name
  std::vector<Hdf5Attribute> attributes;

  // Of a dataset.
  std::vector<std::uint64_t> shape;
  Hdf5Number type;
  enum class Layout : std::uint8_t { missing, contiguous, chunked } layout = Layout::missing;
  std::uint64_t at = 0, size = 0;      ///< contiguous: bytes in the file; chunked: `at` is the B-tree
  std::vector<std::uint64_t> chunk;    ///< extents of a chunk
  std::vector<std::uint16_t> filters;  ///< in the order they were applied when writing
  std::vector<std::string> problems;   ///< what of this object could not be read, and why

  [[nodiscard]] const Hdf5Object* find(std::string_view name) const;      ///< a member of the group, or null
  [[nodiscard]] const Hdf5Object* findPath(std::string_view path) const;  ///< "a/b/c"
  [[nodiscard]] const Hdf5Attribute* attribute(std::string_view name) const;
  /// All strings of an attribute; null: no such attribute, or not of strings.
  [[nodiscard]] const std::vector<std::string>* strings(std::string_view name) const;
};

struct Hdf5Data {
  std::vector<std::uint64_t> shape;
  std::vector<double> values;  ///< row-major
};

class Hdf5File {
 public:
  /// Reads the tree: all groups, attributes and descriptions of datasets. `where` names the file in errors.
  /// Errors  badInput: no HDF5 file, or damaged
  static Result<Hdf5File> parse(std::string bytes, std::string where);

  [[nodiscard]] const Hdf5Object& root() const { return *root_; }
  /// The elements of a dataset. Errors: badInput, unsupported.
  [[nodiscard]] Result<Hdf5Data> read(const Hdf5Object& dataset) const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  std::string bytes_, where_;
  std::uint32_t offsetBytes_ = 8, lengthBytes_ = 8;
  std::uint64_t base_ = 0;
  std::unique_ptr<Hdf5Object> root_;
  mutable std::uint64_t budget_ = 0;
};

/// Whether the content starts like an HDF5 file.
bool looksLikeHdf5(std::string_view bytes);

}  // namespace sluice::frontend::keras
