// What ap_types.cpp and its parts share: the cases and their digests, without the headers they are compared with.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ap_types {

struct Format {
  int width, integer;
  bool isSigned;
  int rounding = 0, overflow = 0, saturationBits = 0;  ///< numbers of the headers' modes as listed there
};

/// Counts cases, remembers differences, and reduces what the headers gave to one digest per mode or operation.
class Tally {
 public:
  struct Group {
    std::string name;
    std::uint64_t digest = 0xcbf29ce484222325, cases = 0;
  };
  std::vector<Group> groups;
  std::uint64_t differences = 0;

  void start(int rounding, int overflow, int saturationBits);
  void start(const std::string& name);
  void conversion(Format from, std::int64_t code, Format to, std::int64_t theirs);
  /// operation: one of + - * / < (compare: -1, 0, 1) and s (shift left of a by code b)
  void operation(char which, Format a, std::int64_t codeA, Format b, std::int64_t codeB, std::int64_t theirs);
  void value(std::int64_t theirs, std::int64_t ours, const std::string& what);
};

template <int mode>
void conversions(Tally& tally);
void operations(Tally& tally);
void random(Tally& tally, std::uint64_t cases);

}  // namespace ap_types
