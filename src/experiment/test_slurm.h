#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "experiment/test_server.h"

/// A real Slurm of one node on loopback, with its own key and ports, for the length of a test.
namespace sluice::experiment {

class SlurmCluster {
 public:
  /// Nothing if Slurm or Munge is not installed, or we are not root (slurmd has to be). Sets SLURM_CONF.
  static std::unique_ptr<SlurmCluster> start(const TestFolder& folder) {
    namespace fs = std::filesystem;
    for (const char* program : {"munged", "slurmctld", "slurmd", "sbatch", "sinfo"})
      if (!fs::exists(std::string("/usr/sbin/") + program) && !fs::exists(std::string("/usr/bin/") + program))
        return nullptr;
    if (::getuid() != 0) return nullptr;
    std::unique_ptr<SlurmCluster> cluster(new SlurmCluster);
    const std::string home = folder.at("slurm");
    for (const char* part : {"", "/state", "/spool", "/munge"}) fs::create_directories(home + part);
    ::chmod(folder.path().c_str(), 0755);
    ::chmod((home + "/munge").c_str(), 0700);
    {
      std::ifstream random("/dev/urandom", std::ios::binary);
      std::string key(64, '\0');
      random.read(key.data(), 64);
      std::ofstream(home + "/munge/key", std::ios::binary) << key;
    }
    ::chmod((home + "/munge/key").c_str(), 0600);
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    const std::string name = std::string(host).substr(0, std::string(host).find('.'));
    const int port = 41000 + static_cast<int>(::getpid() % 9000) * 2;
    std::ofstream(home + "/slurm.conf")
        << "ClusterName=loop\nSlurmctldHost=" << name << "(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n"
        << "AuthType=auth/munge\nAuthInfo=socket=" << home << "/munge/socket\nCryptoType=crypto/munge\n"
        << "SlurmctldPort=" << port << "\nSlurmdPort=" << port + 1 << "\nStateSaveLocation=" << home
        << "/state\nSlurmdSpoolDir=" << home << "/spool\nSlurmctldPidFile=" << home
        << "/slurmctld.pid\nSlurmdPidFile=" << home << "/slurmd.pid\nSlurmctldLogFile=" << home
        << "/slurmctld.log\nSlurmdLogFile=" << home << "/slurmd.log\n"
        << "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSelectType=select/cons_tres\n"
        << "SelectTypeParameters=CR_Core\nSchedulerType=sched/backfill\n"
        << "SchedulerParameters=sched_min_interval=20000,batch_sched_delay=0,sched_interval=1,bf_interval=1\n"
        << "ReturnToService=2\nMpiDefault=none\nJobAcctGatherType=jobacct_gather/none\nKillWait=2\n"
        << "NodeName=" << name << " NodeAddr=127.0.0.1 CPUs=" << std::thread::hardware_concurrency()
        << " State=UNKNOWN\nPartitionName=test Nodes=" << name << " Default=YES MaxTime=INFINITE State=UP\n";
    ::setenv("SLURM_CONF", (home + "/slurm.conf").c_str(), 1);
    cluster->launch({"munged", "--foreground", "--force", "--key-file=" + home + "/munge/key",
                     "--socket=" + home + "/munge/socket", "--pid-file=" + home + "/munge/pid",
                     "--log-file=" + home + "/munge/log", "--seed-file=" + home + "/munge/seed"},
                    home + "/munged.out");
    for (int tries = 0; tries < 200 && !fs::exists(home + "/munge/socket"); ++tries) ::usleep(50'000);
    cluster->launch({"slurmctld", "-D", "-c"}, home + "/slurmctld.out");
    cluster->launch({"slurmd", "-D"}, home + "/slurmd.out");
    for (int tries = 0; tries < 300; ++tries) {
      if (std::system("sinfo -h -o %t 2>&1 | grep -q '^idle'") == 0) return cluster;
      ::usleep(100'000);
    }
    return nullptr;
  }
  ~SlurmCluster() {
    for (auto process = processes_.rbegin(); process != processes_.rend(); ++process)
      ::kill(*process, SIGTERM);
    for (const pid_t process : processes_) ::waitpid(process, nullptr, 0);
    ::unsetenv("SLURM_CONF");
  }
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

 private:
  SlurmCluster() = default;
  void launch(const std::vector<std::string>& argv, const std::string& output) {
    const pid_t child = ::fork();
    if (child == 0) {
      const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(file, 1);
      ::dup2(file, 2);
      std::vector<char*> words;
      for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      ::execvp(words[0], words.data());
      ::_exit(127);
    }
    processes_.push_back(child);
  }
  std::vector<pid_t> processes_;
};

}  // namespace sluice::experiment
