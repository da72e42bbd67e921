#pragma once

#include <optional>
#include <string>

#include "experiment/command_stage.h"
#include "experiment/definition.h"
#include "experiment/yaml.h"

/// The parts of a definition, one function each; complaints go to the reader. For definition*.cpp alone.
namespace sluice::experiment {

search::Space readSpace(YamlReader& reader, const YAML::Node& root);
search::SamplerOptions readSampler(YamlReader& reader, const YAML::Node& root);
/// Nothing if trials have one fidelity only.
std::optional<Fidelity> readFidelity(YamlReader& reader, const YAML::Node& root, const search::Space& space);
search::Objectives readObjectives(YamlReader& reader, const YAML::Node& root,
                                  const std::vector<Metric>& metrics);
/// `definition`: space, fidelity and folder are known.
std::vector<StageUse> readStages(YamlReader& reader, const YAML::Node& root, const Definition& definition,
                                 const Registry& registry);

/// What a scalar of YAML is: true, false, a whole number, a number, else a text; a quoted one is a text.
Value scalarValue(const YAML::Node& node);
/// "$stage.output" as an output of one of `stages`; complains and gives nothing if there is none.
std::optional<WireSource> readWire(YamlReader& reader, const YAML::Node& node,
                                   const std::vector<StageUse>& stages);
/// All scalars in one line with sorted keys, so that two files which mean the same are the same.
std::string canonicalText(const YAML::Node& node, const std::set<std::string>& leaveOut);

}  // namespace sluice::experiment
