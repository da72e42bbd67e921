#pragma once

/// For tests only: the small network that tests of hardware around a design are shown with.
namespace sluice::map {

/// Two products of 4 x 4 weights behind one another, codes of three bits in.
inline constexpr const char* kTwoProducts = R"(
x = input [4] s3
w = constant [4, 4] s3 {1 2 3 -1   -2 1 0 1   1 1 -1 -1   3 0 0 1}
a = dense x, w
b = dense a, w
output b
)";

}  // namespace sluice::map
