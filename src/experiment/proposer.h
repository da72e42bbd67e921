#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/definition.h"
#include "experiment/trial_store.h"

/// Which trials an experiment has, and when each may be proposed: what its sampler says, and with fidelities what
/// goes on to the next (search/halving.h). A function of the definition and of results alone.
namespace sluice::experiment {

class Proposer {
 public:
  /// Errors: badInput.
  static Result<Proposer> make(const Definition& definition);

  /// A result of trial n may lead to trials n + reach and later; 0: to none.
  static std::int64_t reach(const Definition& definition);
  [[nodiscard]] std::int64_t trials() const { return trials_; }  ///< in all
  /// How many trials there may be, when there are and have ended so many.
  [[nodiscard]] std::int64_t allowed(const TrialStore::Extent& extent) const;
  /// The parameters of trials history.size() and on, as they are stored; `count` of them.
  Result<std::vector<std::string>> propose(const std::vector<search::Trial>& history, std::int64_t count);

 private:
  Proposer(const Definition& definition, search::Sampler sampler)
      : definition_(definition), sampler_(std::move(sampler)) {}
  const Definition& definition_;
  search::Sampler sampler_;
  std::optional<search::Brackets> brackets_;
  std::int64_t trials_ = 0;
};

}  // namespace sluice::experiment
