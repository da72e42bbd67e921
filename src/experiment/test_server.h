#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

/// A folder of a test's own, and a real PostgreSQL server on loopback for the length of a test.
namespace sluice::experiment {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-experiment-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class PostgresServer {
 public:
  /// Nothing if PostgreSQL is not installed or does not start. As root it runs as the user postgres.
  static std::optional<PostgresServer> start(const TestFolder& folder) {
    namespace fs = std::filesystem;
    std::string programs;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", failure))
      programs = std::max(programs, (entry.path() / "bin").string());
    if (programs.empty() || !fs::exists(programs + "/initdb")) return std::nullopt;
    PostgresServer server;
    const std::string home = folder.at("postgres");
    fs::create_directories(home);
    const bool root = ::getuid() == 0;
    ::chmod(folder.path().c_str(), 0755);
    if (root && std::system(("chown postgres '" + home + "'").c_str()) != 0) return std::nullopt;
    server.as_ = root ? "cd / && runuser -u postgres -- " : "";
    server.programs_ = programs;
    server.data_ = home + "/data";
    server.port_ = 20000 + static_cast<int>(::getpid() % 20000);
    if (!server.shell(server.programs_ + "/initdb -D " + server.data_ +
                      " -U sluice --auth=trust -E UTF8 --no-locale --no-sync") ||
        !server.launch())
      return std::nullopt;
    return server;
  }
  [[nodiscard]] std::string url() const {
    return "postgresql://sluice@127.0.0.1:" + std::to_string(port_) + "/postgres";
  }
  bool launch() {
    return shell(programs_ + "/pg_ctl -D " + data_ + " -l " + data_ +
                 "/server.log -w -t 60 -o '-c listen_addresses=127.0.0.1 -c port=" + std::to_string(port_) +
                 " -c unix_socket_directories=" + data_ + "' start");
  }
  /// kill -9 of the server's main process; the others notice and end.
  void killNow() const {
    std::ifstream file(data_ + "/postmaster.pid");
    int process = 0;
    if (file >> process && process > 1) ::kill(process, SIGKILL);
  }
  /// After killNow(): the memory of the old server is free when its last process has noticed.
  bool relaunch() {
    for (int tries = 0; tries < 40; ++tries) {
      ::usleep(250'000);
      if (launch()) return true;
    }
    return false;
  }
  void stop() { shell(programs_ + "/pg_ctl -D " + data_ + " -m fast -w stop"); }

 private:
  bool shell(const std::string& command) const {
    return std::system((as_ + command + " >/dev/null 2>&1").c_str()) == 0;
  }
  std::string as_, programs_, data_;
  int port_ = 0;
};

}  // namespace sluice::experiment
