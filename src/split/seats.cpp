#include "split/seats.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace sluice::splits {
namespace {

constexpr std::size_t mostSeats = 4096;

const Link& linkOf(const Topology& topology, std::size_t i) {
  return topology.links.size() == 1 ? topology.links[0] : topology.links[i];
}
void pass(Hop& hop, const Link& link) {
  hop.slowest = std::max(hop.slowest, 1 / link.rate);
  hop.inverse += 1 / link.rate;
  hop.latency += link.latency;
}

/// Boards per kind at places behind `last`, in a fixed order.
std::vector<std::uint32_t> behind(const Problem& problem, std::uint32_t last) {
  std::vector<std::uint32_t> left(problem.boards.size(), 0);
  for (std::uint32_t p = last == nowhere ? 0 : last + 1; p < problem.order.size(); ++p)
    ++left[problem.order[p]];
  return left;
}

/// Whether places differ in their links.
bool placesDiffer(const Problem& problem) {
  return problem.topology.kind != Topology::Kind::none && problem.topology.links.size() > 1;
}

}  // namespace

Hop hopBetween(const Problem& problem, std::uint32_t a, std::uint32_t b) {
  const Topology& topology = problem.topology;
  Hop hop;
  switch (topology.kind) {
    case Topology::Kind::none:
      break;
    case Topology::Kind::chain:
      for (std::uint32_t p = a; p < b; ++p) pass(hop, linkOf(topology, p));
      break;
    case Topology::Kind::ring: {
      const std::uint32_t places = problem.places();
      if (b - a <= places - (b - a)) {
        for (std::uint32_t p = a; p < b; ++p) pass(hop, linkOf(topology, p));
      } else {
        for (std::uint32_t p = b; p < places + a; ++p) pass(hop, linkOf(topology, p % places));
      }
      break;
    }
    case Topology::Kind::mesh: {
      const auto column = [&](std::uint32_t p) {
        const std::uint32_t row = p / topology.columns, c = p % topology.columns;
        return row % 2 == 0 ? c : topology.columns - 1 - c;
      };
      const std::uint32_t rows = b / topology.columns - a / topology.columns;
      const std::uint32_t across = column(a) > column(b) ? column(a) - column(b) : column(b) - column(a);
      for (std::uint32_t i = 0; i < rows + across; ++i) pass(hop, topology.links[0]);
      break;
    }
    case Topology::Kind::star:
    case Topology::Kind::switched:
      for (const std::uint32_t p : {a, b})
        if (p != 0 || topology.kind == Topology::Kind::switched) pass(hop, linkOf(topology, p));
      hop.slowest = 0;  // counted where it enters and leaves
      break;
  }
  return hop;
}

double cableOf(const Problem& problem, std::uint32_t place) {
  if (problem.topology.kind == Topology::Kind::switched) return 1 / linkOf(problem.topology, place).rate;
  if (problem.topology.kind == Topology::Kind::star && place != 0)
    return 1 / linkOf(problem.topology, place).rate;
  return 0;
}

Result<Seats> seatsOf(const Problem& problem) {
  Seats seats;
  const std::uint32_t places = problem.places();
  const bool fixed = !problem.order.empty(), differ = placesDiffer(problem);
  std::map<std::pair<std::uint32_t, std::vector<std::uint32_t>>, std::uint32_t> numbers;
  const auto seatFor = [&](std::uint32_t last, const std::vector<std::uint32_t>& used) {
    const auto [it, isNew] = numbers.try_emplace({last, used}, static_cast<std::uint32_t>(seats.last.size()));
    if (isNew) {
      seats.last.push_back(last);
      seats.used.push_back(used);
      std::vector<std::uint32_t> left(used.size());
      for (std::size_t k = 0; k < used.size(); ++k) left[k] = problem.boards[k].count - used[k];
      seats.left.push_back(fixed ? behind(problem, last) : left);
      seats.steps.emplace_back();
    }
    return it->second;
  };
  seatFor(nowhere, std::vector<std::uint32_t>(problem.boards.size(), 0));
  for (std::uint32_t s = 0; s < seats.last.size(); ++s) {
    const std::uint32_t last = seats.last[s], first = last == nowhere ? 0 : last + 1;
    const std::uint32_t end = fixed || differ ? places : std::min(places, first + 1);
    for (std::uint32_t place = first; place < end; ++place)
      for (std::uint32_t k = 0; k < problem.boards.size(); ++k) {
        if (fixed ? problem.order[place] != k : seats.left[s][k] == 0) continue;
        std::vector<std::uint32_t> used = seats.used[s];
        if (!fixed) ++used[k];
        const std::uint32_t seat = seatFor(place, used);
        if (seats.last.size() > mostSeats)
          return unsupported("the boards can be used in more than " + std::to_string(mostSeats) +
                             " ways; give an order, or links that are all alike");
        seats.steps[s].push_back({.seat = seat,
                                  .board = k,
                                  .place = place,
                                  .cable = cableOf(problem, place),
                                  .hop = last == nowhere ? Hop{} : hopBetween(problem, last, place)});
      }
  }
  return seats;
}

}  // namespace sluice::splits
