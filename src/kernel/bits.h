#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hdl/builder.h"
#include "kernel/kernel.h"

/// Small helpers between bits (beats, memory words) and numbers.
namespace sluice::kernel {

/// One bit: valid, ready, push, pop.
inline constexpr fixed::IntegerFormat kBit{1, false};
/// Products and sums lie within +- this, so that any two of them add in 64 bits.
inline constexpr std::int64_t kLargest = std::int64_t{1} << 61;

/// Bits needed to count 0 .. count-1; 0 for one.
std::uint32_t indexBits(std::uint64_t count);

/// Bits [lsb, lsb + format.bits) of `bits` as a number that is known to lie in `range`.
hdl::Signal numberAt(hdl::Builder& b, hdl::Signal bits, std::uint32_t lsb, fixed::IntegerFormat format,
                     fixed::Interval range);

/// A number as raw bits of a format that holds it (sign- or zero-extended).
hdl::Signal toBits(hdl::Builder& b, hdl::Signal number, fixed::IntegerFormat format);

/// The raw bits of a number in its own format, as an unsigned address.
hdl::Signal rawBits(hdl::Builder& b, hdl::Signal number);

/// The same number, promised to lie in `range` if it is not known to (say why at the call).
hdl::Signal narrowed(hdl::Builder& b, hdl::Signal number, fixed::Interval range);

/// Several raw fields, lowest first, as one unsigned address of at most 32 bits; empty gives the constant 0.
hdl::Signal address(hdl::Builder& b, const std::vector<hdl::Signal>& fromLowest);

/// A memory word under construction: fields are appended from the lowest bit upwards.
class WordPacker {
 public:
  void append(std::int64_t value, std::uint32_t bits);
  [[nodiscard]] std::uint32_t bits() const { return bits_; }
  [[nodiscard]] const std::vector<std::uint64_t>& words() const { return words_; }

 private:
  std::vector<std::uint64_t> words_;
  std::uint32_t bits_ = 0;
};

/// A number that depends on a loop counter alone, at a stage: the constant if all values are equal, else a
/// small ROM with one value per count, read one stage ahead (stage >= 1).
Pipeline::Value perFold(Pipeline& pipeline, Pipeline::Value counter, const std::vector<std::int64_t>& values,
                        std::uint32_t stage, const std::string& name);

/// `value` cut to `bits` raw bits.
std::uint64_t rawCode(std::int64_t value, std::uint32_t bits);

/// The number that raw bits stand for.
std::int64_t codeValue(std::uint64_t raw, fixed::IntegerFormat format);

}  // namespace sluice::kernel
