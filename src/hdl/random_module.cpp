#include "hdl/random_module.h"

#include <algorithm>
#include <bit>

#include "base/rng.h"
#include "hdl/builder.h"

namespace sluice::hdl {
namespace {

class Generator {
 public:
  Generator(const std::string& name, std::uint64_t seed, const RandomModuleOptions& options)
      : name_(name), seed_(seed), options_(options), rng_(seed), b_(name) {}

  Module run() {
    ports();
    feedback();
    for (std::uint32_t i = 0; i < options_.operations; ++i) operation();
    for (std::uint32_t i = 0; i < options_.instances; ++i) place(i);
    for (std::uint32_t i = 0; i < options_.operations / 4; ++i) operation();
    close();
    return std::move(b_).build();
  }

 private:
  std::int64_t upTo(std::int64_t most) { return rng_.uniform(0, most); }
  template <typename T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(upTo(static_cast<std::int64_t>(from.size()) - 1))];
  }
  Signal number() { return pick(numbers_); }
  Signal flag() { return pick(flags_); }

  fixed::IntegerFormat format(std::uint32_t most = 12) {
    return {.bits = static_cast<std::uint32_t>(rng_.uniform(1, most)), .isSigned = rng_.chance(0.5)};
  }
  fixed::Interval interval() {
    const fixed::Interval all = format().range();
    if (!options_.keepPromises || rng_.chance(0.5)) return all;
    const std::int64_t a = rng_.uniform(all.lo, all.hi), c = rng_.uniform(all.lo, all.hi);
    return {std::min(a, c), std::max(a, c)};
  }

  void keep(Signal s) {
    const Node& n = b_.node(s);
    if (rng_.chance(0.1))
      b_.nameHint(s, pick(std::vector<std::string>{"sum", "x__1", "begin", "value[3]", "3d", "state"}));
    if (n.isNumber() && n.width == 1 && !n.isSigned) flags_.push_back(s);
    if (n.isNumber())
      numbers_.push_back(s);
    else
      bits_.push_back(s);
  }

  /// The number, brought into the interval.
  Signal into(Signal s, fixed::Interval to) {
    const fixed::IntegerFormat f = fixed::formatFor(to);
    if (f.range() == to && rng_.chance(0.7)) return b_.wrap(s, f);
    return b_.clamp(s, to);
  }

  /// A number short enough to grow from.
  Signal small(std::uint32_t bits = 20) {
    const Signal s = number();
    if (b_.width(s) <= bits) return s;
    return b_.wrap(s,
                   {.bits = static_cast<std::uint32_t>(rng_.uniform(1, bits)), .isSigned = rng_.chance(0.5)});
  }
  Signal constantNumber() {
    const fixed::Interval r = format().range();
    return b_.constant(rng_.uniform(r.lo, r.hi));
  }
  Signal address(std::uint32_t words) {
    const auto bits = static_cast<std::uint32_t>(std::bit_width(words - 1));
    if (bits == 0) return b_.constant(0);
    return b_.clamp(b_.wrap(number(), {.bits = bits, .isSigned = false}), {0, std::int64_t{words} - 1});
  }
  Signal bitsOf(std::uint32_t width) {
    std::vector<Signal> parts;
    std::uint32_t have = 0;
    while (have < width) {
      Signal s = !bits_.empty() && rng_.chance(0.4) ? pick(bits_) : number();
      if (rng_.chance(0.1)) s = b_.constantBits(7, rng_.bits());
      const std::uint32_t most = std::min(width - have, b_.width(s));
      const auto take = static_cast<std::uint32_t>(rng_.uniform(1, most));
      s = b_.slice(s, static_cast<std::uint32_t>(upTo(b_.width(s) - take)), take);
      parts.push_back(s);
      have += take;
    }
    return b_.concat(parts);
  }

  void ports();
  void feedback();
  void operation();
  void registers();
  void memory();
  void place(std::uint32_t index);
  void close();

  std::string name_;
  std::uint64_t seed_;
  RandomModuleOptions options_;
  Rng rng_;
  Builder b_;
  std::vector<Signal> numbers_, flags_, bits_;
  std::vector<std::pair<Signal, fixed::Interval>> loops_;
  std::vector<Signal> wideLoops_;
};

void Generator::ports() {
  for (int i = 0; i < 3; ++i) keep(b_.input("x" + std::to_string(i), interval()));
  keep(b_.input("y", format(20)));
  keep(b_.inputBits("go", 1));
  keep(b_.inputBits("word", static_cast<std::uint32_t>(rng_.uniform(2, 70))));
  if (options_.wide) keep(b_.inputBits("beat", static_cast<std::uint32_t>(rng_.uniform(65, 200))));
}

