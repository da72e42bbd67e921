#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

/// A synthetic task in the shape of jet tagging (16 features, 5 classes), and a small trainer for it.
///
/// The public jet data do not ship with Sluice, so examples and tests use this set; whatever is shown with it says
/// *synthetic*. Both functions are plain C++ in double precision, one thread, fixed order: the same arguments
/// give the same bits on machines with the same C library (exp, log and cos are its own).
namespace sluice::stages {

struct Samples {
  std::size_t features = 0;
  std::vector<float> x;             ///< [samples, features]
  std::vector<std::int64_t> label;  ///< [samples]
  [[nodiscard]] std::size_t count() const { return label.size(); }
};

/// Half of the features are noisy class means, half products of two of them, as masses and their ratios are.
Samples syntheticJets(std::size_t samples, std::uint64_t seed);

/// A share of `all` in order of a seeded shuffle, the rest, and both standardised by mean and deviation of the first.
struct Prepared {
  Samples train, test;
};
Prepared prepare(const Samples& all, double testShare, std::uint64_t seed);

struct TrainOptions {
  std::vector<std::size_t> hidden;  ///< widths of the hidden layers
  std::size_t batch = 512;
  std::size_t epochs = 10;
  double rate = 0.01;
  double l1 = 1e-4;  ///< times the sum of the weights' magnitudes, as in the tutorial this task is from
  std::uint64_t seed = 0;
};

/// Dense layers with ReLU between them.
struct Mlp {
  struct Layer {
    std::size_t in = 0, out = 0;
    std::vector<double> weight, bias;  ///< weight [in, out]
  };
  std::vector<Layer> layers;
  [[nodiscard]] std::vector<double> logits(const float* x) const;
};

/// Adam on cross entropy. Source: Kingma, Ba, "Adam", ICLR 2015.
Mlp train(const Samples& data, std::size_t classes, const TrainOptions& options);
/// Share of samples whose largest logit is that of their label (the first of equal ones).
double accuracy(const Mlp& model, const Samples& data);
/// As an ONNX file: MatMul, Add, Relu, ..., logits; the layers are called dense1, dense2, ..., output.
std::string onnxOf(const Mlp& model);

}  // namespace sluice::stages
