#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "experiment/stage.h"
#include "jobs/process.h"

/// A Python function as a stage, in a worker process of its own.
///
///   train: {python: "train.py:train", inputs: {data: {file: x.npy}, width: $width},
///           outputs: {accuracy: number, model: file}}
///
///   def train(data, width):          # a file comes as a pathlib.Path, the rest as int, float, bool, str
///       ...
///       return {"accuracy": 0.75, "model": "model.onnx"}
///
/// The function is called with its inputs by name in a fresh folder, and returns a dictionary of its outputs (or the
/// only one). A file is the path of one it wrote there, bytes, or an array, which becomes .npy. What goes in and
/// comes out is JSON and files, never a pickle. What it prints is the stage's log; what it raises fails the trial, with
/// the end of the traceback. Raising a class that is called Infeasible says "there is no answer for these inputs",
/// which is kept.
///
/// The key of a run holds the digests of its source, the version of Python, and of every package that the source
/// imports. It sees the files it names and no others beside the definition, so none can change unnoticed.
namespace sluice::experiment {

struct PythonStage {
  std::string name;
  std::string file, function;  ///< "train.py", "train"; the file lies beside the definition
  std::vector<std::string>
      files;  ///< more of them, which it imports; modules are looked for in the folder of `file`
  std::vector<Port> inputs, outputs;
  std::map<std::string, std::string> fileNames;  ///< of file inputs: name in the work folder; else in/NAME
  std::filesystem::path folder;                  ///< of the definition
  jobs::Limits limits;
};

/// The stage's inputs are those of the function, and one per source file, named sourcePort(file).
/// Errors  badInput: a name that leaves the folder or is no Python identifier.
/// Its tools() finds out what can be known before anything runs: whether the function is there and takes these inputs,
/// and whether its packages are installed. The stage itself: usage if the function raises; infeasible as above;
/// badInput for an output that is missing or of another type; io if a signal, time or memory ended it.
Result<StageType> makeStage(PythonStage python);
std::string sourcePort(const std::string& file);

/// $SLUICE_PYTHON, else python3.
std::string pythonProgram();

/// What runs in the worker: finds out about a function ("describe") or calls it ("call").
extern const char* const pythonCaller;

}  // namespace sluice::experiment
