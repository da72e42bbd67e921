#include "hdl/verilog.h"

#include <gtest/gtest.h>

#include "hdl/builder.h"

namespace sluice::hdl {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Verilog, IsReadable) {
  Builder b("scale");
  const Signal x = b.input("x", fixed::Interval{-8, 7});
  const Signal sum = b.add(x, b.constant(3));
  b.nameHint(sum, "sum");
  b.output("y", b.regReset(sum, 0, "held"));
  EXPECT_EQ(verilog(std::move(b).build(), Family::xc7),
            "module scale (\n"
            "  input  wire clk,\n"
            "  input  wire rst,\n"
            "  input  wire [3:0] x,\n"
            "  output wire [4:0] y\n"
            ");\n"
            "  reg [4:0] held;\n"
            "  wire [4:0] sum = {x[3], x} + 5'd3;\n"
            "  always @(posedge clk) begin\n"
            "    if (rst) begin\n"
            "      held <= 5'd0;\n"
            "    end else begin\n"
            "      held <= sum;\n"
            "    end\n"
            "  end\n"
            "  assign y = held;\n"
            "endmodule\n");
}

TEST(Verilog, KeepsSumsThatFeedSums) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7}), y = b.input("y", fixed::Interval{0, 7});
  b.output("z", b.add(b.shiftLeft(b.add(x, y), 1), x));
  const std::string text = verilog(std::move(b).build(), Family::xc7);
  EXPECT_TRUE(contains(text, "(* keep *) wire [3:0] n")) << text;
  EXPECT_EQ(text.find("(* keep *)"), text.rfind("(* keep *)"));
}

TEST(Verilog, MakesNamesLegalAndUnique) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 7});
  const Signal a = b.reg(x, "begin"), c = b.reg(a, "begin"), d = b.reg(c, "w[3]");
  b.output("y", d);
  const std::string text = verilog(std::move(b).build(), Family::xc7);
  EXPECT_TRUE(contains(text, "reg [2:0] begin_s;")) << text;
  EXPECT_TRUE(contains(text, "reg [2:0] begin_s_2;")) << text;
  EXPECT_TRUE(contains(text, "reg [2:0] w_3;")) << text;
}

TEST(Verilog, ReadsUnusedBitsUnderANameThatSaysSo) {
  Builder b("m");
  b.output("y", b.slice(b.inputBits("x", 8), 2, 3));
  EXPECT_TRUE(
      contains(verilog(std::move(b).build(), Family::xc7), "wire unused_bits = &{1'b0, clk, rst, x[1:0], x[7:5]};"));
}

TEST(Verilog, SaysHowMemoriesAreBuilt) {
  Builder b("m");
  const Signal a = b.input("a", fixed::Interval{0, 15});
  const Signal en = b.inputBits("en", 1), d = b.inputBits("d", 4);
  const MemoryId block = b.ram("block", 4, 16, Style::blockRam, true);
  const MemoryId small = b.ram("small", 4, 16, Style::lutRam, false);
  const MemoryId shift = b.ram("shift", 4, 16, Style::shiftRegister, false);
  b.neverCollides(block);
  b.write(block, en, a, d), b.write(small, en, a, d), b.write(shift, en, {}, d);
  b.output("x", b.read(block, a));
  b.output("y", b.read(small, a));
  b.output("z", b.read(shift, a));
  const std::string text = verilog(std::move(b).build(), Family::xc7);
  EXPECT_TRUE(contains(text, "(* ram_style = \"block\", no_rw_check *) reg [3:0] block [0:15];")) << text;
  EXPECT_TRUE(contains(text, "(* ram_style = \"distributed\" *) reg [3:0] small_s [0:15];")) << text;
  EXPECT_TRUE(contains(text, "reg [15:0] bits;")) << text;
}

}  // namespace
}  // namespace sluice::hdl
