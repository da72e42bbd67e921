#include "frontend/keras/model_file.h"

#include <algorithm>

#include "base/file.h"
#include "base/zip.h"

namespace sluice::frontend::keras {
namespace {

bool looksLikeZip(std::string_view bytes) { return bytes.substr(0, 4) == "PK\x03\x04"; }

/// "kernel" of "dense_1/kernel:0".
std::string_view lastName(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return path.substr(0, path.find(':'));
}

bool hasComponent(std::string_view path, std::string_view name) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == name) return true;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return false;
}

Status setWeights(ModelFile& file, std::string bytes, const std::string& where) {
  if (!looksLikeHdf5(bytes)) return badInput("is no HDF5 file, which weights must be", where);
  SLUICE_TRY(Hdf5File content, Hdf5File::parse(std::move(bytes), where));
  file.weights = std::make_shared<const Hdf5File>(std::move(content));
  file.byOrder = false;
  const Hdf5Object& root = file.weights->root();
  if (const Hdf5Object* whole = root.find("model_weights"); whole != nullptr) {
    file.weightsRoot = whole;
  } else {
    file.weightsRoot = &root;
    file.byOrder = root.strings("layer_names") == nullptr && root.attribute("layer_names0") == nullptr &&
                   (root.find("layers") != nullptr || root.find("_layer_checkpoint_dependencies") != nullptr);
  }
  return {};
}

Status setConfig(ModelFile& file, std::string_view text, const std::string& where) {
  SLUICE_TRY(file.config, parseJson(text, where));
  const Json& config = file.config;
  if (!config["class_name"].isText())
    return badInput("is no Keras model: its JSON has no class_name (model.to_json() writes one)", where);
  // Keras 3 writes for every object the module it comes from; Keras 2.13 to 2.15 do too, but name their version.
  const std::string version = config["keras_version"].text();
  file.isKeras3 =
      !version.empty() ? version[0] >= '3' : config.has("module") || config.has("registered_name");
  return {};
}

Result<std::string> memberOf(std::string_view zip, const std::vector<ZipMember>& members, const char* name,
                             const std::string& where) {
  for (const ZipMember& member : members)
    if (member.name == name) return extractZipMember(zip, member, where + ": '" + name + "'");
  return badInput(std::string("holds no '") + name + "', which a Keras 3 model must", where);
}

Status openArchive(ModelFile& file, std::string_view zip, const std::string& where) {
  SLUICE_TRY(const std::vector<ZipMember> members, readZipDirectory(zip, "a .keras", where));
  SLUICE_TRY(const std::string config, memberOf(zip, members, "config.json", where));
  SLUICE_RETURN_IF_ERROR(setConfig(file, config, where + ": 'config.json'"));
  if (const auto metadata = memberOf(zip, members, "metadata.json", where); metadata.ok()) {
    SLUICE_TRY(const Json facts, parseJson(*metadata, where + ": 'metadata.json'"));
    const std::string version = facts["keras_version"].text("3");
    file.isKeras3 = version[0] >= '3';
  }
  SLUICE_TRY(std::string weights, memberOf(zip, members, "model.weights.h5", where));
  return setWeights(file, std::move(weights), where + ": 'model.weights.h5'");
}

Status openWholeFile(ModelFile& file, std::string bytes, const std::string& where) {
  SLUICE_RETURN_IF_ERROR(setWeights(file, std::move(bytes), where));
  const std::vector<std::string>* config = file.weights->root().strings("model_config");
  if (config == nullptr || config->empty())
    return badInput(
        "holds weights but no model: give the JSON file (model.to_json()) as the model and this file with "
        "--weights",
        where);
  SLUICE_RETURN_IF_ERROR(setConfig(file, (*config)[0], where + ": 'model_config'"));
  const std::vector<std::string>* version = file.weights->root().strings("keras_version");
  if (version != nullptr && !version->empty() && !(*version)[0].empty())
    file.isKeras3 = (*version)[0][0] >= '3';
  return {};
}

}  // namespace

Result<ModelFile> openModelBytes(NamedBytes model, std::optional<NamedBytes> weights) {
  ModelFile file;
  file.where = std::move(model.where);
  if (looksLikeZip(model.bytes)) {
    SLUICE_RETURN_IF_ERROR(openArchive(file, model.bytes, file.where));
  } else if (looksLikeHdf5(model.bytes)) {
    SLUICE_RETURN_IF_ERROR(openWholeFile(file, std::move(model.bytes), file.where));
  } else {
    SLUICE_RETURN_IF_ERROR(setConfig(file, model.bytes, file.where));
    if (!weights)
      return badInput("is a model without weights: there is no '" +
                          std::filesystem::path(file.where).stem().string() +
                          "_weights.h5' beside it; name the file with --weights",
                      file.where);
  }
  if (weights) SLUICE_RETURN_IF_ERROR(setWeights(file, std::move(weights->bytes), weights->where));
  return file;
}

