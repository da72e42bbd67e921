#include "kernel/fifo/fifo.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "hdl/builder.h"
#include "kernel/bits.h"

namespace sluice::kernel {

using hdl::Builder;
using hdl::MemoryId;
using hdl::Signal;
using hdl::Style;

namespace {

/// A counter of places minus one, -1 .. depth-1, that goes up and down by one.
struct PlaceCounter {
  Signal value;
  Signal some;  ///< the count is at least one
};

PlaceCounter declareCounter(Builder& b, std::uint32_t depth, bool startsFull, const char* name) {
  const std::int64_t top = static_cast<std::int64_t>(depth) - 1;
  const Signal value = b.regDeclare({-1, top}, startsFull ? top : -1, name);
  return {value, b.bitNot(b.less(value, b.constant(0)))};
}

void driveCounter(Builder& b, const PlaceCounter& counter, std::uint32_t depth, Signal up, Signal down) {
  const std::int64_t top = static_cast<std::int64_t>(depth) - 1;
  // Up and down at once change nothing: the step is +1 or -1 and the rest is the enable, which costs one LUT. Chosen by
  // `down`, the step's bits are that signal itself.
  const Signal moved = b.add(counter.value, b.mux(down, b.constant(-1), b.constant(1)));
  // Nothing is taken from an empty FIFO and nothing is put into a full one: the contract of both sides.
  b.regDrive(counter.value, b.assume(moved, {-1, top}), b.bitXor(up, down));
}

/// A pointer 0 .. words-1 and the value it has after a step.
struct Pointer {
  Signal value, next;
};

Pointer pointer(Builder& b, std::uint32_t words, const char* name) {
  const Signal value = b.regDeclare({0, words - 1}, 0, name);
  const Signal up = b.add(value, b.constant(1));
  if ((words & (words - 1)) == 0) return {value, b.wrap(up, {indexBits(words), false})};
  // Below the last word, pointer + 1 is at most words - 1.
  return {value, b.mux(b.equal(value, b.constant(words - 1)), b.constant(0), b.assume(up, {0, words - 1}))};
}

/// Words of storage for `depth` places: pointers of a power of two wrap for nothing, where that costs no RAM.
/// A distributed RAM primitive has 32 or 64 words, a block RAM 512.
std::uint32_t storageWords(std::uint32_t depth, FifoKind kind) {
  const std::uint32_t limit = kind == FifoKind::lutRam ? 64 : 512;
  const std::uint32_t rounded = std::max(2u, 1u << indexBits(depth));  // one word is a register, no RAM
  return rounded <= limit ? rounded : depth;
}

Signal shiftStorage(Builder& b, const FifoParams& p, Signal push, Signal dataIn, Signal filledMinusOne) {
  // Meaningful only while valid, where filled-1 is not negative: the address is its low bits.
  const std::uint32_t bits = indexBits(p.depth);
  const Signal place = bits == 0 ? b.constant(0) : b.wrap(filledMinusOne, {bits, false});
  if (p.kind == FifoKind::shiftRegister) {
    // While nothing is there the address is all ones, so the memory has as many words as addresses; SRLs come
    // in powers of two anyway.
    const MemoryId memory = b.ram("places", p.width, 1u << bits, Style::shiftRegister, false);
    b.write(memory, push, Signal{}, dataIn);
    return b.read(memory, place);
  }
  std::vector<Signal> places;
  Signal in = dataIn;
  for (std::uint32_t i = 0; i < p.depth; ++i)
    places.push_back(in = b.regEnabled(in, push, "place" + std::to_string(i)));
  if (p.depth == 1) return places[0];
  return b.select(b.assume(place, {0, p.depth - 1}), places);
}

Signal ramStorage(Builder& b, const FifoParams& p, Signal push, Signal pop, Signal dataIn,
                  Signal filledMinusOne) {
  const std::uint32_t words = storageWords(p.depth, p.kind);
  const Pointer write = pointer(b, words, "write_pointer");
  const Pointer read = pointer(b, words, "read_pointer");
  b.regDrive(write.value, write.next, push);
  const bool block = p.kind == FifoKind::blockRam;
  const MemoryId memory = b.ram("places", p.width, words, block ? Style::blockRam : Style::lutRam, block);
  b.write(memory, push, write.value, dataIn);
  if (!block) {
    b.regDrive(read.value, read.next, pop);
    return b.read(memory, read.value);
  }
  // The word to be shown in the next cycle is fetched now.
  const Signal fetch = b.mux(pop, read.next, read.value);
  b.regDrive(read.value, fetch);
  // Pushed and fetched in one cycle: that is so when nothing else is left, none (filled-1 = -1) or one that
  // pops now.
  const Signal empty = b.equal(filledMinusOne, b.constant(-1));
  const Signal one = b.equal(filledMinusOne, b.constant(0));
  const Signal around = b.bitAnd(push, b.bitOr(empty, b.bitAnd(one, pop)));
  const Signal aroundNow = b.reg(around, "around");
  const Signal aroundData = b.reg(dataIn, "around_data");
  return b.mux(aroundNow, aroundData, b.read(memory, fetch));
}

}  // namespace

const char* fifoKindName(FifoKind kind) {
  switch (kind) {
    case FifoKind::registers:
      return "reg";
    case FifoKind::shiftRegister:
      return "srl";
    case FifoKind::lutRam:
      return "lutram";
    case FifoKind::blockRam:
      return "bram";
  }
  return "";
}

std::string fifoName(const FifoParams& params) {
  return "fifo_" + std::to_string(params.width) + "x" + std::to_string(params.depth) + "_" +
         fifoKindName(params.kind) + (params.reserveIsPush ? "_rv" : "");
}

hdl::Module fifo(const FifoParams& p) {
  SLUICE_CHECK(p.width >= 1 && p.depth >= 1, "a FIFO has at least one bit and one place");
  Builder b(fifoName(p));
  const Signal dataIn = b.inputBits("data_in", p.width);
  const Signal push = b.input("push", kBit);
  const Signal reserve = p.reserveIsPush ? push : b.input("reserve", kBit);
  const Signal pop = b.input("pop", kBit);

  const PlaceCounter filled = declareCounter(b, p.depth, false, "filled");
  driveCounter(b, filled, p.depth, push, pop);
  Signal credit;
  if (p.reserveIsPush) {
    credit = b.notEqual(filled.value, b.constant(static_cast<std::int64_t>(p.depth) - 1));
  } else {
    const PlaceCounter free = declareCounter(b, p.depth, true, "free");
    driveCounter(b, free, p.depth, pop, reserve);
    credit = free.some;
  }

  const bool shifts = p.kind == FifoKind::registers || p.kind == FifoKind::shiftRegister;
  const Signal dataOut = shifts ? shiftStorage(b, p, push, dataIn, filled.value)
                                : ramStorage(b, p, push, pop, dataIn, filled.value);
  b.output("credit", credit);
  b.output("valid", filled.some);
  b.output("data_out", dataOut);
  return std::move(b).build();
}

}  // namespace sluice::kernel
