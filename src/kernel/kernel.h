#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dataflow/network.h"
#include "dataflow/schedule.h"
#include "hdl/builder.h"
#include "hdl/module.h"

/// A kernel: one loop nest with stream accesses, and one datapath. Everything else is a function of it:
///
///   timing    the schedule, run by dataflow::simulate
///   hardware  elaborate(): a controller made from the schedule around the datapath
///   meaning   the elaborated tree, stepped by hdl::Evaluator
///   cost      the same tree, counted by hdl::cost
///
/// so a kernel family writes two things: a function from parameters to a schedule, and a function that builds
/// the datapath on a Pipeline.
namespace sluice::kernel {

/// Elements of one beat. Element e of a beat is bits [e*bits, (e+1)*bits).
struct Beat {
  std::uint32_t elements = 1;
  fixed::IntegerFormat format;
  bool operator==(const Beat&) const = default;
  [[nodiscard]] std::uint32_t width() const { return elements * format.bits; }
};

/// A stream port of a kernel. Its index is the `port` of the schedule's accesses.
struct StreamPort {
  std::string name;  ///< "x", "y": prefix of the module's ports
  dataflow::Direction direction = dataflow::Direction::read;
  Beat beat;
  fixed::Interval range;  ///< proven interval of every element
};

class Pipeline;

struct Kernel {
  std::string family;  ///< "dense", "threshold": for people and reports
  std::string name;    ///< of the module; a legal Verilog identifier
  std::vector<StreamPort> ports;
  dataflow::Schedule schedule;
  std::function<void(Pipeline&)> datapath;  ///< must call write() once for every write port
};

/// What a datapath is built on. Stage 0 is the cycle of issue; nothing stalls after it, so a value of stage s
/// is the one that belongs to the iteration issued s cycles ago.
class Pipeline {
 public:
  /// A signal and the stage at which it is that iteration's.
  struct Value {
    hdl::Signal signal;
    std::uint32_t stage = 0;
  };

  Pipeline(hdl::Builder& builder, const Kernel& kernel, hdl::Signal issue, std::vector<hdl::Signal> counters,
           std::vector<hdl::Signal> beats);

  hdl::Builder& builder() { return builder_; }
  /// The popped beat of a read port, stage 0, as bits; meaningful in iterations that read it.
  [[nodiscard]] Value beat(std::uint32_t port) const;
  /// Its elements as numbers.
  [[nodiscard]] std::vector<Value> elements(std::uint32_t port) const;
  /// Counter of a loop, stage 0.
  [[nodiscard]] Value counter(std::uint32_t loop) const;
  /// Whether the test holds in the iteration, stage 0; all tests of `when` for the list form.
  Value holds(const dataflow::When& when);
  Value holds(const std::vector<dataflow::When>& when);
  /// 1 in the cycle in which a really issued iteration is at `stage`: the enable of all state.
  hdl::Signal valid(std::uint32_t stage);
  /// The value, later: registers until `stage`.
  Value at(Value value, std::uint32_t stage);
  /// The beat of a write port: at its access stage, delayed until there if it is early. Bits or one number.
  void write(std::uint32_t port, Value value);
  /// The same from the elements, each a number inside the port's range.
  void writeElements(std::uint32_t port, const std::vector<Value>& elements);

 private:
  friend hdl::Module elaborate(const Kernel&);
  hdl::Builder& builder_;
  const Kernel& kernel_;
  std::vector<hdl::Signal> counters_, beats_, valids_, written_;
};

/// The schedule and ports agree, stages are legal, the name is legal. Errors: badInput.
Status check(const Kernel& kernel);

/// The hardware of a kernel. Ports, besides clk and rst:
///   per read port p    in  p_data [width]   in  p_valid     out p_pop       pops in the cycle of issue
///   per write port p   in  p_credit         out p_reserve (in the cycle of issue)   out p_push   out p_data
/// p_credit is 1 while the FIFO behind p has a place neither filled nor promised. All registers of the
/// controller reset; registers of the datapath need not.
hdl::Module elaborate(const Kernel& kernel);

/// The same, simplified: what is printed, and counted.
hdl::Module hardware(const Kernel& kernel);

/// The kernel as an actor; its channels are for the caller to join.
dataflow::Actor actor(const Kernel& kernel, std::vector<dataflow::ChannelId> channels);

}  // namespace sluice::kernel
