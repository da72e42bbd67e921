#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

/// Checks certificates of FIFO sizing (dataflow/process/certificate.h describes the file).
///
/// It shares no code with the solver: it reads the network's file itself, replays it access by access, and enumerates
/// what the conflicts leave. What it accepts is so: the depths meet the target in exactly `cycles` cycles; every
/// conflict is true; nothing outside the conflicts costs less than `lower_bound`. And every number is the only one
/// that could stand in its place, so a file with any number changed is refused.
namespace sluice::dataflow::check {

class Checker {
 public:
  /// The network's file. Errors: io, badInput.
  static Result<Checker> open(const std::filesystem::path& network);
  static Result<Checker> parse(std::string_view network);
  ~Checker();
  Checker(Checker&&) noexcept;

  /// What it says in a sentence. Errors: badInput with the first thing that is wrong. Replays are kept, so that
  /// another certificate of the same network takes less.
  Result<std::string> check(std::string_view certificate);

 private:
  struct State;
  explicit Checker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::dataflow::check
