#include "split/plan.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "split/price.h"

namespace sluice::splits {
namespace {

using json = nlohmann::ordered_json;

json idOf(const Problem& problem, std::uint32_t node) {
  std::int64_t number = 0;
  if (problem.numberedNodes && parseInt64(problem.nodes[node].name, number)) return number;
  return problem.nodes[node].name;
}

std::string setText(const Problem& problem, const Atoms& atoms, const std::vector<std::uint32_t>& members) {
  std::vector<std::uint8_t> digits((problem.nodes.size() + 3) / 4, 0);
  for (const std::uint32_t atom : members)
    for (const std::uint32_t v : atoms.nodes[atom])
      digits[v / 4] = static_cast<std::uint8_t>(digits[v / 4] | 1u << (v % 4));
  std::string text;
  for (const std::uint8_t digit : digits) text += "0123456789abcdef"[digit];
  return text;
}

/// What moves between stages, frame by frame: over every link, or pair of stages where links cost nothing.
json transfersOf(const Problem& problem, const Stages& stages) {
  std::vector<std::uint32_t> stageOf(problem.nodes.size(), 0);
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (const std::uint32_t v : stages[s].nodes) stageOf[v] = s;
  const std::size_t n = stages.size();
  std::vector<double> behind(n, 0), out(n, 0);
  std::vector<bool> crossed(n, false);
  std::vector<std::vector<double>> between(n, std::vector<double>(n, -1));
  for (const Tensor& tensor : problem.tensors) {
    const std::uint32_t from = stageOf[tensor.from];
    std::vector<bool> reads(n, false);
    std::uint32_t last = from;
    for (const std::uint32_t to : tensor.to) {
      reads[stageOf[to]] = true;
      last = std::max(last, stageOf[to]);
    }
    if (last > from) out[from] += tensor.amount;
    for (std::uint32_t s = from + 1; s < n; ++s)
      if (reads[s]) between[from][s] = std::max(between[from][s], 0.0) + tensor.amount;
    for (std::uint32_t s = from; s < last; ++s) {
      behind[s] += tensor.amount;
      crossed[s] = true;
    }
  }
  json transfers = json::array();
  const auto place = [&](std::uint32_t s) { return std::to_string(stages[s].place); };
  const Topology::Kind kind = problem.topology.kind;
  const bool relays =
      kind == Topology::Kind::chain || kind == Topology::Kind::ring || kind == Topology::Kind::mesh;
  for (std::uint32_t s = 0; s + 1 < n; ++s) {
    if (relays && crossed[s]) {
      // The links between two stages, as one: its rate is that of the slowest, its latency the sum.
      const Hop hop = hopBetween(problem, stages[s].place, stages[s + 1].place);
      transfers.push_back({{"link", "place " + place(s) + " to " + place(s + 1)},
                           {"amount", behind[s]},
                           {"rate", 1 / hop.slowest},
                           {"latency", hop.latency + behind[s] * (hop.inverse - hop.slowest)},
                           {"from_stage", s},
                           {"to_stage", s + 1}});
      continue;
    }
    if (relays) continue;
    const double up = cableOf(problem, stages[s].place);
    const bool cables = kind == Topology::Kind::star || kind == Topology::Kind::switched;
    std::int64_t sent = -1;
    for (std::uint32_t to = s + 1; to < n; ++to) {
      if (between[s][to] < 0) continue;
      if (!cables) {
        transfers.push_back({{"link", "place " + place(s) + " to " + place(to)},
                             {"amount", between[s][to]},
                             {"latency", 0.0},
                             {"from_stage", s},
                             {"to_stage", to}});
        continue;
      }
      const Hop hop = hopBetween(problem, stages[s].place, stages[to].place);
      if (sent < 0) {
        sent = static_cast<std::int64_t>(transfers.size());
        json row = {
            {"link", "up from place " + place(s)}, {"amount", out[s]}, {"latency", 0.0}, {"from_stage", s}};
        if (up > 0) row["rate"] = 1 / up;
        transfers.push_back(row);
      }
      json row = {{"link", "down to place " + place(to)},
                  {"amount", between[s][to]},
                  {"latency", hop.latency},
                  {"from_transfer", sent},
                  {"to_stage", to}};
      row["rate"] = 1 / cableOf(problem, stages[to].place);
      transfers.push_back(row);
    }
  }
  return transfers;
}

json certificate(const Problem& problem, const Plan& plan) {
  const Atoms atoms = atomsOf(problem, plan.proof.merges);
  const Result<Seats> seats = seatsOf(problem);
  SLUICE_CHECK(seats.ok(), "the plan was made with them");
  const WorkBound bound = workBound(problem, atoms, *seats);
  json result;
  result["below"] = plan.lowerBound;
  result["merges"] = json::array();
  for (const Merge& merge : plan.proof.merges)
    result["merges"].push_back({idOf(problem, merge.node), idOf(problem, merge.with)});
  result["weights"] = json::array();
  std::vector<bool> written(bound.weights.size(), false);
  for (std::size_t s = 0; s < seats->count(); ++s) {
    const std::uint32_t w = bound.weighting[s];
    if (written[w]) continue;
    written[w] = true;
    json left = json::array(), multipliers = json::array();
    for (std::size_t k = 0; k < problem.boards.size(); ++k)
      if (seats->left[s][k] > 0) {
        left.push_back(problem.boards[k].name);
        multipliers.push_back(bound.multipliers[w][k]);
      }
    result["weights"].push_back({{"left", left}, {"multipliers", multipliers}});
  }
  result["states"] = json::array();
  for (const ReachedIdeal& ideal : plan.proof.reached) {
    json places = json::array();
    for (const IdealState& state : ideal.states) {
      json row = json::array();
      row.push_back(seats->last[state.seat] == nowhere ? -1
                                                       : static_cast<std::int64_t>(seats->last[state.seat]));
      for (const std::uint32_t used : seats->used[state.seat]) row.push_back(used);
      if (plan.objective.goal != Goal::load) row.push_back(state.value);
      places.push_back(std::move(row));
    }
    result["states"].push_back(
        {{"nodes", setText(problem, atoms, ideal.atoms)}, {"seats", std::move(places)}});
  }
  return result;
}

}  // namespace

std::string planJson(const Problem& problem, const Plan& plan) {
  json file;
  file["format"] = "sluice-plan/1";
  file["problem"] = problem.name;
  file["objective"] = plan.value;
  file["objective_name"] = nameOf(plan.objective.goal);
  if (plan.objective.loadLimit != impossible) file["load_limit"] = plan.objective.loadLimit;
  file["lower_bound"] = plan.lowerBound;
  file["proven"] = plan.proven;
  file["measures"] = {
      {"load", plan.measures.load}, {"latency", plan.measures.latency}, {"boards", plan.measures.boards}};
  file["stages"] = json::array();
  const std::vector<double> stageLoads = loadsOf(problem, plan.stages);
  for (const Stage& stage : plan.stages) {
    json nodes = json::array();
    for (const std::uint32_t v : stage.nodes) nodes.push_back(idOf(problem, v));
    file["stages"].push_back({{"device", problem.boards[stage.board].name},
                              {"place", stage.place},
                              {"load", stageLoads[file["stages"].size()]},
                              {"nodes", std::move(nodes)}});
  }
  file["transfers"] = transfersOf(problem, plan.stages);
  json proof = certificate(problem, plan);
  // A state a line, so that the file can be read; the rest as it is printed.
  json states = std::move(proof["states"]);
  proof.erase("states");
  file["certificate"] = std::move(proof);
  std::string text = file.dump(1);
  std::string lines;
  for (const json& state : states) lines += (lines.empty() ? "\n   " : ",\n   ") + state.dump();
  // "...multipliers": ... }\n }\n}": the list goes in before the two closing braces.
  text.erase(text.size() - std::string("\n }\n}").size());
  return text + ",\n  \"states\": [" + lines + "]\n }\n}\n";
}

}  // namespace sluice::splits
