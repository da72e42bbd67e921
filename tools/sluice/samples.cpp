#include "samples.h"

#include "base/npy.h"
#include "base/text.h"

namespace sluice::tool {
namespace {

template <typename Extent>
std::string shapeText(const std::vector<Extent>& shape) {
  std::vector<std::string> extents;
  for (const Extent extent : shape) extents.push_back(std::to_string(extent));
  return "[" + join(extents, ", ") + "]";
}

}  // namespace

Result<Samples> readSamples(const ir::Graph& graph, const std::vector<std::filesystem::path>& files) {
  if (files.size() != graph.inputs.size())
    return badInput("the network has " + countOf(static_cast<std::int64_t>(graph.inputs.size()), "input") +
                    ", " + countOf(static_cast<std::int64_t>(files.size()), "file was", "files were") +
                    " given; give --input once for each, in the model's order");
  Samples samples;
  for (std::size_t i = 0; i < files.size(); ++i) {
    SLUICE_TRY(const NpyArray array, readNpy(files[i]));
    const ir::Tensor& tensor = graph.tensor(graph.inputs[i]);
    const auto elements = static_cast<std::uint64_t>(ir::elements(tensor.type.shape));
    if (array.count() == 0 || array.count() % elements != 0)
      return badInput("holds " + formatCount(static_cast<std::int64_t>(array.count())) + " elements " +
                          shapeText(array.shape) + ", which is no whole number of samples of input '" +
                          tensor.name + "' " + shapeText(tensor.type.shape) + " (" +
                          formatCount(static_cast<std::int64_t>(elements)) + " each)",
                      files[i].string());
    const std::size_t count = array.count() / elements;
    if (i > 0 && count != samples.count)
      return badInput(
          "holds " + std::to_string(count) + " samples, the files before it " + std::to_string(samples.count),
          files[i].string());
    samples.count = count;
    samples.inputs.push_back(array.asDoubles());
  }
  return samples;
}

}  // namespace sluice::tool
