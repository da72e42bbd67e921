#include <algorithm>
#include <numeric>

#include "ir/geometry.h"
#include "kernel/concat/concat.h"
#include "kernel/reshape/permute.h"
#include "kernel/reshape/slice.h"
#include "kernel/reshape/upsample.h"
#include "map/chooser.h"

/// Operations that move elements. Streams are row-major, so what counts is how the axes fall apart: those outside the
/// axis that is worked on, and those inside it.
namespace sluice::map {
namespace {

std::uint64_t product(const ir::Shape& shape, std::size_t from, std::size_t to) {
  std::uint64_t all = 1;
  for (std::size_t axis = from; axis < to; ++axis) all *= static_cast<std::uint64_t>(shape[axis]);
  return all;
}

/// By which factor the nearest elements along one axis repeat (x[o / factor]); 0: they do not.
std::uint32_t repeatOf(const ir::Resize& operation, std::size_t axis, std::int64_t from, std::int64_t to) {
  if (to % from != 0) return 0;
  const std::int64_t factor = to / from;
  ir::Resize one = operation;
  one.shape = {to};
  if (!operation.factors.empty()) one.factors = {operation.factors[axis]};
  const std::vector<std::int64_t> sources = ir::moveSources(one, {ir::Shape{from}});
  for (std::int64_t o = 0; o < to; ++o)
    if (sources[static_cast<std::size_t>(o)] != o / factor) return 0;
  return static_cast<std::uint32_t>(factor);
}

}  // namespace

Result<Choice> Chooser::operator()(const ir::Concat& operation) const {
  if (offers.size() != node.inputs.size()) return noKernel("with a constant");
  const auto axis = static_cast<std::size_t>(operation.axis);
  const std::uint64_t elements = count(shapeOf(node.output));
  std::uint64_t divides = 0;
  std::vector<std::uint64_t> rounds;  // elements of each input in a round
  for (const ir::TensorId input : node.inputs) {
    rounds.push_back(product(shapeOf(input), axis, shapeOf(input).size()));
    divides = std::gcd(divides, rounds.back());
  }
  SLUICE_TRY(const std::uint32_t pack, packFor(divides, [&](std::uint32_t p) { return elements / p; }));
  kernel::ConcatParams params{.pack = pack};
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (rounds[i] / pack > (std::uint64_t{1} << 30)) return noKernel("of more than 2^30 beats a round");
    params.inputs.push_back({offers[i].range, static_cast<std::uint32_t>(rounds[i] / pack)});
  }
  Choice choice{.inputElements = std::vector<std::uint32_t>(offers.size(), pack)};
  SLUICE_TRY(choice.kernel, kernel::concat(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Slice& operation) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  const ir::Shape& out = shapeOf(node.output);
  if (shape.empty()) return noKernel("of a single element");
  const std::size_t last = shape.size() - 1;
  const bool whole = ir::entry(operation.step, last, 1) == 1;
  const std::uint64_t divides =
      whole
          ? std::gcd(std::gcd(static_cast<std::uint64_t>(shape[last]), static_cast<std::uint64_t>(out[last])),
                     static_cast<std::uint64_t>(operation.begin[last]))
          : 1;
  SLUICE_TRY(const std::uint32_t pack, packFor(divides, [&](std::uint32_t p) { return count(shape) / p; }));
  kernel::SliceParams params{.pack = pack, .range = offers[0].range};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::uint32_t beats = axis == last ? pack : 1;
    const auto u = [&](std::int64_t value) { return static_cast<std::uint32_t>(value) / beats; };
    params.axes.push_back({.extent = u(shape[axis]),
                           .begin = u(operation.begin[axis]),
                           .count = u(out[axis]),
                           .step = static_cast<std::uint32_t>(ir::entry(operation.step, axis, 1))});
  }
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::slice(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Pad& operation) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  const ir::Codes& codes = codesType(node.inputs[0]);
  if (shape.empty()) return noKernel("of a single element");
  const std::size_t last = shape.size() - 1;
  const auto code = [&](double scale) {
    return static_cast<std::int64_t>(operation.value / scale) + codes.zeroPoint;
  };
  for (const double scale : codes.scale)
    if (code(scale) != code(codes.scale[0])) return noKernel("with another code in every channel");
  const std::uint64_t divides =
      ir::entry(operation.between, last, 0) != 0
          ? 1
          : std::gcd(std::gcd(static_cast<std::uint64_t>(shape[last]),
                              static_cast<std::uint64_t>(ir::entry(operation.before, last, 0))),
                     static_cast<std::uint64_t>(ir::entry(operation.after, last, 0)));
  const std::uint64_t elements = count(shapeOf(node.output));
  SLUICE_TRY(const std::uint32_t pack, packFor(divides, [&](std::uint32_t p) { return elements / p; }));
  kernel::PadParams params{.pack = pack, .range = offers[0].range, .padCode = code(codes.scale[0])};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::uint32_t beats = axis == last ? pack : 1;
    const auto u = [&](std::int64_t value) { return static_cast<std::uint32_t>(value) / beats; };
    params.axes.push_back({.extent = u(shape[axis]),
                           .before = u(ir::entry(operation.before, axis, 0)),
                           .after = u(ir::entry(operation.after, axis, 0)),
                           .between = static_cast<std::uint32_t>(ir::entry(operation.between, axis, 0))});
  }
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::pad(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Resize& operation) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  const ir::Shape& out = shapeOf(node.output);
  if (operation.kind != ir::ResizeKind::nearest || (shape.size() != 2 && shape.size() != 3))
    return noKernel("but to nearest elements, over one or two spatial axes");
  std::vector<std::uint32_t> factors;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    factors.push_back(repeatOf(operation, axis, shape[axis], out[axis]));
  if (std::count(factors.begin(), factors.end(), 0u) > 0 || factors.back() != 1)
    return noKernel("but by whole factors of rows and columns");
  const std::uint64_t elements = count(out);
  kernel::UpsampleParams params{.height = shape.size() == 3 ? static_cast<std::uint32_t>(shape[0]) : 1,
                                .width = static_cast<std::uint32_t>(shape[shape.size() - 2]),
                                .channels = static_cast<std::uint32_t>(shape.back()),
                                .factorHeight = shape.size() == 3 ? factors[0] : 1,
                                .factorWidth = factors[shape.size() - 2],
                                .range = offers[0].range,
                                .rows = own.rows,
                                .family = options.family};
  SLUICE_TRY(params.pack, packFor(params.channels, [&](std::uint32_t p) { return elements / p; }));
  Choice choice{.inputElements = {params.pack}};
  SLUICE_TRY(choice.kernel, kernel::upsample(params));
  return choice;
}

