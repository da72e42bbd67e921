#pragma once

#include "ir/testing.h"

/// For tests only: a network small enough to plan by brute force.
namespace sluice::splits {

/// Two products of different sizes behind each other.
inline ir::Graph twoProducts() {
  return ir::graphOf(R"(
graph two
x = input [4] real
q = quantize x, scale 1, range [-4, 3]
w = constant [4, 8] s3 {1 2 3 -1 1 0 1 2  -1 2 3 1 1 0 1 -2  1 -2 3 -1 1 0 1 2  1 2 -3 -1 1 0 1 2}
a = dense q, w
t = constant [1, 3] s8 {-3 0 3}
b = threshold a, t
v = constant [8, 8] s3 {1 2 3 -1 1 0 1 2  -1 2 3 1 1 0 1 -2  1 -2 3 -1 1 0 1 2  1 2 -3 -1 1 0 1 2
                        1 0 3 -1 1 0 1 2  -1 2 0 1 1 0 1 -2  1 -2 3 -1 1 0 0 2  1 2 -3 -1 1 0 1 0}
c = dense b, v
r = constant [1, 3] s8 {-9 0 9}
d = threshold c, r
e = merge b, d, shift [0, 0]
output e
)");
}

}  // namespace sluice::splits
