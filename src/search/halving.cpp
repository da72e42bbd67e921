#include "search/halving.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "search/front.h"

namespace sluice::search {

Status check(const Halving& halving) {
  if (halving.bracket == 0) return badInput("a bracket holds at least one trial");
  if (halving.rungs == 0) return badInput("there is at least one rung");
  if (!(halving.factor > 1) || !std::isfinite(halving.factor))
    return badInput("the factor of halving is above 1, not " + formatDouble(halving.factor));
  return {};
}

std::vector<std::size_t> rungSizes(const Halving& halving) {
  std::vector<std::size_t> sizes;
  auto size = static_cast<double>(halving.bracket);
  for (std::size_t rung = 0; rung < halving.rungs; ++rung, size /= halving.factor)
    sizes.push_back(static_cast<std::size_t>(std::max(1.0, std::floor(size + 1e-9))));
  return sizes;
}

std::vector<std::size_t> best(std::span<const Score> scores, std::size_t keep) {
  std::vector<const Score*> pointers;
  pointers.reserve(scores.size());
  for (const Score& score : scores) pointers.push_back(&score);
  return select(pointers, keep).kept;
}

Brackets::Brackets(const Halving& halving, std::uint64_t points, std::size_t window, bool looks)
    : halving_(halving), window_(window), looks_(looks), positionOf_(halving.rungs) {
  const std::uint64_t brackets = (points + halving.bracket - 1) / halving.bracket;
  for (std::uint64_t step = 0; step + 1 < brackets + halving.rungs; ++step)
    for (std::size_t rung = 0; rung < halving.rungs && rung <= step; ++rung) {
      const std::uint64_t bracket = step - rung;
      if (bracket >= brackets) continue;
      Halving own = halving;
      if (bracket + 1 == brackets) own.bracket = static_cast<std::size_t>(points - bracket * halving.bracket);
      const std::uint64_t size = rungSizes(own)[rung];
      positionOf_[rung].push_back(segments_.size());
      segments_.push_back({size_, size, bracket, rung});
      size_ += size;
    }
}

const Brackets::Segment& Brackets::segmentOf(std::uint64_t number) const {
  SLUICE_CHECK(number < size_, "a trial of the brackets");
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), number,
                       [](std::uint64_t n, const Segment& segment) { return n < segment.first; });
  return *(after - 1);
}

const Brackets::Segment& Brackets::segmentOf(std::uint64_t bracket, std::size_t rung) const {
  return segments_[positionOf_[rung][static_cast<std::size_t>(bracket)]];
}

Brackets::Turn Brackets::at(std::uint64_t number) const {
  const Segment& segment = segmentOf(number);
  return {segment.bracket, segment.rung, number - segment.first};
}

std::uint64_t Brackets::needs(std::uint64_t number) const {
  const Segment& segment = segmentOf(number);
  if (segment.rung > 0) {
    const Segment& below = segmentOf(segment.bracket, segment.rung - 1);
    return below.first + below.size;
  }
  if (!looks_) return 0;
  const std::uint64_t point = segment.bracket * halving_.bracket + number - segment.first;
  const std::uint64_t seen = resultsBefore(static_cast<std::size_t>(point), window_);
  if (seen == 0) return 0;
  return segmentOf((seen - 1) / halving_.bracket, 0).first + (seen - 1) % halving_.bracket + 1;
}

Result<std::vector<Point>> Brackets::propose(Sampler& sampler, std::span<const Trial> history,
                                             std::size_t count) const {
  std::vector<Point> points;
  std::vector<Trial> starts;  // of rung 0: what the sampler knows
  for (std::size_t n = 0; n < history.size(); ++n)
    if (at(n).rung == 0) starts.push_back(history[n]);
  for (std::uint64_t number = history.size(); number < std::min(size_, history.size() + count);) {
    const Segment& segment = segmentOf(number);
    const std::uint64_t slot = number - segment.first,
                        wanted = std::min(segment.size - slot, history.size() + count - number);
    if (segment.rung == 0) {
      SLUICE_TRY(const std::vector<Point> fresh, sampler.propose(starts, static_cast<std::size_t>(wanted)));
      if (fresh.empty()) break;
      for (const Point& point : fresh) {
        points.push_back(point);
        starts.push_back({point, State::pending, {}});
      }
      number += fresh.size();
      continue;
    }
    const Segment& below = segmentOf(segment.bracket, segment.rung - 1);
    std::vector<Score> scores;
    std::size_t losses = 0;
    for (std::uint64_t n = below.first; n < below.first + below.size; ++n) {
      if (n >= history.size() || history[static_cast<std::size_t>(n)].state == State::pending)
        return badInput("its result decides which trials go on", "trial " + std::to_string(n));
      losses = std::max(losses, history[static_cast<std::size_t>(n)].score.losses.size());
    }
    for (std::uint64_t n = below.first; n < below.first + below.size; ++n) {
      const Trial& trial = history[static_cast<std::size_t>(n)];
      scores.push_back(trial.state == State::done
                           ? trial.score
                           : Score{std::vector<double>(losses, 0), std::numeric_limits<double>::infinity()});
    }
    const std::vector<std::size_t> kept = best(scores, static_cast<std::size_t>(segment.size));
    for (std::uint64_t k = slot; k < slot + wanted; ++k, ++number)
      points.push_back(
          history[static_cast<std::size_t>(below.first) + kept[static_cast<std::size_t>(k)]].point);
  }
  return points;
}

}  // namespace sluice::search
