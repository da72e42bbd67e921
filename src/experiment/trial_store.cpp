#include "experiment/trial_store.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::experiment {
namespace {

/// A number as a database prints it; it made it, so it is one.
std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  parseInt64(text, value);
  return value;
}

constexpr std::size_t rowsPerInsert = 128;

/// What a claiming statement gave.
std::optional<Claim> claimIn(const Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return Claim{number(rows[0][0]), number(rows[0][1]), rows[0][2]};
}

}  // namespace

const char* stateName(TrialState state) {
  switch (state) {
    case TrialState::waiting:
      return "waiting";
    case TrialState::running:
      return "running";
    case TrialState::done:
      return "done";
    case TrialState::failed:
      return "failed";
  }
  return "?";
}

Result<TrialStore> TrialStore::open(const std::string& place, bool patient) {
  SLUICE_TRY(std::unique_ptr<Database> database, openDatabase(place, patient));
  if (Status ready = migrate(*database); !ready.ok()) {
    Error error = ready.error();
    if (error.where.empty()) error.where = place;
    return error;
  }
  return TrialStore(std::move(database));
}

Result<std::optional<std::int64_t>> TrialStore::find(const std::string& name) {
  SLUICE_TRY(const Rows rows, database_->run("SELECT id FROM experiments WHERE name = $1", {name}));
  if (rows.empty()) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(number(rows[0][0]));
}

Result<std::int64_t> TrialStore::experiment(const std::string& name, const std::string& definition) {
  constexpr int attempts = 20;  // two experiments made at once may want the same id
  for (int attempt = 0;; ++attempt) {
    const Result<Rows> made = database_->run(
        "INSERT INTO experiments (id, name, definition) SELECT COALESCE(MAX(id), 0) + 1, CAST($1 AS TEXT), "
        "CAST($2 AS TEXT) FROM experiments WHERE true ON CONFLICT (name) DO NOTHING",
        {name, definition});
    if (made.ok()) break;
    if (attempt == attempts) return made.error();
  }
  SLUICE_TRY(const Rows rows,
             database_->run("SELECT id, definition FROM experiments WHERE name = $1", {name}));
  if (rows.size() != 1) return ioError("the experiment '" + name + "' was not stored");
  if (rows[0][1] != definition)
    return badInput("the store holds an experiment '" + name +
                    "' with another definition; give this one another name, or another store");
  return number(rows[0][0]);
}

Status TrialStore::add(std::int64_t experiment, std::int64_t first,
                       const std::vector<std::string>& parameters) {
  for (std::size_t begin = 0; begin < parameters.size(); begin += rowsPerInsert) {
    const std::size_t end = std::min(parameters.size(), begin + rowsPerInsert);
    std::string sql = "INSERT INTO trials (experiment, number, parameters) VALUES ";
    std::vector<Cell> cells = {experiment};
    for (std::size_t i = begin; i < end; ++i) {
      cells.emplace_back(first + static_cast<std::int64_t>(i));
      cells.emplace_back(parameters[i]);
      sql += (i == begin ? "($1, $" : ", ($1, $") + std::to_string(cells.size() - 1) + ", $" +
             std::to_string(cells.size()) + ")";
    }
    sql += " ON CONFLICT (experiment, number) DO NOTHING RETURNING number";
    SLUICE_TRY(const Rows made, database_->run(sql, cells, Survives::kill));
    if (made.size() == end - begin) continue;
    SLUICE_TRY(
        const Rows rows,
        database_->run(
            "SELECT number, parameters FROM trials WHERE experiment = $1 AND number >= $2 AND "
            "number < $3 ORDER BY number",
            {experiment, first + static_cast<std::int64_t>(begin), first + static_cast<std::int64_t>(end)}));
    for (const std::vector<std::string>& row : rows) {
      const auto at = static_cast<std::size_t>(number(row[0]) - first);
      if (row[1] != parameters[at])
        return badInput("trial " + row[0] + " is stored with parameters " + row[1] +
                        ", but the search proposes " + parameters[at] +
                        "; was it begun by another version of Sluice? Use another store");
    }
  }
  return {};
}

