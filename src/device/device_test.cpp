#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "device/board.h"
#include "device/builtin.h"
#include "device/data_file.h"
#include "device/link.h"

namespace sluice::device {
namespace {

std::string problem(std::string_view text) {
  const auto board = parseBoard(text, "my.json");
  return board.ok() ? "" : board.error().text();
}

const char* const wholeBoard = R"({
  "board": "mine", "title": "Mine",
  "part": {
    "part": "x", "family": "ecp5",
    "resources": {"lut": 10, "lut_memory": 5, "ff": 10, "carry": 5, "dsp": 1, "bram18": 2, "uram": 0},
    "source": {"document": "d", "table": "t"}
  },
  "target_mhz": 50,
  "source": {"document": "d", "table": "t"}
}
)";

std::string changed(const std::string& from, const std::string& to) {
  std::string text = wholeBoard;
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Board, IsFoundByNameInAnyCase) {
  const auto board = findBoard("PYNQ-z2");
  ASSERT_TRUE(board.ok());
  EXPECT_EQ(board->name, "pynq-z2");
  EXPECT_EQ(board->part.name, "xc7z020clg400-1");
  EXPECT_EQ(board->part.family, hdl::Family::xc7);
  EXPECT_EQ(board->part.budget, (Budget{53200, 17400, 106400, 13300, 220, 280, 0}));
}

TEST(Board, AnUnknownNameListsTheKnownOnes) {
  const auto board = findBoard("pynq-z3");
  ASSERT_FALSE(board.ok());
  EXPECT_EQ(board.error().text(),
            "no board is called 'pynq-z3'; known: alveo-u200, alveo-u250, alveo-u250-die, alveo-u280, "
            "alveo-u50, alveo-u55c, "
            "arty-a7-100t, arty-a7-35t, pynq-z2, ultra96-v2, ulx3s-25f, ulx3s-85f, vu13p, zcu102, zcu104; a "
            "board file is given by its path");
}

TEST(Board, EveryBuiltInFileIsGoodAndNamesItsSource) {
  for (const BuiltinFile& file : builtinFiles()) {
    const auto value = parseDataFile(file.text, std::string(file.name));
    ASSERT_TRUE(value.ok()) << value.error().text();
    if (value->find("link") != nullptr) {
      const auto link = parseLink(file.text, std::string(file.name));
      ASSERT_TRUE(link.ok()) << link.error().text();
      EXPECT_EQ("link_" + link->name + ".json", file.name);
    } else if (value->find("board") == nullptr) {
      const auto part = parsePart(file.text, std::string(file.name));
      ASSERT_TRUE(part.ok()) << part.error().text();
      EXPECT_GT(part->budget.lut, 0u);
      EXPECT_GT(part->budget.bram18, 0u);
    } else {
      const auto board = parseBoard(file.text, std::string(file.name));
      ASSERT_TRUE(board.ok()) << board.error().text();
    }
  }
  EXPECT_EQ(boardNames().size() + partNames().size() + linkNames().size(), builtinFiles().size());
  for (const std::string& name : boardNames()) EXPECT_TRUE(findBoard(name).ok());
  for (const std::string& name : partNames()) EXPECT_TRUE(findPart(name).ok());
}

TEST(Board, ASpecCarriesACount) {
  EXPECT_EQ(parseBoardSpec("pynq-z2")->count, 1u);
  const auto two = parseBoardSpec("zcu104:2");
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->count, 2u);
  EXPECT_EQ(two->board.name, "zcu104");
  for (const char* bad : {"pynq-z2:", "pynq-z2:0", "pynq-z2:x", "pynq-z2:1025", "pynq-z2:-1"}) {
    const auto spec = parseBoardSpec(bad);
    ASSERT_FALSE(spec.ok()) << bad;
    EXPECT_EQ(spec.error().code, ErrorCode::usage);
    EXPECT_EQ(spec.error().message,
              std::string("board '") + bad + "': the count after ':' must be a whole number from 1 to 1024");
  }
}

TEST(Board, AUsersFileIsReadFromItsPath) {
  const auto path = std::filesystem::temp_directory_path() / "sluice_device_test" / "mine.json";
  ASSERT_TRUE(writeFile(path, wholeBoard).ok());
  const auto spec = parseBoardSpec(path.string() + ":3");
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  EXPECT_EQ(spec->count, 3u);
  EXPECT_EQ(spec->board.part.budget.lut, 10u);
  EXPECT_EQ(findBoard("no/such/file.json").error().code, ErrorCode::io);
  std::filesystem::remove_all(path.parent_path());
}

