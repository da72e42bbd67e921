#include "emit/serial_shell.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

namespace sluice::emit {
namespace {

/// Bits that count from 0 to `most`.
std::uint32_t counterBits(std::uint64_t most) { return std::max(1, static_cast<int>(std::bit_width(most))); }

std::string shellText(const HarnessPort& in, const HarnessPort& out, std::uint32_t divider,
                      std::uint32_t bytesIn, std::uint32_t bytesOut) {
  return fmt::format(
      R"(// A serial port around the design: {in} takes {bytesIn} bytes a beat, {out} gives {bytesOut}, lowest byte first.
// 8 data bits, no parity, one stop bit of {divider} cycles each.
module shell (
  input wire clk,
  input wire rxd,
  output wire txd,
  output reg led
);
  // Reset for the first cycles after configuration, which leaves registers at their initial values.
  reg [3:0] age = 4'd0;
  wire rst = !age[3];
  always @(posedge clk) if (rst) age <= age + 4'd1;

  // Receiver: the middle of the start bit is half a bit after its edge; every bit after it is one bit later.
  reg [1:0] line = 2'b11;
  always @(posedge clk) line <= {{line[0], rxd}};
  reg [3:0] in_bit;  // 0: idle; 1: start bit; 2 to 9: data; 10: stop bit
  reg [{dividerTop}:0] in_wait;
  reg [7:0] in_byte;
  reg in_done;
  always @(posedge clk) begin
    in_done <= 1'b0;
    if (rst) in_bit <= 4'd0;
    else if (in_bit == 4'd0) begin
      in_wait <= {dividerBits}'d{half};
      if (!line[1]) in_bit <= 4'd1;
    end else if (in_wait != {dividerBits}'d0) in_wait <= in_wait - {dividerBits}'d1;
    else begin
      in_wait <= {dividerBits}'d{last};
      in_bit <= in_bit + 4'd1;
      if (in_bit == 4'd1 && line[1]) in_bit <= 4'd0;  // no start bit, only noise
      if (in_bit >= 4'd2 && in_bit <= 4'd9) in_byte <= {{line[1], in_byte[7:1]}};
      if (in_bit == 4'd10) begin
        in_bit <= 4'd0;
        in_done <= line[1];
      end
    end
  end

  // Bytes to a beat.
  reg [{inTop}:0] in_word;
  reg [{inCountTop}:0] in_count;
  reg in_valid;
  wire in_ready;
  always @(posedge clk) begin
    if (rst) begin
      in_count <= {inCountBits}'d0;
      in_valid <= 1'b0;
      led <= 1'b0;
    end else begin
      if (in_valid && in_ready) in_valid <= 1'b0;
      if (in_done) begin
        if (in_valid && !in_ready) led <= 1'b1;
        in_word <= {shiftIn};
        in_count <= in_count + {inCountBits}'d1;
        if (in_count == {inCountBits}'d{inLast}) begin
          in_count <= {inCountBits}'d0;
          in_valid <= 1'b1;
        end
      end
    end
  end

  wire [{outWidthTop}:0] out_data;
  wire out_valid;
  wire out_ready;
  top network (
    .clk(clk), .rst(rst),
    .{in}_data(in_word[{inWidthTop}:0]), .{in}_valid(in_valid), .{in}_ready(in_ready),
    .{out}_data(out_data), .{out}_valid(out_valid), .{out}_ready(out_ready)
  );

  // A beat to bytes, a byte to bits: `out_bits` holds what is still to be sent of the byte, stop bit first in line.
  reg [{outTop}:0] out_word;
  reg [{outCountTop}:0] out_count;  // bytes still in out_word
  reg [9:0] out_bits;
  reg [3:0] out_left;  // bits still in out_bits
  reg [{dividerTop}:0] out_wait;
  assign txd = out_left == 4'd0 || out_bits[0];
  assign out_ready = out_count == {outCountBits}'d0;
  always @(posedge clk) begin
    if (rst) begin
      out_count <= {outCountBits}'d0;
      out_left <= 4'd0;
    end else begin
      if (out_ready && out_valid) begin
        out_word <= {outLoad};
        out_count <= {outCountBits}'d{bytesOut};
      end
      if (out_left != 4'd0) begin
        if (out_wait != {dividerBits}'d0) out_wait <= out_wait - {dividerBits}'d1;
        else begin
          out_wait <= {dividerBits}'d{last};
          out_bits <= {{1'b1, out_bits[9:1]}};
          out_left <= out_left - 4'd1;
        end
      end else if (out_count != {outCountBits}'d0) begin
        out_bits <= {{1'b1, out_word[7:0], 1'b0}};
        out_left <= 4'd10;
        out_wait <= {dividerBits}'d{last};
        out_word <= {shiftOut};
        out_count <= out_count - {outCountBits}'d1;
      end
    end
  end
endmodule
)",
      fmt::arg("in", in.name), fmt::arg("out", out.name), fmt::arg("bytesIn", bytesIn),
      fmt::arg("bytesOut", bytesOut), fmt::arg("divider", divider),
      fmt::arg("dividerBits", counterBits(divider - 1)), fmt::arg("dividerTop", counterBits(divider - 1) - 1),
      fmt::arg("half", divider / 2 - 1), fmt::arg("last", divider - 1), fmt::arg("inTop", 8 * bytesIn - 1),
      fmt::arg("inCountBits", counterBits(bytesIn - 1)), fmt::arg("inCountTop", counterBits(bytesIn - 1) - 1),
      fmt::arg("inLast", bytesIn - 1),
      fmt::arg("shiftIn", bytesIn == 1 ? std::string("in_byte")
                                       : fmt::format("{{in_byte, in_word[{}:8]}}", 8 * bytesIn - 1)),
      fmt::arg("inWidthTop", in.width - 1), fmt::arg("outWidthTop", out.width - 1),
      fmt::arg("outTop", 8 * bytesOut - 1), fmt::arg("outCountBits", counterBits(bytesOut)),
      fmt::arg("outCountTop", counterBits(bytesOut) - 1),
      fmt::arg("outLoad", 8 * bytesOut == out.width
                              ? std::string("out_data")
                              : fmt::format("{{{}'d0, out_data}}", 8 * bytesOut - out.width)),
      fmt::arg("shiftOut", bytesOut == 1 ? std::string("8'd0")
                                         : fmt::format("{{8'd0, out_word[{}:8]}}", 8 * bytesOut - 1)));
}

std::string pinsText(const SerialPins& pins) {
  std::string text;  // no clock constraint: the router aims as high as it is told on its command line
  for (const auto& [port, site] : {std::pair{"clk", &pins.clock}, std::pair{"rxd", &pins.receive},
                                   std::pair{"txd", &pins.transmit}, std::pair{"led", &pins.led}})
    text +=
        fmt::format("LOCATE COMP \"{0}\" SITE \"{1}\";\nIOBUF PORT \"{0}\" IO_TYPE=LVCMOS33;\n", port, *site);
  return text;
}

}  // namespace

Result<SerialShell> serialShell(const std::vector<HarnessPort>& ports, const SerialPins& pins,
                                std::uint32_t baud) {
  if (ports.size() != 2 || ports[0].isInput == ports[1].isInput)
    return unsupported("a serial port carries one input stream and one output stream; this design has " +
                       std::to_string(ports.size()) + " streams");
  const HarnessPort& in = ports[0].isInput ? ports[0] : ports[1];
  const HarnessPort& out = ports[0].isInput ? ports[1] : ports[0];
  const double cycles = pins.clockMhz * 1e6 / baud;
  if (!(cycles >= 4) || cycles > 1e6)
    return badInput(
        fmt::format("{} baud at {} MHz: a bit must take 4 to 1,000,000 cycles", baud, pins.clockMhz));
  SerialShell shell{.divider = static_cast<std::uint32_t>(std::lround(cycles)),
                    .bytesIn = (in.width + 7) / 8,
                    .bytesOut = (out.width + 7) / 8};
  shell.files = {{"board/shell.v", shellText(in, out, shell.divider, shell.bytesIn, shell.bytesOut)},
                 {"board/shell.lpf", pinsText(pins)}};
  return shell;
}

}  // namespace sluice::emit
