#include "experiment/proposer.h"

#include <algorithm>
#include <utility>

#include "experiment/trial.h"

namespace sluice::experiment {

Result<Proposer> Proposer::make(const Definition& definition) {
  SLUICE_TRY(search::Sampler sampler, search::Sampler::make(definition.space, definition.objectives,
                                                            definition.sampler, definition.seed));
  Proposer proposer(definition, std::move(sampler));
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  const std::uint64_t size = proposer.sampler_.size();  // 0: no end
  proposer.trials_ = size == 0 ? definition.trials
                               : std::min(definition.trials, static_cast<std::int64_t>(std::min(size, most)));
  if (definition.fidelity) {
    proposer.brackets_.emplace(definition.fidelity->halving, static_cast<std::uint64_t>(proposer.trials_),
                               definition.sampler.window, search::looksAtResults(definition.sampler.method));
    proposer.trials_ = static_cast<std::int64_t>(proposer.brackets_->size());
  }
  return proposer;
}

std::int64_t Proposer::reach(const Definition& definition) {
  if (definition.fidelity) return 1;
  return search::looksAtResults(definition.sampler.method)
             ? static_cast<std::int64_t>(definition.sampler.window)
             : 0;
}

std::int64_t Proposer::allowed(const TrialStore::Extent& extent) const {
  const std::int64_t ahead = extent.ended + static_cast<std::int64_t>(definition_.sampler.window);
  if (!brackets_) return std::min(trials_, ahead);
  const std::int64_t bracket = static_cast<std::int64_t>(definition_.fidelity->halving.bracket);
  const std::int64_t end = std::min(trials_, std::max(ahead, extent.ended + bracket));
  std::int64_t count = extent.trials;
  while (count < end &&
         brackets_->needs(static_cast<std::uint64_t>(count)) <= static_cast<std::uint64_t>(extent.ended))
    ++count;
  return count;
}

Result<std::vector<std::string>> Proposer::propose(const std::vector<search::Trial>& history,
                                                   std::int64_t count) {
  const auto wanted = static_cast<std::size_t>(count);
  std::vector<search::Point> points;
  if (brackets_) {
    SLUICE_TRY(points, brackets_->propose(sampler_, history, wanted));
  } else {
    SLUICE_TRY(points, sampler_.propose(history, wanted));
  }
  std::vector<std::string> texts;
  for (search::Point& point : points) {
    TrialPoint trial{std::move(point), 0};
    if (brackets_) trial.rung = brackets_->at(history.size() + texts.size()).rung;
    texts.push_back(printParameters(definition_, trial));
  }
  return texts;
}

}  // namespace sluice::experiment
