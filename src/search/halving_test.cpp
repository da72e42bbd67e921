#include "search/halving.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"
#include "search/front.h"

namespace sluice::search {
namespace {

TEST(Brackets, StartTheNextBeforeOneGoesOn) {
  const Brackets brackets({.bracket = 4, .factor = 2, .rungs = 3}, 8, 2, true);
  std::string order, needs;
  for (std::uint64_t n = 0; n < brackets.size(); ++n) {
    const Brackets::Turn turn = brackets.at(n);
    order += std::string(1, static_cast<char>('A' + turn.bracket)) + std::to_string(turn.rung) + " ";
    needs += std::to_string(brackets.needs(n)) + " ";
  }
  EXPECT_EQ(order, "A0 A0 A0 A0 B0 B0 B0 B0 A1 A1 B1 B1 A2 B2 ");
  // Points 0 and 1 know nothing, point 2 knows point 0 (w = 2); A goes on when trials 0 to 3 have ended.
  EXPECT_EQ(needs, "0 0 1 2 3 4 5 6 4 4 8 8 10 12 ");
}

TEST(Brackets, TheLastMayBeSmallerAndAPointAloneGoesAllTheWay) {
  const Brackets brackets({.bracket = 4, .factor = 2, .rungs = 3}, 5, 1, false);
  EXPECT_EQ(brackets.size(), 4u + 2 + 1 + 3);
  EXPECT_EQ(brackets.at(4).bracket, 1u);
  EXPECT_EQ(brackets.needs(4), 0u) << "a sampler that looks at nothing waits for nothing";
}

/// ZDT1 with five variables; a lower rung is off by up to a third, differently for every point.
std::vector<double> losses(const Point& point, std::size_t rung, std::size_t rungs) {
  double g = 1, hash = 0;
  for (std::size_t i = 1; i < point.values.size(); ++i) {
    g += 9.0 / 4 * *point.values[i];
    hash += *point.values[i] * static_cast<double>(i) * 57.3;
  }
  const double off =
      0.1 * static_cast<double>(rungs - 1 - rung) * std::sin(hash * 17 + static_cast<double>(rung));
  g *= 1 + off;
  const double x = *point.values[0];
  return {x, g * (1 - std::sqrt(x / g))};
}

struct Search {
  Space space;
  Objectives objectives;
  SamplerOptions options;
  Halving halving;
};

Search zdt1(Method method) {
  Search search;
  for (int i = 0; i < 5; ++i) search.space.parameters.push_back(realParameter("x" + std::to_string(i), 0, 1));
  search.objectives.objectives = {{"a"}, {"b"}};
  search.options = {.method = method, .window = 4};
  search.halving = {.bracket = 27, .factor = 3, .rungs = 3};
  return search;
}

/// All trials, `lanes` running at a time, ending in an order drawn from `seed`; every `failing`-th fails.
std::vector<Trial> runAll(const Search& search, const Brackets& brackets, std::size_t lanes,
                          std::uint64_t seed, std::size_t failing) {
  Sampler sampler = std::move(Sampler::make(search.space, search.objectives, search.options, 5)).value();
  Rng rng(seed, 0);
  std::vector<Trial> trials;
  std::vector<std::size_t> running;
  std::size_t ended = 0;
  while (ended < brackets.size()) {
    while (running.size() < lanes && trials.size() < brackets.size() &&
           brackets.needs(trials.size()) <= ended) {
      const std::vector<Point> points = *brackets.propose(sampler, trials, 1);
      running.push_back(trials.size());
      trials.push_back({points.at(0), State::pending, {}});
    }
    const auto at = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(running.size()) - 1));
    Trial& trial = trials[running[at]];
    trial.state = running[at] % failing == failing - 1 ? State::failed : State::done;
    if (trial.state == State::done)
      trial.score.losses = losses(trial.point, brackets.at(running[at]).rung, search.halving.rungs);
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
    while (ended < trials.size() && trials[ended].state != State::pending) ++ended;
  }
  return trials;
}

TEST(Brackets, GiveTheSameTrialsForAnyNumberOfWorkersAndAnyOrderOfEnds) {
  for (const Method method : {Method::quasiRandom, Method::nsga2}) {
    const Search search = zdt1(method);
    const Brackets brackets(search.halving, 100, search.options.window, looksAtResults(method));
    const std::vector<Trial> alone = runAll(search, brackets, 1, 1, 11);
    ASSERT_EQ(alone.size(), brackets.size());
    for (const std::size_t lanes : {2, 8, 40}) {
      const std::vector<Trial> many = runAll(search, brackets, lanes, lanes, 11);
      for (std::size_t n = 0; n < alone.size(); ++n)
        ASSERT_EQ(alone[n].point.values, many[n].point.values)
            << "trial " << n << ", " << lanes << " workers";
    }
  }
}

TEST(Brackets, WhatFailedGoesOnOnlyWhereTooFewDidNot) {
  const Search search = zdt1(Method::random);
  const Brackets brackets({.bracket = 6, .factor = 3, .rungs = 2}, 6, 1, false);
  Sampler sampler = std::move(Sampler::make(search.space, search.objectives, search.options, 5)).value();
  std::vector<Trial> trials;
  const std::vector<Point> six = *brackets.propose(sampler, {}, 6);
  for (const Point& point : six) trials.push_back({point, State::failed, {}});
  EXPECT_FALSE(brackets.propose(sampler, std::span(trials).first(5), 3).ok()) << "one is not there";
  trials[4] = {trials[4].point, State::done, {{1, 1}, 0}};
  trials[2] = {trials[2].point, State::done, {{2, 0.5}, 0}};
  const std::vector<Point> two = *brackets.propose(sampler, trials, 2);
  EXPECT_EQ(two.at(0).values, trials[2].point.values);
  EXPECT_EQ(two.at(1).values, trials[4].point.values);
}

/// The bar: nineteen twentieths of the volume at two fifths of the cost. A rung costs three times the one below.
TEST(Brackets, KeepTheFrontForAThirdOfTheCost) {
  const Search search = zdt1(Method::quasiRandom);
  const Brackets brackets(search.halving, 270, search.options.window, false);
  std::vector<std::vector<double>> kept, all;
  double cost = 0;
  const std::vector<Trial> trials = runAll(search, brackets, 4, 3, 100'000);
  const std::size_t last = search.halving.rungs - 1;
  double whole = 0;
  for (std::size_t n = 0; n < trials.size(); ++n) {
    const std::size_t rung = brackets.at(n).rung;
    cost += std::pow(3.0, static_cast<double>(rung));
    if (rung == last && trials[n].state == State::done) kept.push_back(trials[n].score.losses);
    if (rung > 0) continue;
    whole += std::pow(3.0, static_cast<double>(last));
    all.push_back(losses(trials[n].point, last, search.halving.rungs));
  }
  const std::vector<double> reference = {1.1, 6};
  const double share = hypervolume(kept, reference) / hypervolume(all, reference);
  std::printf("volume %.3f of that of all at the highest fidelity, for %.3f of the cost\n", share,
              cost / whole);
  EXPECT_LT(cost / whole, 0.4);
  EXPECT_GT(share, 0.95);
}

}  // namespace
}  // namespace sluice::search
