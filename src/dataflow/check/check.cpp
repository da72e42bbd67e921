#include "dataflow/check/check.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "base/file.h"
#include "dataflow/check/bound.h"
#include "dataflow/check/facts.h"
#include "dataflow/check/replay.h"

namespace sluice::dataflow::check {

namespace {

using nlohmann::json;

constexpr std::size_t mostRuns = 20000;

/// The certificate is wrong; the message says how.
[[noreturn]] void refuse(const std::string& why) { throw std::runtime_error(why); }
void require(bool holds, const std::string& otherwise) {
  if (!holds) refuse(otherwise);
}

std::int64_t whole(const json& value, const std::string& name) {
  require(value.is_number_unsigned() && value.get<std::uint64_t>() >> 60 == 0,
          name + " is not a whole number in range");
  return value.get<std::int64_t>();
}

json parsed(std::string_view text) {
  std::vector<std::set<std::string>> open;
  bool twice = false;
  json file = json::parse(text, [&](int, json::parse_event_t event, json& key) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(key.get<std::string>()).second) twice = true;
    return true;
  });
  require(!twice, "a key stands twice in one object");
  return file;
}

}  // namespace

struct Checker::State {
  Facts facts;
  /// A row of streams: the wait that it implies, whose count lacks the places.
  struct Row {
    std::vector<std::size_t> groups;
    Credit wait;
  };
  std::vector<Row> rows;  ///< of the certificate

  /// Cycles (-1: stands still) by depth and delay of each stream, and by the numbers of each wait.
  using Key = std::array<std::vector<std::int64_t>, 3>;
  std::map<Key, std::int64_t> cycles;

  [[nodiscard]] std::int64_t delayAt(const Stream& stream, std::int64_t depth) const {
    return depth <= srlLimit(facts, stream) ? facts.srlDelay : facts.ramDelay;
  }

  /// The fastest that a box of depths could be: the most places, the shortest delay, and the waits of its rows.
  std::int64_t fastest(const Conflict& box) {
    Key key;
    auto& [depth, delay, waitsKey] = key;
    for (const Stream& stream : facts.streams) {
      const auto range = box.depths.find(stream.group);
      const auto [lo, hi] =
          range == box.depths.end() ? std::pair{std::int64_t{2}, facts.most[stream.group]} : range->second;
      depth.push_back(std::min(hi, stream.tokens));  // deeper than its tokens makes no difference
      delay.push_back(std::min(delayAt(stream, lo), delayAt(stream, hi)));
    }
    std::vector<Credit> waits;
    for (const auto& [row, hi] : box.sums) {
      if (hi >= facts.streams[rows[row].wait.first].tokens) continue;  // so many make no difference either
      Credit wait = rows[row].wait;
      wait.count += hi;
      for (const std::int64_t part : {static_cast<std::int64_t>(wait.first),
                                      static_cast<std::int64_t>(wait.last), wait.count, wait.delay})
        waitsKey.push_back(part);
      waits.push_back(wait);
    }
    const auto [known, isNew] = cycles.try_emplace(key, 0);
    if (isNew) {
      const auto run = replay(facts, depth, delay, waits);
      known->second = run ? run->cycles : -1;
    }
    return known->second;
  }
  bool misses(const Conflict& box, std::int64_t target) {
    const std::int64_t run = fastest(box);
    return run < 0 || run > target;
  }

  /// Depths at which a range may begin: 2, and one above each shift register of the group, rising.
  [[nodiscard]] std::vector<std::int64_t> steps(std::size_t group) const {
    std::set<std::int64_t> all = {2};
    for (const Stream& stream : facts.streams)
      if (stream.group == group && srlLimit(facts, stream) >= 2) all.insert(srlLimit(facts, stream) + 1);
    return {all.begin(), all.end()};
  }

  void conflict(const Conflict& box, const std::string& name, std::int64_t target) {
    require(misses(box, target), name + " is false: its fastest depths meet the target");
    for (const auto& [group, range] : box.depths) {
      const auto [lo, hi] = range;
      const std::string place = name + ", group '" + facts.groups[group] + "'";
      const std::vector<std::int64_t> lower = steps(group);
      const auto step = std::find(lower.begin(), lower.end(), lo);
      require(step != lower.end() && hi >= lo && hi <= facts.most[group], place + ": no range of depths");
      require(hi < facts.most[group] || lo > 2, place + ": rules nothing out");
      Conflict wider = box;
      if (hi < facts.most[group]) {
        wider.depths[group] = {lo, hi + 1};
        require(!misses(wider, target), place + ": could reach further");
      }
      if (step != lower.begin()) {
        wider.depths[group] = {*std::prev(step), hi};
        require(!misses(wider, target), place + ": could begin lower");
      }
    }
    for (const auto& [row, hi] : box.sums) {
      const std::string place = name + ", row " + std::to_string(row);
      require(hi >= 2 * static_cast<std::int64_t>(rows[row].groups.size()) &&
                  hi < facts.streams[rows[row].wait.first].tokens,
              place + ": rules nothing out");
      Conflict wider = box;
      ++wider.sums[row];
      require(!misses(wider, target), place + ": could reach further");
    }
  }

