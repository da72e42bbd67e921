#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "base/rng.h"
#include "data/source.h"
#include "data/testing.h"

namespace sluice::data {
namespace {

/// The Python with pyarrow: what the caller names, else the project's own, else python3. Empty if none has it.
std::string pythonWithArrow() {
  std::vector<std::string> candidates;
  if (const char* named = std::getenv("SLUICE_PYTHON")) candidates.emplace_back(named);
  std::error_code failure;
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", failure).parent_path();
  for (; folder != folder.root_path(); folder = folder.parent_path())
    if (std::filesystem::exists(folder / ".tools/venv/bin/python3"))
      candidates.push_back((folder / ".tools/venv/bin/python3").string());
  candidates.emplace_back("python3");
  for (const std::string& python : candidates)
    if (std::system(("'" + python + "' -c 'import pyarrow' >/dev/null 2>&1").c_str()) == 0) return python;
  return "";
}

class Arrow : public DataTest {
 protected:
  void SetUp() override {
    static const std::string python = pythonWithArrow();
    if (python.empty()) GTEST_SKIP() << "no Python has pyarrow (./setup.sh --for test)";
    ::setenv("SLUICE_PYTHON", python.c_str(), 1);
  }
  /// Runs `script` with pa, pq and the file's name.
  void write(const std::string& name, const std::string& script) {
    ASSERT_TRUE(writeFile(at("write.py"), "import pyarrow as pa, pyarrow.parquet as pq, datetime\nname = '" +
                                              at(name).string() + "'\n" + script)
                    .ok());
    ASSERT_EQ(std::system(
                  (std::string(std::getenv("SLUICE_PYTHON")) + " '" + at("write.py").string() + "'").c_str()),
              0);
  }
  std::string errorOf(const std::string& name) {
    auto source = openSource(at(name));
    if (!source.ok()) return source.error().text();
    for (std::uint64_t i = 0; i < (*source)->blocks(); ++i)
      if (auto block = (*source)->block(i); !block.ok()) return block.error().text();
    return "";
  }
};

constexpr const char* const manyKinds = R"py(
n = 20000
table = pa.table({
    "f": pa.array([None if r == 5 else r / 2 for r in range(n)], pa.float32()),
    "d": pa.array([r / 3 for r in range(n)], pa.float64()),
    "i": pa.array([-r for r in range(n)], pa.int16()),
    "u": pa.array([2**64 - 1 - r for r in range(n)], pa.uint64()),
    "b": pa.array([r % 3 == 0 for r in range(n)], pa.bool_()),
    "t": pa.array([r * 1000 for r in range(n)], pa.timestamp("us")),
    "s": pa.array(["line\nend" if r == 7 else "class %d" % (r % 11) for r in range(n)]),
    "k": pa.array(["ab"[r % 2] for r in range(n)]).dictionary_encode(),
    "x": pa.array([[r, r + 0.5, r + 0.25] for r in range(n)], pa.list_(pa.float32(), 3)),
})
)py";

/// What `manyKinds` wrote.
void expectManyKinds(Source& source) {
  ASSERT_EQ(source.rows(), 20000u);
  std::vector<std::string> names;
  for (const ColumnInfo& column : source.schema())
    names.push_back(column.name + ":" + std::string(nameOf(column.type)));
  EXPECT_EQ(names, (std::vector<std::string>{"f:f4", "d:f8", "i:i2", "u:u8", "b:u1", "t:i8", "s:label",
                                             "k:label", "x.0:f4", "x.1:f4", "x.2:f4"}));
  const std::vector<double> f = columnOf(source, "f"), d = columnOf(source, "d"), i = columnOf(source, "i"),
                            b = columnOf(source, "b"), t = columnOf(source, "t"), s = columnOf(source, "s"),
                            k = columnOf(source, "k"), x = columnOf(source, "x.2");
  ASSERT_EQ(x.size(), 20000u);
  EXPECT_TRUE(std::isnan(f[5]));
  const auto& labels = source.schema()[6].labels;
  ASSERT_EQ(labels.size(), 12u);
  EXPECT_EQ(labels.back(), "line\nend");
  for (std::size_t r = 0; r < 20000; ++r) {
    const auto row = static_cast<double>(r);
    if (r != 5) {
      EXPECT_EQ(f[r], row / 2);
    }
    EXPECT_EQ(d[r], row / 3);
    EXPECT_EQ(i[r], -row);
    EXPECT_EQ(b[r], r % 3 == 0 ? 1 : 0);
    EXPECT_EQ(t[r], row * 1000);
    EXPECT_EQ(labels[static_cast<std::size_t>(s[r])],
              r == 7 ? "line\nend" : "class " + std::to_string(r % 11));
    EXPECT_EQ(k[r], static_cast<double>(r % 2));
    EXPECT_EQ(x[r], row + 0.25);
  }
  const auto last = source.block(1), first = source.block(0);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(valuesOf<std::uint64_t>(*first, 3)[9], 18446744073709551606u) << "blocks in any order";
}

TEST_F(Arrow, ParquetAndFeatherAreReadWhateverTheirGroupsAndCompressions) {
  write("t", std::string(manyKinds) + R"py(
from pyarrow import feather
for i, (packed, group) in enumerate([("none", n), ("snappy", 1000), ("zstd", 16384), ("gzip", 7777)]):
    pq.write_table(table, name + str(i), compression=packed, row_group_size=group)
feather.write_feather(table, name + "4", compression="lz4", chunksize=7777)
)py");
  for (const char* name : {"t0", "t1", "t2", "t3", "t4"}) {
    auto source = openSource(at(name));
    ASSERT_TRUE(source.ok()) << source.error().text();
    expectManyKinds(**source);
  }
}

TEST_F(Arrow, WhatIsNoTableOfNumbersAndTextsIsRefused) {
  const auto says = [&](const std::string& columns, const std::string& words) {
    write("t.parquet", "pq.write_table(pa.table({" + columns + "}), name)\n");
    const std::string error = errorOf("t.parquet");
    EXPECT_NE(error.find(words), std::string::npos) << columns << " says: " << error;
  };
  says("'l': pa.array([[1], [1, 2]])", "column 'l' is list<");
  says("'i': pa.array([1, 2, None])", "column 'i' has no value in row 2");
  says("'s': pa.array(['a', None])", "column 's' has no value in row 1");
  says("'x': pa.array([[1, 2]], pa.list_(pa.int8(), 2)), 'x.0': pa.array([1])", "two columns of one name");
}

TEST_F(Arrow, WithoutThePackageTheErrorSaysWhatToInstall) {
  ASSERT_TRUE(writeFile(at("t.parquet"), "PAR1 and no more").ok());
  ASSERT_TRUE(writeFile(at("python"),
                        "#!/bin/sh\nexec " + std::string(std::getenv("SLUICE_PYTHON")) + " -I -S \"$@\"\n")
                  .ok());
  std::filesystem::permissions(at("python"), std::filesystem::perms::owner_all);
  ::setenv("SLUICE_PYTHON", at("python").c_str(), 1);
  EXPECT_NE(errorOf("t.parquet").find("pip install pyarrow"), std::string::npos) << errorOf("t.parquet");
  ::setenv("SLUICE_PYTHON", at("none").c_str(), 1);
  EXPECT_NE(errorOf("t.parquet").find("there is no program"), std::string::npos) << errorOf("t.parquet");
}

TEST_F(Arrow, DamageIsAnErrorAndNoCrash) {
  write(
      "t.parquet",
      "pq.write_table(pa.table({'x': [r / 7 for r in range(300)], 's': ['ab'[r % 2] for r in range(300)]}), "
      "name)\n");
  const std::string whole = *readFile(at("t.parquet"));
  Rng rng(1, 0);
  int refused = 0;
  for (int damage = 0; damage < 6; ++damage) {
    std::string text = whole;
    if (damage % 3 == 0)
      text.resize(static_cast<std::size_t>(rng.uniform(4, static_cast<std::int64_t>(text.size()) - 1)));
    for (int i = 0; i < 30; ++i) {
      const auto place = static_cast<std::size_t>(rng.uniform(4, static_cast<std::int64_t>(text.size()) - 1));
      if (place < text.size()) text[place] = static_cast<char>(rng.uniform(0, 255));
    }
    ASSERT_TRUE(writeFile(at("t.parquet"), text).ok());
    refused += !errorOf("t.parquet").empty();
  }
  EXPECT_GT(refused, 3);
}

}  // namespace
}  // namespace sluice::data
