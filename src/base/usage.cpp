#include "base/usage.h"

#include <sys/resource.h>
#include <time.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace sluice {
namespace {

double secondsOf(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double processorSeconds() { return secondsOf(CLOCK_PROCESS_CPUTIME_ID); }
double threadProcessorSeconds() { return secondsOf(CLOCK_THREAD_CPUTIME_ID); }

double childProcessorSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  double sum = 0;
  for (const timeval& time : {usage.ru_utime, usage.ru_stime})
    sum += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  return sum;
}

double peakMebibytes() {
  std::ifstream status("/proc/self/status");  // ru_maxrss is inherited from what the process was before
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
  return 0;
}

}  // namespace sluice