  void potentials(const json& stalls, const Replay& run) const {
    std::size_t runs = 0;
    for (const auto& list : run.stalls) runs += list.size();
    if (runs > mostRuns) return require(stalls.is_null(), "stalls: too many to be listed, must be null");
    require(stalls.is_object() && stalls.size() == facts.processes.size(), "stalls: must name every process");
    for (std::size_t p = 0; p < facts.processes.size(); ++p) {
      const std::string name = "stalls of '" + facts.processes[p].name + "'";
      const json& one = stalls.at(facts.processes[p].name);
      require(one.is_object() && one.size() == 3, name + ": must have start, finish and stalls");
      require(whole(one.at("start"), name) == run.start[p], name + ": starts in another cycle");
      require(whole(one.at("finish"), name) == run.finish[p], name + ": finishes in another cycle");
      const json& list = one.at("stalls");
      require(list.is_array() && list.size() == run.stalls[p].size(), name + ": are not the least solution");
      for (std::size_t i = 0; i < list.size(); ++i) {
        require(list[i].is_array() && list[i].size() == 4, name + ": must be lists of four");
        const StallRun stall{.clock = whole(list[i][0], name),
                             .cycles = whole(list[i][1], name),
                             .count = whole(list[i][2], name),
                             .every = whole(list[i][3], name)};
        require(stall == run.stalls[p][i], name + ": are not the least solution");
      }
    }
  }

  std::string check(std::string_view text) {
    const json file = parsed(text);
    if (!file.is_object() || !file.contains("format") || file["format"] != "dataflow-pareto/1")
      return sizing(file);
    require(file.size() == 5, "does not have the keys of a front");
    require(file.at("network") == facts.name, "is of another network than '" + facts.name + "'");
    const json& points = file.at("points");
    require(points.is_array() && !points.empty(), "has no points");
    std::int64_t slower = -1, cheaper = -1;
    bool proven = true;
    for (const json& point : points) {
      sizing(point);
      require(point["cost_kind"] == file.at("cost_kind"), "points of different costs");
      const std::int64_t cycles = point["cycles"].get<std::int64_t>(),
                         cost = point["cost"].get<std::int64_t>();
      require(cycles > slower && (cheaper < 0 || cost < cheaper), "points are out of order");
      slower = cycles;
      cheaper = cost;
      proven = point["proven"].get<bool>();
    }
    require(file.at("complete").is_boolean() && (proven || !file["complete"].get<bool>()),
            "complete, but not proven");
    return facts.name + ": " + std::to_string(points.size()) + " points, each the least cost for its cycles";
  }

