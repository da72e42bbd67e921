#include "cluster/event_graph.h"

#include <algorithm>
#include <map>

namespace sluice::cluster {
namespace {

constexpr std::uint32_t longestPeriod = 32;
constexpr std::uint32_t mostFramesBack = 1u << 16;

Status check(const EventGraph& graph) {
  const std::size_t n = graph.tasks.size();
  if (n == 0 || graph.first >= n || graph.last >= n)
    return badInput("there are no tasks, or first or last is none");
  for (const Arc& arc : graph.arcs) {
    if (arc.from >= n || arc.to >= n) return badInput("an arc leads to a task that is not there");
    if (arc.delay < 0 || arc.delay > Time{1} << 52)
      return badInput("an arc has a delay below zero or above an hour", "task '" + graph.tasks[arc.to] + "'");
    if (arc.frames > mostFramesBack)
      return badInput("an arc looks back more than 65,536 frames", "task '" + graph.tasks[arc.to] + "'");
  }
  return {};
}

/// Tasks so that those come first for which others wait within the frame. Errors: badInput, naming one in a circle.
Result<std::vector<std::uint32_t>> orderOf(const EventGraph& graph) {
  const std::size_t n = graph.tasks.size();
  std::vector<std::uint32_t> missing(n, 0), order;
  std::vector<std::vector<std::uint32_t>> after(n);
  for (const Arc& arc : graph.arcs)
    if (arc.frames == 0) {
      ++missing[arc.to];
      after[arc.from].push_back(arc.to);
    }
  for (std::uint32_t t = 0; t < n; ++t)
    if (missing[t] == 0) order.push_back(t);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (const std::uint32_t t : after[order[i]])
      if (--missing[t] == 0) order.push_back(t);
  if (order.size() == n) return order;
  for (std::uint32_t t = 0; t < n; ++t)
    if (missing[t] > 0)
      return badInput("tasks wait for each other within one frame", "task '" + graph.tasks[t] + "'");
  return order;
}

class Run {
 public:
  Run(const EventGraph& graph, const SimulateOptions& options, std::vector<std::uint32_t> order)
      : graph_(graph), options_(options), order_(std::move(order)), into_(graph.tasks.size()) {
    for (std::uint32_t a = 0; a < graph.arcs.size(); ++a) {
      into_[graph.arcs[a].to].push_back(a);
      back_ = std::max(back_, graph.arcs[a].frames);
    }
    kept_ = std::max(back_, longestPeriod) + 1;
    times_.assign(kept_ * graph.tasks.size(), 0);
    decided_.assign(graph.arcs.size(), 0);
  }

  Simulation run() {
    Simulation result{.frames = options_.frames};
    std::map<Time, std::uint64_t> latencies;
    std::vector<Time> recent;  // latencies of the last frames, for what is skipped
    Time half = 0;
    std::vector<std::uint32_t> held(longestPeriod + 1, 0);
    std::vector<Time> shift(longestPeriod + 1, -1);
    std::uint64_t n = 0;
    for (; n < options_.frames; ++n) {
      frame(n);
      if (n == options_.frames / 2) half = at(n, graph_.last);
      recent.push_back(at(n, graph_.last) - at(n, graph_.first));
      ++latencies[recent.back()];
      if (!options_.skipSteady) continue;
      if (const std::uint32_t period = repeats(n, held, shift); period != 0) {
        result.period = period;
        const std::uint64_t rest = options_.frames - 1 - n;
        for (std::uint64_t i = 0; i < period; ++i) {
          // Of the frames that follow, those that are like the one `period - 1 - i` back.
          const std::uint64_t times = rest / period + (rest % period > i ? 1 : 0);
          if (times > 0) latencies[recent[recent.size() - period + i]] += times;
        }
        result.simulated = n + 1;
        result.interval = static_cast<double>(shift[period]) / period;
        const std::uint64_t like = rest % period == 0 ? n : n - period + rest % period;
        result.finished =
            at(like, graph_.last) + static_cast<Time>((rest + period - 1) / period) * shift[period];
        // Who waits for what, for ever: one more period, counted alone.
        std::fill(decided_.begin(), decided_.end(), std::uint64_t{0});
        counted_ = 0;
        for (std::uint64_t more = 1; more <= period; ++more) frame(n + more);
        break;
      }
    }
    if (result.period == 0) {
      result.simulated = options_.frames;
      result.finished = at(options_.frames - 1, graph_.last);
      const std::uint64_t behind = options_.frames - 1 - options_.frames / 2;
      if (behind > 0)
        result.interval = static_cast<double>(result.finished - half) / static_cast<double>(behind);
    }
    result.latencies.assign(latencies.begin(), latencies.end());
    waits(result);
    return result;
  }

