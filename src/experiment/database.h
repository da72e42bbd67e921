#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

/// A connection to a database, as narrow as the trial store needs it: one statement at a time, each its own
/// transaction.
///
/// SQLite and PostgreSQL take the same text: parameters are $1, $2, ...; `BIGINT`, `TEXT`, `ON CONFLICT`,
/// `RETURNING` and partial indexes mean the same in both. What differs is behind the two words below.
namespace sluice::experiment {

using Cell = std::variant<std::int64_t, std::string>;
using Rows = std::vector<std::vector<std::string>>;  ///< NULL reads as ""

/// What a finished statement survives.
enum class Survives : std::uint8_t {
  powerCut,  ///< on disk when run() returns
  kill,      ///< of any process; a power cut may undo it (SQLite; PostgreSQL treats it as powerCut)
};

class Database {
 public:
  virtual ~Database() = default;

  /// Runs one statement. A lost connection (PostgreSQL) is made anew for up to
  /// half a minute and the statement run again, so a statement may happen twice: callers write statements that
  /// may. Errors: io with the database's words.
  virtual Result<Rows> run(const std::string& sql, const std::vector<Cell>& parameters = {},
                           Survives survives = Survives::powerCut) = 0;

  struct Statement {
    std::string sql;
    std::vector<Cell> parameters;
  };
  /// Runs statements that do not need one another, in order, with as few waits for the disk as the database can;
  /// the rows of each. On SQLite they are one transaction. Errors: io; then any of them may have happened.
  virtual Result<std::vector<Rows>> runInTurn(const std::vector<Statement>& statements);

  /// Runs all or none, in order. Errors: io.
  virtual Status runTogether(const std::vector<std::string>& statements) = 0;

  /// The database's clock in milliseconds since 1970, as an expression. Leases go by this one clock.
  [[nodiscard]] virtual std::string now() const = 0;
  /// Put behind a subselect that picks a row to update, so that two pickers do not wait for one row.
  [[nodiscard]] virtual std::string skipLocked() const = 0;
};

/// A file, made if it is not there; write-ahead log, synchronous=full: what was committed survives a power cut.
/// Errors: io; unsupported on a network file system, where SQLite's locks do not hold.
Result<std::unique_ptr<Database>> openSqlite(const std::filesystem::path& file);

/// "postgresql://user@host:port/database". Errors: io; unsupported if this program was built without libpq.
/// `patient`: a server that does not answer is waited for, half a minute.
Result<std::unique_ptr<Database>> openPostgres(const std::string& url, bool patient = false);

/// Either, by what `place` looks like.
Result<std::unique_ptr<Database>> openDatabase(const std::string& place, bool patient = false);

}  // namespace sluice::experiment
