#include "split/check/check.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "split/check/closure.h"

namespace sluice::splits::checking {
namespace {

using nlohmann::json;

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error(what); }
std::size_t at(int i) { return static_cast<std::size_t>(i); }
bool same(double a, double b) {
  return std::abs(a - b) <= tolerance * std::max({std::abs(a), std::abs(b), 1e-300});
}

std::string idText(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }
int itemOf(const Facts& facts, const json& id) {
  const auto found = facts.ids.find(idText(id));
  if (found == facts.ids.end()) wrong("node " + idText(id) + " is not known");
  return found->second;
}
int kindOf(const Facts& facts, const std::string& name) {
  for (int k = 0; k < static_cast<int>(facts.kinds.size()); ++k)
    if (facts.kinds[at(k)].name == name) return k;
  wrong("device '" + name + "' is not known");
}

struct Part {
  int kind = 0, place = 0;
  std::vector<int> items;
};

/// The parts, each with nodes and a board of its own, and for each node its part.
std::vector<Part> readParts(const Facts& facts, const json& plan, std::vector<int>& partOf) {
  std::vector<Part> parts;
  partOf.assign(facts.items.size(), -1);
  std::vector<int> used(facts.kinds.size(), 0);
  for (const json& stage : plan.at("stages")) {
    const std::string where = "stages[" + std::to_string(parts.size()) + "]";
    Part part{.kind = kindOf(facts, stage.at("device").get<std::string>()),
              .place = stage.value("place", static_cast<int>(parts.size())),
              .items = {}};
    if (part.place < 0 || part.place >= facts.places())
      wrong(where + ": there is no place " + std::to_string(part.place));
    if (!parts.empty() && part.place <= parts.back().place) wrong(where + ": places must ascend");
    if (!facts.order.empty() && facts.order[at(part.place)] != part.kind)
      wrong(where + ": the board of place " + std::to_string(part.place) + " is " +
            facts.kinds[at(facts.order[at(part.place)])].name);
    const Kind& kind = facts.kinds[at(part.kind)];
    if (++used[at(part.kind)] > kind.count)
      wrong(where + ": there are only " + std::to_string(kind.count) + " of '" + kind.name + "'");
    for (const json& id : stage.at("nodes")) {
      const int v = itemOf(facts, id);
      if (partOf[at(v)] >= 0) wrong(where + ": node " + idText(id) + " is on two boards");
      partOf[at(v)] = static_cast<int>(parts.size());
      if (facts.items[at(v)].time[at(part.kind)] == never)
        wrong(where + ": node " + idText(id) + " cannot run on '" + kind.name + "'");
      part.items.push_back(v);
    }
    if (part.items.empty()) wrong(where + " has no node");
    for (std::size_t r = 0; r < facts.resources.size(); ++r) {
      double size = 0;
      for (const int v : part.items) size += facts.items[at(v)].size[r];
      if (size > kind.room[r])
        wrong(where + ": needs " + formatDouble(size) + " " + facts.resources[r] + ", and '" + kind.name +
              "' has " + formatDouble(kind.room[r]));
    }
    parts.push_back(std::move(part));
  }
  std::map<std::string, int> groups;
  for (std::size_t v = 0; v < facts.items.size(); ++v) {
    if (partOf[v] < 0) wrong("node " + facts.items[v].id + " is on no board");
    if (const std::string& group = facts.items[v].group; !group.empty())
      if (groups.try_emplace(group, partOf[v]).first->second != partOf[v])
        wrong("node " + facts.items[v].id + " is not with the others of group " + group);
  }
  for (const Flow& flow : facts.flows)
    for (const int v : flow.to)
      if (partOf[at(v)] < partOf[at(flow.from)])
        wrong("stages are not convex: the edge from node " + facts.items[at(flow.from)].id + " to node " +
              facts.items[at(v)].id + " leads back from stage " + std::to_string(partOf[at(flow.from)]) +
              " to stage " + std::to_string(partOf[at(v)]));
  return parts;
}

struct Totals {
  double load = 0, latency = 0;
};

Totals totalsOf(const Facts& facts, const std::vector<Part>& parts, const std::vector<int>& partOf) {
  Totals totals;
  for (int p = 0; p < static_cast<int>(parts.size()); ++p) {
    const Kind& kind = facts.kinds[at(parts[at(p)].kind)];
    double work = 0, in = 0, out = 0, handedOn = 0;
    bool anything = false;
    for (const int v : parts[at(p)].items) {
      const double time = facts.items[at(v)].time[at(parts[at(p)].kind)];
      work = kind.adds ? work + time : std::max(work, time);
    }
    for (const Flow& flow : facts.flows) {
      const int from = partOf[at(flow.from)];
      const bool here =
          std::any_of(flow.to.begin(), flow.to.end(), [&](int v) { return partOf[at(v)] == p; });
      const bool elsewhere =
          std::any_of(flow.to.begin(), flow.to.end(), [&](int v) { return partOf[at(v)] != p; });
      const bool later =
          std::any_of(flow.to.begin(), flow.to.end(), [&](int v) { return partOf[at(v)] > p; });
      if (from != p && here) in += flow.amount;
      if (from == p && elsewhere) out += flow.amount;
      if (from <= p && later) handedOn += flow.amount;
      anything = anything || (from <= p && later);
    }
    double stage = work;
    if (kind.transfers == '+') stage = work + (in + out) / kind.rate;
    if (kind.transfers == '|') stage = std::max({work, in / kind.rate, out / kind.rate});
    totals.load = std::max({totals.load, stage, facts.ownCable(parts[at(p)].place) * std::max(in, out)});
    totals.latency += stage;
    if (p + 1 == static_cast<int>(parts.size()) || !anything) continue;
    const bool copies = facts.topology == "star" || facts.topology == "switch";
    for (const Cable& cable : facts.way(parts[at(p)].place, parts[at(p) + 1].place)) {
      if (!copies) totals.load = std::max(totals.load, handedOn / cable.rate);
      totals.latency += cable.latency + handedOn / cable.rate;
    }
  }
  return totals;
}

Claim readClaim(const Facts& facts, const json& plan, const std::string& goal, double limit) {
  const json& given = plan.at("certificate");
  Claim claim{.goal = goal,
              .limit = limit,
              .below = given.at("below").get<double>(),
              .merges = {},
              .weights = {},
              .states = {}};
  for (const json& pair : given.at("merges"))
    claim.merges.emplace_back(itemOf(facts, pair.at(0)), itemOf(facts, pair.at(1)));
  for (const json& row : given.at("weights")) {
    Weights weights;
    for (const json& name : row.at("left")) weights.left.push_back(kindOf(facts, name.get<std::string>()));
    for (const json& value : row.at("multipliers")) weights.multipliers.push_back(value.get<double>());
    if (weights.left.size() != weights.multipliers.size())
      wrong("certificate: weights of another length than their boards");
    claim.weights.push_back(std::move(weights));
  }
  const std::size_t kinds = facts.kinds.size();
  for (const json& row : given.at("states")) {
    State state{.items = std::vector<bool>(facts.items.size(), false), .seats = {}};
    const std::string digits = row.at("nodes").get<std::string>();
    if (digits.size() != (facts.items.size() + 3) / 4)
      wrong("certificate: a state of another length than the nodes");
    for (std::size_t i = 0; i < 4 * digits.size(); ++i) {
      const std::size_t digit = std::string("0123456789abcdef").find(digits[i / 4]);
      if (digit == std::string::npos) wrong("certificate: a state that is not hexadecimal");
      if ((digit >> (i % 4) & 1) == 0) continue;
      if (i >= state.items.size()) wrong("certificate: a state holds nodes that are not there");
      state.items[i] = true;
    }
    for (const json& seat : row.at("seats")) {
      if (seat.size() != 1 + kinds + (goal == "load" ? 0 : 1))
        wrong("certificate: a seat of another length than the boards");
      Seat read{.place = seat.at(0).get<int>(), .used = {}, .value = 0};
      for (std::size_t k = 0; k < kinds; ++k) read.used.push_back(seat.at(1 + k).get<int>());
      if (goal != "load") read.value = seat.at(1 + kinds).get<double>();
      state.seats.push_back(std::move(read));
    }
    claim.states.push_back(std::move(state));
  }
  return claim;
}

std::string checked(const Facts& facts, const json& plan) {
  if (plan.value("format", "") != "sluice-plan/1") wrong("the plan is not of format \"sluice-plan/1\"");
  const std::string goal = plan.at("objective_name").get<std::string>();
  if (goal != "load" && goal != "latency" && goal != "boards")
    wrong("the objective '" + goal + "' is not known");
  std::vector<int> partOf;
  const std::vector<Part> parts = readParts(facts, plan, partOf);
  const Totals totals = totalsOf(facts, parts, partOf);
  const double objective = plan.at("objective").get<double>(), bound = plan.at("lower_bound").get<double>();
  const double limit = plan.contains("load_limit") ? plan["load_limit"].get<double>() : never;
  if (totals.load > limit * (1 + tolerance))
    wrong("the load is " + formatDouble(totals.load) + ", above the limit of " + formatDouble(limit));
  const double truth = goal == "load"      ? totals.load
                       : goal == "latency" ? totals.latency
                                           : static_cast<double>(parts.size());
  if (!same(objective, truth))
    wrong("the " + goal + " is " + formatDouble(truth) + ", not " + formatDouble(objective));
  const json& measures = plan.at("measures");
  if (!same(measures.at("load").get<double>(), totals.load))
    wrong("measures: the load is " + formatDouble(totals.load));
  if (!same(measures.at("latency").get<double>(), totals.latency))
    wrong("measures: the latency is " + formatDouble(totals.latency));
  if (measures.at("boards").get<double>() != static_cast<double>(parts.size()))
    wrong("measures: the boards are " + std::to_string(parts.size()));
  if (!(bound >= 0) || bound > objective * (1 + tolerance))
    wrong("the lower bound " + formatDouble(bound) + " is above the objective, or no number");
  const bool meets = bound >= objective * (1 - tolerance);
  if (plan.at("proven").get<bool>() != meets)
    wrong(meets ? "bound and objective meet, and 'proven' is false"
                : "'proven' is true, and the bound is below the objective");
  const Claim claim = readClaim(facts, plan, goal, limit);
  if (claim.below != bound)
    wrong("certificate: proves " + formatDouble(claim.below) + ", and the bound is " + formatDouble(bound));
  checkClosure(facts, claim);
  std::string text = goal + " " + formatDouble(objective) + " over " +
                     sluice::countOf(static_cast<std::int64_t>(parts.size()), "stage");
  return text + (meets ? ": the least there is (" : ": at least " + formatDouble(bound) + " is needed (") +
         sluice::countOf(static_cast<std::int64_t>(claim.states.size()), "state") + " in the certificate)";
}

}  // namespace

Result<std::string> checkPlan(std::string_view problem, std::string_view plan) {
  try {
    const Facts facts = readFacts(problem);
    return checked(facts, json::parse(plan));
  } catch (const std::exception& error) {
    std::string what = error.what();
    if (what.starts_with("[json")) what = "a key is missing or of the wrong kind: " + what;
    if (what.starts_with("map::at")) what = "a name is not known";
    return badInput(what);
  }
}

}  // namespace sluice::splits::checking
