#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

/// NumPy's array files: .npy (format versions 1.0 to 3.0) and .npz (a zip of them).
///
/// Taken: little-endian f4 f8, i1 to i8, u1 to u8, and b1 (as u1), in C order or Fortran order (which becomes C
/// order on the way in). Refused with a message that says what to do: big-endian, other types. No size in a
/// file is believed before it has been compared with the bytes that are there, so a damaged file costs no
/// memory.
///
/// Source  numpy/lib/format.py (NEP 1) for .npy; PKWARE APPNOTE 6.3, sections 4.3 to 4.5 for .npz (methods
///         stored and deflate; no encryption; no archives or members of 4 GiB and more).
namespace sluice {

using NpyData =
    std::variant<std::vector<float>, std::vector<double>, std::vector<std::int8_t>, std::vector<std::int16_t>,
                 std::vector<std::int32_t>, std::vector<std::int64_t>, std::vector<std::uint8_t>,
                 std::vector<std::uint16_t>, std::vector<std::uint32_t>, std::vector<std::uint64_t>>;

struct NpyArray {
  std::vector<std::uint64_t> shape;  ///< outermost first; empty: one scalar
  NpyData data;                      ///< row-major; size: the product of `shape`

  [[nodiscard]] std::uint64_t count() const;            ///< elements
  [[nodiscard]] bool isFloating() const;                ///< f4 or f8
  [[nodiscard]] std::string typeName() const;           ///< "f4", "i1", ...
  [[nodiscard]] std::vector<double> asDoubles() const;  ///< integers above 2^53 are rounded
  /// Errors: badInput at the first element that is no integer or does not fit.
  [[nodiscard]] Result<std::vector<std::int64_t>> asInt64() const;
};

/// An array of `data` in `shape`; the sizes must agree.
template <typename T>
NpyArray makeNpy(std::vector<std::uint64_t> shape, std::vector<T> data) {
  NpyArray array{std::move(shape), std::move(data)};
  SLUICE_CHECK(std::get<std::vector<T>>(array.data).size() == array.count(), "the data fills the shape");
  return array;
}

/// `where` names the content in errors.
Result<NpyArray> parseNpy(std::string_view content, const std::string& where);
std::string printNpy(const NpyArray& array);  ///< version 1.0, byte for byte as numpy.save writes it

Result<NpyArray> readNpy(const std::filesystem::path& path);
Status writeNpy(const std::filesystem::path& path, const NpyArray& array);

/// All arrays of an .npz by name (without ".npy"). Members that are not .npy files are an error.
Result<std::map<std::string, NpyArray>> parseNpz(std::string_view content, const std::string& where);
Result<std::map<std::string, NpyArray>> readNpz(const std::filesystem::path& path);

}  // namespace sluice
