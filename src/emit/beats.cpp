#include "emit/beats.h"

#include "base/check.h"

namespace sluice::emit {

std::vector<std::uint64_t> packBeats(std::span<const std::int64_t> codes, const kernel::Beat& beat) {
  SLUICE_CHECK(codes.size() % beat.elements == 0, "only whole beats move");
  const std::uint32_t words = wordsPerBeat(beat), bits = beat.format.bits;
  const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  std::vector<std::uint64_t> result(codes.size() / beat.elements * words, 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    SLUICE_CHECK(beat.format.range().contains(codes[i]), "every code lies in the format of its stream");
    const std::uint64_t value = static_cast<std::uint64_t>(codes[i]) & mask;
    const std::uint64_t position = i % beat.elements * bits;
    std::uint64_t* word = &result[i / beat.elements * words + position / 64];
    word[0] |= value << (position % 64);
    if (position % 64 + bits > 64) word[1] |= value >> (64 - position % 64);
  }
  return result;
}

std::vector<std::int64_t> unpackBeats(std::span<const std::uint64_t> words, const kernel::Beat& beat) {
  const std::uint32_t perBeat = wordsPerBeat(beat), bits = beat.format.bits;
  SLUICE_CHECK(words.size() % perBeat == 0, "only whole beats move");
  std::vector<std::int64_t> codes;
  codes.reserve(words.size() / perBeat * beat.elements);
  for (std::size_t first = 0; first < words.size(); first += perBeat)
    for (std::uint32_t e = 0; e < beat.elements; ++e) {
      const std::uint64_t position = std::uint64_t{e} * bits;
      const std::uint64_t* word = &words[first + position / 64];
      std::uint64_t value = word[0] >> (position % 64);
      if (position % 64 + bits > 64) value |= word[1] << (64 - position % 64);
      const std::uint32_t unused = 64 - bits;
      codes.push_back(beat.format.isSigned ? static_cast<std::int64_t>(value << unused) >> unused
                                           : static_cast<std::int64_t>(value << unused >> unused));
    }
  return codes;
}

}  // namespace sluice::emit
