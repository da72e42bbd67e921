#include "experiment/database.h"

namespace sluice::experiment {

Result<std::unique_ptr<Database>> openDatabase(const std::string& place, bool patient) {
  if (place.starts_with("postgresql://") || place.starts_with("postgres://"))
    return openPostgres(place, patient);
  if (place.find("://") != std::string::npos)
    return Error{ErrorCode::usage, "a store is a file (SQLite) or postgresql://..., not '" + place + "'", {}};
  return openSqlite(place);
}

}  // namespace sluice::experiment