  std::string sizing(const json& file) {
    const std::set<std::string> keys = {"format", "network",     "cost_kind", "target",      "target_cycles",
                                        "cycles", "total_beats", "cost",      "lower_bound", "proven",
                                        "depths", "stalls",      "rows",      "conflicts"};
    require(file.is_object() && file.size() == keys.size(), "does not have the keys of a sizing");
    for (const std::string& key : keys) require(file.contains(key), "has no '" + key + "'");
    require(file["format"] == "dataflow-sizing/1", "is not of format dataflow-sizing/1");
    require(file["network"] == facts.name, "is of another network than '" + facts.name + "'");
    require(file["cost_kind"].is_string(), "cost_kind must be a text");
    const std::string kind = file["cost_kind"].get<std::string>();
    const auto cost = [&](std::size_t group, std::int64_t depth) {
      return groupCost(facts, kind, group, depth);
    };

    const json& depthOf = file["depths"];
    require(depthOf.is_object() && depthOf.size() == facts.groups.size(), "depths: must name every group");
    std::vector<std::int64_t> depths;
    std::int64_t beats = 0, sum = 0;
    for (std::size_t g = 0; g < facts.groups.size(); ++g) {
      depths.push_back(whole(depthOf.at(facts.groups[g]), "depths"));
      require(depths[g] >= 2 && depths[g] >> 40 == 0, "depths: must be at least 2 and below 2^40");
      beats += groupCost(facts, "beats", g, depths[g]);
      sum += cost(g, depths[g]);
    }
    require(whole(file["total_beats"], "total_beats") == beats, "total_beats is not the sum of the depths");
    require(whole(file["cost"], "cost") == sum, "cost is not the cost of the depths");
    const std::int64_t target = whole(file["target_cycles"], "target_cycles"),
                       bound = whole(file["lower_bound"], "lower_bound");
    require(file["proven"].is_boolean() && file["proven"].get<bool>() == (bound == sum),
            "proven: must say whether cost and bound agree");
    require(bound <= sum, "lower_bound is above the cost");

    std::vector<std::int64_t> depth, delay;
    for (const Stream& stream : facts.streams) {
      depth.push_back(depths[stream.group]);
      delay.push_back(delayAt(stream, depths[stream.group]));
    }
    const auto run = replay(facts, depth, delay);
    require(run.has_value(), "stands still at its depths");
    require(whole(file["cycles"], "cycles") == run->cycles,
            "takes " + std::to_string(run->cycles) + " cycles at its depths");
    require(run->cycles <= target, "cycles exceed the target");
    potentials(file["stalls"], *run);
    checkTarget(file["target"], target);

    readRows(file["rows"], kind);
    const std::vector<Conflict> conflicts = readConflicts(file["conflicts"]);
    for (std::size_t i = 0; i < conflicts.size(); ++i)
      conflict(conflicts[i], "conflict " + std::to_string(i), target);
    std::vector<std::vector<std::size_t>> groupsOf;
    for (const Row& row : rows) groupsOf.push_back(row.groups);
    const auto least = leastOutside(conflicts, groupsOf, facts.most, cost, bound == sum ? bound : bound + 1);
    require(bound == sum ? !least : least && *least == bound,
            "lower_bound is not what the conflicts leave" +
                (least ? ", which is " + std::to_string(*least) : ""));
    return facts.name + ": " + std::to_string(run->cycles) + " cycles with " + kind + " " +
           std::to_string(sum) +
           (bound == sum ? ", the least possible" : "; at least " + std::to_string(bound) + " is needed") +
           " (" + std::to_string(conflicts.size()) + " conflicts)";
  }

  /// Local times of a stream's accesses on one side, if one box of one access holds them all.
  [[nodiscard]] const Access::Times* timesOf(std::size_t stream, bool read) const {
    const Access::Times* found = nullptr;
    for (const Access& access :
         facts.processes[read ? facts.streams[stream].reader : facts.streams[stream].writer].accesses) {
      if (access.read != read ||
          std::find(access.streams.begin(), access.streams.end(), stream) == access.streams.end())
        continue;
      if (found != nullptr || access.at.size() != 1) return nullptr;
      found = &access.at[0];
    }
    return found;
  }

