#include <cstdio>

#include "base/npy.h"
#include "base/text.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/reference.h"
#include "options.h"
#include "passes/pipeline.h"
#include "read_model.h"
#include "run_hardware.h"
#include "samples.h"

/// `sluice run`: samples in, results out, through one of the engines.
///
/// All engines but `float` compute the integer middle of the lowered graph; the host computes what stands
/// around it (ir/host.h). `float` evaluates the model as it was imported, so it shares nothing with the
/// passes. Codes then come in and go out at the tensors of the imported graph that have the names of the
/// hardware's.
namespace sluice::tool {

namespace {

/// One result: a tensor's name and shape, and its values for all samples.
struct Output {
  std::string name;
  ir::Shape shape;
  ir::ConstantData values;  ///< doubles, or integers with --output-codes
};

/// The tensor of the imported graph that stands for one of the lowered graph.
Result<ir::TensorId> sameName(const ir::Graph& imported, const ir::Graph& lowered, ir::TensorId tensor) {
  const std::string& name = lowered.tensor(tensor).name;
  if (const auto found = imported.findTensor(name); found && !imported.tensor(*found).isConstant())
    return *found;
  return unsupported("the hardware's tensor '" + name +
                     "' is not in the model as it stands in the file; the integer engine takes codes there");
}

Result<std::vector<Output>> runReal(const RunOptions& options, const ir::Graph& imported,
                                    const Samples& samples) {
  const bool codes = options.inputCodes || options.outputCodes;
  ir::Graph lowered;
  ir::Regions regions;
  if (codes) {
    SLUICE_TRY(lowered, lowerModel(imported, options.model.lower));
    SLUICE_TRY(regions, ir::regions(lowered));
  }
  std::vector<ir::Feed> feeds;
  std::vector<ir::TensorId> coded;
  if (options.inputCodes) {
    SLUICE_TRY(coded, ir::codedInputs(lowered, regions));
  }
  for (std::size_t i = 0; i < samples.inputs.size(); ++i) {
    ir::TensorId target = imported.inputs[i];
    if (options.inputCodes) {
      SLUICE_TRY(target, sameName(imported, lowered, coded[i]));
    }
    const ir::TensorType& type = imported.tensor(target).type;
    if (type.isReal()) {
      feeds.push_back({.tensor = target, .values = samples.inputs[i]});
    } else {
      ir::TensorType plain = type;  // codes are their own real values
      if (options.inputCodes) plain.codes->scale = {1}, plain.codes->zeroPoint = 0;
      feeds.push_back({.tensor = target, .values = ir::nearestCodes(plain, samples.inputs[i])});
    }
  }
  std::vector<ir::TensorId> wanted = imported.outputs;
  if (options.outputCodes) {
    wanted.clear();
    for (const ir::TensorId output : regions.hardwareOutputs) {
      SLUICE_TRY(const ir::TensorId tensor, sameName(imported, lowered, output));
      wanted.push_back(tensor);
    }
  }
  SLUICE_TRY(const auto results, ir::evaluate(imported, feeds, wanted, samples.count, options.threads));
  std::vector<Output> outputs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ir::Tensor& tensor = imported.tensor(wanted[i]);
    const std::vector<double> reals = ir::realValues(tensor.type, results[i]);
    Output output{.name = tensor.name, .shape = tensor.type.shape, .values = reals};
    if (options.outputCodes)
      output.values = ir::nearestCodes(lowered.tensor(regions.hardwareOutputs[i]).type, reals);
    outputs.push_back(std::move(output));
  }
  return outputs;
}

/// Codes of the hardware's outputs from those of its inputs.
Result<ir::CodeRows> runMiddle(const RunOptions& options, const ir::Graph& lowered, const ir::CodeRows& codes,
                               std::size_t samples) {
  switch (options.engine) {
    case Engine::integer: {
      SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(lowered));
      return engine.run(codes, samples, options.threads);
    }
    case Engine::hdl:
    case Engine::verilator:
      return runHardware(options.engine, lowered, codes, samples);
    case Engine::real:
      break;
  }
  SLUICE_CHECK(false, "the float engine does not come here");
}

Result<std::vector<Output>> runLowered(const RunOptions& options, ir::Graph imported,
                                       const Samples& samples) {
  SLUICE_TRY(const ir::Graph lowered, lowerModel(std::move(imported), options.model.lower));
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  SLUICE_TRY(const ir::CodeRows codes, ir::hardwareInputCodes(lowered, regions, samples.inputs, samples.count,
                                                              options.inputCodes, options.threads));
  SLUICE_TRY(ir::CodeRows results, runMiddle(options, lowered, codes, samples.count));
  std::vector<Output> outputs;
  if (options.outputCodes) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      const ir::Tensor& tensor = lowered.tensor(regions.hardwareOutputs[i]);
      outputs.push_back({.name = tensor.name, .shape = tensor.type.shape, .values = std::move(results[i])});
    }
    return outputs;
  }
  const std::vector<std::vector<double>> none;
  SLUICE_TRY(auto reals, ir::outputValues(lowered, regions, results, samples.count,
                                          options.inputCodes ? none : samples.inputs, options.threads));
  for (std::size_t i = 0; i < reals.size(); ++i) {
    const ir::Tensor& tensor = lowered.tensor(lowered.outputs[i]);
    outputs.push_back({.name = tensor.name, .shape = tensor.type.shape, .values = std::move(reals[i])});
  }
  return outputs;
}

void printOutput(const Output& output, std::size_t samples) {
  const auto perSample = static_cast<std::size_t>(ir::elements(output.shape));
  std::printf("# %s %s\n", output.name.c_str(), ir::text(output.shape).c_str());
  for (std::size_t sample = 0; sample < samples; ++sample) {
    std::string line;
    for (std::size_t i = sample * perSample; i < (sample + 1) * perSample; ++i) {
      if (!line.empty()) line += ' ';
      line += output.values.index() == 0 ? formatDouble(std::get<0>(output.values)[i])
                                         : std::to_string(std::get<1>(output.values)[i]);
    }
    std::printf("%s\n", line.c_str());
  }
}

Status writeOutputs(const RunOptions& options, std::vector<Output> outputs, std::size_t samples) {
  for (Output& output : outputs) {
    if (!options.output) {
      printOutput(output, samples);
      continue;
    }
    std::filesystem::path path = *options.output;
    if (outputs.size() > 1) path.replace_extension(toIdentifier(output.name) + ".npy");
    std::vector<std::uint64_t> shape = {samples};
    shape.insert(shape.end(), output.shape.begin(), output.shape.end());
    SLUICE_RETURN_IF_ERROR(std::visit(
        [&](auto& values) { return writeNpy(path, makeNpy(shape, std::move(values))); }, output.values));
  }
  return {};
}

}  // namespace

Status runNetwork(const RunOptions& options) {
  SLUICE_TRY(ir::Graph imported, readModel(options.model));
  SLUICE_TRY(const Samples samples, readSamples(imported, options.inputs));
  std::vector<Output> outputs;
  if (options.engine == Engine::real) {
    SLUICE_TRY(outputs, runReal(options, imported, samples));
  } else {
    SLUICE_TRY(outputs, runLowered(options, std::move(imported), samples));
  }
  return writeOutputs(options, std::move(outputs), samples.count);
}

}  // namespace sluice::tool
