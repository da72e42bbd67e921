#include <CLI/CLI.hpp>
#include <map>

#include "quantize.h"

/// The arguments of `sluice quantize`.
namespace sluice::tool {

void addQuantize(CLI::App& app, QuantizeCommand& command) {
  using quantize::RangeChoice;
  CLI::App* sub = app.add_subcommand("quantize", "quantize a float model after training, from samples");
  quantize::QuantizeOptions& options = command.options;
  options.threads = 0;
  sub->add_option("MODEL", command.model, "the float model")->required()->type_name("MODEL");
  sub->add_option("--weights", command.file.weights, "HDF5 weights of a Keras model given as JSON")
      ->type_name("W.h5");
  sub->add_option("--calibrate", command.samples,
                  "samples of the input, as the model takes them; once per input, in the model's order")
      ->required()
      ->allow_extra_args(false)
      ->type_name("X.npy");
  sub->add_option("--labels", command.labels, "the right class of every sample")->type_name("Y.npy");
  const auto width = [&](CLI::Option* option) {
    option->type_name("N")->check(CLI::Range(2u, 16u).description(""));
  };
  width(sub->add_option_function<std::uint32_t>(
      "--bits", [&options](std::uint32_t bits) { options.weightBits = options.activationBits = bits; },
      "width of weights and activations (8)"));
  width(sub->add_option("--weight-bits,--weights-bits", options.weightBits, "width of weights"));
  width(sub->add_option("--activation-bits,--activations-bits", options.activationBits,
                        "width of activations"));
  sub->add_option("--max-drop", command.mostDrop,
                  "as few bit operations as lose no more than this share of the samples; needs --labels")
      ->type_name("0.5%");
  const auto average = [&](const char* name, std::optional<double>& target, const char* text) {
    sub->add_option(name, target, text)->type_name("BITS")->check(CLI::Range(2.0, 16.0).description(""));
  };
  average("--average-weight-bits", command.target.averageWeightBits,
          "widths that differ from layer to layer, with this average over all weights");
  average("--average-activation-bits", command.target.averageActivationBits,
          "the same over all quantized elements of tensors");
  const auto count = [&](const char* name, std::optional<std::int64_t>& target, const char* text) {
    sub->add_option(name, target, text)
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 60).description(""));
  };
  count("--total-weight-bits", command.target.weightBits, "the same with at most so many bits of weights");
  count("--bit-operations", command.target.bitOperations,
        "the same with at most so many multiplications * weight bits * input bits");
  width(sub->add_option("--least-bits", command.target.leastBits, "narrowest width of those five (3)"));
  width(sub->add_option("--most-bits", command.target.mostBits, "widest width of those five (8)"));
  const std::map<std::string, RangeChoice> choices = {{"min-max", RangeChoice::minMax},
                                                      {"percentile", RangeChoice::percentile},
                                                      {"mse", RangeChoice::mse},
                                                      {"kl", RangeChoice::kl}};
  const auto range = [&](const char* name, RangeChoice& choice, const char* text) {
    sub->add_option(name, choice, text)
        ->transform(CLI::CheckedTransformer(choices).description(""))
        ->type_name("min-max|percentile|mse|kl")
        ->default_str("mse");
  };
  range("--activation-range", options.activationRange, "how far an activation's grid reaches");
  range("--weight-range", options.weightRange, "how far a weight's grid reaches");
  sub->add_option("--percentile", options.percentile,
                  "share within the grid, of the choice of that name, in %")
      ->type_name("P")
      ->check(CLI::Range(50.0, 100.0).description(""))
      ->capture_default_str();
  sub->add_flag_callback(
      "--per-tensor", [&options] { options.perChannel = false; }, "one scale for all weights of a layer");
  sub->add_flag_callback(
      "--free-activation-scales", [&options] { options.powerOfTwoActivations = false; },
      "scales of activations are any numbers, not powers of two");
  sub->add_flag_callback(
      "--power-of-two-weight-scales", [&options] { options.powerOfTwoWeights = true; },
      "scales of weights are powers of two: rescaling is shifts alone");
  sub->add_flag("--equalise", options.equalise, "even out the ranges of channels between layers first");
  sub->add_flag_callback(
      "--no-bias-correction", [&options] { options.correctBias = false; },
      "leave the means of outputs as they fall");
  sub->add_flag_callback(
      "--nearest", [&options] { options.adaptiveRounding = false; }, "round each weight to its nearest code");
  sub->add_option("-o,--output", command.output, "QONNX file for the quantized model")
      ->required()
      ->type_name("Q.onnx");
  sub->footer(
      "Examples:\n"
      "  sluice quantize model.h5 --calibrate x.npy -o q.onnx\n"
      "  sluice quantize model.h5 --calibrate x.npy --weight-bits 4 --activation-bits 6 -o q.onnx\n"
      "  sluice quantize model.h5 --calibrate x.npy --labels y.npy --max-drop 0.5% -o q.onnx\n"
      "  sluice quantize model.h5 --calibrate x.npy --average-weight-bits 5 --average-activation-bits 5 -o "
      "q.onnx\n\n"
      "Exit code 3: no widths meet the target.");
}

void addCompare(CLI::App& app, CompareCommand& command) {
  CLI::App* sub = app.add_subcommand("compare", "two models on the same samples, layer by layer");
  sub->add_option("A", command.a, "the model that is right")->required()->type_name("A");
  sub->add_option("B", command.b, "the model that is held against it")->required()->type_name("B");
  sub->add_option("--weights-a", command.fileA.weights, "HDF5 weights of A, a Keras model given as JSON")
      ->type_name("W.h5");
  sub->add_option("--weights-b", command.fileB.weights, "the same of B")->type_name("W.h5");
  sub->add_option("--input", command.samples, "samples; once per input, in the models' order")
      ->required()
      ->allow_extra_args(false)
      ->type_name("X.npy");
  sub->add_option("--threshold", command.threshold,
                  "error, of a tensor's spread, that counts as a difference")
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->capture_default_str();
  sub->add_option("--json", command.json, "the table as JSON")->type_name("F.json");
  sub->add_option("--html", command.html, "the table and a plot as a page of its own")->type_name("F.html");
  sub->footer(
      "Tensors are matched by name, the others by the order of equal operations.\n\n"
      "Example:\n"
      "  sluice compare model.h5 q.onnx --input x.npy --html q.html\n");
}

}  // namespace sluice::tool
