#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dataflow/vcd_read.h"

/// Any bytes as a value change dump: one error with a message, or signals whose highest values fit their width.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto signals = dataflow::readDump(bytes, "fuzz");
  if (!signals.ok()) {
    SLUICE_CHECK(!signals.error().message.empty(), "an error says what is wrong");
    return 0;
  }
  SLUICE_CHECK(!signals->empty(), "a dump declares something");
  for (const auto& signal : *signals)
    SLUICE_CHECK(signal.highest.has_value() == signal.highestNext.has_value(), "both were seen, or neither");
  return 0;
}
