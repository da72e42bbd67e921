#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "base/npy.h"
#include "base/rng.h"
#include "base/usage.h"
#include "frontend/frontend_testing.h"
#include "ir/verify.h"

/// Hostile files. Whatever is done to a model, the import gives a graph that verifies or one error with a
/// message; it does not crash, hang or allocate without bound. Run under the address and undefined-behaviour
/// sanitizers by test.sh.
namespace sluice::frontend {
namespace {

/// The models to damage: the bundled one, the smaller ones where they are, and a synthetic one that is always
/// here.
std::vector<std::string> models() {
  std::vector<std::string> list = {chainModel(3, 6, 1)};
  const char* source = std::getenv("SLUICE_SOURCE");
  const std::filesystem::path root = source != nullptr ? source : ".";
  const char* folder = std::getenv("SLUICE_SHARED");
  const std::filesystem::path shared =
      folder != nullptr ? std::filesystem::path(folder) : root / ".." / "shared";
  for (const std::filesystem::path& path :
       {root / "examples/kws/kws_mlp_w3a3.onnx", shared / "models/qonnx/qkeras_jettagging.onnx",
        shared / "models/qonnx/TFC_2W2A.onnx"})
    if (auto bytes = readFile(path); bytes.ok()) list.push_back(std::move(bytes).value());
  return list;
}

struct Tally {
  std::size_t graphs = 0, errors = 0;
};

/// Imports damaged bytes and checks what comes out.
void import(const std::string& bytes, Tally& tally) {
  const auto graph = importOnnxBytes(bytes, "damaged");
  if (graph.ok()) {
    ++tally.graphs;
    const Status valid = ir::verify(*graph);
    EXPECT_TRUE(valid.ok()) << valid.error().text();
    return;
  }
  ++tally.errors;
  EXPECT_FALSE(graph.error().message.empty());
  EXPECT_EQ(exitCode(graph.error().code), 1);
}

/// Positions at which a bit flip is likely to hit structure: the file without the insides of its large runs
/// of data is not known here, so half of the flips go to the first and last 5 % of the file, where names and
/// shapes tend to be.
std::size_t position(Rng& rng, std::size_t size) {
  const auto last = static_cast<std::int64_t>(size) - 1;
  const std::int64_t edge = std::max<std::int64_t>(last / 20, 1);
  if (rng.chance(0.5))
    return static_cast<std::size_t>(rng.chance(0.5) ? rng.uniform(0, edge) : rng.uniform(last - edge, last));
  return static_cast<std::size_t>(rng.uniform(0, last));
}

TEST(DamagedFiles, CutShortAnywhereGiveAnError) {
  for (const std::string& model : models()) {
    Tally tally;
    for (std::size_t i = 0; i < 40; ++i) import(model.substr(0, model.size() * i / 40), tally);
    for (std::size_t i = 1; i <= 10; ++i) import(model.substr(0, model.size() - i), tally);
    // A cut between two fields of the outermost message can leave a whole graph.
    EXPECT_GE(tally.errors, 40u);
  }
}

TEST(DamagedFiles, WithFlippedBitsGiveAGraphOrAnError) {
  std::uint64_t seed = 0;
  Tally tally;
  for (const std::string& model : models())
    for (std::uint64_t round = 0; round < 60; ++round) {
      Rng rng(++seed);
      std::string bytes = model;
      for (std::int64_t flips = rng.uniform(1, 8); flips > 0; --flips) {
        char& byte = bytes[position(rng, bytes.size())];
        byte = static_cast<char>(byte ^ (1 << rng.uniform(0, 7)));
      }
      import(bytes, tally);
    }
  EXPECT_GT(tally.errors, 20u);
  EXPECT_GT(tally.graphs, 20u);
}

TEST(DamagedFiles, WithBytesDroppedInsertedOrRepeatedGiveAGraphOrAnError) {
  std::uint64_t seed = 1000;
  Tally tally;
  for (const std::string& model : models())
    for (std::uint64_t round = 0; round < 40; ++round) {
      Rng rng(++seed);
      std::string bytes = model;
      const std::size_t at = position(rng, bytes.size());
      const auto count = static_cast<std::size_t>(rng.uniform(1, 64));
      switch (rng.uniform(0, 2)) {
        case 0:
          bytes.erase(at, count);
          break;
        case 1:
          bytes.insert(at, std::string(count, static_cast<char>(rng.bits())));
          break;
        default:
          bytes.insert(at, bytes.substr(at, count));
          break;
      }
      import(bytes, tally);
    }
  EXPECT_GT(tally.errors, 20u);
}

/// The synthetic model is small enough to be damaged at every byte in every way that makes a number absurd:
/// the byte becomes 0, 1, 127, 255, or the start of a ten-byte varint (so lengths, extents and types grow
/// beyond all bounds).
TEST(DamagedFiles, WithAbsurdNumbersAtEveryByteGiveAGraphOrAnError) {
  const std::string model = chainModel(1, 2, 1);
  Tally tally;
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  for (std::size_t at = 0; at < model.size(); ++at) {
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string bytes = model;
      bytes[at] = value;
      import(bytes, tally);
    }
    std::string bytes = model;
    bytes.replace(at, 1, huge);
    import(bytes, tally);
  }
  EXPECT_GT(tally.errors, model.size());
}

/// Numbers that are well-formed and absurd: what a careful attacker writes.
TEST(DamagedFiles, WithWellFormedButAbsurdContentsGiveAnError) {
  Tally tally;
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  for (const std::int64_t extent :
       {std::int64_t{0}, std::int64_t{-5}, huge, INT64_MAX, INT64_MIN, std::int64_t{1} << 39}) {
    OnnxWriter input;  // an input of that extent
    input.input("x", {1, extent, extent});
    input.node("Relu", {"x"}, {"y"});
    input.output("y");
    import(input.bytes(), tally);

    OnnxWriter tensor;  // a tensor that claims it
    tensor.input("x", {1, 2});
    tensor.tensor("c", {extent, extent}, {1, 2});
    tensor.node("Add", {"x", "c"}, {"y"});
    tensor.output("y");
    import(tensor.bytes(), tally);

    OnnxWriter shape;  // shape arithmetic that leads to it
    shape.input("x", {1, 2});
    shape.integers("s", {2}, {extent, extent});
    shape.node("ConstantOfShape", {"s"}, {"c"});
    shape.node("Reshape", {"x", "s"}, {"r"});
    shape.node("Add", {"r", "c"}, {"y"});
    shape.output("y");
    import(shape.bytes(), tally);

    OnnxWriter axes;  // axes and permutations made of it
    axes.input("x", {1, 2, 3});
    axes.node("Transpose", {"x"}, {"t"}, {{"perm", std::vector<std::int64_t>{0, extent, 1}}});
    axes.node("Unsqueeze", {"t"}, {"u"}, {{"axes", std::vector<std::int64_t>{extent}}});
    axes.node("Flatten", {"x"}, {"f"}, {{"axis", extent == 0 ? huge : extent}});
    axes.node("Softmax", {"x"}, {"p"}, {{"axis", extent == 0 ? huge : extent}});
    for (const char* output : {"u", "f", "p"}) axes.output(output);
    import(axes.bytes(), tally);

    OnnxWriter slice;
    slice.input("x", {1, 2});
    slice.integers("c", {4}, {1, 2, 3, 4});
    slice.integers("a", {1}, {extent});
    slice.integers("zero", {1}, {0});
    slice.node("Slice", {"c", "a", "a", "zero", "a"}, {"s"});
    slice.node("Gather", {"s", "a"}, {"g"});
    slice.node("Add", {"x", "g"}, {"y"});
    slice.output("y");
    import(slice.bytes(), tally);
  }
  EXPECT_EQ(tally.graphs, 0u);
  for (const float number : {0.0f, -1.0f, 1e-45f, 3e38f, HUGE_VALF, NAN})
    for (const int where : {0, 1, 2}) {
      OnnxWriter quant;
      quant.input("x", {1, 2});
      quant.tensor("w", {2, 2}, {1, -3e38f, 1e-45f, 3e38f});
      quant.scalar("s", where == 0 ? number : 1);
      quant.scalar("z", where == 1 ? number : 0);
      quant.scalar("b", where == 2 ? number : 4);
      quant.node("Quant", {"w", "s", "z", "b"}, {"wq"});
      quant.node("Quant", {"x", "s", "z", "b"}, {"xq"});
      quant.node("MatMul", {"xq", "wq"}, {"y"});
      quant.output("y");
      import(quant.bytes(), tally);
    }
  EXPECT_GE(tally.errors, 30u + 12u);
}

/// The models of all operator recordings one after the other; models of every operator and attribute.
std::vector<std::string> operatorModels() {
  std::vector<std::string> list;
  const char* source = std::getenv("SLUICE_SOURCE");
  const std::filesystem::path folder =
      std::filesystem::path(source != nullptr ? source : ".") / "src/frontend/testdata";
  for (const char* file : {"onnx_operators.npz", "qonnx_operators.npz"}) {
    const auto archive = readNpz(folder / file);
    if (!archive.ok()) continue;
    const auto& models = std::get<std::vector<std::uint8_t>>(archive->at("models").data);
    const auto& index = std::get<std::vector<std::uint8_t>>(archive->at("index").data);
    std::istringstream lines(std::string(index.begin(), index.end()));
    std::string line, name;
    std::getline(lines, line);
    for (std::size_t at = 0, size = 0; std::getline(lines, line); at += size) {
      std::istringstream(line) >> name >> size;
      const auto first = models.begin() + static_cast<std::ptrdiff_t>(at);
      list.emplace_back(first, first + static_cast<std::ptrdiff_t>(size));
    }
  }
  return list;
}

/// Every operator with one to eight bits flipped, bytes dropped, inserted or made a huge number: 2,000 files.
TEST(DamagedFiles, OfEveryOperatorGiveAGraphOrAnErrorInBoundedMemory) {
  const std::vector<std::string> models = operatorModels();
  ASSERT_GE(models.size(), 300u);
  Tally tally;
  for (std::uint64_t round = 0; round < 2000; ++round) {
    Rng rng(round, 5);
    std::string bytes = models[round % models.size()];
    const auto anywhere = [&] {
      return static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(bytes.size()) - 1));
    };
    switch (round / models.size() % 4) {
      case 0:
        for (std::int64_t flips = rng.uniform(1, 8); flips > 0; --flips) {
          char& byte = bytes[anywhere()];
          byte = static_cast<char>(byte ^ (1 << rng.uniform(0, 7)));
        }
        break;
      case 1:
        bytes.erase(anywhere(), static_cast<std::size_t>(rng.uniform(1, 16)));
        break;
      case 2:
        bytes.insert(anywhere(), std::string(static_cast<std::size_t>(rng.uniform(1, 16)),
                                             static_cast<char>(rng.bits())));
        break;
      default:  // one number of the file becomes another: lengths stay right, so the damage reaches the operators
        bytes[anywhere()] = static_cast<char>(rng.uniform(0, 127));
        break;
    }
    import(bytes, tally);
  }
  EXPECT_EQ(tally.graphs + tally.errors, 2000u);
  EXPECT_GT(tally.errors, 500u);
  EXPECT_GT(tally.graphs, 50u);
  EXPECT_GT(peakMebibytes(), 0);
  EXPECT_LT(peakMebibytes(), 2048);  // sanitizers included
}

TEST(DamagedFiles, WithManyProblemsGiveAMessageOfBoundedLength) {
  OnnxWriter file;
  file.input("x", {1, 2});
  for (int i = 0; i < 20000; ++i) {
    file.node("Bogus", {"x"}, {"y" + std::to_string(i)}, {}, std::string(500, 'n'));
    file.output("y" + std::to_string(i));
  }
  const auto graph = importWritten(file);
  ASSERT_FALSE(graph.ok());
  EXPECT_LT(graph.error().message.size(), 1u << 20);
}

TEST(DamagedFiles, OfRandomBytesGiveAnError) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    std::string bytes(static_cast<std::size_t>(rng.uniform(1, 400)), '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng.bits());
    import(bytes, tally);
  }
  EXPECT_EQ(tally.graphs, 0u);
}

}  // namespace
}  // namespace sluice::frontend