Result<ModelFile> openModel(const std::filesystem::path& path,
                            const std::optional<std::filesystem::path>& weights) {
  SLUICE_TRY(std::string bytes, readFile(path));
  std::optional<std::filesystem::path> beside = weights;
  if (!beside && !looksLikeZip(bytes) && !looksLikeHdf5(bytes)) {
    for (const char* ending : {"_weights.h5", ".weights.h5", ".h5"}) {
      std::filesystem::path candidate = path;
      candidate.replace_filename(path.stem().string() + ending);
      std::error_code error;
      if (!std::filesystem::is_regular_file(candidate, error)) continue;
      beside = candidate;
      break;
    }
  }
  std::optional<NamedBytes> content;
  if (beside) {
    SLUICE_TRY(std::string read, readFile(*beside));
    content = NamedBytes{.bytes = std::move(read), .where = beside->string()};
  }
  return openModelBytes({.bytes = std::move(bytes), .where = path.string()}, std::move(content));
}

namespace {

/// Paths of a group's weights, relative to it: as weight_names says (in pieces where it is long), else all
/// datasets.
std::vector<std::string> weightNames(const Hdf5Object& group) {
  std::vector<std::string> names;
  if (const auto* whole = group.strings("weight_names"); whole != nullptr) return *whole;
  for (std::size_t piece = 0;; ++piece) {
    const auto* part = group.strings("weight_names" + std::to_string(piece));
    if (part == nullptr) break;
    names.insert(names.end(), part->begin(), part->end());
  }
  if (!names.empty()) return names;
  std::vector<const Hdf5Object*> open{&group};
  while (!open.empty()) {
    const Hdf5Object* object = open.back();
    open.pop_back();
    if (object->isDataset) names.push_back(object->path.substr(group.path.size() + 1));
    for (const Hdf5Link& link : object->links) open.push_back(link.object.get());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<Hdf5Data> LayerWeights::getByName(std::string_view name) const {
  const Hdf5Object* group = file_->weightsRoot->findPath(place_.outerLayer);
  if (group == nullptr || group == file_->weightsRoot)
    return badInput("the weights file has no layer '" + place_.outerLayer + "'", file_->weights->where());
  std::vector<std::string> found;
  for (const std::string& path : weightNames(*group))
    if (lastName(path) == name) found.push_back(path);
  if (found.size() > 1) {  // several layers in the group: the one whose path names ours
    std::vector<std::string> ours;
    for (const std::string& path : found)
      if (hasComponent(path, place_.layer)) ours.push_back(path);
    if (!ours.empty()) found = std::move(ours);
  }
  const Hdf5Object* dataset = found.size() == 1 ? group->findPath(found[0]) : nullptr;
  if (dataset == nullptr || !dataset->isDataset)
    return badInput("the weights file has " +
                        std::string(found.size() > 1 ? "several weights" : "no weight") + " '" +
                        std::string(name) + "' for layer '" + place_.layer + "'",
                    file_->weights->where());
  return file_->weights->read(*dataset);
}

Result<Hdf5Data> LayerWeights::get(std::string_view name) {
  if (!file_->byOrder) return getByName(name);
  const std::size_t index = next_++;
  const Hdf5Object* vars = place_.group == nullptr ? nullptr : place_.group->find("vars");
  const Hdf5Object* dataset = vars == nullptr ? nullptr : vars->find(std::to_string(index));
  if (dataset == nullptr || !dataset->isDataset)
    return badInput("the weights file has no weight number " + std::to_string(index) + " ('" +
                        std::string(name) + "') for layer '" + place_.layer + "'",
                    file_->weights->where());
  return file_->weights->read(*dataset);
}

LayerWeights LayerWeights::part(std::string_view path) const {
  WeightPlace place = place_;
  place.group = place_.group == nullptr ? nullptr : place_.group->findPath(path);
  return {*file_, std::move(place)};
}

std::size_t LayerWeights::count() const {
  const Hdf5Object* vars = place_.group == nullptr ? nullptr : place_.group->find("vars");
  return vars == nullptr ? 0 : vars->links.size();
}

}  // namespace sluice::frontend::keras
