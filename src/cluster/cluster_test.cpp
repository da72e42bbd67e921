#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "cluster/event_graph.h"
#include "cluster/link_model.h"
#include "cluster/machine.h"
#include "split/plan.h"
#include "split/random_problem.h"

namespace sluice::cluster {
namespace {

Machine chain(const std::vector<double>& work, double wire, double latency) {
  Machine machine;
  for (std::size_t s = 0; s < work.size(); ++s)
    machine.stages.push_back({.name = "b" + std::to_string(s), .work = work[s]});
  for (int s = 0; s + 1 < static_cast<int>(work.size()); ++s)
    machine.transfers.push_back({.link = "l" + std::to_string(s),
                                 .amount = wire,
                                 .rate = 1,
                                 .latency = latency,
                                 .fromStage = s,
                                 .fromTransfer = -1,
                                 .toStage = s + 1});
  return machine;
}
Simulation run(const Machine& machine, const Fifos& fifos, const SimulateOptions& options) {
  const Result<EventGraph> graph = graphOf(machine, fifos);
  EXPECT_TRUE(graph.ok());
  const Result<Simulation> result = simulate(*graph, options);
  EXPECT_TRUE(result.ok());
  return *result;
}

TEST(Cluster, FramesArePipelinedSoThatTheSlowestStageSetsTheRate) {
  // 3 + 5 + 2 of work, two links of 1 and latency 7.
  const Simulation result = run(chain({3, 5, 2}, 1, 7), {.sending = 2, .receiving = 8}, {.frames = 1000});
  EXPECT_EQ(result.interval, 5 * ticksPerUnit);
  // Frames offered at that rate wait nowhere.
  const Simulation offered = run(chain({3, 5, 2}, 1, 7), {.sending = 2, .receiving = 8},
                                 {.frames = 1000, .interval = static_cast<Time>(5 * ticksPerUnit)});
  EXPECT_EQ(offered.latency(1), static_cast<Time>(26 * ticksPerUnit));
}

TEST(Cluster, AShortFifoBehindALongLinkSetsTheRate) {
  // A place comes back 2 latencies and a transfer after it was taken: 2 places every 1 + 100 + 100 units.
  const Simulation shallow = run(chain({3, 5}, 1, 100), {.sending = 2, .receiving = 2}, {.frames = 5000});
  EXPECT_NEAR(shallow.interval, 201 / 2.0 * ticksPerUnit, 1);
  const Simulation deep = run(chain({3, 5}, 1, 100), {.sending = 2, .receiving = 41}, {.frames = 5000});
  EXPECT_EQ(deep.interval, 5 * ticksPerUnit);
  EXPECT_TRUE(std::any_of(shallow.waits.begin(), shallow.waits.end(), [](const Waiting& waiting) {
    return waiting.what == "the FIFO behind l0 is full";
  }));
}

TEST(Cluster, APipelineBeginsTheNextFrameBeforeItHasEndedTheLast) {
  Machine machine = chain({3, 5, 2}, 1, 7);
  machine.stages[1].latency = 40;
  const Simulation result =
      run(machine, {.sending = 16, .receiving = 16}, {.frames = 1000, .interval = 5'000'000});
  EXPECT_EQ(result.interval, 5 * ticksPerUnit);
  EXPECT_EQ(result.latency(1), static_cast<Time>((26 + 35) * ticksPerUnit));
}

TEST(Cluster, TheLeastFifosKeepTheRateAndOneFrameLessOnEitherSideDoesNot) {
  for (const double latency : {0.5, 7.0, 100.0}) {
    const Machine machine = chain({3, 5, 2}, 1, latency);
    const Result<Fifos> least = leastFifos(machine);
    ASSERT_TRUE(least.ok()) << least.error().text();
    const SimulateOptions frames{.frames = 5000};
    EXPECT_EQ(run(machine, *least, frames).interval, 5 * ticksPerUnit);
    EXPECT_EQ(least->receiving, std::ceil((1 + 2 * latency) / 5))
        << "a place is free 2 latencies and a transfer later";
    if (least->receiving > 1) {
      EXPECT_GT(run(machine, {least->sending, least->receiving - 1}, frames).interval, 5 * ticksPerUnit);
    }
    if (least->sending > 1) {
      EXPECT_GT(run(machine, {least->sending - 1, least->receiving}, frames).interval, 5 * ticksPerUnit);
    }
  }
}

/// Random machines: a chain with transfers that skip stages, some over a shared link.
Machine randomMachine(std::uint64_t seed) {
  Rng random(seed, 3);
  const auto stages = static_cast<int>(random.uniform(2, 7));
  Machine machine;
  for (int s = 0; s < stages; ++s)
    machine.stages.push_back(
        {.name = "b" + std::to_string(s), .work = static_cast<double>(random.uniform(0, 20))});
  for (int s = 0; s + 1 < stages; ++s) {
    const auto to = static_cast<int>(random.uniform(s + 1, stages - 1));
    machine.transfers.push_back({.link = random.chance(0.3) ? "shared" : "l" + std::to_string(s),
                                 .amount = static_cast<double>(random.uniform(0, 9)),
                                 .rate = 1,
                                 .latency = static_cast<double>(random.uniform(0, 60)),
                                 .fromStage = s,
                                 .fromTransfer = -1,
                                 .toStage = to});
  }
  return machine;
}

TEST(Cluster, WhatIsSkippedIsWhatWouldHaveBeenSimulated) {
  int skipped = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Machine machine = randomMachine(seed);
    const Fifos fifos = {.sending = 1 + static_cast<std::uint32_t>(seed % 3),
                         .receiving = 1 + static_cast<std::uint32_t>(seed % 4)};
    SimulateOptions options{.frames = 700 + seed,
                            .interval = static_cast<Time>(seed % 5 * 4) * static_cast<Time>(ticksPerUnit)};
    const Simulation fast = run(machine, fifos, options);
    options.skipSteady = false;
    const Simulation whole = run(machine, fifos, options);
    EXPECT_EQ(fast.finished, whole.finished) << seed;
    EXPECT_EQ(fast.latencies, whole.latencies) << seed;
    EXPECT_NEAR(fast.interval, whole.interval, whole.interval / 50 + 1) << seed;
    skipped += fast.simulated < whole.simulated ? 1 : 0;
  }
  EXPECT_GT(skipped, 250);
}

TEST(Cluster, AThousandBoardsAndAMillionFramesTakeSeconds) {
  std::vector<double> work(1000);
  Rng random(1, 1);
  for (double& value : work) value = static_cast<double>(random.uniform(50, 90));
  work[500] = 100;
  const Simulation result = run(chain(work, 20, 30), {.sending = 2, .receiving = 3}, {.frames = 1'000'000});
  EXPECT_EQ(result.interval, 100 * ticksPerUnit);
  EXPECT_LT(result.simulated, 100'000u);
}

TEST(Cluster, TasksThatWaitForEachOtherAreNamed) {
  EventGraph graph{.tasks = {"a", "b"}, .arcs = {{0, 1, 0, 1, ""}, {1, 0, 0, 1, ""}}, .first = 0, .last = 1};
  EXPECT_EQ(simulate(graph, {}).error().text(), "task 'a': tasks wait for each other within one frame");
}

TEST(Cluster, APlanIsNeverSlowerThanItsLoadWhenFifosAreDeep) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const splits::Problem problem =
        splits::randomProblem({.nodes = 9, .boards = 4, .edges = 1.3, .reach = 4}, seed);
    const auto plan = splits::solve(problem, {});
    if (!plan.ok()) continue;
    const Result<Machine> machine = readMachine(splits::planJson(problem, *plan));
    ASSERT_TRUE(machine.ok()) << machine.error().text();
    const Simulation result = run(*machine, {.sending = 50, .receiving = 50}, {.frames = 2000});
    EXPECT_NEAR(result.interval, plan->measures.load * ticksPerUnit,
                1e-3 * plan->measures.load * ticksPerUnit + 2)
        << seed;
  }
}

