#include <cstdio>
#include <exception>

#include "options.h"

/// Options in, library calls, exit code out.
int main(int argc, char** argv) {
  using namespace sluice;
  using namespace sluice::tool;
  constexpr int internalError = 70;
  try {
    const Parsed parsed = parseCommandLine(argc, argv);
    if (const int* code = std::get_if<int>(&parsed)) return *code;
    struct Run {
      Status operator()(const InfoOptions& options) const { return runInfo(options); }
      Status operator()(const DumpOptions& options) const { return runDump(options); }
      Status operator()(const RunOptions& options) const { return runNetwork(options); }
      Status operator()(const BuildOptions& options) const { return build(options); }
      Status operator()(const CmvmOptions& options) const { return runCmvm(options); }
    };
    const Status status = std::visit(Run{}, std::get<Command>(parsed));
    if (status.ok()) return 0;
    std::fflush(stdout);
    std::fprintf(stderr, "sluice: %s\n", status.error().text().c_str());
    return exitCode(status.error().code);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "sluice: internal error: %s\n", problem.what());
    return internalError;
  }
}
