#include "dataflow/csdf/graph.h"

#include <numeric>
#include <optional>
#include <set>

namespace sluice::dataflow::csdf {
namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint64_t mostNumber = std::uint64_t{1} << 40;
constexpr std::uint64_t mostTokens = std::uint64_t{1} << 30;
constexpr std::uint64_t mostFirings = std::uint64_t{1} << 22;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

struct Problems {
  std::string text;
  void add(const std::string& line) { text += (text.empty() ? "" : "\n") + line; }
};

/// Rules 1 and 2.
void checkShape(const Graph& graph, Problems& problems) {
  if (graph.actors.empty()) problems.add("the graph has no actor");
  std::set<std::string> actors, channels;
  for (const Actor& actor : graph.actors) {
    if (!actors.insert(actor.name).second) problems.add("two actors are named " + quoted(actor.name));
    if (actor.time.empty() || actor.time.size() > 65536)
      problems.add("actor " + quoted(actor.name) + " has " + std::to_string(actor.time.size()) +
                   " phases; 1 to 65536 are possible");
  }
  for (const Channel& channel : graph.channels) {
    const std::string who = "channel " + quoted(channel.name);
    if (!channels.insert(channel.name).second) problems.add("two channels are named " + quoted(channel.name));
    const auto side = [&](std::uint32_t actor, const std::vector<std::uint64_t>& rates, const char* what) {
      if (actor >= graph.actors.size()) {
        problems.add(who + ": no actor " + std::to_string(actor));
        return;
      }
      if (rates.size() != graph.actors[actor].time.size())
        problems.add(who + ": " + std::to_string(rates.size()) + " numbers in " + what + ", but " +
                     quoted(graph.actors[actor].name) + " has " +
                     std::to_string(graph.actors[actor].time.size()) + " phases");
      for (const std::uint64_t rate : rates)
        if (rate > 0) return;
      problems.add(who + ": moves no token (" + what + ")");
    };
    side(channel.src, channel.prod, "prod");
    side(channel.dst, channel.cons, "cons");
  }
}

Status checkSizes(const Graph& graph) {
  const auto check = [](std::uint64_t value, const std::string& who) -> Status {
    if (value < mostNumber) return {};
    return unsupported(who + ": " + std::to_string(value) + " is not below 2^40");
  };
  for (const Actor& actor : graph.actors)
    for (const std::uint64_t time : actor.time)
      SLUICE_RETURN_IF_ERROR(check(time, "actor " + quoted(actor.name) + ", time"));
  for (const Channel& channel : graph.channels) {
    const std::string who = "channel " + quoted(channel.name);
    for (const auto* rates : {&channel.prod, &channel.cons})
      for (const std::uint64_t rate : *rates) SLUICE_RETURN_IF_ERROR(check(rate, who + ", rate"));
    if (channel.initial >= mostTokens)
      return unsupported(who + ": " + std::to_string(channel.initial) + " initial tokens are not below 2^30");
  }
  for (const Actor& actor : graph.actors)
    for (const std::uint64_t time : actor.time)
      if (!actor.serial && time != actor.time[0])
        return unsupported(
            "actor " + quoted(actor.name) +
            ": firings that overlap could overtake each other, since its phases take different "
            "times; make it serial");
  return {};
}

/// Rounds of an actor per iteration, as fractions of the first actor's of its component.
struct Fraction {
  std::uint64_t top = 1, bottom = 1;
  bool operator==(const Fraction&) const = default;
};

std::optional<Fraction> fraction(Wide top, Wide bottom) {
  Wide a = top, b = bottom;
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  if (top / a >= mostNumber || bottom / a >= mostNumber) return {};
  return Fraction{static_cast<std::uint64_t>(top / a), static_cast<std::uint64_t>(bottom / a)};
}

}  // namespace

bool less(const Period& a, const Period& b) {
  return static_cast<Wide>(a.cycles) * b.iterations < static_cast<Wide>(b.cycles) * a.iterations;
}

Result<Repetition> check(const Graph& graph) {
  Problems problems;
  checkShape(graph, problems);
  if (!problems.text.empty()) return badInput(problems.text);
  SLUICE_RETURN_IF_ERROR(checkSizes(graph));

  std::vector<std::vector<std::uint32_t>> channelsOf(graph.actors.size());
  for (std::uint32_t c = 0; c < graph.channels.size(); ++c) {
    channelsOf[graph.channels[c].src].push_back(c);
    channelsOf[graph.channels[c].dst].push_back(c);
  }
  const Error tooLarge =
      unsupported("the graph's rates differ too much: an iteration has more than 2^22 firings");
  std::vector<std::optional<Fraction>> rounds(graph.actors.size());
  Repetition result;
  result.firings.assign(graph.actors.size(), 0);
  for (std::uint32_t start = 0; start < graph.actors.size(); ++start) {
    if (rounds[start].has_value()) continue;
    std::vector<std::uint32_t> component{start};
    rounds[start] = Fraction{};
    for (std::size_t i = 0; i < component.size(); ++i)
      for (const std::uint32_t c : channelsOf[component[i]]) {
        const Channel& channel = graph.channels[c];
        const Fraction here = *rounds[component[i]];
        for (const bool forwards : {true, false}) {
          if ((forwards ? channel.src : channel.dst) != component[i]) continue;
          const std::uint32_t other = forwards ? channel.dst : channel.src;
          const std::uint64_t in = sum(channel.prod), out = sum(channel.cons);
          const auto there = fraction(static_cast<Wide>(here.top) * (forwards ? in : out),
                                      static_cast<Wide>(here.bottom) * (forwards ? out : in));
          if (!there.has_value()) return tooLarge;
          if (!rounds[other].has_value()) {
            rounds[other] = there;
            component.push_back(other);
          } else if (*rounds[other] != *there && forwards) {
            problems.add("channel " + quoted(channel.name) + ": the rates disagree: when " +
                         quoted(graph.actors[channel.src].name) + " goes round " + std::to_string(here.top) +
                         " times, " + quoted(graph.actors[channel.dst].name) +
                         " takes more or fewer tokens than it gives");
          }
        }
      }
    std::uint64_t common = 1;
    for (const std::uint32_t a : component) {
      common = std::lcm(common, rounds[a]->bottom);
      if (common >= mostNumber) return tooLarge;
    }
    std::uint64_t divisor = 0;
    for (const std::uint32_t a : component) {
      const Wide whole = static_cast<Wide>(rounds[a]->top) * (common / rounds[a]->bottom);
      if (whole >= mostNumber) return tooLarge;
      result.firings[a] = static_cast<std::uint64_t>(whole);
      divisor = std::gcd(divisor, result.firings[a]);
    }
    for (const std::uint32_t a : component) {
      result.firings[a] = result.firings[a] / divisor * graph.actors[a].time.size();
      if (result.firings[a] > mostFirings) return tooLarge;
      result.total += result.firings[a];
    }
  }
  if (!problems.text.empty()) return badInput(problems.text);
  if (result.total > mostFirings) return tooLarge;
  return result;
}

}  // namespace sluice::dataflow::csdf