Database::Statement TrialStore::claiming(std::int64_t experiment, const std::string& worker,
                                         std::int64_t leaseMs) const {
  const std::string now = database_->now();
  return {"UPDATE trials SET state = 1, token = token + 1, worker = $2, expires = " + now +
              " + CAST($3 AS BIGINT), started = " + now +
              " WHERE experiment = $1 AND state < 2 AND number = (SELECT number FROM trials "
              "WHERE experiment = $1 AND state < 2 AND (state = 0 OR expires < " +
              now + ") ORDER BY number LIMIT 1" + database_->skipLocked() +
              ") RETURNING number, token, parameters",
          {experiment, worker, leaseMs}};
}

Database::Statement TrialStore::finishing(std::int64_t experiment, const Claim& claim, TrialState state,
                                          const std::string& result, const std::string& timings) const {
  SLUICE_CHECK(state == TrialState::done || state == TrialState::failed, "a trial ends done or failed");
  return {"UPDATE trials SET state = $4, result = $5, timings = $6, ended = " + database_->now() +
              " WHERE experiment = $1 AND number = $2 AND token = $3 AND state = 1 RETURNING number",
          {experiment, claim.number, claim.token, static_cast<std::int64_t>(state), result, timings}};
}

/// Was it this very statement, run again after a connection was lost? Only one claim has this token.
Result<bool> TrialStore::isFinished(std::int64_t experiment, const Claim& claim, TrialState state) {
  SLUICE_TRY(const Rows there,
             database_->run("SELECT number FROM trials WHERE experiment = $1 AND number = $2 AND "
                            "token = $3 AND state = $4",
                            {experiment, claim.number, claim.token, static_cast<std::int64_t>(state)}));
  return !there.empty();
}

Result<std::optional<Claim>> TrialStore::claim(std::int64_t experiment, const std::string& worker,
                                               std::int64_t leaseMs) {
  const Database::Statement statement = claiming(experiment, worker, leaseMs);
  SLUICE_TRY(const Rows rows, database_->run(statement.sql, statement.parameters, Survives::kill));
  return claimIn(rows);
}

Result<bool> TrialStore::renew(std::int64_t experiment, const Claim& claim, std::int64_t leaseMs) {
  SLUICE_TRY(const Rows rows,
             database_->run("UPDATE trials SET expires = " + database_->now() +
                                " + CAST($4 AS BIGINT) WHERE experiment = $1 AND number = $2 AND "
                                "token = $3 AND state = 1 RETURNING number",
                            {experiment, claim.number, claim.token, leaseMs}, Survives::kill));
  return !rows.empty();
}

Result<bool> TrialStore::finish(std::int64_t experiment, const Claim& claim, TrialState state,
                                const std::string& result, const std::string& timings) {
  const Database::Statement statement = finishing(experiment, claim, state, result, timings);
  SLUICE_TRY(const Rows rows, database_->run(statement.sql, statement.parameters));
  if (!rows.empty()) return true;
  return isFinished(experiment, claim, state);
}

Result<TrialStore::Turn> TrialStore::finishAndClaim(std::int64_t experiment, const Claim& claim,
                                                    TrialState state, const std::string& result,
                                                    const std::string& timings, const std::string& worker,
                                                    std::int64_t leaseMs) {
  SLUICE_TRY(const std::vector<Rows> rows,
             database_->runInTurn({finishing(experiment, claim, state, result, timings),
                                   claiming(experiment, worker, leaseMs)}));
  Turn turn;
  turn.taken = !rows.at(0).empty();
  if (!turn.taken) {
    SLUICE_TRY(turn.taken, isFinished(experiment, claim, state));
  }
  turn.next = claimIn(rows.at(1));
  return turn;
}

Status TrialStore::release(std::int64_t experiment, const std::string& worker) {
  const Result<Rows> done = database_->run(
      "UPDATE trials SET expires = 0 WHERE experiment = $1 AND state < 2 AND state = 1 AND worker = $2",
      {experiment, worker});
  return done.ok() ? Status() : Status(done.error());
}

Result<std::vector<std::string>> TrialStore::workers(std::int64_t experiment) {
  SLUICE_TRY(
      const Rows rows,
      database_->run("SELECT DISTINCT worker FROM trials WHERE experiment = $1 AND state < 2 AND state = 1 "
                     "AND expires > 0 ORDER BY worker",
                     {experiment}));
  std::vector<std::string> names;
  for (const std::vector<std::string>& row : rows) names.push_back(row[0]);
  return names;
}

