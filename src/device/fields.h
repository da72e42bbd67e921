#pragma once

#include <string>
#include <vector>

#include "device/data_file.h"
#include "device/part.h"

/// Reading the objects of data files, shared by parts and boards.
namespace sluice::device {

/// Error at the line of a value.
Error wrongAt(const Value& value, const std::string& file, const std::string& what);
/// Every key of `object` is in `keys`, and every one of these is there.
Status checkKeys(const Value& object, const std::vector<std::string>& keys, const std::string& file);
/// The non-empty text, or the number in lo .. hi, of a key that checkKeys has seen.
Result<std::string> textOf(const Value& object, const std::string& key, const std::string& file);
Result<std::uint64_t> numberOf(const Value& object, const std::string& key, std::uint64_t lo,
                               std::uint64_t hi, const std::string& file);
Result<Source> sourceOf(const Value& object, const std::string& file);
/// A part from its object.
Result<Part> partOf(const Value& object, const std::string& file);
/// Equal but for the case of ASCII letters.
bool sameName(std::string_view a, std::string_view b);

}  // namespace sluice::device
