#include "base/diagnostics.h"

#include "base/text.h"

namespace sluice {
namespace {

/// How grave: an input that is unsupported only may be fine for a later Sluice; one that is wrong never is.
int gravity(ErrorCode code) {
  switch (code) {
    case ErrorCode::io:
      return 5;
    case ErrorCode::badInput:
      return 4;
    case ErrorCode::usage:
      return 3;
    case ErrorCode::infeasible:
      return 2;
    case ErrorCode::gaveUp:
      return 1;
    case ErrorCode::unsupported:
      return 0;
  }
  return 0;
}

}  // namespace

Status Diagnostics::status() const {
  if (problems_.empty()) return {};
  Error all = problems_.front();
  if (problems_.size() == 1) {
    if (all.where.empty()) {
      all.where = subject_;
    } else if (!subject_.empty()) {
      all.where = subject_ + ": " + all.where;
    }
    return all;
  }
  for (const Error& problem : problems_)
    if (gravity(problem.code) > gravity(all.code)) all.code = problem.code;
  all.where = subject_;
  all.message = countOf(static_cast<std::int64_t>(problems_.size()), "problem");
  for (std::size_t i = 0; i < problems_.size() && i < limit_; ++i)
    all.message += "\n  " + problems_[i].text();
  if (problems_.size() > limit_)
    all.message += "\n  and " + formatCount(static_cast<std::int64_t>(problems_.size() - limit_)) + " more";
  return all;
}

}  // namespace sluice
