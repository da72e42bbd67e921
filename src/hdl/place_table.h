#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

/// Things that are told apart by content are found again by a hash of it.
namespace sluice::hdl {

/// Numbers from 1 on by hash, in open addressing: a power of two of places, at most half of them taken.
class PlaceTable {
 public:
  PlaceTable() : places_(64) {}
  /// Empties it and makes room for about so many.
  void reset(std::size_t count) {
    places_.assign(std::bit_ceil(std::max<std::size_t>(32, count)) * 2, {});
    taken_ = 0;
  }

  /// The number of which `same` is true; 0: none.
  template <typename Same>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, const Same& same) const {
    const std::size_t mask = places_.size() - 1;
    const std::uint32_t tag = tagOf(hash);
    for (std::size_t at = tag & mask; places_[at].number != 0; at = (at + 1) & mask)
      if (places_[at].tag == tag && same(places_[at].number)) return places_[at].number;
    return 0;
  }

  void add(std::uint64_t hash, std::uint32_t number) {
    if (2 * ++taken_ > places_.size()) grow();
    put(places_, {.tag = tagOf(hash), .number = number});
  }

 private:
  struct Place {
    std::uint32_t tag = 0;     ///< of the hash
    std::uint32_t number = 0;  ///< 0: free
  };
  static std::uint32_t tagOf(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  static void put(std::vector<Place>& places, const Place& p) {
    const std::size_t mask = places.size() - 1;
    std::size_t at = p.tag & mask;
    while (places[at].number != 0) at = (at + 1) & mask;
    places[at] = p;
  }
  void grow() {
    std::vector<Place> larger(4 * places_.size());
    for (const Place& p : places_)
      if (p.number != 0) put(larger, p);
    places_ = std::move(larger);
  }

  std::vector<Place> places_;
  std::size_t taken_ = 0;
};

}  // namespace sluice::hdl
