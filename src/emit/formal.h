#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "emit/stitch.h"
#include "kernel/fifo/fifo.h"
#include "kernel/kernel.h"
#include "kernel/width/width.h"
#include "map/design.h"

/// What modules promise, as Verilog that a model checker can prove (flow/formal.h) from the printed text.
///
/// A harness is a module `proof` around the module in question. It holds ghost counters that see ports alone, the
/// contract of the other side as assumptions, the claims, and lemmas. Claims say something about the ports and are what
/// is wanted. Lemmas say what the registers inside mean ("filled + 1 is the number of beats inside"); they are only
/// there to make the claims inductive, are proven in the same run, and reach into the module by wires marked `hierconn`,
/// which Yosys joins with the module's own when it flattens.
///
/// Each claim stands under a macro of its own, all lemmas under LEMMAS, so that a broken module can be held against one
/// claim at a time, and so that a module without those registers can be held against the claims.
///
/// Together: a kernel's controller reserves only with credit and pushes exactly what it reserved; given that, a FIFO
/// gives credit only for free places, and gives back every beat, unchanged and in order. So nothing overflows, is lost or
/// overtakes in any design made of them, and what is left to be shown of a design is that it never comes to rest.
namespace sluice::emit {

struct Claim {
  std::string name;  ///< also of the macro: CLAIM_<name>
  std::string says;  ///< a sentence
};

struct FormalModule {
  std::string text;  ///< Verilog of module `proof`; the modules it instantiates stand elsewhere
  std::vector<Claim> claims;
  std::uint32_t steps = 0;  ///< induction needs at most about so many
};

/// The macro of a claim.
std::string claimMacro(const Claim& claim);

/// A FIFO, any kind: credit is exactly "a place is neither filled nor promised", valid is exactly "a beat was pushed in an
/// earlier cycle", and an arbitrary beat comes out unchanged after exactly those before it. `printed`: the module's text,
/// where the names of storage registers are found.
FormalModule fifoProof(const kernel::FifoParams& params, const std::string& printed);

/// A controller: iteration by iteration as dataflow/schedule.h says, in the first cycle that the rule allows; pops and
/// credits only of what is there; pushes exactly so many cycles after their credit as the schedule says.
FormalModule controllerProof(const kernel::Kernel& kernel, const std::string& printed);

/// A width converter: an arbitrary element comes out unchanged, after exactly those before it.
/// Errors  badInput: the parameters are no width converter
Result<FormalModule> widthProof(const kernel::WidthParams& params, const std::string& printed);

/// A subgraph with all its kernels and FIFOs: whenever sources offer and sinks accept, something moves or is on its way.
/// Under the macro ONE_RUN the sources always offer beats of zeros and the sinks always accept: where FIFOs are too shallow,
/// a search from power-up then follows one run until it stops, instead of all that there are.
/// Errors  unsupported: more than some thousand iterations a frame; a cut
Result<FormalModule> progressProof(const map::Design& design, const Rtl& rtl);

}  // namespace sluice::emit