void Generator::feedback() {
  for (int i = 0; i < 3; ++i) {
    const fixed::Interval r = interval();
    const bool reset = rng_.chance(0.5) || (options_.keepPromises && !r.contains(0));
    const Signal s = b_.regDeclare(r, reset ? std::optional(rng_.uniform(r.lo, r.hi)) : std::nullopt, "loop");
    loops_.emplace_back(s, r);
    keep(s);
  }
  if (!options_.wide) return;
  wideLoops_.push_back(b_.regDeclareBits(static_cast<std::uint32_t>(rng_.uniform(60, 140)), "wide_loop"));
  keep(wideLoops_.back());
}

void Generator::registers() {
  const bool numeric = bits_.empty() || rng_.chance(0.7);
  const Signal next = numeric ? number() : pick(bits_);
  const bool outsideZero = numeric && !b_.range(next).contains(0);
  const int kind = static_cast<int>(upTo(2));
  if (kind == 0 || (options_.keepPromises && outsideZero)) {
    const std::int64_t value = numeric ? rng_.uniform(-3, 3) : upTo(3);
    if (b_.width(next) > 2 || numeric) keep(b_.regReset(next, value));
  } else if (kind == 1) {
    keep(b_.regEnabled(next, flag()));
  } else {
    keep(b_.delay(next, static_cast<std::uint32_t>(rng_.uniform(1, 3))));
  }
}

void Generator::memory() {
  const auto width = static_cast<std::uint32_t>(rng_.uniform(1, options_.wide && rng_.chance(0.3) ? 90 : 16));
  const std::uint32_t words =
      options_.keepPromises ? static_cast<std::uint32_t>(rng_.uniform(1, 20)) : 1u << upTo(4);
  const bool synchronous = rng_.chance(0.5);
  const Style large = synchronous ? Style::blockRam : Style::automatic;
  MemoryId m;
  if (rng_.chance(0.4)) {
    std::vector<std::vector<std::uint64_t>> contents;
    for (std::uint32_t i = 0; i < words; ++i) contents.push_back({rng_.bits(), rng_.bits()});
    m = b_.rom("table", width, contents, pick(std::vector{Style::logic, large, Style::lutRam}), synchronous);
  } else {
    const Style style = pick(std::vector{Style::registers, Style::shiftRegister, Style::lutRam, large});
    m = b_.ram("memory", width, words, style, synchronous);
    b_.write(m, flag(), style == Style::shiftRegister ? Signal() : address(words), bitsOf(width));
  }
  for (int i = 0; i < 2; ++i) {
    const Signal a = address(words);
    const bool isSigned = rng_.chance(0.5);
    // A ROM read as a number takes the range of its words, which need not hold the 0 of power-up.
    const bool mayBreak = synchronous && options_.keepPromises;
    if (width < 60 && !mayBreak && rng_.chance(0.5))
      keep(b_.readNumber(m, a, fixed::IntegerFormat{width, isSigned}.range()));
    else
      keep(b_.read(m, a));
  }
}

