#pragma once

#include <cstdint>
#include <string>

#include "hdl/cost.h"
#include "kernel/kernel.h"

/// Delay line: what was put in so many steps ago. The line buffers of windows and pools, the rows that an
/// upsampling repeats.
///
/// It steps in the iterations that `steps` selects, so its delay counts iterations and not cycles, and gaps
/// between iterations change nothing. Three ways to build it, all with the same answer in the same cycle:
///
///   shiftRegister  a chain of enabled registers; synthesis makes SRLs of three and more (Xilinx)
///   lutRam         a ring in distributed RAM: the write address goes round, the read address one ahead of it, and
///                  the word it finds waits in a register for the next step
///   blockRam       a ring in block RAM: read one stage earlier with the address of this step, so that the RAM's
///                  own output register is the stage; written one stage later at the same address. Read and write
///                  addresses of one cycle are those of successive steps, so they never collide
namespace sluice::kernel {

enum class BufferStyle : std::uint8_t {
  automatic,  ///< the cheapest for size and family (rule and prices in delay_line.cpp)
  shiftRegister,
  lutRam,
  blockRam,
};

/// Never automatic. `words` >= 1.
BufferStyle chooseBuffer(std::uint64_t words, std::uint64_t width, hdl::Family family);

/// The style asked for, or the chosen one; what cannot be a RAM (fewer than three words) is a chain of registers.
BufferStyle settleBuffer(BufferStyle asked, std::uint64_t words, std::uint64_t width, hdl::Family family);

class DelayLine {
 public:
  /// `words` steps deep, words of `width` bits, at pipeline stage `stage` >= 1. `steps`: 1 in the iterations that
  /// step, stage 0. `style` is settled.
  DelayLine(Pipeline& pipeline, std::uint32_t words, std::uint32_t width, BufferStyle style,
            std::uint32_t stage, Pipeline::Value steps, const std::string& name);

  /// What went in `words` steps ago, bits, at `stage`: meaningful in iterations that step, and in others what the
  /// next step will see.
  [[nodiscard]] hdl::Signal out() const { return out_; }
  /// What goes in, at `stage`; once. It may depend on out().
  void in(hdl::Signal bits);

 private:
  Pipeline& pipeline_;
  std::uint32_t words_, width_;
  BufferStyle style_;
  hdl::Signal enable_, out_, writeAddress_;
  std::vector<hdl::Signal> chain_;
  hdl::MemoryId memory_;
};

}  // namespace sluice::kernel
