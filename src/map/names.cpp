#include "map/names.h"

#include "hdl/module.h"

namespace sluice::map {

std::string identifier(std::string_view name) {
  constexpr std::size_t most = 160;  // leaves room for what is added: hdl takes 200
  std::string result;
  for (const char c : name) {
    const bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (legal)
      result += c;
    else if (!result.empty() && result.back() != '_')
      result += '_';
    if (result.size() == most) break;
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  if (result.empty() || (result[0] >= '0' && result[0] <= '9')) result = "t" + result;
  // "top" is the name of the module around all.
  if (!hdl::legalName(result) || result == "top") result = "t_" + result;
  return result;
}

std::string NamePool::take(std::string_view name) {
  const std::string wanted = identifier(name);
  std::string result = wanted;
  for (int serial = 2; !taken_.insert(result).second; ++serial)
    result = wanted + "_" + std::to_string(serial);
  return result;
}

}  // namespace sluice::map
