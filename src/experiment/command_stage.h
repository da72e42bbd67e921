#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiment/stage.h"
#include "jobs/process.h"

/// Any program as a stage: it runs in a fresh folder with its input files in it, and says what it found by
/// writing files or printing.
namespace sluice::experiment {

/// Where an output of a command comes from.
struct CommandOutput {
  std::string name;
  Type type = Type::real;
  std::string file;     ///< path in the work folder; "": what it printed
  std::string pointer;  ///< a place in a JSON file, as "/resources/lut"; "": the file itself
  std::string pattern;  ///< of a number or text in a text file: its first group in the first match
};

struct CommandStage {
  std::string name;
  std::vector<std::string>
      argv;  ///< "{x}" stands for input x: a number or text as printed, a file as its name
  std::vector<Port> inputs;
  std::map<std::string, std::string>
      fileNames;  ///< of file inputs: name in the work folder; else the input's name
  std::vector<CommandOutput> outputs;
  std::vector<std::string>
      version;  ///< asks the program its version, as {"yosys", "-V"}; its first line is kept
  jobs::Limits limits;
};

/// Errors  badInput: "{x}" of no input, a name that leaves the folder, a pattern that is none.
/// The stage itself: usage, which fails the trial but is not kept, if the program ends with an exit code other than 0,
/// with its last lines (infeasible, which is kept, if it is this program and says so); io if a
/// signal, the time or the memory ended it; badInput if an output is not there or no number.
Result<StageType> makeStage(CommandStage command);

/// The program that "sluice" means in argv[0]: this one. Its version is the digest of its bytes.
std::filesystem::path ownProgram();

}  // namespace sluice::experiment
