#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "experiment/test_server.h"
#include "experiment/trial.h"
#include "experiment/worker.h"

/// What tests of experiments share: definitions with something changed, runs to the end, and the trials that came of them.
namespace sluice::experiment {

/// The text with the first `what` in it replaced, which must be there.
inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

/// Runs the experiment to its end, with its trials in `place` and its artefacts in the folder's "cache".
inline void runToEnd(const Definition& definition, const TestFolder& folder, const std::string& place,
                     unsigned workers, const std::string& cache = "cache") {
  RunOptions options;
  options.worker.place = place;
  options.workers = workers;
  const Status status = run(definition, folder.at(cache), options);
  EXPECT_TRUE(status.ok()) << status.error().text();
}

inline std::vector<TrialRow> rowsOf(const Definition& definition, const std::string& place) {
  TrialStore store = std::move(TrialStore::open(place)).value();
  return *store.trials(*enter(store, definition));
}

/// All trials of an experiment as text: numbers, parameters, states, results.
inline std::string outcomeOf(const Definition& definition, const std::string& place) {
  std::string text;
  for (const TrialRow& row : rowsOf(definition, place))
    text += std::to_string(row.number) + " " + row.parameters + " " + stateName(row.state) + " " +
            row.result + "\n";
  return text;
}

}  // namespace sluice::experiment
