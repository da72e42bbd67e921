#include "frontend/keras/hdf5.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/rng.h"

namespace sluice::frontend::keras {
namespace {

std::filesystem::path testdata(const std::string& name) {
  const char* source = std::getenv("SLUICE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "src/frontend/keras/testdata" / name;
}

Hdf5File mustOpen(const std::string& name) {
  auto bytes = readFile(testdata(name));
  EXPECT_TRUE(bytes.ok());
  auto file = Hdf5File::parse(std::move(bytes).value(), name);
  if (!file.ok()) ADD_FAILURE() << file.error().text();
  return std::move(file).value();
}

std::vector<double> mustRead(const Hdf5File& file, const std::string& path) {
  const Hdf5Object* object = file.root().findPath(path);
  if (object == nullptr) {
    ADD_FAILURE() << "no " << path;
    return {};
  }
  const auto data = file.read(*object);
  if (!data.ok()) {
    ADD_FAILURE() << data.error().text();
    return {};
  }
  return data->values;
}

std::uint64_t below(Rng& rng, std::uint64_t limit) { return limit == 0 ? 0 : rng.bits() % limit; }

/// Both files hold the same, written by h5py: one with its defaults, one with libver='latest'.
class Kinds : public testing::TestWithParam<const char*> {};

TEST_P(Kinds, NumbersOfAllSizesAreReadExactly) {
  const Hdf5File file = mustOpen(GetParam());
  std::vector<double> eighths;
  for (int i = 0; i < 60; ++i) eighths.push_back(i / 8.0 - 2);
  EXPECT_EQ(mustRead(file, "numbers/f4"), eighths);
  EXPECT_EQ(mustRead(file, "numbers/f2"), eighths);
  EXPECT_EQ(mustRead(file, "numbers/big"), eighths);
  EXPECT_EQ(mustRead(file, "numbers/f8")[59], 3 * eighths[59]);
  EXPECT_EQ(mustRead(file, "integers/i1"), (std::vector<double>{-4, -3, -2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(mustRead(file, "integers/u2"), (std::vector<double>{65535, 1}));
  EXPECT_EQ(mustRead(file, "integers/i8"), (std::vector<double>{-1125899906842624.0, 7}));
  EXPECT_EQ(mustRead(file, "integers/bool"), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(mustRead(file, "other/scalar"), (std::vector<double>{1.5}));
  EXPECT_TRUE(mustRead(file, "other/empty").empty());
  EXPECT_EQ(mustRead(file, "a/b/x"), (std::vector<double>{1, 2}));
  EXPECT_EQ(mustRead(file, "many/d05"), (std::vector<double>{5}));
  EXPECT_EQ(file.root().findPath("numbers/f4")->shape, (std::vector<std::uint64_t>{3, 4, 5}));
}

TEST_P(Kinds, AttributesAreStringsOrNumbers) {
  const Hdf5File file = mustOpen(GetParam());
  const Hdf5Object* group = file.root().findPath("a/b");
  ASSERT_NE(group, nullptr);
  ASSERT_NE(group->strings("names"), nullptr);
  EXPECT_EQ(*group->strings("names"), (std::vector<std::string>{"x:0", "longer name"}));
  EXPECT_EQ(*group->strings("text"), (std::vector<std::string>{"h\xc3\xa9llo"}));
  EXPECT_EQ(*group->strings("list"), (std::vector<std::string>{"a", "", "ccc"}));
  EXPECT_EQ(group->strings("n"), nullptr);
  EXPECT_EQ(std::get<0>(group->attribute("pair")->values), (std::vector<double>{0.5, -1}));
  EXPECT_EQ(file.root().strings("model_config")->at(0).size(), 3008u);
}

INSTANTIATE_TEST_SUITE_P(Hdf5, Kinds, testing::Values("kinds_earliest.h5", "kinds_latest.h5"));

TEST(Hdf5, ChunksArePutTogetherUnpackedAndUnshuffled) {
  const Hdf5File file = mustOpen("kinds_earliest.h5");
  std::vector<double> counting;
  for (int i = 0; i < 63; ++i) counting.push_back(i);
  EXPECT_EQ(mustRead(file, "chunks/chunked"), counting);
  EXPECT_EQ(mustRead(file, "chunks/plain_chunks"), counting);
  EXPECT_EQ(mustRead(file, "many/d39"), (std::vector<double>{39}));
}

TEST(Hdf5, WhatIsNotReadIsAnErrorOnlyWhereItIsAskedFor) {
  const Hdf5File file = mustOpen("kinds_latest.h5");
  const auto chunked = file.read(*file.root().findPath("chunks/chunked"));
  ASSERT_FALSE(chunked.ok());
  EXPECT_NE(chunked.error().text().find("save the model again"), std::string::npos) << chunked.error().text();
  EXPECT_FALSE(file.read(*file.root().findPath("other/strings")).ok());
}

/// The HDF5 library fails this (hdf5.h). With sanitizers this also finds every read out of bounds.
TEST(Hdf5, TwoThousandDamagedFilesGiveErrorsOrNumbersButNothingElse) {
  std::size_t refused = 0, read = 0;
  for (const char* name : {"kinds_earliest.h5", "kinds_latest.h5"}) {
    const std::string good = readFile(testdata(name)).value();
    for (std::uint64_t i = 0; i < 1000; ++i) {
      Rng rng(7, i);
      std::string bytes = good;
      const std::uint64_t kind = below(rng, 4);
      if (kind == 0) bytes.resize(static_cast<std::size_t>(below(rng, bytes.size())));
      if (kind == 1) {
        const std::size_t at = static_cast<std::size_t>(below(rng, bytes.size() - 16));
        for (std::size_t k = 0; k < 16; ++k) bytes[at + k] = static_cast<char>(below(rng, 2) == 0 ? 0xff : 0);
      }
      const std::uint64_t flips = kind < 2 ? 0 : 1 + below(rng, kind == 2 ? 4 : 64);
      for (std::uint64_t k = 0; k < flips; ++k)
        bytes[static_cast<std::size_t>(below(rng, bytes.size()))] ^= static_cast<char>(1u << below(rng, 8));
      const auto file = Hdf5File::parse(bytes, name);
      if (!file.ok()) {
        ++refused;
        EXPECT_FALSE(file.error().text().empty());
        continue;
      }
      std::vector<const Hdf5Object*> open{&file->root()};
      while (!open.empty()) {
        const Hdf5Object* object = open.back();
        open.pop_back();
        for (const Hdf5Link& link : object->links) open.push_back(link.object.get());
        if (!object->isDataset) continue;
        const auto data = file->read(*object);
        if (data.ok()) {
          EXPECT_LE(data->values.size(), 1032 * good.size());
        }
        ++(data.ok() ? read : refused);
      }
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(read, 1000u);
}

}  // namespace
}  // namespace sluice::frontend::keras