  /// The wait that a row of streams implies (process/chain.h says why): `count` without the depths.
  [[nodiscard]] Credit rowOf(const std::vector<std::size_t>& groups, const std::string& name) const {
    std::vector<std::size_t> row;
    for (const std::size_t group : groups) {
      std::size_t streams = 0;
      for (std::size_t s = 0; s < facts.streams.size(); ++s)
        if (facts.streams[s].group == group && ++streams > 0) row.push_back(s);
      require(streams == 1, name + ": FIFOs of a group differ");
    }
    require(row.size() >= 2, name + ": must be a row of at least two");
    Credit credit{.first = row.front(), .last = row.back(), .count = 0, .delay = facts.freeDelay};
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      const Access::Times* in = timesOf(row[i], true);
      const Access::Times* out = timesOf(row[i + 1], false);
      require(
          facts.streams[row[i]].reader == facts.streams[row[i + 1]].writer && in != nullptr && out != nullptr,
          name + ": no stage joins its FIFOs");
      std::int64_t inside = 0, gap = 0;
      const auto several = [](const Access::Times& times) {
        auto dims = times.dims;
        std::erase_if(dims, [](const auto& dim) { return dim.first == 1; });
        return dims;
      };
      const auto dims = several(*in);
      require(dims == several(*out), name + ": the stage does not write as it reads");
      for (std::size_t d = dims.size(); d-- > 0;) {
        const auto& [count, stride] = dims[d];
        require(stride > inside, name + ": the stage's accesses are not in order");
        gap = gap == 0 ? stride - inside : std::min(gap, stride - inside);
        inside += (count - 1) * stride;
      }
      if (gap == 0) gap = 1;
      std::int64_t held = 0;  // beats after which the stage has written what it read
      while (out->first > in->first + held * gap) ++held;
      credit.count += held;
      credit.delay += facts.freeDelay + in->first + held * gap - out->first;
    }
    return credit;
  }

  void readRows(const json& items, const std::string& kind) {
    require(items.is_array(), "rows: must be a list");
    require(items.empty() || kind == "beats" || kind == "bits", "rows: the cost must be linear in depth");
    rows.clear();
    for (const json& item : items) {
      const std::string name = "row " + std::to_string(rows.size());
      require(item.is_array(), name + ": must be a list of groups");
      Row row;
      for (const json& group : item) row.groups.push_back(groupOf(group.get<std::string>(), name));
      require(rows.empty() || rows.back().groups < row.groups, name + ": is out of order");
      row.wait = rowOf(row.groups, name);
      rows.push_back(std::move(row));
    }
  }

  [[nodiscard]] std::size_t groupOf(const std::string& group, const std::string& name) const {
    const auto found = std::find(facts.groups.begin(), facts.groups.end(), group);
    require(found != facts.groups.end(), name + ": unknown group");
    return static_cast<std::size_t>(found - facts.groups.begin());
  }

  [[nodiscard]] std::vector<Conflict> readConflicts(const json& items) const {
    require(items.is_array(), "conflicts: must be a list");
    std::vector<Conflict> all;
    std::set<std::size_t> used;
    for (const json& item : items) {
      const std::string name = "conflict " + std::to_string(all.size());
      require(item.is_object() && item.size() == 2 && item.contains("depths") && item.contains("sums") &&
                  item["depths"].is_object() && item["sums"].is_array() &&
                  !(item["depths"].empty() && item["sums"].empty()),
              name + ": must have depths and sums");
      Conflict box;
      for (const auto& [group, range] : item["depths"].items()) {
        require(range.is_array() && range.size() == 2, name + ": must be ranges by group");
        box.depths[groupOf(group, name)] = {whole(range[0], name), whole(range[1], name)};
      }
      std::int64_t before = -1;
      for (const json& pair : item["sums"]) {
        require(pair.is_array() && pair.size() == 2, name + ": must have sums by row");
        const std::int64_t row = whole(pair[0], name);
        require(row > before && row < static_cast<std::int64_t>(rows.size()), name + ": unknown row");
        before = row;
        box.sums[static_cast<std::size_t>(row)] = whole(pair[1], name);
        used.insert(static_cast<std::size_t>(row));
      }
      require(all.empty() ||
                  std::pair(list(all.back().depths), all.back().sums) < std::pair(list(box.depths), box.sums),
              name + ": is out of order");
      all.push_back(std::move(box));
    }
    require(used.size() == rows.size(), "rows: one that no conflict speaks of");
    return all;
  }

  static std::vector<std::array<std::int64_t, 3>> list(const Ranges& ranges) {
    std::vector<std::array<std::int64_t, 3>> flat;
    for (const auto& [group, range] : ranges)
      flat.push_back({static_cast<std::int64_t>(group), range.first, range.second});
    return flat;
  }

  /// "base": the cycles at the given depths. Otherwise the target was asked for, and its number stands twice.
  void checkTarget(const json& name, std::int64_t target) {
    require(name.is_string(), "target must be a text");
    if (name != "base")
      return require(name == "asked:" + std::to_string(target), "target and target_cycles disagree");
    std::vector<std::int64_t> depth, delay;
    for (const Stream& stream : facts.streams) {
      depth.push_back(facts.given[stream.group]);
      delay.push_back(delayAt(stream, facts.given[stream.group]));
    }
    const auto [known, isNew] = cycles.try_emplace(Key{depth, delay, {}}, 0);
    if (isNew) {
      const auto run = replay(facts, depth, delay);
      known->second = run ? run->cycles : -1;
    }
    require(known->second == target, "target_cycles are not the cycles at the given depths");
  }
};

Checker::Checker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Checker::~Checker() = default;
Checker::Checker(Checker&&) noexcept = default;

Result<Checker> Checker::parse(std::string_view network) {
  try {
    auto state = std::make_unique<State>();
    state->facts = readFacts(network);
    return Checker(std::move(state));
  } catch (const std::exception& problem) {
    return badInput(std::string("cannot be read: ") + problem.what());
  }
}

Result<Checker> Checker::open(const std::filesystem::path& network) {
  SLUICE_TRY(const std::string text, readFile(network, std::uint64_t{256} << 20));
  auto checker = parse(text);
  if (!checker.ok()) return badInput(checker.error().message, network.filename().string());
  return checker;
}

Result<std::string> Checker::check(std::string_view certificate) {
  try {
    return state_->check(certificate);
  } catch (const std::exception& problem) {
    return badInput(std::string("refused: ") + problem.what());
  }
}

}  // namespace sluice::dataflow::check
