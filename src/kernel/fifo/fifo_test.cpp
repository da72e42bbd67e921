#include "kernel/fifo/fifo.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"
#include "hdl/evaluate.h"

namespace sluice::kernel {
namespace {

/// What a FIFO is, said without hardware.
struct Model {
  std::deque<std::uint64_t> beats;
  std::uint32_t promised = 0;
};

/// Drives one FIFO with a writer whose beats are `latency` cycles on their way, at random, and compares every
/// port in every cycle with the model.
void runAgainstModel(const FifoParams& params, std::uint32_t latency, std::uint64_t seed) {
  auto evaluator = hdl::Evaluator::make(fifo(params));
  ASSERT_TRUE(evaluator.ok()) << evaluator.error().text();
  hdl::Evaluator& e = *evaluator;
  const auto credit = e.outputIndex("credit"), valid = e.outputIndex("valid"),
             out = e.outputIndex("data_out");
  const auto push = e.inputIndex("push"), pop = e.inputIndex("pop"), in = e.inputIndex("data_in");
  Model model;
  Rng rng(seed, params.depth);
  std::deque<bool> onTheWay(latency, false);
  e.reset();
  for (int cycle = 0; cycle < 400; ++cycle) {
    // Phases that fill, drain and stream.
    const double eager = cycle % 120 < 40 ? 0.9 : cycle % 120 < 80 ? 0.3 : 1.0;
    const double hungry = cycle % 120 < 40 ? 0.3 : cycle % 120 < 80 ? 0.9 : 1.0;
    const bool mayReserve = model.beats.size() + model.promised < params.depth;
    const bool reserves = mayReserve && rng.chance(eager);
    onTheWay.push_back(reserves);
    const bool pushes = onTheWay.front();
    onTheWay.pop_front();
    const bool pops = !model.beats.empty() && rng.chance(hungry);
    const auto data = static_cast<std::int64_t>(rng.bits() >> 40);
    e.set(push, 0, pushes);
    e.set(pop, 0, pops);
    e.set(in, 0, data);
    if (!params.reserveIsPush) e.set(e.inputIndex("reserve"), 0, reserves);
    e.settle();
    ASSERT_EQ(e.get(credit, 0) != 0, mayReserve) << fifoName(params) << " cycle " << cycle;
    ASSERT_EQ(e.get(valid, 0) != 0, !model.beats.empty()) << fifoName(params) << " cycle " << cycle;
    if (!model.beats.empty()) {
      ASSERT_EQ(static_cast<std::uint64_t>(e.get(out, 0)), model.beats.front())
          << fifoName(params) << " cycle " << cycle;
    }
    e.step();
    if (reserves) ++model.promised;
    if (pushes) {
      --model.promised;
      model.beats.push_back(static_cast<std::uint64_t>(data));
    }
    if (pops) model.beats.pop_front();
  }
}

TEST(Fifo, EveryKindOfEveryDepthDoesInEveryCycleWhatAQueueWithPromisesDoes) {
  std::uint64_t seed = 1;
  for (const FifoKind kind :
       {FifoKind::registers, FifoKind::shiftRegister, FifoKind::lutRam, FifoKind::blockRam})
    for (const std::uint32_t depth : {1u, 2u, 3u, 4u, 5u, 8u, 9u, 17u, 40u, 70u, 600u})
      for (const std::uint32_t latency : {0u, 1u, 4u}) {
        runAgainstModel({.width = 24, .depth = depth, .kind = kind}, latency, ++seed);
        if (latency == 0)
          runAgainstModel({.width = 24, .depth = depth, .kind = kind, .reserveIsPush = true}, 0, ++seed);
      }
}

TEST(Fifo, NamesSayWidthDepthAndKind) {
  EXPECT_EQ(fifoName({.width = 12, .depth = 8, .kind = FifoKind::shiftRegister}), "fifo_12x8_srl");
  EXPECT_EQ(fifoName({.width = 1, .depth = 2, .reserveIsPush = true}), "fifo_1x2_reg_rv");
}

TEST(Fifo, OnePlaceIsARegisterAndAHugeFifoABlockRam) {
  EXPECT_EQ(chooseFifo(8, 1, hdl::Family::xc7), FifoKind::registers);
  EXPECT_EQ(chooseFifo(8, 16, hdl::Family::xc7), FifoKind::shiftRegister);
  EXPECT_EQ(chooseFifo(36, 512, hdl::Family::xc7), FifoKind::blockRam);
}

TEST(Fifo, WideShallowBeatsAreCheaperInDistributedRamThanInShiftRegisters) {
  EXPECT_EQ(chooseFifo(256, 20, hdl::Family::xc7), FifoKind::lutRam);
}

TEST(Fifo, Ecp5HasNoShiftRegisters) {
  for (std::uint32_t width : {1u, 8u, 64u, 512u})
    for (std::uint32_t depth = 1; depth < 600; depth += 7)
      EXPECT_NE(chooseFifo(width, depth, hdl::Family::ecp5), FifoKind::shiftRegister);
}

}  // namespace
}  // namespace sluice::kernel
