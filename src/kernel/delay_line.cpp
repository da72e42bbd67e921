#include "kernel/delay_line.h"

#include <algorithm>

#include "kernel/bits.h"

/// Prices in look-up tables, as for FIFOs (fifo/fifo_choice.cpp, with the sources): a LUT holds 32 steps of one bit
/// as SRL, four hold 32 x 6 or 64 x 3 bits as distributed RAM; on ECP5 there are no SRLs and six hold 16 x 4. A
/// flip-flop is a quarter, a block RAM 150.
namespace sluice::kernel {

using hdl::Builder;
using hdl::Signal;
using hdl::Style;

namespace {

constexpr double kBlockRamLuts = 150;
constexpr double kFlipFlopLuts = 0.25;

double ceilDivide(std::uint64_t a, std::uint64_t b) { return static_cast<double>((a + b - 1) / b); }

double chainPrice(std::uint64_t words, std::uint64_t width, hdl::Family family) {
  const double bits = static_cast<double>(words * width);
  if (words <= 2 || family == hdl::Family::ecp5) return kFlipFlopLuts * bits;
  return ceilDivide(words, 32) * static_cast<double>(width);
}

double ringPrice(std::uint64_t words) { return 2 * (1 + kFlipFlopLuts) * indexBits(words); }

double lutRamPrice(std::uint64_t words, std::uint64_t width, hdl::Family family) {
  const double output = kFlipFlopLuts * static_cast<double>(width);
  if (family == hdl::Family::ecp5) {
    const double banks = ceilDivide(words, 16);
    return 6 * banks * ceilDivide(width, 4) + (banks - 1) * static_cast<double>(width) + ringPrice(words) +
           output;
  }
  if (words <= 32) return 4 * ceilDivide(width, 6) + ringPrice(words) + output;
  const double banks = ceilDivide(words, 64);
  return 4 * banks * ceilDivide(width, 3) + (banks > 1 ? banks / 4 * static_cast<double>(width) : 0) +
         ringPrice(words) + output;
}

double blockRamPrice(std::uint64_t words, std::uint64_t width) {
  double blocks = 1e18;
  for (const std::uint64_t shape : {36u, 18u, 9u, 4u, 2u, 1u}) {
    const std::uint64_t deep = 16384 / (shape == 36 ? 32 : shape == 18 ? 16 : shape == 9 ? 8 : shape);
    blocks = std::min(blocks, ceilDivide(width, shape) * ceilDivide(words, deep));
  }
  return kBlockRamLuts * blocks + ringPrice(words);
}

/// A counter 0 .. words-1 that goes round with `enable`.
Signal ringCounter(Builder& b, std::uint32_t words, std::uint32_t start, Signal enable,
                   const std::string& name) {
  const Signal value = b.regDeclare({0, words - 1}, start, name);
  const Signal up = b.add(value, b.constant(1));
  // Below the last word, counter + 1 is at most words - 1; a power of two wraps by itself.
  const Signal next = (words & (words - 1)) == 0 ? b.wrap(up, {indexBits(words), false})
                                                 : b.mux(b.equal(value, b.constant(words - 1)), b.constant(0),
                                                         b.assume(up, {0, words - 1}));
  b.regDrive(value, next, enable);
  return value;
}

}  // namespace

BufferStyle chooseBuffer(std::uint64_t words, std::uint64_t width, hdl::Family family) {
  BufferStyle best = BufferStyle::shiftRegister;
  double least = chainPrice(words, width, family);
  if (words < 3) return best;
  if (const double price = lutRamPrice(words, width, family); price < least) {
    best = BufferStyle::lutRam;
    least = price;
  }
  if (blockRamPrice(words, width) < least) best = BufferStyle::blockRam;
  return best;
}

BufferStyle settleBuffer(BufferStyle asked, std::uint64_t words, std::uint64_t width, hdl::Family family) {
  if (words < 3) return BufferStyle::shiftRegister;
  return asked == BufferStyle::automatic ? chooseBuffer(words, width, family) : asked;
}

DelayLine::DelayLine(Pipeline& pipeline, std::uint32_t words, std::uint32_t width, BufferStyle style,
                     std::uint32_t stage, Pipeline::Value steps, const std::string& name)
    : pipeline_(pipeline), words_(words), width_(width), style_(style) {
  SLUICE_CHECK(words >= 1 && stage >= 1 && style != BufferStyle::automatic, "a delay line is settled");
  Builder& b = pipeline.builder();
  const auto enableAt = [&](std::uint32_t s) {
    return b.bitAnd(pipeline.valid(s), pipeline.at(steps, s).signal);
  };
  enable_ = enableAt(stage);
  if (style == BufferStyle::shiftRegister) {
    for (std::uint32_t w = 0; w < words; ++w)
      chain_.push_back(b.regDeclareBits(width, name + (words > 1 ? std::to_string(w) : "")));
    out_ = chain_.back();
    return;
  }
  SLUICE_CHECK(words >= 3, "a ring has at least three words");
  if (style == BufferStyle::blockRam) {
    memory_ = b.ram(name, width, words, Style::blockRam, true);
    b.neverCollides(memory_);
    const Signal place = ringCounter(b, words, 0, enableAt(stage - 1), name + "_place");
    out_ = b.read(memory_, place);
    writeAddress_ = b.reg(place, name + "_write");
    return;
  }
  memory_ = b.ram(name, width, words, Style::lutRam, false);
  writeAddress_ = ringCounter(b, words, 0, enable_, name + "_write");
  const Signal ahead = ringCounter(b, words, 1, enable_, name + "_read");
  out_ = b.regEnabled(b.read(memory_, ahead), enable_, name + "_out");
}

void DelayLine::in(Signal bits) {
  Builder& b = pipeline_.builder();
  SLUICE_CHECK(b.width(bits) == width_, "a delay line takes words of its width");
  if (style_ != BufferStyle::shiftRegister) return b.write(memory_, enable_, writeAddress_, bits);
  for (const Signal place : chain_) {
    b.regDrive(place, bits, enable_);
    bits = place;
  }
}

}  // namespace sluice::kernel
