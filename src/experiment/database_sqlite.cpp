#include <sqlite3.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "experiment/database.h"

namespace sluice::experiment {
namespace {

namespace fs = std::filesystem;

/// Waits for another process' transaction: those take a fraction of a millisecond, so that SQLite's own waits (up to
/// 100 ms) would be most of the time. Gives up after about two minutes.
int waitForOthers(void*, int tries) {
  constexpr int mostTries = 60'000;
  ::usleep(static_cast<useconds_t>(100 * std::min(tries + 1, 20)));
  return tries < mostTries ? 1 : 0;
}

class Sqlite final : public Database {
 public:
  Sqlite(sqlite3* connection, std::string file) : connection_(connection), file_(std::move(file)) {}
  ~Sqlite() override {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(connection_);
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  Result<Rows> run(const std::string& sql, const std::vector<Cell>& parameters, Survives survives) override {
    if (survives != survives_) {
      survives_ = survives;  // NORMAL writes the log, FULL also waits for the disk
      const char* setting =
          survives == Survives::kill ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL";
      sqlite3_exec(connection_, setting, nullptr, nullptr, nullptr);
    }
    SLUICE_TRY(sqlite3_stmt* const statement, prepared(sql));
    for (std::size_t i = 0; i < parameters.size(); ++i) bind(statement, i, parameters[i]);
    Rows rows;
    int answer = SQLITE_ROW;
    while ((answer = sqlite3_step(statement)) == SQLITE_ROW) {
      std::vector<std::string>& row = rows.emplace_back();
      const int columns = sqlite3_column_count(statement);
      for (int i = 0; i < columns; ++i) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        const int bytes = sqlite3_column_bytes(statement, i);
        row.emplace_back(text == nullptr ? std::string()
                                         : std::string(text, static_cast<std::size_t>(bytes)));
      }
    }
    const Error error = failed();  // before the reset, which may overwrite it
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (answer != SQLITE_DONE) return error;
    return rows;
  }

  Result<std::vector<Rows>> runInTurn(const std::vector<Statement>& statements) override {
    SLUICE_TRY(Rows begun, run("BEGIN IMMEDIATE", {}, Survives::powerCut));
    Result<std::vector<Rows>> all = Database::runInTurn(statements);
    if (all.ok())
      if (const Result<Rows> ended = run("COMMIT", {}, Survives::powerCut); !ended.ok()) all = ended.error();
    if (!all.ok()) sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
    return all;
  }

  Status runTogether(const std::vector<std::string>& statements) override {
    std::string text = "BEGIN IMMEDIATE;";
    for (const std::string& statement : statements) text += statement + ";";
    text += "COMMIT";
    if (sqlite3_exec(connection_, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    const Error error = failed();
    sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
    return error;
  }

  [[nodiscard]] std::string now() const override {
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS BIGINT)";
  }
  [[nodiscard]] std::string skipLocked() const override { return ""; }  // one writer at a time anyway

 private:
  [[nodiscard]] Error failed() const {
    return ioError(std::string("SQLite: ") + sqlite3_errmsg(connection_), file_);
  }

  Result<sqlite3_stmt*> prepared(const std::string& sql) {
    if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
        SQLITE_OK)
      return failed();
    statements_.emplace(sql, statement);
    return statement;
  }

  /// "$1" is a name to SQLite; its position is that of its first use.
  static void bind(sqlite3_stmt* statement, std::size_t index, const Cell& cell) {
    const int at = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(index + 1)).c_str());
    SLUICE_CHECK(at > 0, "every parameter stands in the statement");
    if (const auto* number = std::get_if<std::int64_t>(&cell)) {
      sqlite3_bind_int64(statement, at, *number);
    } else {
      const std::string& text = std::get<std::string>(cell);
      sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
  }

  sqlite3* connection_;
  Survives survives_ = Survives::powerCut;
  std::string file_;
  std::map<std::string, sqlite3_stmt*> statements_;
};

/// Numbers of statfs(2) for file systems whose locks and shared memory do not reach other hosts.
bool isOnNetwork(const fs::path& folder) {
  struct statfs about{};
  if (::statfs(folder.c_str(), &about) != 0) return false;
  const auto kind = static_cast<std::uint64_t>(about.f_type) & 0xffffffffu;
  return kind == 0x6969u /* NFS */ || kind == 0x517bu /* SMB */ || kind == 0xff534d42u /* CIFS */ ||
         kind == 0xfe534d42u /* SMB2 */ || kind == 0x0bd00bd0u /* Lustre */ || kind == 0x47504653u /* GPFS */;
}

}  // namespace

Result<std::unique_ptr<Database>> openSqlite(const fs::path& file) {
  std::error_code failure;
  const fs::path folder = fs::absolute(file, failure).parent_path();
  fs::create_directories(folder, failure);
  if (failure) return ioError("its folder cannot be made: " + failure.message(), file.string());
  if (isOnNetwork(folder))
    return unsupported(
        "lies on a network file system, where SQLite's locks do not hold between hosts; use a local folder, "
        "or "
        "PostgreSQL (postgresql://...)",
        file.string());
  sqlite3* connection = nullptr;
  const int answer = sqlite3_open_v2(
      file.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  auto database = std::make_unique<Sqlite>(connection, file.string());
  if (answer != SQLITE_OK)
    return ioError(std::string("SQLite: ") + sqlite3_errstr(answer) + "; is it a trial store?",
                   file.string());
  sqlite3_busy_handler(connection, waitForOthers, nullptr);
  // The log begins anew after 4 MB: a commit that writes over what was there waits less for the disk (a quarter to a half
  // was seen) than one that makes the file longer, which is worth more than rarer checkpoints.
  for (const char* setting :
       {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=1000"}) {
    const Result<Rows> set = database->run(setting, {}, Survives::powerCut);
    if (!set.ok()) return set.error();
  }
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace sluice::experiment
