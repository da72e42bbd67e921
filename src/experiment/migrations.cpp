#include "base/text.h"
#include "experiment/trial_store.h"

namespace sluice::experiment {

const std::vector<std::vector<std::string>>& migrations() {
  static const std::vector<std::vector<std::string>> steps = {
      // 0 -> 1: experiments and trials. `state` is TrialState. The partial index holds the open trials only, so
      // that a claim costs the same after a million trials as after the first.
      {"CREATE TABLE experiments (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, definition TEXT NOT "
       "NULL)",
       "CREATE TABLE trials (experiment BIGINT NOT NULL, number BIGINT NOT NULL, parameters TEXT NOT NULL, "
       "state BIGINT NOT NULL DEFAULT 0, token BIGINT NOT NULL DEFAULT 0, worker TEXT NOT NULL DEFAULT '', "
       "expires BIGINT NOT NULL DEFAULT 0, result TEXT NOT NULL DEFAULT '', PRIMARY KEY (experiment, "
       "number))",
       "CREATE INDEX open_trials ON trials (experiment, number) WHERE state < 2"},
      // 1 -> 2: when a trial began and ended, and how long its stages took.
      {"ALTER TABLE trials ADD COLUMN started BIGINT NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN ended BIGINT NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN timings TEXT NOT NULL DEFAULT ''"},
  };
  return steps;
}

namespace {

Result<std::int64_t> versionOf(Database& database) {
  SLUICE_TRY(const Rows rows, database.run("SELECT version FROM sluice_schema", {}));
  std::int64_t version = 0;
  if (rows.size() != 1 || !parseInt64(rows[0][0], version))
    return badInput("is a database, but not a store of trials: its table sluice_schema has no version");
  return version;
}

}  // namespace

Status migrate(Database& database, std::int64_t version) {
  const auto newest = static_cast<std::int64_t>(migrations().size());
  if (version < 0) version = newest;
  // Made by whoever is first. On PostgreSQL two who make it at once may both be told so; the second sees it.
  Status made;
  for (int tries = 0; tries < 5; ++tries) {
    made = database.runTogether(
        {"CREATE TABLE IF NOT EXISTS sluice_schema (only_one BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
         "INSERT INTO sluice_schema VALUES (1, 0) ON CONFLICT DO NOTHING"});
    if (made.ok()) break;
  }
  SLUICE_RETURN_IF_ERROR(made);
  SLUICE_TRY(std::int64_t now, versionOf(database));
  if (now > newest)
    return unsupported("was made by a newer Sluice (schema " + std::to_string(now) + ", known: up to " +
                       std::to_string(newest) + "); use that one");
  while (now < version) {
    // All of a step or nothing of it. Of two processes at the same step the second fails and looks again.
    std::vector<std::string> statements = migrations()[static_cast<std::size_t>(now)];
    statements.push_back("UPDATE sluice_schema SET version = " + std::to_string(now + 1));
    const Status done = database.runTogether(statements);
    SLUICE_TRY(const std::int64_t after, versionOf(database));
    if (after <= now) return done.ok() ? ioError("the store's version cannot be raised") : done;
    now = after;
  }
  return {};
}

}  // namespace sluice::experiment
