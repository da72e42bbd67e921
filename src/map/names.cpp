#include "map/names.h"

#include <algorithm>
#include <array>

namespace sluice::map {
namespace {

// The reserved words of IEEE 1364-2005, annex B.
constexpr std::array kKeywords = std::to_array<std::string_view>(
    {"always", "and", "assign", "automatic", "begin", "buf", "bufif0", "bufif1", "case", "casex", "casez",
     "cell", "cmos", "config", "deassign", "default", "defparam", "design", "disable", "edge", "else", "end",
     "endcase", "endconfig", "endfunction", "endgenerate", "endmodule", "endprimitive", "endspecify",
     "endtable", "endtask", "event", "for", "force", "forever", "fork", "function", "generate", "genvar",
     "highz0", "highz1", "if", "ifnone", "incdir", "include", "initial", "inout", "input", "instance",
     "integer", "join", "large", "liblist", "library", "localparam", "macromodule", "medium", "module",
     "nand", "negedge", "nmos", "nor", "noshowcancelled", "not", "notif0", "notif1", "or", "output",
     "parameter", "pmos", "posedge", "primitive", "pull0", "pull1", "pulldown", "pullup",
     "pulsestyle_ondetect", "pulsestyle_onevent", "rcmos", "real", "realtime", "reg", "release", "repeat",
     "rnmos", "rpmos", "rtran", "rtranif0", "rtranif1", "scalared", "showcancelled", "signed", "small",
     "specify", "specparam", "strong0", "strong1", "supply0", "supply1", "table", "task", "time", "tran",
     "tranif0", "tranif1", "tri", "tri0", "tri1", "triand", "trior", "trireg", "unsigned", "use", "uwire",
     "vectored", "wait", "wand", "weak0", "weak1", "while", "wire", "wor", "xnor", "xor",
     // Names the emitted modules use themselves.
     "clk", "rst", "top"});

}  // namespace

std::string identifier(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    result += legal ? c : '_';
  }
  if (result.empty() || (result[0] >= '0' && result[0] <= '9')) result = "t" + result;
  if (std::find(kKeywords.begin(), kKeywords.end(), result) != kKeywords.end()) result += '_';
  return result;
}

std::string NamePool::take(std::string_view name) {
  const std::string wanted = identifier(name);
  std::string result = wanted;
  for (int serial = 2; !taken_.insert(result).second; ++serial)
    result = wanted + "_" + std::to_string(serial);
  return result;
}

}  // namespace sluice::map
