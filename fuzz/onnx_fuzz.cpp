#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "frontend/qonnx.h"
#include "ir/text.h"
#include "ir/verify.h"

/// Any bytes as a model file: a graph that verifies and whose text reads back, or an error with a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto graph = frontend::importOnnxBytes(bytes, "fuzz");
  if (!graph.ok()) {
    SLUICE_CHECK(!graph.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  SLUICE_CHECK(ir::verify(*graph).ok(), "what is imported verifies");
  const auto again = ir::parse(ir::print(*graph));
  SLUICE_CHECK(again.ok(), "the text form reads back");
  return 0;
}
