#include "experiment/database.h"

namespace sluice::experiment {

Result<std::unique_ptr<Database>> openDatabase(const std::string& place) {
  if (place.starts_with("postgresql://") || place.starts_with("postgres://")) return openPostgres(place);
  if (place.find("://") != std::string::npos)
    return Error{ErrorCode::usage, "a store is a file (SQLite) or postgresql://..., not '" + place + "'", {}};
  return openSqlite(place);
}

}  // namespace sluice::experiment
