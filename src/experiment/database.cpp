#include "experiment/database.h"

namespace sluice::experiment {

Result<std::vector<Rows>> Database::runInTurn(const std::vector<Statement>& statements) {
  std::vector<Rows> all;
  for (const Statement& statement : statements) {
    SLUICE_TRY(Rows rows, run(statement.sql, statement.parameters));
    all.push_back(std::move(rows));
  }
  return all;
}

Result<std::unique_ptr<Database>> openDatabase(const std::string& place, bool patient) {
  if (place.starts_with("postgresql://") || place.starts_with("postgres://"))
    return openPostgres(place, patient);
  if (place.find("://") != std::string::npos)
    return Error{ErrorCode::usage, "a store is a file (SQLite) or postgresql://..., not '" + place + "'", {}};
  return openSqlite(place);
}

}  // namespace sluice::experiment
