#include "base/diagnostics.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Diagnostics, NothingAddedIsSuccess) { EXPECT_TRUE(Diagnostics("net.onnx").status().ok()); }

TEST(Diagnostics, OneProblemIsReportedAsItIs) {
  Diagnostics problems("net.onnx");
  problems.add(unsupported("operator 'Foo' is not known", "node 'a'"));
  const Status status = problems.status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "net.onnx: node 'a': operator 'Foo' is not known");
  EXPECT_EQ(status.error().code, ErrorCode::unsupported);
}

TEST(Diagnostics, SeveralProblemsAreAllListedInOrderUnderTheGravestCode) {
  Diagnostics problems("net.onnx");
  problems.add(unsupported("first", "node 'a'"));
  problems.add(badInput("second"));
  const Status status = problems.status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "net.onnx: 2 problems\n  node 'a': first\n  second");
  EXPECT_EQ(status.error().code, ErrorCode::badInput);
}

TEST(Diagnostics, ALongListEndsWithHowManyMore) {
  Diagnostics problems({}, 1);
  for (int i = 0; i < 3; ++i) problems.add(badInput("wrong"));
  EXPECT_EQ(problems.status().error().text(), "3 problems\n  wrong\n  and 2 more");
}

}  // namespace
}  // namespace sluice
