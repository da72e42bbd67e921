#include "emit/formal_text.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::emit {

std::string claimMacro(const Claim& claim) { return "CLAIM_" + claim.name; }

std::string vectorOf(std::uint32_t width) {
  return width == 1 ? "" : "[" + std::to_string(width - 1) + ":0] ";
}

std::optional<std::uint32_t> registerWidth(const std::string& printed, const std::string& name) {
  if (printed.find("reg " + name + ";") != std::string::npos) return 1;
  const std::size_t at = printed.find(":0] " + name + ";");
  const std::size_t open = at == std::string::npos ? at : printed.rfind('[', at);
  if (open == std::string::npos || open < 4 || printed.compare(open - 4, 4, "reg ") != 0) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(printed.substr(open + 1, at - open - 1))) + 1;
}

std::optional<std::string> wordBefore(const std::string& printed, const std::string& marker) {
  const std::size_t at = printed.find(marker);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t from = printed.find_last_of(" \n", at - 1) + 1;
  return printed.substr(from, at - from);
}

void FormalText::input(std::uint32_t width, const std::string& name) {
  ports_ += ",\n  input wire " + vectorOf(width) + name;
}

void FormalText::assume(const std::string& expression) {
  assumptions_ += "    assume (" + expression + ");\n";
}

void FormalText::claim(const std::string& name, const std::string& expression, const std::string& says) {
  const Claim claim{name, says};
  assertions_ +=
      "`ifdef " + claimMacro(claim) + "\n    assert (" + expression + ");  // " + says + "\n`endif\n";
  claims_.push_back(claim);
}

std::string FormalText::inside(const std::string& name, std::uint32_t width, bool isSigned) {
  const std::string full = "\\dut." + name + " ";
  if (std::find(seen_.begin(), seen_.end(), name) == seen_.end()) {
    wires_ +=
        std::string("  (* hierconn *) wire ") + (isSigned ? "signed " : "") + vectorOf(width) + full + ";\n";
    seen_.push_back(name);
  }
  return full;
}

FormalModule FormalText::finish(std::uint32_t steps) && {
  std::string text = "module proof (\n  input wire clk,\n  input wire rst" + ports_ + "\n);\n";
  text += "  reg started = 0;\n  always @(posedge clk) started <= 1;\n";
  text += body_;
  text += "  always @* assume (rst == !started);\n";
  text += "  always @* if (started) begin\n" + assumptions_ + "  end\n";
  text += "  always @* if (started) begin\n" + assertions_ + "  end\n";
  text += "`ifdef LEMMAS\n" + wires_ + "  always @* if (started) begin\n" + lemmas_ + "  end\n`endif\n";
  return {.text = text + "endmodule\n", .claims = std::move(claims_), .steps = steps};
}

}  // namespace sluice::emit