void Generator::operation() {
  switch (upTo(23)) {
    case 0:
    case 1:
      keep(b_.add(small(40), rng_.chance(0.2) ? constantNumber() : small(40)));
      break;
    case 2:
      keep(b_.subtract(small(40), rng_.chance(0.2) ? constantNumber() : small(40)));
      break;
    case 3:
      keep(b_.multiply(small(20), rng_.chance(0.3) ? constantNumber() : small(20),
                       pick(std::vector{Style::automatic, Style::dsp, Style::logic})));
      break;
    case 4:
      keep(b_.negate(small(40)));
      break;
    case 5:
      keep(b_.shiftLeft(small(40), static_cast<std::uint32_t>(upTo(5))));
      break;
    case 6:
      keep(b_.shiftRight(number(), static_cast<std::uint32_t>(upTo(9))));
      break;
    case 7:
      keep(b_.wrap(number(), format(rng_.chance(0.1) ? 63 : 16)));
      break;
    case 8:
      keep(b_.clamp(number(), interval()));
      break;
    case 9:
      keep(b_.equal(number(), rng_.chance(0.5) ? constantNumber() : number()));
      break;
    case 10:
      keep(b_.notEqual(number(), rng_.chance(0.5) ? constantNumber() : number()));
      break;
    case 11:
      keep(b_.less(number(), rng_.chance(0.5) ? constantNumber() : number()));
      break;
    case 12:
      keep(b_.lessEqual(rng_.chance(0.5) ? constantNumber() : number(), number()));
      break;
    case 13:
      keep(b_.mux(flag(), number(), number()));
      break;
    case 14: {
      const auto w = static_cast<std::uint32_t>(rng_.uniform(1, options_.wide ? 100 : 30));
      keep(b_.mux(flag(), bitsOf(w), bitsOf(w)));
      break;
    }
    case 15:
      keep(bitsOf(static_cast<std::uint32_t>(rng_.uniform(1, options_.wide ? 130 : 60))));
      break;
    case 16:
    case 17: {
      const auto w = static_cast<std::uint32_t>(rng_.uniform(1, rng_.chance(0.2) ? 64 : 9));
      const Signal p = bitsOf(w), q = bitsOf(w);
      const std::int64_t which = upTo(3);
      keep(which == 0   ? b_.bitAnd(p, q)
           : which == 1 ? b_.bitOr(p, q)
           : which == 2 ? b_.bitXor(p, q)
                        : b_.bitNot(p));
      break;
    }
    case 18: {
      const Signal p = bits_.empty() ? number() : pick(bits_);
      const std::int64_t which = upTo(2);
      keep(which == 0 ? b_.reduceAnd(p) : which == 1 ? b_.reduceOr(p) : b_.reduceXor(p));
      break;
    }
    case 19: {
      const Signal from = bits_.empty() ? number() : pick(bits_);
      const fixed::Interval r = format(std::min(16u, b_.width(from))).range();
      keep(b_.sliceNumber(from, static_cast<std::uint32_t>(upTo(b_.width(from) - fixed::formatFor(r).bits)),
                          r));
      break;
    }
    case 20: {
      std::vector<Signal> choices;
      const auto count = static_cast<std::uint32_t>(rng_.uniform(1, 6));
      for (std::uint32_t i = 0; i < count; ++i) choices.push_back(number());
      keep(b_.select(address(count), choices));
      break;
    }
    case 21:
      registers();
      break;
    case 22:
      registers();
      break;
    default:
      if (options_.memories)
        memory();
      else if (!options_.keepPromises) {
        const Signal s = number();
        const fixed::Interval r = b_.range(s);
        keep(b_.assume(s, {r.lo, r.lo + (r.hi - r.lo) / 2}));
      }
  }
}

void Generator::place(std::uint32_t index) {
  RandomModuleOptions smaller = options_;
  smaller.operations = options_.operations / 3, smaller.instances = 0;
  const std::string suffix = "_part" + std::to_string(index);
  const auto inner =
      std::make_shared<const Module>(randomModule(name_ + suffix, mix64(seed_ + index + 1), smaller));
  const InstanceId id = b_.instance("part" + std::to_string(index), inner);
  for (const Port& p : inner->inputs) {
    const Node& port = inner->node(p.signal);
    b_.connect(id, p.name, port.isNumber() ? into(number(), *port.range) : bitsOf(port.width));
  }
  for (const Port& p : inner->outputs)
    if (rng_.chance(0.8)) keep(b_.instanceOutput(id, p.name));
}

void Generator::close() {
  for (const auto& [reg, range] : loops_) {
    Signal next = into(number(), range);
    if (rng_.chance(0.7)) next = b_.mux(flag(), reg, next);
    b_.regDrive(reg, next, rng_.chance(0.3) ? flag() : Signal());
  }
  for (const Signal reg : wideLoops_)
    b_.regDrive(reg, bitsOf(b_.width(reg)), rng_.chance(0.3) ? flag() : Signal());
  const auto last = [&](const std::vector<Signal>& from, std::int64_t within) {
    return from[from.size() - 1 -
                static_cast<std::size_t>(
                    upTo(std::min<std::int64_t>(within, std::int64_t(from.size()) - 1)))];
  };
  for (int i = 0; i < 6; ++i) b_.output("n" + std::to_string(i), last(numbers_, 30));
  for (int i = 0; i < 2; ++i) b_.output("f" + std::to_string(i), last(flags_, 10));
  for (int i = 0; i < 3; ++i) b_.output("b" + std::to_string(i), last(bits_, 12));
}

}  // namespace

Module randomModule(const std::string& name, std::uint64_t seed, const RandomModuleOptions& options) {
  return Generator(name, seed, options).run();
}

}  // namespace sluice::hdl
