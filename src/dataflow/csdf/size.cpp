#include "dataflow/csdf/size.h"

#include <algorithm>
#include <numeric>

#include "dataflow/cover.h"

/// The search. More capacity never makes a firing later, so "the period is short enough" is closed upwards and
/// everything dataflow/cover.h says applies: the cheapest capacities that break all known conflicts are tried;
/// if they are too slow, the critical circle names the channels whose room it waits for, and with all others
/// unlimited the circle is still there. Channels that are not needed for being too slow are dropped, the rest
/// made as large as they can be while being too slow: a maximal conflict, hence a strong clause. Further
/// conflicts in other channels are looked for in the same round.
///
/// The front is one search. Being too slow for one throughput is being too slow for every higher one, so all
/// clauses stay: after each feasible vector the demand becomes "faster than that", until the cost has to grow,
/// which closes a point, and on to the fastest.
namespace sluice::dataflow::csdf {
namespace {

constexpr std::uint64_t mostCapacity = std::uint64_t{1} << 30;

struct Demand {
  bool live = false;  // only that it does not deadlock
  Period limit;
  bool strict = false;  // faster than the limit; else not slower
};

struct Search {
  const Graph& graph;
  const SizeOptions& options;
  Analysis analysis;
  std::vector<std::uint64_t> lowest, weight, step;
  Cover cover;
  std::vector<Conflict> conflicts;

  Search(const Graph& g, const Repetition& repetition, const SizeOptions& o)
      : graph(g), options(o), analysis(g, repetition), cover({}, {}) {
    for (std::size_t c = 0; c < g.channels.size(); ++c) {
      const Channel& channel = g.channels[c];
      std::uint64_t least = std::max<std::uint64_t>(channel.initial, 1), divisor = 0;
      for (const auto* rates : {&channel.prod, &channel.cons})
        for (const std::uint64_t rate : *rates) {
          least = std::max(least, rate);
          divisor = std::gcd(divisor, rate);
        }
      // Room matters in whole steps above the initial tokens.
      lowest.push_back(channel.initial + (least - channel.initial + divisor - 1) / divisor * divisor);
      step.push_back(divisor);
      weight.push_back(o.weight.empty() ? 1 : o.weight[c]);
    }
    cover = Cover(lowest, weight);
  }

  [[nodiscard]] bool spent() const {
    return analysis.evaluations() >= options.mostEvaluations || (options.outOfTime && options.outOfTime());
  }

  Analysis::Answer ask(const Capacities& capacities, const Demand& demand) {
    return demand.live ? analysis.live(capacities) : analysis.decide(capacities, demand.limit, demand.strict);
  }

  /// From bad capacities, and the channels their circle waits for, to a maximal conflict.
  Conflict grow(const Capacities& capacities, std::vector<std::uint32_t> channels, const Demand& demand) {
    Capacities some(capacities.size(), unlimited);
    for (const std::uint32_t c : channels) some[c] = capacities[c];
    for (std::size_t i = 0; i < channels.size() && channels.size() > 1;) {
      const std::uint32_t c = channels[i];
      some[c] = unlimited;
      if (const auto answer = ask(some, demand); answer.bad) {
        channels = answer.channels;  // among those left
        for (std::uint32_t other = 0; other < some.size(); ++other)
          if (std::find(channels.begin(), channels.end(), other) == channels.end()) some[other] = unlimited;
        i = static_cast<std::size_t>(std::lower_bound(channels.begin(), channels.end(), c) -
                                     channels.begin());
      } else {
        some[c] = capacities[c];
        ++i;
      }
    }
    for (const std::uint32_t c : channels) {
      std::uint64_t bad = some[c], stride = step[c];
      const auto isBad = [&](std::uint64_t capacity) {
        some[c] = capacity;
        return ask(some, demand).bad;
      };
      std::uint64_t good = bad + stride;
      while (isBad(good) && good < mostCapacity) {
        bad = good;
        stride *= 2;
        good = bad + stride;
      }
      while (good - bad > step[c]) {
        const std::uint64_t middle = bad + (good - bad) / (2 * step[c]) * step[c];
        (isBad(middle) ? bad : good) = middle;
      }
      some[c] = good - 1;  // as bad as `bad`: between steps nothing changes
    }
    Conflict result;
    for (const std::uint32_t c : channels) result.entries.push_back({c, some[c]});
    return result;
  }