 private:
  Time& at(std::uint64_t n, std::uint32_t task) { return times_[(n % kept_) * graph_.tasks.size() + task]; }

  void frame(std::uint64_t n) {
    for (const std::uint32_t task : order_) {
      Time begin = task == graph_.first ? static_cast<Time>(n) * options_.interval : 0;
      std::uint32_t deciding = 0xffffffffu;
      for (const std::uint32_t a : into_[task]) {
        const Arc& arc = graph_.arcs[a];
        if (arc.frames > n) continue;
        const Time ready = at(n - arc.frames, arc.from) + arc.delay;
        if (ready > begin) {
          begin = ready;
          deciding = a;
        }
      }
      at(n, task) = begin;
      if (deciding != 0xffffffffu) ++decided_[deciding];
    }
    ++counted_;
  }

  /// The least period at which all tasks were shifted alike for as long as any arc looks back; 0: none yet.
  std::uint32_t repeats(std::uint64_t n, std::vector<std::uint32_t>& held, std::vector<Time>& shift) {
    for (std::uint32_t period = 1; period <= longestPeriod && period <= n; ++period) {
      const Time by = at(n, 0) - at(n - period, 0);
      bool same = true;
      for (std::uint32_t t = 1; t < graph_.tasks.size() && same; ++t)
        same = at(n, t) - at(n - period, t) == by;
      // Offered frames that will catch up with the cluster end the repetition.
      same = same && by >= static_cast<Time>(period) * options_.interval;
      held[period] = !same ? 0 : shift[period] == by ? held[period] + 1 : 1;
      shift[period] = by;
      if (held[period] > back_ + period) return period;
    }
    return 0;
  }

  void waits(Simulation& result) const {
    std::map<std::pair<std::uint32_t, std::string>, std::uint64_t> sums;
    for (std::size_t a = 0; a < graph_.arcs.size(); ++a)
      if (decided_[a] > 0) sums[{graph_.arcs[a].to, graph_.arcs[a].what}] += decided_[a];
    for (const auto& [key, count] : sums) {
      const double share = static_cast<double>(count) / static_cast<double>(counted_);
      if (share > 0.01) result.waits.push_back({.task = key.first, .what = key.second, .share = share});
    }
    std::stable_sort(result.waits.begin(), result.waits.end(), [](const Waiting& a, const Waiting& b) {
      return a.task != b.task ? a.task < b.task : a.share > b.share;
    });
  }

  const EventGraph& graph_;
  const SimulateOptions& options_;
  std::vector<std::uint32_t> order_;
  std::vector<std::vector<std::uint32_t>> into_;
  std::uint32_t back_ = 0, kept_ = 1;
  std::vector<Time> times_;
  std::vector<std::uint64_t> decided_;
  std::uint64_t counted_ = 0;
};

}  // namespace

Time Simulation::latency(double quantile) const {
  std::uint64_t seen = 0;
  for (const auto& [time, count] : latencies) {
    seen += count;
    if (static_cast<double>(seen) >= quantile * static_cast<double>(frames)) return time;
  }
  return latencies.empty() ? 0 : latencies.back().first;
}

Result<Simulation> simulate(const EventGraph& graph, const SimulateOptions& options) {
  SLUICE_RETURN_IF_ERROR(check(graph));
  if (options.frames < 1 || options.interval < 0 || options.interval > Time{1} << 52)
    return badInput("there must be at least one frame, and an interval from 0 to an hour");
  SLUICE_TRY(std::vector<std::uint32_t> order, orderOf(graph));
  return Run(graph, options, std::move(order)).run();
}

}  // namespace sluice::cluster
