#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/same_meaning.h"
#include "ir/text.h"
#include "ir/verify.h"

/// For tests only: graphs from text, the meaning guard, matchers.
namespace sluice::ir {

/// The graph, which must parse and verify: graphOf("x = input [2]; y = relu x; output y").
inline Graph graphOf(std::string_view text) {
  auto graph = parse(text);
  if (!graph.ok()) {
    ADD_FAILURE() << graph.error().text();
    return {};
  }
  if (const Status status = verify(*graph); !status.ok()) ADD_FAILURE() << status.error().text();
  return std::move(graph).value();
}

/// Compares the graph at the end of the scope with what it was here.
///
///   ir::SameMeaning guard(graph, {.samples = 64, .seed = 7});
///   ASSERT_TRUE(foldScale(graph).ok());
class SameMeaning {
 public:
  explicit SameMeaning(const Graph& graph, MeaningOptions options = {})
      : before_(graph), now_(graph), options_(options) {}
  SameMeaning(const SameMeaning&) = delete;
  SameMeaning& operator=(const SameMeaning&) = delete;
  ~SameMeaning() {
    const Status valid = verify(now_);
    EXPECT_TRUE(valid.ok()) << valid.error().text();
    const Status same = valid.ok() ? compareMeaning(before_, now_, options_) : Status{};
    EXPECT_TRUE(same.ok()) << same.error().text();
  }

 private:
  const Graph before_;
  const Graph& now_;
  const MeaningOptions options_;
};

/// {"input", "dense", "threshold"}: names of the operations in order.
inline std::vector<std::string> opNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.emplace_back(info(node.operation).name);
  return names;
}

}  // namespace sluice::ir
