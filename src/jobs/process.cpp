// The supervisor runs between fork and _exit in a copy of a process that may have had threads. So it
// allocates nothing and calls only the system: fixed arrays, no streams, no locks.

#include "jobs/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace sluice::jobs {
namespace {

/// What the supervisor tells us, in one write to a pipe.
struct Report {
  std::int32_t startError = 0;  ///< errno of what kept the program from starting
  std::int32_t status = 0;      ///< as waitpid gives it
  End end = End::exited;
  double seconds = 0, processorSeconds = 0;
  std::uint64_t peakKiB = 0;
};

struct Plan {  // everything the two children need, made before the fork
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* folder;
  int input, output, errors, report, keepOpen;
  double seconds;
  std::uint64_t memoryKiB;
  pid_t parent;
};

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// ---- Descendants, from /proc
// ----------------------------------------------------------------------------------

struct Running {
  pid_t pid, parent;
  std::uint64_t residentKiB;
};
constexpr std::size_t mostEntries = 16384;

std::uint64_t number(const char*& at) {
  while (*at == ' ') ++at;
  std::uint64_t value = 0;
  for (; *at >= '0' && *at <= '9'; ++at) value = value * 10 + static_cast<std::uint64_t>(*at - '0');
  return value;
}

/// Reads /proc/PID/stat: "pid (any name) state parent ... rss(24th) ...".
bool readStat(const char* pid, long pageKiB, Running& entry) {
  char path[64] = "/proc/";
  std::strncat(path, pid, 20);
  std::strcat(path, "/stat");
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[1024];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (size <= 0) return false;
  text[size] = '\0';
  const char* at = std::strrchr(text, ')');  // the name may hold anything, brackets too
  if (at == nullptr || at[1] != ' ') return false;
  at += 2;
  const bool gone = *at == 'Z' || *at == 'X';
  entry.pid = static_cast<pid_t>(number(pid));
  at = std::strchr(at, ' ');
  if (at == nullptr) return false;
  entry.parent = static_cast<pid_t>(number(at));
  for (int field = 4; field < 24; ++field) {
    at = std::strchr(at, ' ');
    if (at == nullptr) return false;
    ++at;
  }
  entry.residentKiB = gone ? 0 : number(at) * static_cast<std::uint64_t>(pageKiB);
  return true;
}

struct DirectoryEntry {  // as getdents64 writes it
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

/// All processes below `root`, without `root`, to the front of `entries`; how many they are.
std::size_t listDescendants(pid_t root, Running* entries) {
  std::size_t count = 0;
  const long pageKiB = ::sysconf(_SC_PAGESIZE) / 1024;
  const int folder = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  alignas(DirectoryEntry) char block[1 << 15];
  for (;;) {
    const long size = ::syscall(SYS_getdents64, folder, block, sizeof block);
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      const auto* item = reinterpret_cast<const DirectoryEntry*>(block + at);
      at += item->length;
      if (item->name[0] < '1' || item->name[0] > '9' || count == mostEntries) continue;
      if (readStat(item->name, pageKiB, entries[count])) ++count;
    }
  }
  ::close(folder);
  // Descendants move to the front, generation by generation: entries[0, found) are below `root`, and the
  // children of entries[0, asked) have been looked for.
  std::size_t found = 0;
  const auto adopt = [&](pid_t parent) {
    for (std::size_t i = found; i < count; ++i)
      if (entries[i].parent == parent) std::swap(entries[i], entries[found++]);
  };
  adopt(root);
  for (std::size_t asked = 0; asked < found; ++asked) adopt(entries[asked].pid);
  return found;
}

std::uint64_t residentKiB(pid_t root, Running* entries) {
  std::uint64_t sum = 0;
  const std::size_t count = listDescendants(root, entries);
  for (std::size_t i = 0; i < count; ++i) sum += entries[i].residentKiB;
  return sum;
}

/// Ends all descendants and reaps them. They may fork while we look, so we look until nothing is left.
void killAll(pid_t self, pid_t group, Running* entries) {
  ::kill(-group, SIGKILL);
  for (int round = 0; round < 500; ++round) {
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (reaped < 0 && errno == ECHILD) return;
    const std::size_t count = listDescendants(self, entries);
    for (std::size_t i = 0; i < count; ++i) ::kill(entries[i].pid, SIGKILL);
    const timespec pause{0, round < 10 ? 1'000'000 : 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

// ---- The two processes
// ----------------------------------------------------------------------------------------

[[noreturn]] void becomeProgram(const Plan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  struct sigaction plain{};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < 32; ++signal) ::sigaction(signal, &plain, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int failure = 0;
  if (::dup2(plan.input, 0) < 0 || ::dup2(plan.output, 1) < 0 || ::dup2(plan.errors, 2) < 0 ||
      ::chdir(plan.folder) != 0) {
    failure = errno;
  } else {
    // A program that was written a moment ago may still be open for writing in a sibling that was forked in
    // between; that passes.
    for (int attempt = 0; attempt < 200; ++attempt) {
      ::execve(plan.program, plan.argv, plan.environment);
      failure = errno;
      if (failure != ETXTBSY) break;
      const timespec pause{0, 10'000'000};
      ::nanosleep(&pause, nullptr);
    }
  }
  Report report;
  report.startError = failure;
  [[maybe_unused]] const ssize_t written = ::write(plan.report, &report, sizeof report);
  ::_exit(127);
}

/// Lets go of every descriptor of the parent but our own, so that no pipe or lock lives longer because of us.
void closeOthers(const Plan& plan) {
  const auto ours = [&](int fd) {
    return fd <= 2 || fd == plan.input || fd == plan.output || fd == plan.errors || fd == plan.report ||
           fd == plan.keepOpen;
  };
  rlimit most{};
  int last = 1024;
  if (::getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur < 65536) last = static_cast<int>(most.rlim_cur);
  const int above = std::max({plan.input, plan.output, plan.errors, plan.report, plan.keepOpen, 2}) + 1;
  if (::syscall(SYS_close_range, static_cast<unsigned>(above), ~0u, 0u) == 0) last = above;
  for (int fd = 3; fd < last; ++fd)
    if (!ours(fd)) ::close(fd);
}

[[noreturn]] void supervise(const Plan& plan) {
  // Signals are taken by sigtimedwait: a child ended; our parent's thread ended; the rest waits for our end.
  sigset_t waited, all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigemptyset(&waited);
  sigaddset(&waited, SIGCHLD);
  sigaddset(&waited, SIGTERM);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  closeOthers(plan);

  static Running entries[mostEntries];  // of this process alone: the copy of a forked page
  const double start = now();
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) becomeProgram(plan);
  Report report;
  if (child < 0) {
    report.startError = errno;
  } else {
    ::setpgid(child, child);  // both do it: whoever comes first
    double nextSample = start + 0.02;
    for (;;) {
      const timespec tick{0, 20'000'000};
      ::sigtimedwait(&waited, nullptr, &tick);
      if (::getppid() != plan.parent) {  // nobody is left to tell
        killAll(self, child, entries);
        ::_exit(1);
      }
      int status = 0;
      bool ended = false;
      for (pid_t reaped = 0; (reaped = ::waitpid(-1, &status, WNOHANG)) > 0;)
        if (reaped == child) ended = true, report.status = status;
      const double time = now();
      if (ended) break;
      if (time - start > plan.seconds) {
        report.end = End::timedOut;
        break;
      }
      if (time >= nextSample) {
        const std::uint64_t sum = residentKiB(self, entries);
        report.peakKiB = std::max(report.peakKiB, sum);
        nextSample = time + 0.1;
        if (sum > plan.memoryKiB) {
          report.end = End::outOfMemory;
          break;
        }
      }
    }
    killAll(self, child, entries);
    report.seconds = now() - start;
    rusage usage{};
    if (::getrusage(RUSAGE_CHILDREN, &usage) == 0) {
      const auto inSeconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
      };
      report.peakKiB = std::max(report.peakKiB, static_cast<std::uint64_t>(usage.ru_maxrss));
      report.processorSeconds = inSeconds(usage.ru_utime) + inSeconds(usage.ru_stime);
    }
  }
  [[maybe_unused]] const ssize_t written = ::write(plan.report, &report, sizeof report);
  ::_exit(0);
}

/// A descriptor that closes itself.
struct Descriptor {
  int fd = -1;
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

Result<ProcessEnd> runProcess(const Process& process) {
  constexpr int writing = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output(::open(process.standardOutput.c_str(), writing, 0666));
  if (output.fd < 0)
    return ioError(std::string("cannot be written: ") + std::strerror(errno), process.standardOutput);
  const Descriptor errors(::open(process.standardError.c_str(), writing, 0666));
  if (errors.fd < 0)
    return ioError(std::string("cannot be written: ") + std::strerror(errno), process.standardError);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return ioError(std::string("no pipe can be made: ") + std::strerror(errno));
  const Descriptor reading(ends[0]);
  Descriptor reporting(ends[1]);

  const std::vector<char*> argv = pointers(process.argv), environment = pointers(process.environment);
  const Plan plan{process.program.c_str(),
                  argv.data(),
                  environment.data(),
                  process.folder.c_str(),
                  input.fd,
                  output.fd,
                  errors.fd,
                  reporting.fd,
                  process.keepOpen,
                  process.limits.seconds,
                  process.limits.memoryMiB * 1024,
                  ::getpid()};
  const pid_t supervisor = ::fork();
  if (supervisor < 0) return ioError(std::string("no process can be started: ") + std::strerror(errno));
  if (supervisor == 0) supervise(plan);
  reporting.close();

  int status = 0;
  while (::waitpid(supervisor, &status, 0) < 0 && errno == EINTR) {
  }
  // The first report counts: a program that could not be started says why before its supervisor reports.
  ::fcntl(reading.fd, F_SETFL, O_NONBLOCK);
  Report report;
  if (::read(reading.fd, &report, sizeof report) != static_cast<ssize_t>(sizeof report))
    return ioError("was lost: its supervisor was killed", process.program.string());
  if (report.startError != 0)
    return ioError(std::string("cannot be started: ") + std::strerror(report.startError),
                   process.program.string());

  ProcessEnd result;
  result.end = report.end;
  result.seconds = report.seconds;
  result.processorSeconds = report.processorSeconds;
  result.peakMemoryMiB = (report.peakKiB + 1023) / 1024;
  if (report.end != End::exited) {
    result.code = 128 + SIGKILL;
  } else if (WIFSIGNALED(report.status)) {
    result.end = End::signalled;
    result.code = 128 + WTERMSIG(report.status);
  } else {
    result.code = WEXITSTATUS(report.status);
  }
  return result;
}

std::optional<std::filesystem::path> findProgram(const std::string& name) {
  const auto runnable = [](const std::filesystem::path& path) {
    std::error_code failure;
    return std::filesystem::is_regular_file(path, failure) && ::access(path.c_str(), X_OK) == 0;
  };
  std::error_code failure;
  if (name.find('/') != std::string::npos) {
    if (!runnable(name)) return std::nullopt;
    return std::filesystem::absolute(name, failure);
  }
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    const std::filesystem::path candidate = std::filesystem::path(folder.empty() ? "." : folder) / name;
    if (runnable(candidate)) return std::filesystem::absolute(candidate, failure);
  }
  return std::nullopt;
}

}  // namespace sluice::jobs
