#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// 128-bit digests of content: names of artefacts in the store, and keys of jobs.
///
/// Source  XXH3-128 (libxxhash), in its canonical byte order, so that a digest is the same on every machine.
///         Good against accidents (2^64 artefacts for an even chance of one collision), not against an
///         attacker.
namespace sluice {

struct Digest {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const Digest&) const = default;
  /// 32 hexadecimal digits.
  [[nodiscard]] std::string hex() const;
};

/// What Digest::hex gave; nothing for any other text.
std::optional<Digest> parseDigest(std::string_view hex);

/// Digest of one piece of content.
Digest digestOf(std::string_view content);

/// Digest of many pieces, in order. `update` takes raw bytes: ("ab", "c") equals ("a", "bc"). `field` puts
/// the length in front, so that neighbouring fields cannot run into one another; keys are made of fields.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hasher& update(std::string_view bytes);
  Hasher& update(std::uint64_t number);  ///< as eight bytes, little end first
  Hasher& field(std::string_view text) {
    return update(static_cast<std::uint64_t>(text.size())).update(text);
  }
  Hasher& field(std::uint64_t number) { return update(number); }

  [[nodiscard]] Digest digest() const;  ///< of what came so far; more may follow
  [[nodiscard]] std::string hex() const { return digest().hex(); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
