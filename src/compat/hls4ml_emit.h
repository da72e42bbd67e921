#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compat/hls4ml_layer.h"
#include "ir/graph.h"

/// Inside of emitting: the graph while layers become operations on codes, and the steps that all of them share.
namespace sluice::compat {

/// A tensor of codes with the ap_fixed type whose codes they are: scale 2^-fraction, zero point 0.
struct Value {
  ir::TensorId tensor;
  fixed::ApFormat format;
};

class Emitter {
 public:
  Emitter(const Network& network, const Hls4mlOptions& options, bool ioStream,
          std::vector<std::string> warnings)
      : network_(network), options_(options), ioStream_(ioStream) {
    made_.warnings = std::move(warnings);
  }
  Result<Hls4mlGraph> run();

  // For the functions below, one per kind of layer.

  [[nodiscard]] const Layer& layer() const { return *layer_; }
  [[nodiscard]] const Value& input(std::size_t i = 0) const { return values_[layer_->inputs[i]]; }
  /// A copy: adding nodes moves the graph's tensors.
  [[nodiscard]] ir::Shape shape(ir::TensorId tensor) const { return made_.graph.tensor(tensor).type.shape; }
  [[nodiscard]] fixed::Interval range(ir::TensorId tensor) const {
    return made_.graph.tensor(tensor).type.codes->range;
  }
  [[nodiscard]] bool reproduces() const { return options_.reproduceDefects; }
  [[nodiscard]] bool ioStream() const { return ioStream_; }

  /// A node LAYER/SUFFIX.
  Result<ir::TensorId> add(const std::string& suffix, ir::Operation operation,
                           std::vector<ir::TensorId> inputs);
  /// A constant LAYER/SUFFIX of codes of this fraction.
  ir::TensorId constant(const std::string& suffix, ir::Shape shape, std::vector<std::int64_t> codes,
                        int fraction);

  /// Assignment to a type. The tensor itself where nothing changes.
  Result<Value> convert(const Value& value, const fixed::ApFormat& to, const std::string& suffix = "result");
  /// The codes clamped to [lo, hi].
  Result<Value> clamp(const Value& value, std::int64_t lo, std::int64_t hi, const std::string& suffix);
  /// factor * 2^-fraction * value + summand * 2^-(fraction + value's), exactly; one factor for all, or one per channel.
  Result<Value> affine(const Value& value, const std::vector<std::int64_t>& factor,
                       const std::vector<std::int64_t>& summand, int fraction, const std::string& suffix);
  /// a + b, exactly. The format says the fraction; its width is that of the proven range.
  Result<Value> sum(const Value& a, const Value& b, const std::string& suffix);
  /// a * b element by element, exactly.
  Result<Value> product(const Value& a, const Value& b, const std::string& suffix);
  /// table[code - first] for the clamped codes; entries are codes of `format`.
  Result<Value> lookup(ir::TensorId index, std::int64_t first, std::vector<std::int64_t> table,
                       const fixed::ApFormat& format, const std::string& suffix);
  /// The same tensor as codes of another fraction and of the width that its range needs.
  [[nodiscard]] Value exact(ir::TensorId tensor, int fraction) const;

  void warn(const std::string& sentence) {
    made_.warnings.push_back("layer '" + layer_->name + "': " + sentence);
  }
  /// One more result that may wrap; they are told together.
  void mayWrap() { wrapping_.insert(static_cast<std::size_t>(layer_ - network_.layers.data())); }
  /// A layer that hls4ml inserts, with the input's type ("zp2d_conv1").
  void insert(const std::string& name, const std::string& className, const Value& value);

 private:
  const Network& network_;
  Hls4mlOptions options_;
  bool ioStream_ = false;
  const Layer* layer_ = nullptr;
  std::vector<Value> values_;
  Hls4mlGraph made_;
  std::set<std::string> names_;
  std::set<std::size_t> wrapping_;

  Result<Value> emit();
  Result<Value> emitInput();
  Result<Value> emitMove();
  Result<Value> emitMerge();
  Result<Value> emitConcatenate();
  void name(const Value& value);
  void rename(ir::TensorId tensor, const std::string& name);
};

Result<Value> emitProduct(Emitter& emitter);     ///< dense and conv; hls4ml_emit_product.cpp
Result<Value> emitBatchNorm(Emitter& emitter);   ///< the same
Result<Value> emitActivation(Emitter& emitter);  ///< hls4ml_emit_activation.cpp
Result<Value> emitSoftmax(Emitter& emitter);     ///< hls4ml_emit_softmax.cpp
Result<Value> emitPool(Emitter& emitter);        ///< hls4ml_emit_pool.cpp
Result<Value> emitGlobalPool(Emitter& emitter);  ///< the same

/// ap_fixed<...>(double) as a code of the type; infinity is a number beyond every type.
std::int64_t codeOf(double value, const fixed::ApFormat& type);

}  // namespace sluice::compat
