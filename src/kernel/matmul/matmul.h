#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "kernel/delay_line.h"
#include "kernel/kernel.h"

/// Product of two streamed matrices, both computed: attention's scores and mixtures. Implements ir::CodeMatMul.
///
///   y[b][r][j] = sum_k (x[b][r][k] - zero0) * (w[b][k][j] - zero1)      x [batch][rows][n], w [batch][n][m]
///
///   loops   [batch][row r][k < n][j < m/pe]
///   read  x, one element, when j == 0;  read w, `pe` elements, when r == 0;  write y, `pe` elements, when k == n - 1
///
/// Sums run down the columns: with k outside j, w comes in the order in which it is needed first, so the first row is worked
/// on while w comes in, and no loading phase stands before it. w goes round in a delay line of one matrix for the other rows;
/// the m sums of a row are a delay line of m/pe words; x is held for its row of products. II 1, pe multipliers.
/// (With j outside k there would be one sum, and w would have to come column by column.)
namespace sluice::kernel {

struct MatmulParams {
  std::uint32_t batch = 1, rows = 1, n = 1, m = 1;
  std::uint32_t pe = 1;  ///< outputs worked on at once; divides m
  std::array<fixed::Interval, 2> inputs;
  std::array<std::int64_t, 2> zeroPoints{0, 0};
  BufferStyle matrix = BufferStyle::automatic;  ///< the memory of w
  hdl::Family family = hdl::Family::xc7;
};

/// Exact for independent inputs. Errors: those of matmul.
Result<fixed::Interval> matmulOutputRange(const MatmulParams& params);

/// DSP blocks, exactly. Errors: those of matmul.
Result<std::uint32_t> matmulDsps(const MatmulParams& params);

/// Ports x0 (x), x1 (w), y.
/// Errors  badInput: an empty matrix or range, pe does not divide m; unsupported: sums beyond 62 bits, a w of more than
///         2^22 elements
Result<Kernel> matmul(const MatmulParams& params);

}  // namespace sluice::kernel
