#include <gtest/gtest.h>

#include "data/source.h"
#include "data/testing.h"

#ifdef SLUICE_HDF5
#include <hdf5.h>

#include "base/file.h"
#include "base/rng.h"

namespace sluice::data {
namespace {

class Hdf5 : public DataTest {
 protected:
  Hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }
  /// A dataset of `columns` columns (0: one axis); value r * 100 + c.
  template <typename T>
  void dataset(hid_t file, const char* name, hid_t type, hid_t memory, hsize_t rows, hsize_t columns,
               hsize_t chunk) {
    std::vector<T> values;
    for (hsize_t r = 0; r < rows; ++r)
      for (hsize_t c = 0; c < std::max<hsize_t>(columns, 1); ++c)
        values.push_back(static_cast<T>(r * 100 + c));
    const int axes = columns == 0 ? 1 : 2;
    const hsize_t sizes[2] = {rows, columns}, chunks[2] = {chunk, columns};
    const hid_t space = H5Screate_simple(axes, sizes, nullptr), list = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk > 0) {
      H5Pset_chunk(list, axes, chunks);
      H5Pset_deflate(list, 4);
    }
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    ASSERT_GE(H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    H5Dclose(set);
    H5Pclose(list);
    H5Sclose(space);
  }
  hid_t create() { return H5Fcreate(at("t.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT); }
  std::string errorOf() {
    const auto source = openSource(at("t.h5"));
    return source.ok() ? "" : source.error().text();
  }
};

TEST_F(Hdf5, DatasetsStandSideByChunksTypesAndGroupsNotwithstanding) {
  constexpr hsize_t rows = 2 * blockRows + 77;
  const hid_t file = create();
  dataset<float>(file, "x", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, rows, 3, 1000);
  dataset<std::int64_t>(file, "y", H5T_STD_I16LE, H5T_NATIVE_INT64, rows, 0, 0);
  H5Gclose(H5Gcreate2(file, "more", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  dataset<double>(file, "more/z", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, rows, 1, 20'000);
  H5Fclose(file);
  auto opened = openSource(at("t.h5"));
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  Source& source = **opened;
  ASSERT_EQ(source.rows(), rows);
  const Schema schema = {{"more.z.0", Type::f8, {}},
                         {"x.0", Type::f4, {}},
                         {"x.1", Type::f4, {}},
                         {"x.2", Type::f4, {}},
                         {"y", Type::i2, {}}};
  EXPECT_EQ(source.schema(), schema);
  const std::vector<double> x = columnOf(source, "x.1"), z = columnOf(source, "more.z.0"),
                            y = columnOf(source, "y");
  for (const std::size_t r : {std::size_t{0}, blockRows - 1, blockRows, static_cast<std::size_t>(rows) - 1}) {
    EXPECT_EQ(x[r], static_cast<double>(r * 100 + 1));
    EXPECT_EQ(z[r], static_cast<double>(r * 100));
  }
  EXPECT_EQ(y[300], 30000);
  const auto last = source.block(2), first = source.block(0);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(valuesOf<float>(*first, 1)[5], 500.0f) << "blocks in any order";
}

TEST_F(Hdf5, WhatIsNoTableIsRefused) {
  hid_t file = create();
  H5Fclose(file);
  EXPECT_NE(errorOf().find("has no dataset of numbers"), std::string::npos) << errorOf();
  file = create();
  dataset<float>(file, "a", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 5, 0, 0);
  dataset<float>(file, "b", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 6, 0, 0);
  H5Fclose(file);
  EXPECT_NE(errorOf().find("'a' has 5 rows and 'b' 6"), std::string::npos) << errorOf();
}

TEST_F(Hdf5, DamageIsAnErrorAndNoCrash) {
  const hid_t file = create();
  dataset<float>(file, "x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 300, 4, 64);
  dataset<std::int32_t>(file, "y", H5T_STD_I32LE, H5T_NATIVE_INT32, 300, 0, 0);
  H5Fclose(file);
  const std::string whole = *readFile(at("t.h5"));
  Rng rng(1, 0);
  int good = 0, refused = 0;
  for (int damage = 0; damage < 120; ++damage) {
    std::string text = whole;
    const auto last = static_cast<std::int64_t>(text.size()) - 1;
    if (damage % 4 == 0) text.resize(static_cast<std::size_t>(rng.uniform(8, last)));
    for (int i = 0; i < 3; ++i) {  // in the part with the descriptions; the first bytes say that it is HDF5
      const auto place =
          static_cast<std::size_t>(rng.uniform(8, static_cast<std::int64_t>(text.size()) - 1)) % 4096;
      if (place >= 8 && place < text.size()) text[place] = static_cast<char>(rng.uniform(0, 255));
    }
    ASSERT_TRUE(writeFile(at("t.h5"), text).ok());
    auto source = openSource(at("t.h5"));
    bool whole = source.ok();
    for (std::uint64_t block = 0; whole && block < (*source)->blocks() && block < 3; ++block)
      whole = (*source)->block(block).ok();
    ++(whole ? good : refused);
  }
  EXPECT_GT(refused, 30);
  EXPECT_GT(good, 0) << "not every byte counts";
}

}  // namespace
}  // namespace sluice::data

#endif
