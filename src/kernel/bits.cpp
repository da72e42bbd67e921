#include "kernel/bits.h"

#include <algorithm>

namespace sluice::kernel {

std::uint32_t indexBits(std::uint64_t count) {
  std::uint32_t bits = 0;
  while (bits < 63 && (std::uint64_t{1} << bits) < count) ++bits;
  return bits;
}

// Beats and memory words hold nothing but values of their declared range: that is the contract of a stream.
hdl::Signal numberAt(hdl::Builder& b, hdl::Signal bits, std::uint32_t lsb, fixed::IntegerFormat format,
                     fixed::Interval range) {
  if (range.lo == range.hi) return b.constant(range.lo);
  if (fixed::formatFor(range) == format) return b.sliceNumber(bits, lsb, range);
  return b.assume(b.wrap(b.slice(bits, lsb, format.bits), format), range);
}

hdl::Signal toBits(hdl::Builder& b, hdl::Signal number, fixed::IntegerFormat format) {
  const fixed::Interval range = b.range(number);
  if (range.lo == range.hi) return b.constantBits(format.bits, rawCode(range.lo, format.bits));
  return b.slice(b.wrap(number, format), 0, format.bits);
}

hdl::Signal rawBits(hdl::Builder& b, hdl::Signal number) {
  return b.wrap(number, fixed::IntegerFormat{b.width(number), false});
}

hdl::Signal narrowed(hdl::Builder& b, hdl::Signal number, fixed::Interval range) {
  const fixed::Interval known = b.range(number);
  if (range.contains(known)) return number;
  const fixed::Interval both{std::max(known.lo, range.lo), std::min(known.hi, range.hi)};
  return both.lo == both.hi ? b.constant(both.lo) : b.assume(number, range);
}

hdl::Signal address(hdl::Builder& b, const std::vector<hdl::Signal>& fromLowest) {
  if (fromLowest.empty()) return b.constant(0);
  if (fromLowest.size() == 1) return rawBits(b, fromLowest[0]);
  const hdl::Signal joined = b.concat(fromLowest);
  SLUICE_CHECK(b.width(joined) <= 32, "memories are addressed with at most 32 bits");
  return b.wrap(joined, fixed::IntegerFormat{b.width(joined), false});
}

Pipeline::Value perFold(Pipeline& pipeline, Pipeline::Value counter, const std::vector<std::int64_t>& values,
                        std::uint32_t stage, const std::string& name) {
  hdl::Builder& b = pipeline.builder();
  const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
  const fixed::Interval range{*lo, *hi};
  if (range.lo == range.hi) return {b.constant(range.lo), stage};
  const std::uint32_t bits = fixed::formatFor(range).bits;
  std::vector<std::vector<std::uint64_t>> words;
  for (const std::int64_t value : values) words.push_back({rawCode(value, bits)});
  const hdl::MemoryId rom = b.rom(name, bits, std::move(words), hdl::Style::logic, true);
  return {b.readNumber(rom, pipeline.at(counter, stage - 1).signal, range), stage};
}

std::uint64_t rawCode(std::int64_t value, std::uint32_t bits) {
  const auto raw = static_cast<std::uint64_t>(value);
  return bits >= 64 ? raw : raw & ((std::uint64_t{1} << bits) - 1);
}

std::int64_t codeValue(std::uint64_t raw, fixed::IntegerFormat format) {
  if (format.isSigned && format.bits < 64 && ((raw >> (format.bits - 1)) & 1) != 0)
    return static_cast<std::int64_t>(raw | ~((std::uint64_t{1} << format.bits) - 1));
  return static_cast<std::int64_t>(raw);
}

void WordPacker::append(std::int64_t value, std::uint32_t bits) {
  SLUICE_CHECK(bits >= 1 && bits <= 64, "a field has 1 to 64 bits");
  const std::uint64_t raw = rawCode(value, bits);
  const std::uint32_t offset = bits_ % 64;
  words_.resize((bits_ + bits + 63) / 64, 0);
  words_[bits_ / 64] |= raw << offset;
  if (offset + bits > 64) words_[bits_ / 64 + 1] |= raw >> (64 - offset);
  bits_ += bits;
}

}  // namespace sluice::kernel
