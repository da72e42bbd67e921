#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "frontend/onnx_writer.h"
#include "frontend/qonnx.h"
#include "ir/reference.h"
#include "ir/text.h"

/// What the tests of the frontend share.
namespace sluice::frontend {

inline Result<ir::Graph> importWritten(const OnnxWriter& file) {
  return importOnnxBytes(file.bytes(), "net");
}

/// Imports or fails the test; then an empty graph.
inline ir::Graph imported(const OnnxWriter& file) {
  auto graph = importWritten(file);
  EXPECT_TRUE(graph.ok()) << graph.error().text();
  return graph.ok() ? std::move(graph).value() : ir::Graph{};
}

/// The message of the error; empty if there is none.
inline std::string errorOf(const Result<ir::Graph>& graph) { return graph.ok() ? "" : graph.error().text(); }

/// Real values of the first output for one sample.
inline std::vector<double> run(const ir::Graph& graph, const std::vector<double>& input) {
  if (graph.outputs.empty()) return {};
  const auto result = ir::runReference(graph, {input}, 1);
  EXPECT_TRUE(result.ok()) << result.error().text();
  if (!result.ok()) return {};
  return std::visit([](const auto& values) { return std::vector<double>(values.begin(), values.end()); },
                    (*result)[0]);
}

/// Nodes without the inputs, one line each: "matMul as MatMul_0 from ...", as the text form prints them.
inline std::vector<std::string> opNames(const ir::Graph& graph) {
  std::vector<std::string> names;
  for (const ir::Node& node : graph.nodes) names.emplace_back(ir::info(node.operation).name);
  return names;
}

/// The node of this name; fails the test if there is none.
inline const ir::Node* nodeOf(const ir::Graph& graph, const std::string& name) {
  const auto id = graph.findNode(name);
  EXPECT_TRUE(id.has_value()) << "no node " << name;
  return id ? &graph.node(*id) : nullptr;
}

using Names = std::vector<std::string>;

}  // namespace sluice::frontend
