#include "map/node_options.h"

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace sluice::map {
namespace {

constexpr std::int64_t kMostNumber = std::int64_t{1} << 40;

/// Sets one option from its text; what the text may be otherwise.
using Setter = std::function<std::optional<std::string>(NodeOptions&, std::string_view)>;

template <typename Number>
Setter number(std::optional<Number> NodeOptions::* field) {
  return [field](NodeOptions& options, std::string_view text) -> std::optional<std::string> {
    std::int64_t value = 0;
    const std::int64_t most = sizeof(Number) == 4 ? std::int64_t{1} << 24 : kMostNumber;
    if (!parseInt64(text, value) || value < 1 || value > most)
      return "a number from 1 to " + std::to_string(most);
    options.*field = static_cast<Number>(value);
    return std::nullopt;
  };
}

template <typename Choice, std::size_t count>
Setter choice(Choice NodeOptions::* field, std::array<std::pair<const char*, Choice>, count> choices) {
  return [field, choices](NodeOptions& options, std::string_view text) -> std::optional<std::string> {
    std::vector<std::string> names;
    for (const auto& [name, value] : choices) {
      if (text == name) {
        options.*field = value;
        return std::nullopt;
      }
      names.emplace_back(name);
    }
    return "one of " + join(names, ", ");
  };
}

/// A memory, or none.
Setter weightsSetter() {
  using kernel::WeightMemory;
  return [](NodeOptions& options, std::string_view text) -> std::optional<std::string> {
    options.streamWeights = text == "stream";
    if (options.streamWeights) return std::nullopt;
    const auto expected =
        choice(&NodeOptions::weights,
               std::array{std::pair{"auto", WeightMemory::automatic}, std::pair{"logic", WeightMemory::logic},
                          std::pair{"bram", WeightMemory::blockRam}})(options, text);
    if (expected) return *expected + ", stream";
    return std::nullopt;
  };
}

const std::vector<std::pair<std::string, Setter>>& setters() {
  using kernel::BufferStyle;
  using kernel::MultiplierStyle;
  static const std::vector<std::pair<std::string, Setter>> all = {
      {"reuse-factor", number(&NodeOptions::reuseFactor)},
      {"target-ii", number(&NodeOptions::targetInterval)},
      {"pack", number(&NodeOptions::pack)},
      {"positions", number(&NodeOptions::positionsAtOnce)},
      {"simd", number(&NodeOptions::simd)},
      {"pe", number(&NodeOptions::pe)},
      {"multiplier",
       choice(&NodeOptions::multiplier,
              std::array{std::pair{"auto", MultiplierStyle::automatic},
                         std::pair{"logic", MultiplierStyle::logic}, std::pair{"dsp", MultiplierStyle::dsp},
                         std::pair{"dsp2", MultiplierStyle::dspPairs}})},
      {"weights", weightsSetter()},
      {"weight-port", number(&NodeOptions::weightPort)},
      {"rows", choice(&NodeOptions::rows, std::array{std::pair{"auto", BufferStyle::automatic},
                                                     std::pair{"srl", BufferStyle::shiftRegister},
                                                     std::pair{"lutram", BufferStyle::lutRam},
                                                     std::pair{"bram", BufferStyle::blockRam}})},
  };
  return all;
}

/// Words between blanks.
std::vector<std::string_view> wordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  while (!(line = trim(line)).empty()) {
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

}  // namespace

Result<NodeOptionsMap> parseNodeOptions(std::string_view text) {
  NodeOptionsMap nodes;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    const std::string where = "line " + std::to_string(++number);
    const std::vector<std::string_view> words = wordsOf(std::string_view(line).substr(0, line.find('#')));
    if (words.empty()) continue;
    const std::string node(words[0]);
    if (words.size() == 1) return badInput("nothing is said of node '" + node + "'", where);
    NodeOptions options;
    for (std::size_t w = 1; w < words.size(); ++w) {
      const std::size_t equals = words[w].find('=');
      const std::string name(words[w].substr(0, equals));
      const Setter* setter = nullptr;
      std::vector<std::string> names;
      for (const auto& [known, set] : setters()) {
        names.push_back(known);
        if (name == known) setter = &set;
      }
      if (setter == nullptr || equals == std::string_view::npos)
        return badInput(
            "'" + std::string(words[w]) + "' is no setting NAME=VALUE with a name of " + join(names, ", "),
            where);
      if (const auto expected = (*setter)(options, words[w].substr(equals + 1)))
        return badInput(
            name + " is " + *expected + ", not '" + std::string(words[w].substr(equals + 1)) + "'", where);
    }
    if (!nodes.emplace(node, options).second) return badInput("node '" + node + "' was there before", where);
  }
  return nodes;
}

const NodeOptions* saidOf(const NodeOptionsMap& options, const ir::Node& node) {
  auto found = options.find(node.name);
  if (found == options.end() && !node.origins.empty()) found = options.find(node.origins.front());
  return found == options.end() ? nullptr : &found->second;
}

}  // namespace sluice::map
