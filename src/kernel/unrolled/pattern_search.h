#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernel/unrolled/sum_network.h"

/// The greedy search: what occurs most often becomes a sum of its own.
///
/// Two kinds of patterns are looked for, each a pair with a relative shift and a relative sign:
///
///     vertices a, b   a + sign * (b << shift) occurs in m sums: one new sum of two terms, used m times
///     sums c, d       m terms of c are, shifted and signed, terms of d: one new sum of m terms, used twice
///
/// Either saves m - 1 adders (2m digits become m + 2, and the new sum has an adder less than digits). The one
/// is the other in the transposed network; a tall matrix of few columns has few patterns of the first kind
/// and large ones of the second. Taking the best of both is worth one to two percent over either alone, and
/// columns that are nearly equal are found without being looked for.
///
/// Counting is lazy. What is taken never makes another pattern more frequent, so a count is an upper bound
/// for ever: candidates wait in a queue under the count they had, and are counted again when it is their turn.
namespace sluice::kernel {

struct PatternRule {
  bool ofVertices = true, ofSums = true;
  /// Among equals, which one goes first is drawn; 0: the newest.
  std::uint64_t seed = 0;
};

class PatternSearch {
 public:
  /// Until no pattern occurs twice.
  void run(SumNetwork& network, const PatternRule& rule);
  /// The same where, since the last run, only these vertices got new uses and these sums new terms (each
  /// ascending, none twice).
  void runAround(SumNetwork& network, const PatternRule& rule, const std::vector<Vertex>& vertices,
                 const std::vector<Vertex>& sums);
  /// Work done so far, in units of about a nanosecond; the same on every machine.
  [[nodiscard]] std::uint64_t work() const { return work_; }

 private:
  struct Pattern {
    bool ofSums = false;
    Vertex a = 0, b = 0;     ///< a <= b
    std::int32_t shift = 0;  ///< a digit of a at k matches one of b at k + shift
    bool opposite = false;
  };
  static std::uint64_t pack(const Pattern& p);
  static Pattern unpack(std::uint64_t code);

  void collect(Vertex v, bool ofSums, Vertex from, const std::vector<bool>* done);
  void tallyPairs(const ShortestDigits& x, const ShortestDigits& y, Vertex other, bool same);
  void drain();
  std::uint32_t count(const Pattern& p);
  void push(std::uint64_t code, std::uint32_t times);
  void takeVertices(const Pattern& p);
  void takeSums(const Pattern& p);
  /// What two sums may share, [depth] digits: all, or what fits both deadlines.
  std::uint32_t shareable(const Pattern& p);

  SumNetwork* net_ = nullptr;
  PatternRule rule_;
  std::vector<std::vector<std::uint64_t>> queue_;  // [times], packed patterns
  std::uint32_t most_ = 0;
  std::uint64_t drawn_ = 0;
  std::vector<std::uint16_t> tally_;
  std::vector<std::uint32_t> touched_;
  std::size_t touchedCount_ = 0;
  std::array<std::uint32_t, 64> share_{};  // per depth
  std::vector<Term> around_;
  std::uint64_t work_ = 0;
};

}  // namespace sluice::kernel
