// Certificates: the checker accepts that of every network, and refuses 1,000 random mutations of each of ten.
//
//   process_certificates [PART-OF-A-NAME] [--mutations=N] [--time-limit=S]
#include <fmt/format.h>

#include "base/file.h"
#include "base/rng.h"
#include "base/usage.h"
#include "dataflow/check/check.h"
#include "dataflow/process/certificate.h"
#include "process_files.h"

namespace {

using nlohmann::ordered_json;

/// All numbers, texts and truth values below `value`.
void leaves(ordered_json& value, std::vector<ordered_json*>& out) {
  if (value.is_structured())
    for (auto& item : value) leaves(item, out);
  else
    out.push_back(&value);
}

/// One leaf other than it was: numbers a little or a lot, the rest another of its kind.
std::string mutate(const ordered_json& whole, sluice::Rng& random) {
  ordered_json copy = whole;
  std::vector<ordered_json*> all;
  leaves(copy, all);
  ordered_json& leaf =
      *all[static_cast<std::size_t>(random.uniform(0, static_cast<std::int64_t>(all.size()) - 1))];
  const std::string before = leaf.dump();
  if (leaf.is_number()) {
    const auto number = leaf.get<std::int64_t>();
    std::int64_t other = number;
    while (other == number || other < 0)
      other = random.chance(0.7) ? number + random.uniform(-2, 2) : random.uniform(0, 2 * number + 10);
    leaf = static_cast<std::uint64_t>(other);
  } else if (leaf.is_boolean()) {
    leaf = !leaf.get<bool>();
  } else if (leaf.is_null()) {
    leaf = 0u;
  } else {
    leaf = leaf.get<std::string>() + "x";
  }
  return copy.dump();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sluice;
  using namespace sluice::dataflow::process;
  std::string only;
  int mutations = 1000, mutated = 0, accepted = 0, wrong = 0, kept = 0;
  SizingOptions options{.targetCycles = {}, .cost = CostKind::beats, .timeLimit = 300};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--mutations="))
      mutations = std::stoi(argument.substr(12));
    else if (argument.starts_with("--time-limit="))
      options.timeLimit = std::stod(argument.substr(13));
    else
      only = argument;
  }
  const std::vector<bench::File> files = bench::processFiles(only);
  for (const bench::File& file : files) {
    auto sizing = sizeFifos(file.network, options);
    const auto certificate = sizing.ok() ? certificateJson(file.network, options.cost, *sizing)
                                         : Result<std::string>(sizing.error());
    auto checker = dataflow::check::Checker::open(file.path);
    if (!certificate.ok() || !checker.ok()) {
      fmt::print("{}\n", certificate.ok() ? checker.error().text() : certificate.error().text());
      return 1;
    }
    const double begin = processorSeconds();
    const auto verdict = checker->check(*certificate);
    const double first = processorSeconds() - begin;
    accepted += verdict.ok() ? 1 : 0;
    fmt::print("{:<24}{:>9} bytes, checked in {:8.3f} s: {}\n", file.network.name, certificate->size(), first,
               verdict.ok() ? *verdict : verdict.error().text());
    if (verdict.ok() && mutated < 10 && first < 0.03 && mutations > 0 &&
        (!sizing->conflicts.empty() || mutated < 4)) {
      ++mutated;
      const ordered_json whole = ordered_json::parse(*certificate);
      Rng random(7, static_cast<std::uint64_t>(mutated));
      int refused = 0;
      for (int m = 0; m < mutations; ++m) {
        const std::string other = mutate(whole, random);
        if (!checker->check(other).ok())
          ++refused;
        else
          fmt::print("  ACCEPTED: {}\n", other.substr(0, 2000));
      }
      fmt::print("  {} of {} mutations refused\n", refused, mutations);
      wrong += mutations - refused;
      kept += refused;
    }
    std::fflush(stdout);
  }
  fmt::print("\n{} of {} certificates accepted; {} mutations of {} certificates refused, {} accepted\n",
             accepted, files.size(), kept, mutated, wrong);
  bench::figure("process_certificates/accepted", accepted, "certificates");
  bench::figure("process_certificates/mutations_refused", kept, "mutations");
  const bool ten = mutated == 10 || !only.empty() || mutations == 0;
  return accepted == static_cast<int>(files.size()) && wrong == 0 && ten ? 0 : 1;
}
