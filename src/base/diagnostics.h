#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

/// Several problems of one input: collected, reported together, failed with once.
///
///   Diagnostics problems("net.onnx");
///   for (const Node& node : nodes)
///     if (!known(node)) problems.add(unsupported("operator '" + node.op + "' is not known", "node " +
///     node.name));
///   SLUICE_RETURN_IF_ERROR(problems.status());
namespace sluice {

class Diagnostics {
 public:
  /// `subject`: what is being looked at (a file); it stands before the list. `limit`: how many are shown.
  explicit Diagnostics(std::string subject = {}, std::size_t limit = 1000)
      : subject_(std::move(subject)), limit_(limit) {}

  void add(Error problem) { problems_.push_back(std::move(problem)); }
  [[nodiscard]] bool empty() const { return problems_.empty(); }
  [[nodiscard]] std::size_t size() const { return problems_.size(); }
  [[nodiscard]] const std::vector<Error>& problems() const { return problems_; }

  /// Success if nothing was added; else one error: a single problem as it is, several one per line in the
  /// order they were found. Its code is the gravest: io, badInput, usage, infeasible, gaveUp, then
  /// unsupported.
  [[nodiscard]] Status status() const;

 private:
  std::string subject_;
  std::size_t limit_;
  std::vector<Error> problems_;
};

}  // namespace sluice
