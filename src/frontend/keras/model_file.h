#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "frontend/keras/hdf5.h"
#include "frontend/keras/json.h"

/// A Keras model as its files say it: the configuration, and the weights of each layer.
///
///   NAME.json + NAME_weights.h5   Keras 2 or 3: model.to_json(), model.save_weights()
///   NAME.h5                       whole model: the configuration is an attribute
///   NAME.keras                    a zip of config.json and model.weights.h5
///
/// Weights stand in one of two layouts. `byName` (Keras 2, and .h5 of Keras 3): a group per layer of the outer
/// model, in it "dense_1/kernel:0". `byOrder` (Keras 3): layers/dense_1/vars/0, 1, ...: numbered per class in the
/// order of the model, without names of weights.
namespace sluice::frontend::keras {

struct ModelFile {
  Json config;  ///< of the outermost model: class_name, config
  std::string where;
  std::shared_ptr<const Hdf5File> weights;  ///< null: none were found
  const Hdf5Object* weightsRoot = nullptr;  ///< the group with the layers
  bool byOrder = false;
  bool isKeras3 = false;  ///< of the configuration: activations differ in details
};

/// What a file holds, and what to call it in errors.
struct NamedBytes {
  std::string bytes;
  std::string where;
};

/// Errors  io: a file cannot be read; badInput: no Keras model, damaged, no weights
Result<ModelFile> openModel(const std::filesystem::path& path,
                            const std::optional<std::filesystem::path>& weights);
/// The same from memory.
Result<ModelFile> openModelBytes(NamedBytes model, std::optional<NamedBytes> weights);

/// Where a layer's weights stand.
struct WeightPlace {
  std::string layer;                  ///< its name
  std::string outerLayer;             ///< byName: the layer of the outermost model that holds it
  const Hdf5Object* group = nullptr;  ///< byOrder: the layer's group, or null
};

/// The weights of one layer. Names are those of Keras; byOrder they are taken in the order they are asked for, which
/// must be the order in which the layer made them.
class LayerWeights {
 public:
  LayerWeights(const ModelFile& file, WeightPlace place) : file_(&file), place_(std::move(place)) {}
  /// Errors  badInput: there is no such weight, or it is damaged
  Result<Hdf5Data> get(std::string_view name);
  /// byOrder: weights of a part of the layer, as "kq/quantizer".
  [[nodiscard]] LayerWeights part(std::string_view path) const;
  [[nodiscard]] bool exists() const { return place_.group != nullptr; }
  [[nodiscard]] bool byOrder() const { return file_->byOrder; }
  /// byOrder: passes over weights that nobody needs.
  void skip(std::size_t count) { next_ += count; }
  /// byOrder: how many weights there are.
  [[nodiscard]] std::size_t count() const;

 private:
  Result<Hdf5Data> getByName(std::string_view name) const;
  const ModelFile* file_;
  WeightPlace place_;
  std::size_t next_ = 0;
};

}  // namespace sluice::frontend::keras