Result<std::optional<FrontKernel>> Chooser::broadcast(const ir::Shape& from, const ir::Shape& to,
                                                      std::uint32_t pack, fixed::Interval range) const {
  if (from == to) return std::optional<FrontKernel>();
  ir::Shape aligned(to.size() - std::min(to.size(), from.size()), 1);
  aligned.insert(aligned.end(), from.begin(), from.end());
  // Axes that repeat must follow each other: outer x repeated x inner.
  std::size_t first = to.size(), end = 0;
  for (std::size_t axis = 0; axis < to.size(); ++axis)
    if (aligned[axis] != to[axis]) {
      first = std::min(first, axis);
      end = axis + 1;
    }
  if (first >= end) return std::optional<FrontKernel>();  // the same elements under another shape
  for (std::size_t axis = first; axis < end; ++axis)
    if (aligned[axis] != 1) return noKernel("that repeats along axes that are not neighbours");
  const std::uint64_t outer = product(to, 0, first), times = product(to, first, end),
                      inner = product(to, end, to.size());
  constexpr std::uint64_t most = std::uint64_t{1} << 30;
  if (outer > most || times > most || inner > most) return noKernel("of so many elements");
  const std::uint32_t own = inner % pack == 0 ? pack : 1;
  // A single element that repeats fills beats of as many copies.
  const std::uint32_t copies = inner == 1 && times % pack == 0 ? pack : 1;
  kernel::UpsampleParams params{.width = static_cast<std::uint32_t>(outer),
                                .channels = static_cast<std::uint32_t>(inner),
                                .pack = own,
                                .factorWidth = static_cast<std::uint32_t>(times) / copies,
                                .copies = copies,
                                .range = range,
                                .family = options.family};
  SLUICE_TRY(kernel::Kernel upsample, kernel::upsample(params));
  return std::optional<FrontKernel>(FrontKernel{
      .kernel = std::move(upsample), .part = "repeat", .elementsOut = count(to), .inputElements = own});
}

Result<Choice> Chooser::operator()(const ir::Expand&) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  const ir::Shape& out = shapeOf(node.output);
  const std::uint64_t elements = count(out);
  // Beats stay whole where the last axis is not repeated, and are copies where it is nothing but that.
  const bool whole = !shape.empty() && !out.empty() && (shape.back() == out.back() || shape.back() == 1);
  SLUICE_TRY(const std::uint32_t pack, packFor(whole ? static_cast<std::uint64_t>(out.back()) : 1,
                                               [&](std::uint32_t p) { return elements / p; }));
  SLUICE_TRY(std::optional<FrontKernel> repeat, broadcast(shape, out, pack, offers[0].range));
  if (!repeat) return noKernel("that repeats nothing");
  return Choice{.kernel = std::move(repeat->kernel), .inputElements = {repeat->inputElements}};
}

Result<Choice> Chooser::operator()(const ir::Transpose& operation) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  if (shape.empty()) return noKernel("of a single element");
  kernel::PermuteParams params{.range = offers[0].range, .buffer = own.rows, .family = options.family};
  const bool staysLast = operation.permutation.back() + 1 == static_cast<std::int64_t>(shape.size());
  const auto paramsOf = [&](std::uint32_t pack) {
    kernel::PermuteParams packed = params;
    packed.pack = pack;
    for (const std::int64_t extent : shape) packed.shape.push_back(static_cast<std::uint32_t>(extent));
    packed.shape.back() /= pack;
    for (const std::int64_t axis : operation.permutation)
      packed.permutation.push_back(static_cast<std::uint32_t>(axis));
    return packed;
  };
  const std::uint64_t elements = count(shape);
  SLUICE_TRY(const std::uint32_t pack,
             packFor(staysLast ? static_cast<std::uint64_t>(shape.back()) : 1, [&](std::uint32_t p) {
               const Result<std::uint32_t> lag = kernel::permuteLag(paramsOf(p));
               return elements / p + (lag.ok() ? *lag : 0);
             }));
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::permute(paramsOf(pack)));
  return choice;
}

}  // namespace sluice::map
