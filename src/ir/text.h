#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"

/// The text form of a graph (files *.slir): what `sluice dump` prints and tests are written in.
///
///   graph kws
///   x = input [3] real
///   q = quantize x, scale 0.5, range [-4, 3]             # [3] codes [-4, 3] scale 0.5
///   w = constant [3, 2] codes [-1, 1] scale 0.25 {1 0  -1 1  0 1}
///   a = dense q, w                                       # [2] codes [-8, 7] scale 0.125
///   i = topK a, k 1                                      # [1] codes [0, 1]
///   output i
///
/// Grammar. Statements end at a line's end or at ';'. A line's end within brackets is a space. '#' starts a
/// comment.
///
///   statement  graph NAME
///              NAME = input TYPE TAIL
///              NAME = constant TYPE { NUMBER ... }       row-major
///              NAME = OPERATION ARGUMENT, ARGUMENT, ... TAIL
///              inputs NAME, NAME, ...                    only where the statements have another order
///              output NAME, NAME, ...                    may stand several times
///   argument   NAME                                      a tensor, defined above
///              ATTRIBUTE VALUE                           see attributes.h; defaults may be missing
///   tail       as NAME                                   the node's name, where it is not its tensor's
///              from NAME, NAME, ...                      its origins
///   value      NUMBER | [NUMBER, NUMBER, ...] | WORD     a list of one may be written as a number
///   type       SHAPE | SHAPE real | SHAPE codes RANGE scale LIST zeroPoint NUMBER
///              Scale (1) and zeroPoint (0) may be missing; `codes s4` may be written `s4`. A SHAPE alone is
///              real in an input, codes in a constant. A constant's RANGE may be missing: then it is that of
///              its elements.
///   range      [LOW, HIGH] | s8 | u8                     s8 is [-128, 127]
///   NAME       letters, digits and _ . / : $ -, with no digit, '-' or '.' first. Anything else, and the
///              words with a meaning here (input, constant, graph, inputs, output, as, from), stands in
///              "quotes", with the escapes \" \\ \n \t \xHH.
///
/// Doubles are printed with the fewest digits that read back as the same double. Printed types of results are
/// comments: they are inferred, never stated. Rejected: JSON (unreadable for weights), ONNX text (no integer
/// types).
namespace sluice::ir {

/// The graph as text. parse(print(graph)) equals graph, ids included, for every graph made with the functions
/// of Graph; else ids may be renumbered. Time and size are linear.
std::string print(const Graph& graph);

/// One line: "y = dense q, w, b", without types or names of nodes.
std::string printNode(const Graph& graph, NodeId id);

/// Errors  badInput, where = "<file>:line:column"; also what addNode says of a node that does not fit.
Result<Graph> parse(std::string_view text, std::string_view file = {});

}  // namespace sluice::ir
