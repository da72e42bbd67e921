#include "base/result.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return badInput(std::to_string(number) + " is odd", "half");
  return number / 2;
}
Result<int> quarter(int number) {
  SLUICE_TRY(const int once, half(number));
  SLUICE_TRY(const int twice, half(once));
  return twice;
}
Status fits(int number) {
  SLUICE_RETURN_IF_ERROR(
      [&]() -> Status { return number > 9 ? Status(infeasible("does not fit")) : Status(); }());
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().text(), "half: 3 is odd");
  EXPECT_EQ(badInput("wrong").text(), "wrong");
}

TEST(Status, PassesTheErrorOnUnchanged) {
  EXPECT_TRUE(fits(1).ok());
  EXPECT_EQ(fits(10).error().code, ErrorCode::infeasible);
}

TEST(Result, EveryCodeHasTheExitCodeThatTheCommandLinePromises) {
  EXPECT_EQ(exitCode(ErrorCode::badInput), 1);
  EXPECT_EQ(exitCode(ErrorCode::unsupported), 1);
  EXPECT_EQ(exitCode(ErrorCode::io), 1);
  EXPECT_EQ(exitCode(ErrorCode::usage), 2);
  EXPECT_EQ(exitCode(ErrorCode::infeasible), 3);
  EXPECT_EQ(exitCode(ErrorCode::gaveUp), 4);
}

TEST(ResultDeathTest, AskingAFailedResultForItsValueIsOurBugAndExitsWith70) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT((void)half(3).value(), testing::ExitedWithCode(70), "internal error at .*result.h");
}

}  // namespace
}  // namespace sluice
