#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "device/builtin.h"
#include "device/data_file.h"
#include "device/part.h"

/// Reading the objects of data files, and finding what they describe by name: shared by parts, boards and links.
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

/// The built-in files of one kind, by name: those that have the key `key` (parts have "part" as boards do, so theirs is
/// "resources"). All of them are tested to be well formed.
template <typename Thing>
std::vector<Thing> builtinThings(const char* key,
                                 Result<Thing> (*parse)(std::string_view, const std::string&)) {
  std::vector<Thing> all;
  for (const BuiltinFile& file : builtinFiles()) {
    const auto value = parseDataFile(file.text, std::string(file.name));
    SLUICE_CHECK(value.ok(), "built-in data files are tested");
    if (value->find(key) == nullptr) continue;
    auto thing = parse(file.text, std::string(file.name));
    SLUICE_CHECK(thing.ok(), "built-in files are tested");
    all.push_back(std::move(thing).value());
  }
  std::sort(all.begin(), all.end(), [](const Thing& a, const Thing& b) { return a.name < b.name; });
  return all;
}

template <typename Thing>
std::vector<std::string> namesOf(const std::vector<Thing>& things) {
  std::vector<std::string> names;
  for (const Thing& thing : things) names.push_back(thing.name);
  return names;
}

/// The thing of this name; or, where `parse` is given and `name` is a path, the one in that file. `kind`: "board".
/// Errors: badInput, io
template <typename Thing>
Result<Thing> findThing(const std::vector<Thing>& things, const std::string& kind, const std::string& name,
                        Result<Thing> (*parse)(std::string_view, const std::string&) = nullptr) {
  const bool isPath = name.find('/') != std::string::npos ||
                      (name.size() > 5 && sameName(std::string_view(name).substr(name.size() - 5), ".json"));
  if (parse != nullptr && isPath) {
    SLUICE_TRY(const std::string text, readFile(name, std::uint64_t{1} << 20));
    return parse(text, name);
  }
  for (const Thing& thing : things)
    if (sameName(thing.name, name)) return thing;
  return badInput("no " + kind + " is called '" + name + "'; known: " + join(namesOf(things), ", ") +
                  (parse != nullptr ? "; a " + kind + " file is given by its path" : ""));
}

}  // namespace sluice::device
