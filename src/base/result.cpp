#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

int exitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::badInput:
    case ErrorCode::unsupported:
    case ErrorCode::io:
      return 1;
    case ErrorCode::usage:
      return 2;
    case ErrorCode::infeasible:
      return 3;
    case ErrorCode::gaveUp:
      return 4;
  }
  return 1;
}

void checkFailed(const char* condition, const char* why, const char* file, int line) {
  std::fprintf(stderr, "sluice: internal error at %s:%d: %s does not hold (%s). Please report this.\n", file,
               line, condition, why);
  std::fflush(stderr);
  std::_Exit(70);  // the exit code for a bug of ours
}

}  // namespace sluice
