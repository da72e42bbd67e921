#include "device/part.h"

#include <algorithm>

#include "base/text.h"
#include "device/fields.h"

namespace sluice::device {

Error wrongAt(const Value& value, const std::string& file, const std::string& what) {
  return badInput(what, file + ":" + std::to_string(value.line));
}

Status checkKeys(const Value& object, const std::vector<std::string>& keys, const std::string& file) {
  if (object.kind != Value::Kind::object)
    return wrongAt(object, file, "an object with the keys " + join(keys, ", ") + " is expected");
  for (std::size_t i = 0; i < object.keys.size(); ++i)
    if (std::find(keys.begin(), keys.end(), object.keys[i]) == keys.end())
      return wrongAt(object.items[i], file,
                     "key \"" + object.keys[i] + "\" is not known here; known: " + join(keys, ", "));
  for (const std::string& key : keys)
    if (object.find(key) == nullptr) return wrongAt(object, file, "key \"" + key + "\" is missing");
  return {};
}

Result<std::string> textOf(const Value& object, const std::string& key, const std::string& file) {
  const Value& value = *object.find(key);
  if (value.kind != Value::Kind::text || value.text.empty())
    return wrongAt(value, file, "\"" + key + "\" must be a text that is not empty");
  return value.text;
}

Result<std::uint64_t> numberOf(const Value& object, const std::string& key, std::uint64_t lo,
                               std::uint64_t hi, const std::string& file) {
  const Value& value = *object.find(key);
  if (value.kind != Value::Kind::number || value.number < lo || value.number > hi)
    return wrongAt(
        value, file,
        "\"" + key + "\" must be a whole number from " + std::to_string(lo) + " to " + std::to_string(hi));
  return value.number;
}

Result<Source> sourceOf(const Value& object, const std::string& file) {
  const Value& value = *object.find("source");
  SLUICE_RETURN_IF_ERROR(checkKeys(value, {"document", "table"}, file));
  Source source;
  SLUICE_TRY(source.document, textOf(value, "document", file));
  SLUICE_TRY(source.table, textOf(value, "table", file));
  return source;
}

Result<Part> partOf(const Value& object, const std::string& file) {
  SLUICE_RETURN_IF_ERROR(checkKeys(object, {"part", "family", "resources", "source"}, file));
  Part part;
  SLUICE_TRY(part.name, textOf(object, "part", file));
  SLUICE_TRY(const std::string family, textOf(object, "family", file));
  if (family == "xc7")
    part.family = hdl::Family::xc7;
  else if (family == "xcup")
    part.family = hdl::Family::xcup;
  else if (family == "ecp5")
    part.family = hdl::Family::ecp5;
  else
    return wrongAt(*object.find("family"), file,
                   "no family is called '" + family + "'; known: xc7, xcup, ecp5");
  const Value& resources = *object.find("resources");
  const std::vector<std::pair<std::string, std::uint64_t*>> fields = {
      {"lut", &part.budget.lut},   {"lut_memory", &part.budget.lutMemory},
      {"ff", &part.budget.ff},     {"carry", &part.budget.carry},
      {"dsp", &part.budget.dsp},   {"bram18", &part.budget.bram18},
      {"uram", &part.budget.uram},
  };
  std::vector<std::string> keys;
  for (const auto& [key, field] : fields) keys.push_back(key);
  SLUICE_RETURN_IF_ERROR(checkKeys(resources, keys, file));
  for (const auto& [key, field] : fields) {
    SLUICE_TRY(*field, numberOf(resources, key, 0, 1000000000, file));
  }
  if (part.budget.lutMemory > part.budget.lut)
    return wrongAt(*resources.find("lut_memory"), file,
                   "\"lut_memory\" is a part of \"lut\" and cannot exceed it");
  SLUICE_TRY(part.source, sourceOf(object, file));
  return part;
}

bool sameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

Result<Part> parsePart(std::string_view text, const std::string& file) {
  SLUICE_TRY(const Value value, parseDataFile(text, file));
  return partOf(value, file);
}

namespace {

const std::vector<Part>& builtinParts() {
  static const std::vector<Part> parts = builtinThings<Part>("resources", parsePart);
  return parts;
}

}  // namespace

Result<Part> findPart(std::string_view name) { return findThing(builtinParts(), "part", std::string(name)); }

std::vector<std::string> partNames() { return namesOf(builtinParts()); }

std::vector<Usage> usage(const hdl::Cost& cost, const Budget& budget) {
  const std::uint64_t memory = cost.lutRam + cost.srl;
  return {{"LUT", cost.lut + memory, budget.lut},
          {"LUT as memory", memory, budget.lutMemory},
          {"FF", cost.ff, budget.ff},
          {"carry", cost.carry, budget.carry},
          {"DSP", cost.dsp, budget.dsp},
          {"BRAM18", cost.bram18, budget.bram18}};
}

bool fits(const hdl::Cost& cost, const Budget& budget) {
  for (const Usage& row : usage(cost, budget))
    if (!row.fits()) return false;
  return true;
}

}  // namespace sluice::device
