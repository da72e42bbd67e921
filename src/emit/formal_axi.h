#pragma once

#include "emit/axi_shell.h"
#include "emit/formal.h"

/// What the modules of the AXI skin promise (axi_shell.h), as harnesses for a model checker, as in formal.h.
///
/// The bus and the DMA engines are free: a claim holds whatever they do, also where they break AXI's rules. Of the design
/// the skin needs what its FIFOs promise, proven of each of them (`fifoProof`): a beat that is shown stays until it is
/// taken. Soft resets end everything at once and are not part of a run here: `open` is high.
namespace sluice::emit {

/// Beats enter the design exactly when they move and have bytes, unchanged; frames and wrong TLASTs are counted right.
FormalModule axiInProof(const AxiStream& stream);

/// TVALID stays until TREADY, and all that belongs to it; TLAST is where packets end; elements are extended by their sign.
FormalModule axiOutProof(const AxiStream& stream);

/// One answer for each request and none without; answers stay until they are taken; registers read and keep what the
/// table says; sticky bits are cleared by writing 1 alone; a soft reset comes of a write alone and lasts a cycle.
FormalModule axiControlProof(const AxiSkin& skin);

/// Cycles, latency and interval by counters that run beside; idle exactly when all streams moved the same whole frames.
FormalModule axiMeterProof(const AxiSkin& skin);

}  // namespace sluice::emit
