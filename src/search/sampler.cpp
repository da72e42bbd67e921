#include "search/sampler.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "base/text.h"
#include "search/strategy.h"

namespace sluice::search {

namespace {

struct Named {
  Method method;
  std::string_view name;
};
constexpr std::array<Named, 7> methods = {{{Method::grid, "grid"},
                                           {Method::random, "random"},
                                           {Method::quasiRandom, "quasi-random"},
                                           {Method::nsga2, "nsga2"},
                                           {Method::moead, "moead"},
                                           {Method::tpe, "tpe"},
                                           {Method::gaussianProcess, "gp"}}};

Result<std::unique_ptr<Strategy>> strategyOf(const Space& space, const SamplerOptions& options) {
  switch (options.method) {
    case Method::grid:
      return makeGrid(space, options);
    case Method::random:
      return makeRandom();
    case Method::quasiRandom:
      return makeQuasiRandom();
    case Method::nsga2:
      return makeNsga2();
    case Method::moead:
      return makeMoead();
    case Method::tpe:
      return makeTpe();
    case Method::gaussianProcess:
      return makeGaussianProcess();
  }
  return badInput("there is no such method");
}

Status checkResult(const Trial& trial, std::size_t number, std::size_t losses) {
  const std::string where = "trial " + std::to_string(number);
  if (trial.state == State::pending) return badInput("its result is needed for the next proposal", where);
  if (trial.state == State::failed) return {};
  if (trial.score.losses.size() != losses)
    return badInput("it has " +
                        countOf(static_cast<std::int64_t>(trial.score.losses.size()), "loss", "losses") +
                        ", the objectives ask for " + std::to_string(losses),
                    where);
  for (const double loss : trial.score.losses)
    if (!std::isfinite(loss)) return badInput("a loss is " + formatDouble(loss), where);
  return {};
}

}  // namespace

std::string_view nameOf(Method method) {
  for (const Named& named : methods)
    if (named.method == method) return named.name;
  return "?";
}

bool looksAtResults(Method method) {
  return method != Method::grid && method != Method::random && method != Method::quasiRandom;
}

Result<Method> methodNamed(std::string_view name) {
  std::vector<std::string> names;
  for (const Named& named : methods) {
    if (named.name == name) return named.method;
    names.emplace_back(named.name);
  }
  return badInput("no sampler is called '" + std::string(name) + "'; there are " + join(names, ", "));
}

struct Sampler::Body {
  Space space;
  Objectives objectives;
  SamplerOptions options;
  std::uint64_t seed = 0;
  std::unique_ptr<Strategy> strategy;
  std::vector<Point> points;  ///< of the trials that the strategy saw
  std::size_t checked = 0;    ///< results that were found to be there
};

Sampler::Sampler(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;
Sampler::~Sampler() = default;

Result<Sampler> Sampler::make(Space space, Objectives objectives, SamplerOptions options,
                              std::uint64_t seed) {
  SLUICE_RETURN_IF_ERROR(check(space));
  SLUICE_RETURN_IF_ERROR(check(objectives));
  if (options.window == 0) return badInput("the window of a sampler is at least 1");
  if (options.method == Method::grid && options.gridPoints < 2)
    return badInput("a grid takes at least 2 points of a continuum: its ends");
  auto body = std::make_unique<Body>();
  SLUICE_TRY(body->strategy, strategyOf(space, options));
  body->space = std::move(space);
  body->objectives = std::move(objectives);
  body->options = options;
  body->seed = seed;
  return Sampler(std::move(body));
}

std::uint64_t Sampler::size() const { return body_->strategy->size(); }

Result<std::vector<Point>> Sampler::propose(std::span<const Trial> history, std::size_t count) {
  Body& body = *body_;
  const std::size_t first = history.size();
  if (body.points.size() > first) {  // asked about the past: what was remembered may be of other results
    SLUICE_TRY(body.strategy, strategyOf(body.space, body.options));
    body.points.clear();
    body.checked = 0;
  }
  while (body.points.size() < first) {
    const Point& point = history[body.points.size()].point;
    if (point.values.size() != body.space.parameters.size())
      return badInput("trial " + std::to_string(body.points.size()) + " is not a point of this search space");
    body.points.push_back(point);
  }
  const bool looks = looksAtResults(body.options.method);
  std::vector<Point> proposals;
  for (std::size_t number = first; number < first + count; ++number) {
    const std::size_t seen = looks ? resultsBefore(number, body.options.window) : 0;
    if (seen > first)
      return badInput("proposal " + std::to_string(number) + " looks at the result of trial " +
                      std::to_string(seen - 1) + ", which is not in the history");
    for (; body.checked < seen; ++body.checked)
      SLUICE_RETURN_IF_ERROR(checkResult(history[body.checked], body.checked, body.objectives.losses()));
    const View view{body.space,          body.options, body.objectives.losses(), body.seed, number,
                    history.first(seen), body.points};
    SLUICE_TRY(std::optional<Point> point, body.strategy->propose(view));
    if (!point) break;
    body.points.push_back(*point);
    proposals.push_back(std::move(*point));
  }
  return proposals;
}

Result<std::vector<Point>> propose(const Space& space, const Objectives& objectives,
                                   const SamplerOptions& options, std::span<const Trial> history,
                                   std::uint64_t seed, std::size_t count) {
  SLUICE_TRY(Sampler sampler, Sampler::make(space, objectives, options, seed));
  return sampler.propose(history, count);
}

}  // namespace sluice::search
