#include "dataflow/runs.h"

#include <algorithm>
#include <map>

namespace sluice::dataflow {

bool holds(const When& when, std::uint64_t value) {
  switch (when.relation) {
    case Relation::equal:
      return value == when.value;
    case Relation::less:
      return value < when.value;
    case Relation::greaterEqual:
      return value >= when.value;
  }
  return false;
}

namespace {

/// Builds the tree from the outermost loop inwards. A list is known by its loop and the accesses that still
/// can hold inside it, so equal lists are built once.
struct Builder {
  const Schedule& schedule;
  std::vector<std::vector<RunTree::Segment>>& nodes;
  std::map<std::uint64_t, std::uint32_t> maskIndex;  // filled with index 0; numbered when all are known
  std::vector<std::uint64_t> inner;                  // iterations inside one iteration of loop l
  std::map<std::pair<std::size_t, std::vector<std::uint32_t>>, std::uint32_t> known;

  struct Draft {  // a segment whose mask is not numbered yet
    std::uint64_t repeat;
    std::uint32_t child;
    std::uint64_t mask;
  };
  std::vector<std::vector<Draft>> drafts;

  /// Whether no access in `alive` has a test on loop `from` or one inside it: then all that is inside is
  /// alike.
  [[nodiscard]] bool settled(std::size_t from, const std::vector<std::uint32_t>& alive) const {
    for (const std::uint32_t a : alive)
      for (const When& when : schedule.accesses[a].when)
        if (when.loop >= from) return false;
    return true;
  }

  [[nodiscard]] std::uint64_t maskOf(const std::vector<std::uint32_t>& alive) const {
    std::uint64_t mask = 0;
    for (const std::uint32_t a : alive) mask |= std::uint64_t{1} << schedule.accesses[a].port;
    return mask;
  }

  static void append(std::vector<Draft>& list, Draft draft) {
    if (!list.empty() && list.back().child == draft.child && list.back().mask == draft.mask)
      list.back().repeat += draft.repeat;
    else
      list.push_back(draft);
  }

  std::uint32_t build(std::size_t loop, const std::vector<std::uint32_t>& alive) {
    const auto key = std::pair{loop, alive};
    if (const auto it = known.find(key); it != known.end()) return it->second;
    std::vector<Draft> list;
    if (loop == schedule.loops.size() || settled(loop, alive)) {
      const std::uint64_t count =
          loop == schedule.loops.size() ? 1 : schedule.loops[loop].extent * inner[loop];
      list.push_back({count, RunTree::leaf, maskOf(alive)});
    } else {
      const std::uint64_t extent = schedule.loops[loop].extent;
      std::vector<std::uint64_t> breaks{0, extent};  // where some test on this counter may change
      for (const std::uint32_t a : alive)
        for (const When& when : schedule.accesses[a].when)
          if (when.loop == loop) {
            breaks.push_back(std::min<std::uint64_t>(when.value, extent));
            if (when.relation == Relation::equal)
              breaks.push_back(std::min<std::uint64_t>(std::uint64_t{when.value} + 1, extent));
          }
      std::sort(breaks.begin(), breaks.end());
      breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
      for (std::size_t b = 0; b + 1 < breaks.size(); ++b) {
        std::vector<std::uint32_t> still;
        for (const std::uint32_t a : alive) {
          bool all = true;
          for (const When& when : schedule.accesses[a].when)
            if (when.loop == loop && !holds(when, breaks[b])) all = false;
          if (all) still.push_back(a);
        }
        const std::uint64_t count = breaks[b + 1] - breaks[b];
        if (settled(loop + 1, still)) {
          append(list, {count * inner[loop], RunTree::leaf, maskOf(still)});
          continue;
        }
        const std::uint32_t child = build(loop + 1, still);
        if (drafts[child].size() == 1 && drafts[child][0].child == RunTree::leaf)
          append(list, {count * drafts[child][0].repeat, RunTree::leaf, drafts[child][0].mask});
        else
          append(list, {count, child, 0});
      }
    }
    const auto index = static_cast<std::uint32_t>(drafts.size());
    drafts.push_back(std::move(list));
    known.emplace(key, index);
    return index;
  }
};

}  // namespace

RunTree::RunTree(const Schedule& schedule) {
  Builder builder{schedule, nodes_, {}, {}, {}, {}};
  builder.inner.assign(schedule.loops.size() + 1, 1);
  for (std::size_t l = schedule.loops.size(); l-- > 1;)
    builder.inner[l - 1] = builder.inner[l] * schedule.loops[l].extent;
  std::vector<std::uint32_t> all(schedule.accesses.size());
  for (std::uint32_t a = 0; a < all.size(); ++a) all[a] = a;
  root_ = builder.build(0, all);
  for (const auto& list : builder.drafts)
    for (const auto& draft : list)
      if (draft.child == leaf && draft.mask != 0) masks_.push_back(draft.mask);
  std::sort(masks_.begin(), masks_.end());
  masks_.erase(std::unique(masks_.begin(), masks_.end()), masks_.end());
  for (const auto& list : builder.drafts) {
    std::vector<Segment> segments;
    for (const auto& draft : list) {
      const auto at = std::lower_bound(masks_.begin(), masks_.end(), draft.mask);
      const auto index = draft.child == leaf && draft.mask != 0 ? at - masks_.begin() + 1 : 0;
      segments.push_back({draft.repeat, draft.child, static_cast<std::uint32_t>(index)});
    }
    nodes_.push_back(std::move(segments));
  }
}

std::uint64_t RunTree::beats(std::uint32_t port) const {
  std::vector<std::uint64_t> count(nodes_.size(), 0);  // children stand before their parents
  for (std::size_t n = 0; n < nodes_.size(); ++n)
    for (const Segment& s : nodes_[n]) {
      if (s.child != leaf)
        count[n] += s.repeat * count[s.child];
      else if (s.mask != 0 && ((masks_[s.mask - 1] >> port) & 1u) != 0)
        count[n] += s.repeat;
    }
  return count[root_];
}

}  // namespace sluice::dataflow
