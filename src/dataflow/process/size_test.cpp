#include "dataflow/process/size.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataflow/check/check.h"
#include "dataflow/process/certificate.h"
#include "dataflow/process/testing.h"

namespace sluice::dataflow::process {
namespace {

/// The least cost over all depth vectors, each simulated.
std::uint64_t bruteForce(Evaluator& evaluator, const Network& n, const GroupCosts& costs,
                         std::uint64_t target) {
  std::vector<std::uint64_t> most(n.groups.size(), 2), depths(n.groups.size(), 2);
  for (const Fifo& fifo : n.fifos) most[fifo.group] = std::max(most[fifo.group], fifo.tokens);
  std::uint64_t best = ~std::uint64_t{0};
  for (;;) {
    if (costs.total(depths) < best && evaluator.run(evaluator.exact(depths)).within(target))
      best = costs.total(depths);
    std::size_t g = 0;
    for (; g < depths.size() && depths[g] == most[g]; ++g) depths[g] = 2;
    if (g == depths.size()) return best;
    ++depths[g];
  }
}

TEST(ProcessSizing, TenThousandSmallNetworksAreSizedAsBruteForceSizesThem) {
  int sized = 0, joint = 0, infeasibleTargets = 0;
  for (std::uint64_t seed = 0; sized < 10'000; ++seed) {
    ASSERT_LT(seed, 40'000u);
    const Network n = testing::random(seed, 4, 5);
    const auto program = compile(n);
    if (!check(n).ok() || !program.ok()) continue;  // overlapping accesses
    SizingOptions options{
        .targetCycles = {}, .cost = static_cast<CostKind>(seed % 4 == 2 ? 3 : seed % 2), .timeLimit = 10};
    Evaluator evaluator(*program, n.timing);
    const Outcome given = evaluator.run(evaluator.exact(givenDepths(n)));
    const Outcome top = evaluator.run(evaluator.exact(unboundedDepths(n)));
    if (seed % 3 == 0 || given.kind == Outcome::Kind::deadlock)
      options.targetCycles =
          top.cycles + seed % 7 - 2;  // sometimes none reaches it, or none but shift registers
    const std::uint64_t target = options.targetCycles.value_or(given.cycles);
    const GroupCosts costs(n, options.cost);
    const std::uint64_t best = bruteForce(evaluator, n, costs, target);
    const auto sizing = sizeFifos(n, options);
    ++sized;
    if (best == ~std::uint64_t{0}) {
      ++infeasibleTargets;
      ASSERT_FALSE(sizing.ok()) << "seed " << seed;
      ASSERT_EQ(sizing.error().code, ErrorCode::infeasible) << "seed " << seed;
      continue;
    }
    ASSERT_TRUE(sizing.ok()) << "seed " << seed << ": " << sizing.error().text();
    ASSERT_EQ(sizing->cost, best) << "seed " << seed;
    ASSERT_TRUE(sizing->proven) << "seed " << seed;
    ASSERT_LE(sizing->cycles, target);
    for (const Conflict& conflict : sizing->conflicts) joint += conflict.size() > 1 ? 1 : 0;
  }
  EXPECT_GT(joint, 50);
  EXPECT_GT(infeasibleTargets, 100);
}

TEST(ProcessSizing, RowsThatShareTheirStorageAreSizedAsBruteForceSizesThem) {
  int sized = 0, sums = 0, joint = 0;
  for (std::uint64_t seed = 0; sized < 1000; ++seed) {
    ASSERT_LT(seed, 5000u);
    const Network n = testing::randomRow(seed, 9);
    const auto program = compile(n);
    ASSERT_TRUE(check(n).ok() && program.ok()) << "seed " << seed;
    Evaluator evaluator(*program, n.timing);
    const Outcome top = evaluator.run(evaluator.exact(unboundedDepths(n)));
    const SizingOptions options{.targetCycles = top.cycles + seed % 4,
                                .cost = seed % 2 == 0 ? CostKind::beats : CostKind::bits,
                                .timeLimit = 10};
    const auto sizing = sizeFifos(n, options);
    ASSERT_TRUE(sizing.ok()) << "seed " << seed << ": " << sizing.error().text();
    ++sized;
    ASSERT_EQ(sizing->cost, bruteForce(evaluator, n, GroupCosts(n, options.cost), *options.targetCycles))
        << "seed " << seed;
    ASSERT_TRUE(sizing->proven) << "seed " << seed;
    for (const Conflict& conflict : sizing->conflicts)
      for (const Literal& literal : conflict) {
        if (!sizing->terms.isRow(literal.term)) continue;
        ++sums;
        joint += conflict.size() > 1 ? 1 : 0;
      }
  }
  EXPECT_GT(sums, 100);
  EXPECT_GT(joint, 10);
}

/// A network as a file; testing.h makes them in memory.
std::string fileOf(const Network& n) {
  nlohmann::json file = {{"format", "dataflow-json/1"}, {"kind", "process-network"}, {"name", n.name}};
  file["timing"] = {{"write_to_read_srl", n.timing.writeToReadSrl},
                    {"write_to_read_ram", n.timing.writeToReadRam},
                    {"read_to_write", n.timing.readToWrite},
                    {"srl_max_depth", n.timing.srlMaxDepth},
                    {"srl_max_bits", n.timing.srlMaxBits}};
  file["fifos"] = file["processes"] = nlohmann::json::array();
  for (const Fifo& f : n.fifos)
    file["fifos"].push_back({{"name", f.name},
                             {"width_bits", f.widthBits},
                             {"depth", f.depth},
                             {"group", n.groups[f.group]},
                             {"src", n.processes[f.src].name},
                             {"dst", n.processes[f.dst].name},
                             {"tokens", f.tokens}});
  for (const Process& p : n.processes) {
    nlohmann::json after = nlohmann::json::array(), phases = nlohmann::json::array();
    for (const After& a : p.after)
      after.push_back({{"process", n.processes[a.process].name}, {"delay", a.delay}});
    for (const Phase& f : p.phases) {
      nlohmann::json accesses = nlohmann::json::array();
      for (const Access& a : f.accesses) {
        nlohmann::json at = nlohmann::json::array();
        for (const Box& box : a.at) {
          nlohmann::json dims = nlohmann::json::array();
          for (const Dim& dim : box.dims) dims.push_back({dim.count, dim.stride});
          at.push_back({{"first", box.first}, {"dims", dims}});
        }
        accesses.push_back({{"op", a.direction == Direction::read ? "read" : "write"},
                            {"stage", a.stage},
                            {"fifos", a.fifos},
                            {"at", at}});
      }
      phases.push_back({{"loops", f.loops},
                        {"trip", f.trip},
                        {"start", f.start},
                        {"ii", f.ii},
                        {"iteration_latency", f.iterationLatency},
                        {"accesses", accesses}});
    }
    file["processes"].push_back(
        {{"name", p.name}, {"latency", p.latency}, {"after", after}, {"phases", phases}});
  }
  return file.dump();
}

TEST(ProcessCertificates, TheCheckerAcceptsThemAndRefusesAnyNumberChanged) {
  int checked = 0, mutations = 0, sums = 0;
  for (std::uint64_t seed = 0; checked < 80; ++seed) {
    ASSERT_LT(seed, 1000u);
    const bool row = seed % 3 == 0;
    const Network n = row ? testing::randomRow(seed, 9) : testing::random(seed, 4, 6);
    if (!check(n).ok() || !compile(n).ok()) continue;
    const auto cost = row ? CostKind::beats : static_cast<CostKind>(seed % 4);
    const auto sizing = sizeFifos(n, {.targetCycles = {}, .cost = cost, .timeLimit = 10});
    if (!sizing.ok()) continue;  // stands still at the given depths
    for (const Conflict& conflict : sizing->conflicts)
      for (const Literal& literal : conflict) sums += sizing->terms.isRow(literal.term) ? 1 : 0;
    const auto certificate = certificateJson(n, cost, *sizing);
    ASSERT_TRUE(certificate.ok());
    auto checker = check::Checker::parse(fileOf(n));
    ASSERT_TRUE(checker.ok()) << checker.error().text();
    const auto verdict = checker->check(*certificate);
    ASSERT_TRUE(verdict.ok()) << "seed " << seed << ": " << verdict.error().text() << *certificate;
    ++checked;
    for (std::size_t at = 0; at < certificate->size(); ++at) {  // every digit of every number
      if (std::isdigit((*certificate)[at]) == 0) continue;
      const std::size_t quote = certificate->rfind('"', at);
      const bool inName =
          quote != std::string::npos && certificate->find('"', at) != std::string::npos &&
          std::count(certificate->begin(), certificate->begin() + static_cast<std::ptrdiff_t>(at), '"') % 2 ==
              1;
      if (inName) continue;
      std::string other = *certificate;
      other[at] = other[at] == '9' ? '8' : static_cast<char>(other[at] + 1);
      ++mutations;
      ASSERT_FALSE(checker->check(other).ok()) << "seed " << seed << "\n" << other;
    }
  }
  EXPECT_GT(mutations, 2000);
  EXPECT_GT(sums, 10);
}

TEST(ProcessSizing, TheFrontFallsFromTheTargetToTheLeastCost) {
  const Network n = testing::pair(12, 3, 12);
  const auto front = paretoFront(n, {.targetCycles = {}, .cost = CostKind::beats, .timeLimit = 10});
  ASSERT_TRUE(front.ok());
  EXPECT_TRUE(front->complete);
  ASSERT_FALSE(front->points.empty());
  EXPECT_EQ(front->points.back().cost, 2u);
  for (std::size_t i = 1; i < front->points.size(); ++i) {
    EXPECT_GT(front->points[i].cycles, front->points[i - 1].cycles);
    EXPECT_LT(front->points[i].cost, front->points[i - 1].cost);
  }
}

TEST(ProcessCosts, NeverFallWithDepth) {
  const Timing timing;
  for (const CostKind kind : {CostKind::beats, CostKind::bits, CostKind::bram18, CostKind::luts})
    for (std::uint32_t width = 1; width <= 80; ++width) {
      std::uint64_t before = 0;
      for (std::uint64_t depth = 1; depth < 20'000; depth += depth < 5000 ? 1 : 37) {
        const std::uint64_t now = cost(kind, depth, width, timing);
        ASSERT_GE(now, before) << costKindText(kind) << " " << width << " x " << depth;
        before = now;
      }
    }
}

TEST(ProcessCosts, BlockRamsAreCountedAsPublished) {
  const Timing timing;
  EXPECT_EQ(bram18(32, 32, timing), 0u);  // 1024 bits: a shift register
  EXPECT_EQ(bram18(33, 32, timing), 2u);  // one column of 18, one block for the rest
  EXPECT_EQ(bram18(2049, 32, timing),
            7u);  // 3 (1024x18) + 2 (2048x9) + 1 (4096x4) + 1 (one block for the last bit)
}

}  // namespace
}  // namespace sluice::dataflow::process
