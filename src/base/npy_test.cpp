#include "base/npy.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/rng.h"

namespace sluice {
namespace {

using namespace std::string_literals;

/// A version 1.0 file around a header and data.
std::string npy(const std::string& header, const std::string& data) {
  return "\x93NUMPY\x01\x00"s + static_cast<char>(header.size()) + '\0' + header + data;
}
std::filesystem::path testdata(const std::string& name) {
  const char* source = std::getenv("SLUICE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "src/base/testdata" / name;
}
std::string errorOf(const std::string& content) {
  const auto result = parseNpy(content, "x.npy");
  return result.ok() ? "" : result.error().text();
}

TEST(Npy, PrintsTheBytesThatNumpySaves) {
  // numpy.save of numpy.array([[1, 2, 3], [4, 5, -6]], '<i2'), NumPy 2.
  const std::string expected =
      "\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }"s +
      std::string(58, ' ') + "\n\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\xfa\xff"s;
  EXPECT_EQ(printNpy(makeNpy<std::int16_t>({2, 3}, {1, 2, 3, 4, 5, -6})), expected);
}

TEST(Npy, EveryTypeReadsBackAsItWasWritten) {
  const std::vector<NpyArray> arrays = {makeNpy<float>({2}, {1.5f, -0.0f}),
                                        makeNpy<double>({1}, {1e300}),
                                        makeNpy<std::int8_t>({2}, {-128, 127}),
                                        makeNpy<std::int16_t>({1}, {-32768}),
                                        makeNpy<std::int32_t>({1, 1}, {-1}),
                                        makeNpy<std::int64_t>({1}, {INT64_MIN}),
                                        makeNpy<std::uint8_t>({1}, {255}),
                                        makeNpy<std::uint16_t>({1}, {65535}),
                                        makeNpy<std::uint32_t>({1}, {UINT32_MAX}),
                                        makeNpy<std::uint64_t>({}, {UINT64_MAX}),
                                        makeNpy<float>({0, 3}, {})};
  for (const NpyArray& array : arrays) {
    const auto back = parseNpy(printNpy(array), "back");
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_EQ(back->shape, array.shape);
    EXPECT_EQ(back->data, array.data) << array.typeName();
  }
}

TEST(Npy, BooleansAreReadAsBytes) {
  const auto array =
      parseNpy(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\x01\x00"s), "x");
  ASSERT_TRUE(array.ok());
  EXPECT_EQ(array->typeName(), "u1");
  EXPECT_EQ(array->asInt64().value(), (std::vector<std::int64_t>{1, 0}));
}

TEST(Npy, FortranOrderIsReadInOurOrder) {
  const auto read = [](const std::string& shape, const std::string& data) {
    return parseNpy(npy("{'descr': '|i1', 'fortran_order': True, 'shape': " + shape + "}", data), "x")
        ->asInt64()
        .value();
  };
  // [[1, 2, 3], [4, 5, 6]] by columns.
  EXPECT_EQ(read("(2, 3)", "\x01\x04\x02\x05\x03\x06"s), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  // Element (i, j, k) of shape (2, 2, 2) holds 4i + 2j + k.
  EXPECT_EQ(read("(2, 2, 2)", "\x00\x04\x02\x06\x01\x05\x03\x07"s),
            (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(read("(3,)", "\x01\x02\x03"s), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(read("(0, 3)", ""), std::vector<std::int64_t>{});
}

TEST(Npy, VersionsTwoAndThreeHaveLongerHeaderLengths) {
  const std::string header = "{'descr': '|i1', 'fortran_order': False, 'shape': (1,)}";
  for (const char version : {'\x02', '\x03'}) {
    const std::string content =
        "\x93NUMPY"s + version + '\0' + static_cast<char>(header.size()) + "\0\0\0"s + header + "\x05";
    ASSERT_TRUE(parseNpy(content, "x").ok());
    EXPECT_EQ(parseNpy(content, "x")->asDoubles(), std::vector<double>{5});
  }
}

TEST(Npy, EachRefusalSaysWhatIsWrongAndWhatToDo) {
  EXPECT_EQ(errorOf("hello"), "x.npy: is not a .npy file: it does not begin with \\x93NUMPY");
  EXPECT_EQ(errorOf("\x93NUMPY\x01"s), "x.npy: ends within its header");
  EXPECT_EQ(errorOf("\x93NUMPY\x01\x00\xff\xff{"s), "x.npy: ends within its header");
  EXPECT_EQ(errorOf("\x93NUMPY\x09\x00\x00\x00"s), "x.npy: is in .npy format version 9; 1 to 3 are read");
  EXPECT_EQ(errorOf(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "1234")),
            "x.npy: holds big-endian numbers ('>f4'); save it with .astype('<f4')");
  EXPECT_EQ(errorOf(npy("{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", "1234")),
            "x.npy: holds elements of type '<U4'; f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 are read");
  EXPECT_EQ(errorOf(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "1234")),
            "x.npy: holds 4 bytes of data, but shape (3,) of '<f4' needs 12");
}

TEST(Npy, AnAbsurdShapeIsRefusedBeforeMemoryIsAskedFor) {
  EXPECT_NE(errorOf(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "")),
            "");
  EXPECT_NE(errorOf(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", "")),
            "");
  EXPECT_NE(errorOf(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", "")),
            "");
  // A zero extent makes the array empty, whatever the others are.
  EXPECT_EQ(
      errorOf(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 9, 0), }", "")),
      "");
}

TEST(Npy, HeadersThatAreNotTheKnownDictionaryAreRefused) {
  for (const std::string header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}"})
    EXPECT_NE(errorOf(npy(header, "1234")), "") << header;
}

TEST(Npy, RealNumbersBecomeIntegersOnlyWhereTheyAre) {
  EXPECT_EQ(makeNpy<float>({2}, {-3.0f, 4.0f}).asInt64().value(), (std::vector<std::int64_t>{-3, 4}));
  EXPECT_EQ(makeNpy<double>({2}, {1, 0.5}).asInt64().error().text(),
            "element 1 is 0.5, not a 64-bit integer");
  EXPECT_FALSE(makeNpy<double>({1}, {0x1.0p63}).asInt64().ok());
  EXPECT_TRUE(makeNpy<double>({1}, {-0x1.0p63}).asInt64().ok());
  EXPECT_FALSE(makeNpy<std::uint64_t>({1}, {std::uint64_t{1} << 63}).asInt64().ok());
}

TEST(Npz, ReadsCompressedAndStoredArchivesOfNumpy) {
  const auto small = readNpz(testdata("small.npz"));
  ASSERT_TRUE(small.ok()) << small.error().text();
  ASSERT_EQ(small->size(), 3u);
  EXPECT_EQ(small->at("codes").shape, (std::vector<std::uint64_t>{3, 4}));
  EXPECT_EQ(small->at("codes").asInt64().value(),
            (std::vector<std::int64_t>{-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(small->at("zeros").asDoubles(), std::vector<double>(1000, 0.0));
  EXPECT_EQ(small->at("scalar").asDoubles(), std::vector<double>{0.5});
  const auto stored = readNpz(testdata("stored.npz"));
  ASSERT_TRUE(stored.ok()) << stored.error().text();
  EXPECT_EQ(std::get<std::vector<std::uint64_t>>(stored->at("words").data),
            (std::vector<std::uint64_t>{1, std::uint64_t{1} << 63}));
}

TEST(Npz, EveryTruncationIsRefused) {
  const std::string whole = readFile(testdata("small.npz")).value();
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_FALSE(parseNpz(std::string_view(whole).substr(0, size), "x").ok()) << size;
}

TEST(Npz, DamagedBytesGiveAnErrorOrAnArchiveNeverACrash) {
  const std::string whole = readFile(testdata("small.npz")).value();
  Rng rng(11);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    for (int flips = 0; flips < 3; ++flips)
      damaged[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(whole.size()) - 1))] ^=
          static_cast<char>(1 << rng.uniform(0, 7));
    if (!parseNpz(damaged, "x").ok()) ++refused;
  }
  EXPECT_GT(refused, 1000);  // flips in time stamps and local sizes do no harm
}

}  // namespace
}  // namespace sluice
