#include <fmt/format.h>

#include "base/check.h"
#include "emit/formal_text.h"
#include "kernel/bits.h"

/// What a FIFO promises.
///
/// Order and loss are shown of one arbitrary beat: in an arbitrary cycle the checker picks the beat that is pushed,
/// notes its value and how many beats stand before it, and counts them off as they are popped. When none is left, this
/// beat must be what is shown. As the beat is arbitrary, this holds of all. (A FIFO that loses, doubles, changes or
/// exchanges beats shows something else for one of them, or shows nothing.)
///
/// The lemmas about storage say where that beat lies inside: in a shift register as many places from the start as were
/// pushed after it; in a RAM in the word into which it was pushed, which is read_pointer + ahead.
namespace sluice::emit {

namespace {

using kernel::FifoKind;
using kernel::FifoParams;

/// Lemmas about the two counters, kept minus one inside.
void counterLemmas(FormalText& f, const FifoParams& p, const std::string& printed) {
  const auto width = [&](const char* name) {
    const std::optional<std::uint32_t> found = registerWidth(printed, name);
    SLUICE_CHECK(found.has_value(), "a FIFO has its counters");
    return *found;
  };
  f.lemma(fmt::format("{} + 1 == $signed({{1'b0, filled}})", f.inside("filled", width("filled"), true)));
  if (p.reserveIsPush)
    f.lemma("promised == 0");
  else
    f.lemma(fmt::format("{} + 1 == {} - $signed({{1'b0, filled}}) - $signed({{1'b0, promised}})",
                        f.inside("free", width("free"), true), p.depth));
}

/// A shift register: every push moves the beat by one place.
void shiftLemmas(FormalText& f, const FifoParams& p, const std::string& printed, const std::string& number) {
  f.lemmaLine("reg " + number + "place;");
  f.lemmaLine("always @(posedge clk) if (push) place <= tracking ? place + 1 : 0;");
  f.lemma("!tracking || filled == ahead + place + 1");
  if (p.kind == FifoKind::registers) {
    for (std::uint32_t i = 0; i < p.depth; ++i)
      f.lemma(fmt::format("!(tracking && place == {}) || {} == value", i,
                          f.inside("place" + std::to_string(i), p.width)));
    return;
  }
  // One bit of a beat a register: its bit j is the beat at place j.
  const std::size_t label = printed.find("begin : ");
  SLUICE_CHECK(label != std::string::npos, "a shift register is printed bit by bit");
  const std::string block = printed.substr(label + 8, printed.find('\n', label) - label - 8);
  const std::optional<std::uint32_t> places = registerWidth(printed, "bits");
  SLUICE_CHECK(places.has_value(), "a shift register is printed bit by bit");
  for (std::uint32_t bit = 0; bit < p.width; ++bit) {
    const std::string bits = f.inside(fmt::format("{}[{}].bits", block, bit), *places);
    for (std::uint32_t i = 0; i < p.depth; ++i)
      f.lemma(fmt::format("!(tracking && place == {}) || {}[{}] == value[{}]", i, bits, i, bit));
  }
}

/// A RAM: the beat stays in the word into which it was pushed.
void ramLemmas(FormalText& f, const FifoParams& p, const std::string& printed) {
  const std::size_t memory = printed.find(" places [0:");
  SLUICE_CHECK(memory != std::string::npos, "a RAM is called `places`");
  const std::uint32_t words = static_cast<std::uint32_t>(std::stoul(printed.substr(memory + 11))) + 1;
  const std::uint32_t bits = kernel::indexBits(words);
  const std::string read = f.inside("read_pointer", bits), write = f.inside("write_pointer", bits);
  const auto modulo = [&](const std::string& sum) {
    return fmt::format("({0} >= {1} ? {0} - {1} : {0})", sum, words);
  };
  f.lemmaLine("reg " + vectorOf(bits) + "word;");
  f.lemmaLine(fmt::format("always @(posedge clk) if (!tracking) word <= {};", write));
  f.lemma(fmt::format("{} < {}", read, words));
  f.lemma(fmt::format("{} < {}", write, words));
  f.lemma(fmt::format("{} == {}", write, modulo(fmt::format("({} + filled)", read))));
  f.lemma(fmt::format("!tracking || word == {}", modulo(fmt::format("({} + ahead)", read))));
  f.lemma(fmt::format("!tracking || (filled == {0} || word != {1})", words, write));
  for (std::uint32_t w = 0; w < words; ++w)
    f.lemma(fmt::format("!(tracking && word == {}) || {} == value", w,
                        f.inside(fmt::format("places[{}]", w), p.width)));
}

}  // namespace

FormalModule fifoProof(const FifoParams& p, const std::string& printed) {
  const std::uint32_t count = kernel::indexBits(std::uint64_t{p.depth} + 1) + 1;
  FormalText f;
  f.input(p.width, "data_in");
  f.input(1, "push");
  if (!p.reserveIsPush) f.input(1, "reserve");
  f.input(1, "pop");
  f.input(1, "pick");
  f.line("wire credit, valid;");
  f.line(fmt::format("wire {}data_out;", vectorOf(p.width)));
  if (p.reserveIsPush) f.line("wire reserve = push;");
  f.line(fmt::format(
      "{} dut (.clk(clk), .rst(rst), .data_in(data_in), .push(push), {}.pop(pop), .credit(credit), "
      ".valid(valid), .data_out(data_out));",
      kernel::fifoName(p), p.reserveIsPush ? "" : ".reserve(reserve), "));
  f.line("// Beats promised and not yet pushed, and beats inside, as both sides see them.");
  f.line(fmt::format("reg {}promised, filled;", vectorOf(count)));
  f.line("always @(posedge clk) begin");
  f.line("  promised <= rst ? 0 : promised + reserve - push;");
  f.line("  filled <= rst ? 0 : filled + push - pop;");
  f.line("end");
  f.line("// One arbitrary beat: its value, and how many stand before it.");
  f.line("reg tracking;");
  f.line(fmt::format("reg {}value;", vectorOf(p.width)));
  f.line(fmt::format("reg {}ahead;", vectorOf(count)));
  f.line("always @(posedge clk)");
  f.line("  if (rst) tracking <= 0;");
  f.line("  else if (!tracking) begin");
  f.line("    tracking <= push && pick;");
  f.line("    value <= data_in;");
  f.line("    ahead <= filled - pop;");
  f.line("  end else if (pop) begin");
  f.line("    tracking <= ahead != 0;");
  f.line("    ahead <= ahead - 1;");
  f.line("  end");
  f.assume("!reserve || credit");
  f.assume("!push || reserve || promised != 0");
  f.assume("!pop || valid");
  f.claim("credit", fmt::format("credit == (promised + filled < {})", p.depth),
          "credit is given exactly while a place is neither filled nor promised");
  f.claim("no_overflow", fmt::format("promised + filled <= {}", p.depth),
          "never more beats filled and promised than places");
  f.claim("valid", "valid == (filled != 0)",
          "a beat shows from the cycle after its push on, and nothing shows where none is");
  f.claim("no_loss", "!tracking || (valid && ahead < filled)",
          "a beat that was pushed is inside until it is popped");
  f.claim("in_order", "!(tracking && ahead == 0) || data_out == value",
          "every beat comes out unchanged, after exactly those before it");
  counterLemmas(f, p, printed);
  if (p.kind == FifoKind::registers || p.kind == FifoKind::shiftRegister)
    shiftLemmas(f, p, printed, vectorOf(count));
  else
    ramLemmas(f, p, printed);
  return std::move(f).finish(2);
}

}  // namespace sluice::emit
