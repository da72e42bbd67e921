#include "experiment/serve.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "base/file.h"
#include "experiment/test_server.h"
#include "jobs/process.h"

namespace sluice::experiment {
namespace {

/// What a program printed.
std::string said(const std::string& command, const TestFolder& folder) {
  if (std::system((command + " >" + folder.at("said") + " 2>" + folder.at("errors")).c_str()) != 0)
    return "failed";
  return *readFile(folder.at("said"));
}

class Serve : public testing::Test {
 protected:
  void SetUp() override {
    Result<Server> started = Server::start(0, [this]() -> Result<LivePage> {
      ++asked_;
      return LivePage{"<!DOCTYPE html><title>t</title><p>page " + std::to_string(asked_.load()) + "</p>",
                      asked_ < 3};
    });
    if (!started.ok() && started.error().code == ErrorCode::unsupported)
      GTEST_SKIP() << started.error().text();
    ASSERT_TRUE(started.ok()) << started.error().text();
    server_ = std::make_unique<Server>(std::move(started).value());
    base_ = "http://127.0.0.1:" + std::to_string(server_->port());
  }
  [[nodiscard]] std::string curl(const std::string& arguments) const {
    return said("curl -s -m 20 -o " + folder_.at("body") + " -w '%{http_code}' " + arguments, folder_);
  }
  TestFolder folder_;
  std::atomic<int> asked_ = 0;
  std::unique_ptr<Server> server_;
  std::string base_;
};

TEST_F(Serve, AnswersWhoKnowsTheTokenAtThisHostAlone) {
  if (!jobs::findProgram("curl")) GTEST_SKIP() << "needs curl";
  const std::string token = "?token=" + server_->token();
  EXPECT_EQ(server_->token().size(), 32u);
  EXPECT_EQ(curl("'" + base_ + "/'"), "403");
  EXPECT_EQ(curl("'" + base_ + "/?token=" + std::string(32, '0') + "'"), "403");
  EXPECT_EQ(curl("'" + base_ + "/?token='"), "403");
  EXPECT_EQ(curl("-H 'Cookie: sluice_token=wrong' '" + base_ + "/'"), "403");
  EXPECT_EQ(curl("-H 'Host: stranger.example' '" + base_ + "/" + token + "'"), "421")
      << "a name that points here";
  EXPECT_EQ(asked_, 0) << "whoever is refused makes no page";
  EXPECT_EQ(curl("'" + base_ + "/" + token + "'"), "303") << "the token leaves the address";
  EXPECT_EQ(curl("-L -c " + folder_.at("jar") + " '" + base_ + "/" + token + "'"), "200");
  EXPECT_NE(readFile(folder_.at("body"))->find("page 1"), std::string::npos);
  EXPECT_EQ(curl("-b " + folder_.at("jar") + " -D " + folder_.at("head") + " '" + base_ + "/'"), "200");
  const std::string head = *readFile(folder_.at("head"));
  EXPECT_NE(head.find("Refresh: 3"), std::string::npos) << head;
  EXPECT_NE(head.find("default-src 'none'"), std::string::npos) << head;
  EXPECT_EQ(curl("-b " + folder_.at("jar") + " -D " + folder_.at("head") + " '" + base_ + "/'"), "200");
  EXPECT_EQ(readFile(folder_.at("head"))->find("Refresh"), std::string::npos) << "nothing changes any more";
  EXPECT_EQ(curl("-b " + folder_.at("jar") + " '" + base_ + "/../../etc/passwd'"), "404");
  EXPECT_EQ(curl("-b " + folder_.at("jar") + " -X POST -d x '" + base_ + "/'"), "404");
}

TEST_F(Serve, ListensAtLoopbackAlone) {
  const std::string port = std::to_string(server_->port());
  const std::string sockets = *readFile("/proc/net/tcp");
  char hexadecimal[16];
  std::snprintf(hexadecimal, sizeof hexadecimal, ":%04X", static_cast<unsigned>(server_->port()));
  EXPECT_NE(sockets.find(std::string("0100007F") + hexadecimal), std::string::npos);
  EXPECT_EQ(sockets.find(std::string("00000000") + hexadecimal), std::string::npos);
}

TEST_F(Serve, ABrowserShowsThePageAndAsksAgainWhileItChanges) {
  std::string browser;
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"})
    if (browser.empty() && jobs::findProgram(name)) browser = name;
  if (browser.empty()) GTEST_SKIP() << "needs Chromium";
  const std::string shown =
      said("timeout 60 " + browser +
               " --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=" +
               folder_.at("profile") + " --virtual-time-budget=15000 --dump-dom '" + server_->address() + "'",
           folder_);
  EXPECT_NE(shown.find("<p>page "), std::string::npos) << shown;
  EXPECT_GE(asked_, 2) << "it refreshes";
}

}  // namespace
}  // namespace sluice::experiment
