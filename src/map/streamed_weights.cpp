#include "kernel/streamed_weights/streamed_weights.h"

#include "map/chooser.h"

/// Products whose weights live outside (`weights=stream` of a node): the kernel that reads them, and what its port is fed.
namespace sluice::map {

Result<kernel::Kernel> Chooser::streamedProduct(const kernel::DenseParams& params, std::uint64_t vectors,
                                                std::optional<StreamedWeights>& weights) const {
  if (params.groups > 1)
    return noKernel("in groups with weights=stream: its products take other weights each; leave them inside");
  const kernel::StreamedDenseParams streamed{.nIn = params.nIn,
                                             .nOut = params.nOut,
                                             .simd = params.simd,
                                             .pe = params.pe,
                                             .input = params.input,
                                             .weight = fixed::join(codesType(node.inputs[1]).range, {0, 0}),
                                             .bias = params.bias,
                                             .promised = params.weights,
                                             .multiplier = params.multiplier};
  SLUICE_TRY(kernel::Kernel kernel, kernel::streamedDense(streamed));
  const std::uint32_t elements = params.simd * params.pe;
  const std::uint32_t port = own.weightPort.value_or(elements);
  if (params.weights.size() % port != 0)
    return badInput("weight-port=" + std::to_string(port) + " does not divide its " +
                    std::to_string(params.weights.size()) + " weights");
  weights = {.frame = kernel::weightsInOrder(streamed, params.weights),
             .elements = elements,
             .portElements = port,
             .range = streamed.weight,
             .passes = vectors};
  return kernel;
}

}  // namespace sluice::map
