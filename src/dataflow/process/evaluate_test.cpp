#include "dataflow/process/evaluate.h"

#include <gtest/gtest.h>

#include "dataflow/process/profile.h"
#include "dataflow/process/testing.h"

namespace sluice::dataflow::process {
namespace {

using testing::pair;

Outcome runWith(const Network& network, const std::vector<std::uint64_t>& depths) {
  const Status valid = check(network);
  EXPECT_TRUE(valid.ok()) << (valid.ok() ? "" : valid.error().text());
  const auto outcome = simulate(network, depths);
  EXPECT_TRUE(outcome.ok());
  return outcome.ok() ? *outcome : Outcome{};
}

TEST(ProcessSimulator, AFifoThatIsReadAsFastAsItIsWrittenCostsItsDelay) {
  EXPECT_EQ(runWith(pair(100, 1, 2), {2}).cycles, 1 + 99 + 2u);    // shift register: visible after a cycle
  EXPECT_EQ(runWith(pair(100, 1, 33), {33}).cycles, 2 + 99 + 2u);  // 33 x 32 bits are memory: after two
}

TEST(ProcessSimulator, AShallowFifoHoldsTheWriterBack) {
  Network n = pair(10, 3, 2);
  n.processes[0].latency = 40;  // its clock goes on after the last write, which comes when beat 7 was read
  EXPECT_EQ(runWith(n, {10}).cycles, 40u);
  EXPECT_EQ(runWith(n, {2}).cycles, 1 + 3 * 7 + 1 + (40 - 9u));
}

TEST(ProcessSimulator, ADeadlockNamesTheCircle) {
  Network n =
      pair(4, 1, 2);  // a second FIFO, all of whose beats the reader wants before the first beat of the first
  n.groups.push_back("h");
  n.fifos.push_back(
      {.name = "late", .widthBits = 1, .depth = 4, .group = 1, .src = 0, .dst = 1, .tokens = 1});
  Phase& writes = n.processes[0].phases[0];
  writes.accesses.push_back(
      {.direction = Direction::write, .stage = 0, .fifos = {1}, .at = {{.first = 3, .dims = {}}}});
  Phase first{.loops = {1}, .trip = 1, .start = 0, .ii = 1, .iterationLatency = 1, .accesses = {}};
  first.accesses.push_back(
      {.direction = Direction::read, .stage = 0, .fifos = {1}, .at = {{.first = 0, .dims = {}}}});
  n.processes[1].phases[0].start = 1;
  n.processes[1].latency += 1;
  n.processes[1].phases.insert(n.processes[1].phases.begin(), first);
  EXPECT_EQ(runWith(n, {4, 2}).kind, Outcome::Kind::finished);
  const Outcome stuck = runWith(n, {2, 2});
  ASSERT_EQ(stuck.kind, Outcome::Kind::deadlock);
  EXPECT_EQ(deadlockText(n, *compile(n), stuck.deadlock),
            "writer waits for reader: FIFO 'f' full; reader waits for writer: FIFO 'late' empty");
}

TEST(ProcessSimulator, AgreesWithTheRulesTakenCycleByCycle) {
  int deadlocks = 0, differing = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    const Network n = testing::random(seed, 4, 8);
    const auto program = compile(n);
    if (!check(n).ok() || !program.ok()) continue;  // overlapping accesses
    Rng rng(seed, 3);
    Evaluator evaluator(*program, n.timing);
    for (int trial = 0; trial < 4; ++trial) {
      std::vector<std::uint64_t> depths;
      for (std::size_t g = 0; g < n.groups.size(); ++g)
        depths.push_back(static_cast<std::uint64_t>(rng.uniform(1, 9)));
      const auto expected = testing::step(n, depths);
      const Outcome fast = evaluator.run(evaluator.exact(depths));
      ASSERT_EQ(fast.kind == Outcome::Kind::finished, expected.has_value()) << "seed " << seed;
      deadlocks += expected ? 0 : 1;
      if (!expected) continue;
      ASSERT_EQ(fast.cycles, *expected) << "seed " << seed;
      EXPECT_TRUE(evaluator.run(evaluator.exact(depths), *expected).within(*expected));
      EXPECT_EQ(evaluator.run(evaluator.exact(depths), *expected - 1).kind, Outcome::Kind::late);
      Record record;
      EXPECT_EQ(evaluator.record(evaluator.exact(depths), record).cycles, *expected);
      differing += fast.cycles != evaluator.run(evaluator.exact(unboundedDepths(n))).cycles ? 1 : 0;
    }
  }
  EXPECT_GT(deadlocks, 100);
  EXPECT_GT(differing, 100);
}

/// The recorded run skips nothing: the two must agree where much repeats.
TEST(ProcessSimulator, WhatRepeatsIsSkippedWithoutADifference) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Network n = testing::random(seed, 4, 8);
    const auto once = compile(n);
    if (!check(n).ok() || !once.ok()) continue;
    const auto program = repeat(*once, 60 + seed);
    if (!program.ok()) continue;  // arrays
    Rng rng(seed, 4);
    Evaluator evaluator(*program, n.timing);
    for (int trial = 0; trial < 6; ++trial) {
      std::vector<std::uint64_t> depths;
      for (std::size_t g = 0; g < n.groups.size(); ++g)
        depths.push_back(static_cast<std::uint64_t>(rng.uniform(1, trial < 3 ? 9 : 300)));
      Record record;
      const Outcome fast = evaluator.run(evaluator.exact(depths));
      const Outcome slow = evaluator.record(evaluator.exact(depths), record);
      ASSERT_EQ(fast.kind, slow.kind) << "seed " << seed;
      ASSERT_EQ(fast.cycles, slow.cycles) << "seed " << seed;
    }
  }
}