Result<TrialStore::Retried> TrialStore::retryFailed(std::int64_t experiment, std::int64_t window) {
  SLUICE_TRY(const Rows running,
             database_->run("SELECT worker FROM trials WHERE experiment = $1 AND state = 1 AND expires >= " +
                                database_->now() + " LIMIT 1",
                            {experiment}));
  if (!running.empty())
    return badInput("trials are running (" + running[0][0] +
                    "); wait for them, or for the ends of their leases");
  SLUICE_TRY(
      const Rows first,
      database_->run("SELECT MIN(number), COUNT(*), (SELECT MAX(number) FROM trials WHERE experiment = $1) "
                     "FROM trials WHERE experiment = $1 AND state = 3",
                     {experiment}));
  Retried retried;
  retried.waiting = number(first.at(0).at(1));
  if (retried.waiting == 0) return retried;
  const std::string own = " WHERE experiment = " + std::to_string(experiment);
  std::vector<std::string> statements;
  if (window > 0) {
    const std::int64_t from = number(first[0][0]) + window;
    retried.dropped = std::max<std::int64_t>(0, number(first[0][2]) + 1 - from);
    SLUICE_TRY(const Rows kept,
               database_->run("SELECT COUNT(*) FROM trials WHERE experiment = $1 AND state = 3 "
                              "AND number < $2",
                              {experiment, from}));
    retried.waiting = number(kept.at(0).at(0));
    statements.push_back("DELETE FROM trials" + own + " AND number >= " + std::to_string(from));
  }
  const std::string round = std::to_string(claimsPerRound);
  statements.push_back(
      "UPDATE trials SET state = 0, result = '', timings = '', worker = '', expires = 0, started = "
      "0, ended = 0, token = (token / " +
      round + " + 1) * " + round + own + " AND state = 3");
  SLUICE_RETURN_IF_ERROR(database_->runTogether(statements));
  return retried;
}

Result<TrialCounts> TrialStore::counts(std::int64_t experiment) {
  SLUICE_TRY(const Rows rows,
             database_->run("SELECT state, COUNT(*) FROM trials WHERE experiment = $1 GROUP BY state",
                            {experiment}));
  TrialCounts counts;
  std::int64_t* const slots[] = {&counts.waiting, &counts.running, &counts.done, &counts.failed};
  for (const std::vector<std::string>& row : rows) {
    const std::int64_t state = number(row[0]);
    if (state >= 0 && state < 4) *slots[state] = number(row[1]);
  }
  return counts;
}

Result<TrialStore::Extent> TrialStore::extent(std::int64_t experiment) {
  SLUICE_TRY(
      const Rows rows,
      database_->run("SELECT COALESCE((SELECT MAX(number) + 1 FROM trials WHERE experiment = $1), 0), "
                     "COALESCE((SELECT MIN(number) FROM trials WHERE experiment = $1 AND state < 2), -1)",
                     {experiment}));
  Extent extent;
  extent.trials = number(rows.at(0).at(0));
  const std::int64_t firstOpen = number(rows[0].at(1));
  extent.ended = firstOpen < 0 ? extent.trials : firstOpen;
  return extent;
}

Result<std::vector<TrialRow>> TrialStore::trials(std::int64_t experiment, std::int64_t first,
                                                 std::int64_t count) {
  SLUICE_TRY(
      const Rows rows,
      database_->run("SELECT number, parameters, state, result, timings, token, worker, started, ended FROM "
                     "trials WHERE experiment = $1 AND number >= $2 AND number < $3 ORDER BY number",
                     {experiment, first, first + count}));
  std::vector<TrialRow> trials;
  for (const std::vector<std::string>& row : rows) {
    const std::int64_t state = number(row[2]);
    if (state < 0 || state > 3) return badInput("trial " + row[0] + " has the unknown state " + row[2]);
    TrialRow trial;
    trial.number = number(row[0]);
    trial.parameters = row[1];
    trial.state = static_cast<TrialState>(state);
    trial.result = row[3];
    trial.timings = row[4];
    trial.token = number(row[5]);
    trial.worker = row[6];
    trial.startedMs = number(row[7]);
    trial.endedMs = number(row[8]);
    trials.push_back(std::move(trial));
  }
  return trials;
}

}  // namespace sluice::experiment
