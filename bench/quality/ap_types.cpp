// Fixed point against the ap_types headers that hls4ml carries (Apache-2.0; not part of Sluice): every assignment
// between formats of up to 5 bits in every rounding and overflow mode, every pair of codes through every operation,
// and random numbers of wide formats. Prints one digest per mode and operation, which src/fixed/ap_fixed_test.cpp
// holds, and how many cases differ.
//
//   cmake -DSLUICE_AP_TYPES=DIR ...   DIR: hls4ml/templates/vivado/ap_types of a pip package of hls4ml
//   ap_types [CASES]                  at least so many random cases; 10,000,000 unless told otherwise
#include "ap_types.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "fixed/ap_fixed.h"

namespace ap_types {
namespace {

using namespace sluice::fixed;

constexpr Rounding roundings[] = {Rounding::floor,          Rounding::towardZero,       Rounding::halfUp,
                                  Rounding::halfTowardZero, Rounding::halfAwayFromZero, Rounding::halfDown,
                                  Rounding::halfEven};
constexpr Overflow overflows[] = {Overflow::wrap, Overflow::saturate, Overflow::saturateToZero,
                                  Overflow::saturateSymmetric, Overflow::wrapSignMagnitude};

ApFormat formatOf(Format f) {
  return {.width = f.width,
          .integer = f.integer,
          .isSigned = f.isSigned,
          .rounding = roundings[f.rounding],
          .overflow = overflows[f.overflow],
          .saturationBits = f.saturationBits};
}

}  // namespace

void Tally::start(const std::string& name) { groups.push_back({.name = name}); }
void Tally::start(int rounding, int overflow, int saturationBits) {
  start(text(formatOf({16, 6, true, rounding, overflow, saturationBits})));
}

void Tally::value(std::int64_t theirs, std::int64_t ours, const std::string& what) {
  Group& group = groups.back();
  group.digest = (group.digest ^ static_cast<std::uint64_t>(theirs)) * 0x100000001b3;
  ++group.cases;
  if (theirs == ours) return;
  if (differences++ < 20)
    std::printf("%s: the headers give %" PRId64 ", Sluice %" PRId64 "\n", what.c_str(), theirs, ours);
}

void Tally::conversion(Format from, std::int64_t code, Format to, std::int64_t theirs) {
  const ApNumber source{.format = formatOf(from), .code = code};
  const ApFormat target = formatOf(to);
  const auto ours = static_cast<std::int64_t>(convert(source, target).code);
  value(theirs, ours,
        theirs == ours ? std::string()
                       : text(source.format) + " code " + std::to_string(code) + " to " + text(target));
}

void Tally::operation(char which, Format a, std::int64_t codeA, Format b, std::int64_t codeB,
                      std::int64_t theirs) {
  const ApNumber x{.format = formatOf(a), .code = codeA}, y{.format = formatOf(b), .code = codeB};
  Wide ours = 0;
  if (which == '+') ours = (x + y).code;
  if (which == '-') ours = (x - y).code;
  if (which == '*') ours = (x * y).code;
  if (which == '/') ours = (x / y).code;
  if (which == '<') ours = compare(x, y);
  if (which == 's') ours = shiftLeft(x, static_cast<int>(codeB)).code;
  value(theirs, static_cast<std::int64_t>(ours),
        theirs == ours ? std::string()
                       : text(x.format) + " code " + std::to_string(codeA) + " " + which + " " +
                             text(y.format) + " code " + std::to_string(codeB));
}

}  // namespace ap_types

int main(int argc, char** argv) {
#ifdef SLUICE_HAS_AP_TYPES
  ap_types::Tally tally;
  ap_types::conversions<0>(tally);
  ap_types::conversions<1>(tally);
  ap_types::conversions<2>(tally);
  ap_types::conversions<3>(tally);
  ap_types::conversions<4>(tally);
  ap_types::conversions<5>(tally);
  ap_types::conversions<6>(tally);
  ap_types::operations(tally);
  for (const ap_types::Tally::Group& group : tally.groups)
    std::printf("    {\"%s\", 0x%016" PRIx64 "},  // %" PRIu64 " cases\n", group.name.c_str(), group.digest,
                group.cases);
  // Up to a sixth of what is drawn divides by zero, or compares what the headers leave to C.
  const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  ap_types::random(tally, wanted + wanted / 5);
  std::uint64_t cases = 0;
  for (const ap_types::Tally::Group& group : tally.groups) cases += group.cases;
  std::printf("%" PRIu64 " cases, %" PRIu64 " random ones among them; %" PRIu64 " differ\n", cases,
              tally.groups.back().cases, tally.differences);
  return tally.differences == 0 ? 0 : 1;
#else
  (void)argc;
  (void)argv;
  std::puts("skipped: built without the ap_types headers (cmake -DSLUICE_AP_TYPES=DIR)");
  return 0;
#endif
}