/// One process writes bursts, the next passes every beat on, the last reads at an even pace: FIFOs fill and drain while
/// everybody repeats something.
Network bursts(Rng& rng) {
  const auto upTo = [&](std::int64_t lo, std::int64_t hi) {
    return static_cast<std::uint64_t>(rng.uniform(lo, hi));
  };
  const std::uint64_t burst = upTo(2, 16), pace = upTo(1, 16), rows = upTo(20, 60), tokens = rows * burst;
  Network n{.name = "bursts", .timing = {}, .groups = {"a", "b"}, .fifos = {}, .processes = {}};
  for (std::uint32_t f = 0; f < 2; ++f)
    n.fifos.push_back({.name = n.groups[f],
                       .widthBits = 8,
                       .depth = 2,
                       .group = f,
                       .src = f,
                       .dst = f + 1,
                       .tokens = tokens});
  const auto add = [&](std::uint64_t trip, std::vector<Access> accesses) {
    const std::uint64_t ii = upTo(1, 2), latency = upTo(1, 30);
    for (Access& access : accesses) access.stage = access.direction == Direction::read ? 0 : latency - 1;
    n.processes.push_back({.name = "p" + std::to_string(n.processes.size()),
                           .latency = ii * (trip - 1) + latency + 2,
                           .after = {},
                           .phases = {{.loops = {trip},
                                       .trip = trip,
                                       .start = 1,
                                       .ii = ii,
                                       .iterationLatency = latency,
                                       .accesses = std::move(accesses)}}});
  };
  const std::uint64_t row = burst * upTo(1, 16);
  add(rows * row, {{.direction = Direction::write,
                    .stage = 0,
                    .fifos = {0},
                    .at = {{.first = row - burst, .dims = {{rows, row}, {burst, 1}}}}}});
  add(tokens,
      {{.direction = Direction::read, .stage = 0, .fifos = {0}, .at = {{.first = 0, .dims = {{tokens, 1}}}}},
       {.direction = Direction::write,
        .stage = 0,
        .fifos = {1},
        .at = {{.first = 0, .dims = {{tokens, 1}}}}}});
  add(tokens * pace, {{.direction = Direction::read,
                       .stage = 0,
                       .fifos = {1},
                       .at = {{.first = 0, .dims = {{tokens, pace}}}}}});
  return n;
}

TEST(ProcessSimulator, FifosThatFillAndDrainAreSkippedWithoutADifference) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, 5);
    const Network n = bursts(rng);
    ASSERT_TRUE(check(n).ok());
    const auto program = compile(n);
    ASSERT_TRUE(program.ok());
    Evaluator evaluator(*program, n.timing);
    for (int trial = 0; trial < 8; ++trial) {
      std::vector<std::uint64_t> depths;
      for (int f = 0; f < 2; ++f)
        depths.push_back(rng.chance(0.3) ? n.fifos[0].tokens
                                         : static_cast<std::uint64_t>(rng.uniform(1, 20)));
      Record record;
      const Outcome fast = evaluator.run(evaluator.exact(depths));
      const Outcome plain = evaluator.record(evaluator.exact(depths), record);
      ASSERT_EQ(fast.cycles, plain.cycles) << "seed " << seed << ": " << depths[0] << ", " << depths[1];
    }
  }
}

TEST(ProcessSimulator, TheProfileSaysWhoWaitedForWhom) {
  const Network n = pair(10, 3, 2);
  const auto program = compile(n);
  Evaluator evaluator(*program, n.timing);
  Record record;
  evaluator.record(evaluator.exact(std::vector<std::uint64_t>{2}), record);
  const Profile all = profile(*program, record);
  EXPECT_EQ(all.lanes[0].peak, 2u);
  ASSERT_EQ(all.processes[0].waits.size(), 1u);
  EXPECT_TRUE(all.processes[0].waits[0].forPlace);
  EXPECT_EQ(all.processes[0].waits[0].who, 1u);
  EXPECT_EQ(all.processes[0].waits[0].first, 3u);  // writes in cycles 0, 1 and 2, a read in 1
  EXPECT_EQ(all.processes[0].stalled, 1 + 3 * 7 + 1 - 9u);
  EXPECT_NE(vcdText(waveform(n, *program, record)).find("$var integer 64 ! f $end"), std::string::npos);
}

TEST(ProcessPrograms, ManyIterationsAreAFewInstructions) {
  Network n = pair(100'000'000, 1, 2);
  n.processes[0].phases[0].loops = n.processes[1].phases[0].loops = {100, 1000, 1000};
  ASSERT_TRUE(check(n).ok());
  const auto program = compile(n);
  ASSERT_TRUE(program.ok());
  EXPECT_LT(program->processes[0].code.size(), 20u);
  EXPECT_EQ(program->processes[0].events, 100'000'000u);
  EXPECT_EQ(runWith(n, {2}).cycles, 100'000'000u + 2);
  EXPECT_EQ(runWith(n, {1}).cycles, 200'000'000u + 1);
}

}  // namespace
}  // namespace sluice::dataflow::process
