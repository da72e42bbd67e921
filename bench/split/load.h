#pragma once

#include <filesystem>

#include "base/rng.h"
#include "frontend/model.h"
#include "passes/pipeline.h"
#include "quantize/quantize.h"

/// Networks for the programs of this folder.
namespace sluice::show {

/// A model file, lowered; a float network is quantized on 16 random samples first, which says nothing of its accuracy and
/// everything of its shapes.
inline Result<ir::Graph> loadLowered(const std::filesystem::path& file) {
  SLUICE_TRY(ir::Graph imported, frontend::importModel(file));
  bool isFloat = true;
  for (const ir::Node& node : imported.nodes)
    isFloat = isFloat && !std::holds_alternative<ir::Quantize>(node.operation);
  if (!isFloat) return passes::lower(std::move(imported));
  quantize::Calibration calibration{.samples = 16, .inputs = {}};
  Rng random(1, 1);
  for (const ir::TensorId input : imported.inputs) {
    std::vector<double>& values = calibration.inputs.emplace_back();
    for (std::int64_t i = 0; i < 16 * ir::elements(imported.tensor(input).type.shape); ++i)
      values.push_back(random.real());
  }
  SLUICE_TRY(quantize::Quantized quantized, quantize::quantize(imported, calibration));
  return passes::lower(std::move(quantized.graph));
}

}  // namespace sluice::show