struct Table {
  const char* name;
  std::vector<Sample> samples;
  double tolerance;
};

TEST(LinkModel, FittedOnAlternateSizesItMeetsTheOthers) {
  constexpr double k = 1024, m = 1024 * k;
  const std::vector<double> sizes = {64, 256, k, 4 * k, 16 * k, 64 * k, 256 * k, m, 256 * m};
  const auto table = [&](const char* name, const std::vector<double>& times, double tolerance) {
    Table result{.name = name, .samples = {}, .tolerance = tolerance};
    for (std::size_t i = 0; i < times.size(); ++i)
      result.samples.push_back({.bytes = sizes[i], .time = times[i]});
    return result;
  };
  for (const Table& measured :
       {table("Aurora", {0.900, 0.927, 0.976, 1.301, 2.578, 6.638, 22.96, 88.03, 22239}, 0.07),
        table("SerialLite", {0.685, 0.701, 0.779, 1.090, 2.329, 7.286, 27.55, 106.8}, 0.05),
        table("ACCL UDP", {2.470, 2.487, 2.634, 2.938, 3.982, 8.085, 24.98, 90.54, 22408}, 0.05)}) {
    std::vector<Sample> fitted, others;
    for (std::size_t i = 0; i < measured.samples.size(); ++i)
      (i % 2 == 0 ? fitted : others).push_back(measured.samples[i]);
    const Result<MessageModel> model = fitMessages(fitted);
    ASSERT_TRUE(model.ok());
    EXPECT_LT(worstError(*model, others), measured.tolerance) << measured.name;
    RecordProperty(measured.name, std::to_string(worstError(*model, others)));
    std::printf("%s: %.2f %% on the others\n", measured.name, 100 * worstError(*model, others));
  }
  // Through a host: told, and held to nothing.
  for (const Table& reported :
       {table("MPI", {1.625, 2.215, 2.784, 4.886, 5.889, 10.14, 29.84, 101.0, 21994}, 0),
        table("MPI and PCIe", {137.1, 134.3, 141.5, 149.4, 174.5, 320.4, 1003, 1712, 120014}, 0)}) {
    const Result<MessageModel> model = fitMessages(reported.samples);
    ASSERT_TRUE(model.ok());
    std::printf("%s: %.0f %% on all of its own, %s\n", reported.name,
                100 * worstError(*model, reported.samples), model->ramp > 0 ? "two lines" : "one line");
  }
}

TEST(LinkModel, UdpPayloadRatesFollowFromTheHeaders) {
  const std::vector<std::pair<double, double>> measured = {{64, 49.231},   {192, 74.419},  {512, 88.582},
                                                           {1024, 93.946}, {1408, 95.523}, {1472, 95.710}};
  for (const auto& [payload, rate] : measured)
    EXPECT_NEAR(100 * payloadShare(payload, 66), rate, 0.002) << payload;
}

}  // namespace
}  // namespace sluice::cluster
