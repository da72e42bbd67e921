#include <algorithm>
#include <string_view>

#include "hdl/module.h"

namespace sluice::hdl {
namespace {

// IEEE 1364-2001 and 1800-2012 keywords, and words that Verilator refuses because they mean something in C++.
// clang-format off
constexpr std::string_view reservedWords[] = {
    "accept_on", "alias", "always", "always_comb", "always_ff", "always_latch", "and", "and_eq", "asm",
    "assert", "assign", "assume", "auto", "automatic", "before", "begin", "bind", "bins", "binsof", "bit",
    "bitand", "bitor", "bool", "break", "buf", "bufif0", "bufif1", "byte", "case", "casex", "casez",
    "catch", "cell", "chandle", "char", "checker", "class", "clk", "clocking", "cmos", "compl", "config",
    "const", "const_cast", "constexpr", "constraint", "context", "continue", "cover", "covergroup",
    "coverpoint", "cross", "deassign", "decltype", "default", "defparam", "delete", "design", "disable",
    "dist", "do", "double", "dynamic_cast", "edge", "else", "end", "endcase", "endchecker", "endclass",
    "endclocking", "endconfig", "endfunction", "endgenerate", "endgroup", "endinterface", "endmodule",
    "endpackage", "endprimitive", "endprogram", "endproperty", "endsequence", "endspecify", "endtable",
    "endtask", "enum", "event", "eventually", "expect", "explicit", "export", "extends", "extern", "false",
    "final", "first_match", "float", "for", "force", "foreach", "forever", "fork", "forkjoin", "friend",
    "function", "generate", "genvar", "global", "goto", "highz0", "highz1", "if", "iff", "ifnone",
    "ignore_bins", "illegal_bins", "implements", "implies", "import", "incdir", "include", "initial",
    "inline", "inout", "input", "inside", "instance", "int", "integer", "interconnect", "interface",
    "intersect", "join", "join_any", "join_none", "large", "let", "liblist", "library", "local",
    "localparam", "logic", "long", "longint", "macromodule", "main", "matches", "medium", "modport",
    "module", "mutable", "namespace", "nand", "negedge", "nettype", "new", "nexttime", "nmos", "noexcept",
    "nor", "noshowcancelled", "not", "not_eq", "notif0", "notif1", "null", "nullptr", "operator", "or",
    "or_eq", "output", "package", "packed", "parameter", "pmos", "posedge", "primitive", "priority",
    "private", "program", "property", "protected", "public", "pull0", "pull1", "pulldown", "pullup",
    "pulsestyle_ondetect", "pulsestyle_onevent", "pure", "rand", "randc", "randcase", "randsequence",
    "rcmos", "real", "realtime", "ref", "reg", "register", "reinterpret_cast", "reject_on", "release",
    "repeat", "restrict", "return", "rnmos", "rpmos", "rst", "rtran", "rtranif0", "rtranif1", "s_always",
    "s_eventually", "s_nexttime", "s_until", "s_until_with", "scalared", "sequence", "short", "shortint",
    "shortreal", "showcancelled", "signed", "sizeof", "small", "soft", "solve", "specify", "specparam",
    "static", "static_assert", "static_cast", "std", "string", "strong", "strong0", "strong1", "struct",
    "super", "supply0", "supply1", "switch", "sync_accept_on", "sync_reject_on", "table", "tagged", "task",
    "template", "this", "thread_local", "throughout", "throw", "time", "timeprecision", "timeunit", "tran",
    "tranif0", "tranif1", "tri", "tri0", "tri1", "triand", "trior", "trireg", "true", "try", "type",
    "type_option", "typedef", "typeid", "typename", "union", "unique", "unique0", "unsigned", "until",
    "until_with", "untyped", "use", "uwire", "var", "vectored", "virtual", "void", "volatile", "wait",
    "wait_order", "wand", "wchar_t", "weak", "weak0", "weak1", "while", "wildcard", "wire", "with",
    "within", "wor", "xnor", "xor", "xor_eq"};
// clang-format on

}  // namespace

bool legalName(std::string_view name) {
  if (name.empty() || name.size() > 200) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!letter(name.front())) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!letter(name[i]) && !digit(name[i]) && name[i] != '_') return false;
    if (i > 0 && name[i] == '_' && name[i - 1] == '_')
      return false;  // Verilator mangles with double underscores
  }
  return !std::binary_search(std::begin(reservedWords), std::end(reservedWords), name);
}

}  // namespace sluice::hdl
