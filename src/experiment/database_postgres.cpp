#include "experiment/database.h"

#ifdef SLUICE_POSTGRES
#include <libpq-fe.h>

#include <chrono>
#include <map>
#include <thread>
#endif

namespace sluice::experiment {

#ifdef SLUICE_POSTGRES
namespace {

constexpr auto patience = std::chrono::seconds(30);  ///< for a server that is being started again

struct Answer {
  explicit Answer(PGresult* taken) : result(taken) {}
  ~Answer() { PQclear(result); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  [[nodiscard]] bool good() const {
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  }
  PGresult* result;
};

class Postgres final : public Database {
 public:
  Postgres(PGconn* connection, std::string place) : connection_(connection), place_(std::move(place)) {}
  ~Postgres() override { PQfinish(connection_); }
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  Result<Rows> run(const std::string& sql, const std::vector<Cell>& parameters, Survives) override {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      Result<Rows> rows = runOnce(sql, parameters);
      if (rows.ok() || !reconnected(end)) return rows;
    }
  }

  Status runTogether(const std::vector<std::string>& statements) override {
    std::string text = "BEGIN;";
    for (const std::string& statement : statements) text += statement + ";";
    text += "COMMIT";
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const Answer answer(PQexec(connection_, text.c_str()));
      if (answer.good()) return {};
      const Error error = failed();
      if (reconnected(end)) continue;
      const Answer undone(PQexec(connection_, "ROLLBACK"));
      return error;
    }
  }

  [[nodiscard]] std::string now() const override {
    return "CAST(extract(epoch from clock_timestamp()) * 1000 AS BIGINT)";
  }
  [[nodiscard]] std::string skipLocked() const override { return " FOR UPDATE SKIP LOCKED"; }

 private:
  [[nodiscard]] Error failed() const {
    std::string words = PQerrorMessage(connection_);
    while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
    return ioError("PostgreSQL: " + words, place_);
  }

  Result<Rows> runOnce(const std::string& sql, const std::vector<Cell>& parameters) {
    auto found = prepared_.find(sql);
    if (found == prepared_.end()) {
      const std::string name = "s" + std::to_string(prepared_.size());
      const Answer made(PQprepare(connection_, name.c_str(), sql.c_str(), 0, nullptr));
      if (!made.good()) return failed();
      found = prepared_.emplace(sql, name).first;
    }
    std::vector<std::string> texts;
    for (const Cell& cell : parameters)
      texts.push_back(std::holds_alternative<std::int64_t>(cell)
                          ? std::to_string(std::get<std::int64_t>(cell))
                          : std::get<std::string>(cell));
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    const Answer answer(PQexecPrepared(connection_, found->second.c_str(), static_cast<int>(pointers.size()),
                                       pointers.data(), nullptr, nullptr, 0));
    if (!answer.good()) return failed();
    Rows rows(static_cast<std::size_t>(PQntuples(answer.result)));
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (int j = 0; j < PQnfields(answer.result); ++j)
        rows[i].emplace_back(PQgetvalue(answer.result, static_cast<int>(i), j));
    return rows;
  }

  /// True if the connection had been lost and now stands again.
  bool reconnected(std::chrono::steady_clock::time_point end) {
    if (PQstatus(connection_) == CONNECTION_OK) return false;
    while (std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      PQreset(connection_);
      if (PQstatus(connection_) != CONNECTION_OK) continue;
      prepared_.clear();
      return true;
    }
    return false;
  }

  PGconn* connection_;
  std::string place_;
  std::map<std::string, std::string> prepared_;  ///< text -> name
};

/// Without what may be a password.
std::string shown(const std::string& url) {
  const std::size_t at = url.rfind('@');
  return at == std::string::npos ? url : "postgresql://" + url.substr(at + 1);
}

}  // namespace

Result<std::unique_ptr<Database>> openPostgres(const std::string& url, bool patient) {
  PGconn* connection = PQconnectdb(url.c_str());
  const auto end = std::chrono::steady_clock::now() + patience;
  while (patient && PQstatus(connection) != CONNECTION_OK && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    PQreset(connection);
  }
  auto database = std::make_unique<Postgres>(connection, shown(url));
  if (PQstatus(connection) != CONNECTION_OK) {
    std::string words = PQerrorMessage(connection);
    while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
    return ioError("PostgreSQL: " + words, shown(url));
  }
  PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);  // notices are not for our users
  return std::unique_ptr<Database>(std::move(database));
}

#else

Result<std::unique_ptr<Database>> openPostgres(const std::string&, bool) {
  return unsupported("this program was built without libpq; install libpq-dev and build again");
}

#endif

}  // namespace sluice::experiment
