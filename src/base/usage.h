#pragma once

/// What this process has used so far. On a busy machine the clock on the wall says little of a program's speed.
namespace sluice {

/// Processor seconds of all its threads.
double processorSeconds();
/// Of the thread that asks.
double threadProcessorSeconds();
/// Of the processes that it started and waited for, and of theirs.
double childProcessorSeconds();
/// The most memory that this program has held at once, MiB; what the process was before it became this program does not
/// count. 0 where there is no /proc.
double peakMebibytes();

}  // namespace sluice