TEST(Board, AWrongFileIsRefusedWithFileAndLine) {
  EXPECT_EQ(problem(wholeBoard), "");
  EXPECT_EQ(problem(""), "my.json:1: a value is expected, found the end of the file");
  EXPECT_EQ(problem("[]"), "my.json:1: the file is not one JSON object");
  EXPECT_EQ(problem(changed("\"target_mhz\": 50,", "\"target_mhz\": 50")),
            "my.json:9: ',' or '}' is expected, found '\"'");
  EXPECT_EQ(problem(changed("50", "0")), "my.json:8: \"target_mhz\" must be a whole number from 1 to 2000");
  EXPECT_EQ(problem(changed("50", "1.5")), "my.json:8: numbers in data files are whole");
  EXPECT_EQ(problem(changed("50", "-5")),
            "my.json:8: a string, a whole number, a list or an object is expected, found '-'");
  EXPECT_EQ(problem(changed("\"ecp5\"", "\"ecp6\"")),
            "my.json:4: no family is called 'ecp6'; known: xc7, xcup, ecp5");
  EXPECT_EQ(
      problem(changed("\"uram\": 0", "\"urams\": 0")),
      "my.json:5: key \"urams\" is not known here; known: lut, lut_memory, ff, carry, dsp, bram18, uram");
  EXPECT_EQ(problem(changed(", \"uram\": 0", "")), "my.json:5: key \"uram\" is missing");
  EXPECT_EQ(problem(changed("\"lut_memory\": 5", "\"lut_memory\": 11")),
            "my.json:5: \"lut_memory\" is a part of \"lut\" and cannot exceed it");
  EXPECT_EQ(problem(changed("\"dsp\": 1", "\"lut\": 1")),
            "my.json:5: key \"lut\" stands twice in one object");
  EXPECT_EQ(problem(changed("\"title\": \"Mine\"", "\"title\": \"\"")),
            "my.json:2: \"title\" must be a text that is not empty");
  EXPECT_EQ(problem(std::string(wholeBoard) + "x"), "my.json:11: nothing may follow the object, found 'x'");
  EXPECT_EQ(problem(std::string(40, '[')), "my.json:1: more than 16 levels of lists and objects");
  EXPECT_EQ(problem("{\"a\": \"b"), "my.json:1: the file ends inside a string");
  EXPECT_EQ(problem("{\"a\": 99999999999999999999999}"), "my.json:1: a number above 2^53");
}

TEST(Board, EveryTruncationOfAFileIsRefused) {
  const std::string text = wholeBoard;
  for (std::size_t length = 0; length + 2 < text.size(); ++length)
    EXPECT_NE(problem(text.substr(0, length)), "") << length;
}

TEST(Link, RatesAreOfPayload) {
  EXPECT_NEAR(findLink("UDP100")->rate(), 95710, 5) << "measured: 95.710 Gb/s at 1472 bytes";
  EXPECT_EQ(findLink("aurora4x25")->rate(), 95030);
  EXPECT_EQ(findLink("udp100-switch")->latencyNs, 1380u);
}

TEST(Link, AWrongFileIsRefusedWithTheLine) {
  const std::string good =
      "{\"link\": \"x\", \"title\": \"X\", \"mbps\": 10,\n \"latency_ns\": 5, \"payload\": 0, \"overhead\": "
      "0,\n"
      " \"cost\": {\"lut\": 0, \"ff\": 0, \"dsp\": 0, \"bram18\": 0},\n"
      " \"source\": {\"document\": \"d\", \"table\": \"t\"}}";
  ASSERT_TRUE(parseLink(good, "l.json").ok());
  const auto problem = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto link = parseLink(text, "l.json");
    return link.ok() ? std::string() : link.error().text();
  };
  EXPECT_EQ(problem("10,", "0,"), "l.json:1: \"mbps\" must be a whole number from 1 to 100000000");
  EXPECT_EQ(problem("\"overhead\": 0", "\"overhead\": 4"),
            "l.json:2: \"overhead\" is of packets, and \"payload\" 0 says there are none");
  EXPECT_EQ(problem("\"dsp\"", "\"dsq\""),
            "l.json:3: key \"dsq\" is not known here; known: lut, ff, dsp, bram18");
  EXPECT_FALSE(findLink("string").ok());
}

TEST(Budget, MemoryAndShiftRegistersTakeLookUpTablesToo) {
  const Budget budget{100, 20, 100, 10, 1, 2, 0};
  hdl::Cost cost;
  cost.lut = 80;
  cost.lutRam = 10;
  cost.srl = 10;
  EXPECT_TRUE(fits(cost, budget));
  cost.srl = 11;
  EXPECT_FALSE(fits(cost, budget));
  const auto rows = usage(cost, budget);
  EXPECT_EQ(rows[0].resource, "LUT");
  EXPECT_EQ(rows[0].used, 101u);
  EXPECT_FALSE(rows[0].fits());
  EXPECT_EQ(rows[1].used, 21u);
  EXPECT_FALSE(rows[1].fits());
}

}  // namespace
}  // namespace sluice::device
