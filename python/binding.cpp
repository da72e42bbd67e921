#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "data_binding.h"
#include "network.h"

/// The extension module `sluice._sluice`: C++ types as Python sees them. What is pleasant to use is written in Python
/// on top of it (python/sluice).
///
/// Errors become sluice.errors.SluiceError or its subclass for the error's code, with the text the command line shows.
/// While the engines or a build run, the interpreter lock is released.
namespace sluice::python {
namespace {

namespace nb = nanobind;
using namespace nb::literals;

const char* codeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::badInput:
      return "bad_input";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::usage:
      return "usage";
    case ErrorCode::infeasible:
      return "infeasible";
    case ErrorCode::gaveUp:
      return "gave_up";
    case ErrorCode::io:
      return "io";
  }
  return "bad_input";
}

}  // namespace

void raise(const Error& error) {
  const nb::object exception =
      nb::module_::import_("sluice.errors").attr("make")(codeName(error.code), error.text());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

namespace {

template <typename T>
T valueOrRaise(Result<T> result) {
  if (!result.ok()) raise(result.error());
  return std::move(result).value();
}

using Array = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;

/// Inputs that the Python side has already brought to (samples, *shape) of float64.
std::vector<std::vector<double>> vectorsOf(const std::vector<Array>& arrays) {
  std::vector<std::vector<double>> vectors;
  for (const Array& array : arrays) vectors.emplace_back(array.data(), array.data() + array.size());
  return vectors;
}

/// An array that owns its vector.
template <typename T>
nb::object arrayOf(std::vector<T> values, std::size_t samples, const ir::Shape& shape) {
  auto* const kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  std::vector<std::size_t> extents = {samples};
  for (const std::int64_t extent : shape) extents.push_back(static_cast<std::size_t>(extent));
  return nb::cast(nb::ndarray<nb::numpy, T>(kept->data(), extents.size(), extents.data(), owner));
}

nb::list pythonValues(std::vector<Values> all, std::size_t samples) {
  nb::list list;
  for (Values& values : all)
    list.append(nb::make_tuple(
        values.name, std::visit([&](auto& data) { return arrayOf(std::move(data), samples, values.shape); },
                                values.data)));
  return list;
}

/// Runs without the interpreter lock, and gives the values back with it.
template <typename Run>
nb::list unlocked(const std::vector<Array>& arrays, std::size_t samples, const Run& run) {
  const std::vector<std::vector<double>> inputs = vectorsOf(arrays);
  auto result = [&]() {
    const nb::gil_scoped_release released;
    return run(inputs);
  }();
  return pythonValues(valueOrRaise(std::move(result)), samples);
}

nb::tuple portOf(const ir::Graph& graph, ir::TensorId id) {
  const ir::Tensor& tensor = graph.tensor(id);
  return nb::make_tuple(tensor.name, nb::tuple(nb::cast(tensor.type.shape)), ir::text(tensor.type));
}

tool::Until untilOf(const std::string& name) {
  const auto& stages = tool::stagesByName();
  if (const auto found = stages.find(name); found != stages.end()) return found->second;
  raise({ErrorCode::usage, "until takes 'map', 'rtl', 'simulate', 'synth' or 'bitstream', not '" + name + "'",
         ""});
}
map::Regime regimeOf(const std::string& name) {
  if (name == "auto") return map::Regime::automatic;
  if (name == "streamed") return map::Regime::streamed;
  if (name == "unrolled") return map::Regime::unrolled;
  raise({ErrorCode::usage, "regime takes 'auto', 'streamed' or 'unrolled', not '" + name + "'", ""});
}

hdl::Family familyOf(const std::string& name) {
  for (const hdl::Family family : {hdl::Family::xc7, hdl::Family::xcup, hdl::Family::ecp5})
    if (name == hdl::familyName(family)) return family;
  raise({ErrorCode::usage, "family takes 'xc7', 'xcup' or 'ecp5', not '" + name + "'", ""});
}

quantize::RangeChoice rangeOf(const std::string& name) {
  const auto choice = quantize::rangeChoiceFromName(name);
  if (!choice)
    raise({ErrorCode::usage, "a range takes 'min-max', 'percentile', 'mse' or 'kl', not '" + name + "'", ""});
  return *choice;
}

std::shared_ptr<Network> quantized(const Network& network, const std::vector<Array>& inputs,
                                   std::size_t samples, std::uint32_t weightBits,
                                   std::uint32_t activationBits, bool perChannel,
                                   const std::string& weightRange, const std::string& activationRange,
                                   bool equalise, bool correctBias, bool adaptiveRounding, unsigned threads) {
  const quantize::QuantizeOptions options{.weightBits = weightBits,
                                          .activationBits = activationBits,
                                          .perChannel = perChannel,
                                          .activationRange = rangeOf(activationRange),
                                          .weightRange = rangeOf(weightRange),
                                          .equalise = equalise,
                                          .correctBias = correctBias,
                                          .adaptiveRounding = adaptiveRounding,
                                          .threads = threads};
  auto values = vectorsOf(inputs);
  auto result = [&]() {
    const nb::gil_scoped_release released;
    return network.quantized(std::move(values), samples, options);
  }();
  return valueOrRaise(std::move(result));
}

nb::tuple build(const Network& network, const std::filesystem::path& model,
                const std::filesystem::path& output, const std::vector<std::string>& boards,
                const std::string& until, const std::string& regime, std::optional<std::uint64_t> reuseFactor,
                std::optional<std::uint64_t> targetInterval, const std::vector<std::string>& splitBefore,
                const std::optional<std::filesystem::path>& input, bool inputCodes,
                const std::optional<std::string>& family, std::optional<std::int64_t> topK,
                std::uint64_t frames, std::uint64_t seed, bool quiet) {
  tool::BuildOptions options{.model = model,
                             .output = output,
                             .boards = boards,
                             .regime = regimeOf(regime),
                             .reuseFactor = reuseFactor,
                             .targetInterval = targetInterval,
                             .splitBefore = splitBefore,
                             .input = input,
                             .inputCodes = inputCodes,
                             .until = untilOf(until),
                             .topK = topK,
                             .frames = frames,
                             .seed = seed,
                             .quiet = quiet};
  if (family) options.family = familyOf(*family);
  auto result = [&]() {
    const nb::gil_scoped_release released;
    return network.build(std::move(options));
  }();
  const tool::BuildOutcome outcome = valueOrRaise(std::move(result));
  const bool good = outcome.verdict.ok();
  return nb::make_tuple(report::text(outcome.report), report::json(outcome.report),
                        report::html(outcome.report), good ? "" : codeName(outcome.verdict.error().code),
                        good ? "" : outcome.verdict.error().text());
}

}  // namespace

NB_MODULE(_sluice, module) {
  module.doc() = "What the Python package sluice is built on; use the package.";
  module.attr("__version__") = SLUICE_VERSION;
  bindData(module);

  nb::class_<NodeInfo>(module, "NodeInfo", "One node of a model as it was read.")
      .def_ro("name", &NodeInfo::name)
      .def_ro("operation", &NodeInfo::operation)
      .def_ro("output", &NodeInfo::output, "name of the tensor it computes")
      .def_prop_ro("shape", [](const NodeInfo& node) { return nb::tuple(nb::cast(node.shape)); })
      .def_ro("format", &NodeInfo::format, "'real', or integers: 's8' signed, 'u3' unsigned, with their bits")
      .def_ro("weights", &NodeInfo::weights, "elements of its constants");

  nb::class_<Network>(module, "Network", "A model: the imported graph and its engines.")
      .def_static(
          "read",
          [](const std::filesystem::path& path, const std::optional<std::filesystem::path>& weights) {
            return valueOrRaise(Network::read(path, {.weights = weights}));
          },
          "path"_a, "weights"_a.none() = nb::none())
      .def_prop_ro("name", [](const Network& network) { return network.graph().name; })
      .def_prop_ro("inputs",
                   [](const Network& network) {
                     nb::list list;
                     for (const ir::TensorId id : network.graph().inputs)
                       list.append(portOf(network.graph(), id));
                     return list;
                   })
      .def_prop_ro("outputs",
                   [](const Network& network) {
                     nb::list list;
                     for (const ir::TensorId id : network.graph().outputs)
                       list.append(portOf(network.graph(), id));
                     return list;
                   })
      .def_prop_ro("nodes", &Network::nodes)
      .def("lowering_error",
           [](const Network& network) -> std::optional<std::string> {
             const std::optional<Error> error = network.loweringError();
             return error ? std::optional(error->text()) : std::nullopt;
           })
      .def("lowering_notices", &Network::loweringNotices)
      .def(
          "text",
          [](const Network& network, const std::string& after) { return valueOrRaise(network.text(after)); },
          "after"_a)
      .def(
          "run_float",
          [](const Network& network, const std::vector<Array>& inputs, std::size_t samples,
             unsigned threads) {
            return unlocked(inputs, samples,
                            [&](const auto& values) { return network.runFloat(values, samples, threads); });
          },
          "inputs"_a, "samples"_a, "threads"_a)
      .def(
          "run_integer",
          [](const Network& network, const std::vector<Array>& inputs, std::size_t samples, bool inputCodes,
             bool outputCodes, unsigned threads) {
            return unlocked(inputs, samples, [&](const auto& values) {
              return network.runInteger(values, samples, inputCodes, outputCodes, threads);
            });
          },
          "inputs"_a, "samples"_a, "input_codes"_a, "output_codes"_a, "threads"_a)
      .def(
          "trace",
          [](const Network& network, const std::vector<Array>& inputs, std::size_t samples, bool lowered,
             unsigned threads) {
            return unlocked(inputs, samples, [&](const auto& values) {
              return network.trace(values, samples, lowered, threads);
            });
          },
          "inputs"_a, "samples"_a, "lowered"_a, "threads"_a)
      .def("quantized", &quantized, "inputs"_a, "samples"_a, "weight_bits"_a, "activation_bits"_a,
           "per_channel"_a, "weight_range"_a, "activation_range"_a, "equalise"_a, "correct_bias"_a,
           "adaptive_rounding"_a, "threads"_a)
      .def("qonnx",
           [](const Network& network) {
             const std::string bytes = valueOrRaise(network.qonnx());
             return nb::bytes(bytes.data(), bytes.size());
           })
      .def(
          "as_hls4ml",
          [](const Network& network, const std::string& config, bool reproduceDefects) {
            Network::Compatible made = valueOrRaise(network.asHls4ml(config, reproduceDefects));
            return nb::make_tuple(made.network, made.warnings);
          },
          "config"_a, "reproduce_defects"_a)
      .def("build", &build, "model"_a, "output"_a, "boards"_a, "until"_a, "regime"_a, "reuse_factor"_a.none(),
           "target_ii"_a.none(), "split_before"_a, "input"_a.none(), "input_codes"_a, "family"_a.none(),
           "top_k"_a.none(), "frames"_a, "seed"_a, "quiet"_a,
           "Builds and writes the folder; gives the report as text, JSON and HTML, and what is wrong with "
           "it.");
}

}  // namespace sluice::python