  /// Conflicts of a bad vector, in disjoint channels. False: no capacities meet the demand.
  bool learn(const Capacities& capacities, Analysis::Answer answer, const Demand& demand) {
    Capacities open = capacities;
    while (answer.bad) {
      if (answer.channels.empty()) return false;
      Conflict conflict = grow(open, answer.channels, demand);
      Clause clause;
      for (const auto& [channel, capacity] : conflict.entries) {
        clause.literals.push_back({channel, capacity + 1});
        open[channel] = unlimited;
      }
      cover.add(std::move(clause));
      conflicts.push_back(std::move(conflict));
      if (spent()) break;
      answer = ask(open, demand);
    }
    return true;
  }

  enum class End : std::uint8_t { found, none, gaveUp };
  /// The cheapest capacities that meet the demand, given all that is known.
  End cheapest(const Demand& demand, Cover::Answer& best) {
    for (;;) {
      best = cover.solve();
      if (!best.exact() || spent()) return End::gaveUp;
      const auto answer = ask(best.x, demand);
      if (!answer.bad) return End::found;
      if (!learn(best.x, answer, demand)) return End::none;
    }
  }
};

Error deadlocked(const Analysis::Answer& answer) {
  std::string text = "the graph deadlocks with any capacities";
  for (const std::string& wait : answer.waits) text += "\n  " + wait;
  return infeasible(text);
}

std::string shown(const Period& period) {
  return std::to_string(period.cycles) +
         (period.iterations == 1 ? "" : "/" + std::to_string(period.iterations));
}

}  // namespace

Result<Period> shortestPeriod(const Graph& graph) {
  SLUICE_TRY(const Repetition repetition, check(graph));
  Analysis analysis(graph, repetition);
  const auto answer = analysis.exact(Capacities(graph.channels.size(), unlimited));
  if (answer.deadlock) return deadlocked(answer);
  return answer.period;
}

Result<Sizing> size(const Graph& graph, const SizeOptions& options) {
  SLUICE_TRY(const Repetition repetition, check(graph));
  SLUICE_TRY(const Period shortest, shortestPeriod(graph));
  Demand demand{.live = false, .limit = options.period.value_or(shortest), .strict = false};
  if (less(demand.limit, shortest))
    return infeasible("no capacities give a period of " + shown(demand.limit) + " cycles; the shortest is " +
                      shown(shortest));
  Search search(graph, repetition, options);
  Cover::Answer best;
  const auto end = search.cheapest(demand, best);
  SLUICE_CHECK(end != Search::End::none, "unlimited capacities reach the shortest period");
  if (end == Search::End::gaveUp) {
    // What the conflicts do not mention may stay least; the rest grows until the period is reached.
    Capacities capacities = best.x;
    for (std::uint64_t factor = 2; search.ask(capacities, demand).bad; factor *= 2) {
      for (std::size_t c = 0; c < capacities.size(); ++c)
        capacities[c] =
            graph.channels[c].initial + (best.x[c] - graph.channels[c].initial + search.step[c]) * factor;
      if (factor > (std::uint64_t{1} << 24))
        return Error{ErrorCode::gaveUp, "no capacities were found in the time allowed", {}};
    }
    best.x = capacities;
    best.cost = search.cover.cost(capacities);
  }
  Sizing result;
  result.capacities = best.x;
  result.total = std::accumulate(best.x.begin(), best.x.end(), std::uint64_t{0});
  result.cost = best.cost;
  result.lowerBound = best.bound;
  result.period = search.analysis.exact(best.x).period;
  result.conflicts = std::move(search.conflicts);
  result.evaluations = search.analysis.evaluations();
  return result;
}

Result<Front> front(const Graph& graph, const SizeOptions& options) {
  SLUICE_TRY(const Repetition repetition, check(graph));
  SLUICE_TRY(const Period shortest, shortestPeriod(graph));
  const Period goal = options.period.value_or(shortest);
  if (less(goal, shortest))
    return infeasible("no capacities give a period of " + shown(goal) + " cycles; the shortest is " +
                      shown(shortest));
  Search search(graph, repetition, options);
  Front result;
  Demand demand{.live = true};
  for (;;) {
    Cover::Answer best;
    const auto end = search.cheapest(demand, best);
    SLUICE_CHECK(end != Search::End::none, "what was asked is slower than what unlimited capacities give");
    if (end == Search::End::gaveUp) break;
    const FrontPoint point{best.cost, search.analysis.exact(best.x).period, best.x};
    if (!result.points.empty() && result.points.back().cost == point.cost)
      result.points.back() = point;
    else
      result.points.push_back(point);
    if (!less(goal, point.period)) {
      result.proven = true;
      break;
    }
    demand = {.live = false, .limit = point.period, .strict = true};
  }
  result.evaluations = search.analysis.evaluations();
  result.conflicts = search.conflicts.size();
  if (result.points.empty())
    return Error{ErrorCode::gaveUp, "no capacities were found in the time allowed", {}};
  return result;
}

}  // namespace sluice::dataflow::csdf
