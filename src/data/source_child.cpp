#include "data/source_child.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace sluice::data {

namespace {

constexpr int patienceMs = 120'000;

bool sendAll(int socket, const void* data, std::size_t count) {
  for (const char* at = static_cast<const char*>(data); count > 0;) {
    const ssize_t sent = ::send(socket, at, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

/// False at the end, or when nothing comes for too long.
bool receiveAll(int socket, void* data, std::size_t count, int milliseconds) {
  for (char* at = static_cast<char*>(data); count > 0;) {
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, milliseconds) <= 0) return false;
    const ssize_t got = ::recv(socket, at, count, 0);
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

class ChildSource : public Source {
 public:
  ChildSource(std::string path, std::string library, pid_t child, int socket)
      : path_(std::move(path)), library_(std::move(library)), child_(child), socket_(socket) {}
  ~ChildSource() override {
    ::close(socket_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  ChildSource(const ChildSource&) = delete;
  ChildSource& operator=(const ChildSource&) = delete;

  /// Reads what the child says of the file.
  Status begin() {
    SLUICE_RETURN_IF_ERROR(receive(std::size_t{256} << 20));
    const std::vector<std::string> lines = split(reply_, '\n');
    std::int64_t rows = 0;
    if (!parseInt64(lines[0], rows) || rows < 0) return damaged();
    rows_ = static_cast<std::uint64_t>(rows);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      if (lines[i].starts_with('=') && !schema_.empty() && schema_.back().type == Type::label) {
        schema_.back().labels.push_back(unescapeLine(lines[i].substr(1)));
        continue;
      }
      const std::size_t blank = lines[i].find(' ');
      if (blank == std::string::npos) return damaged();
      SLUICE_TRY(const Type type, typeNamed(lines[i].substr(0, blank)));
      schema_.push_back({unescapeLine(lines[i].substr(blank + 1)), type, {}});
      rowBytes_ += bytesOf(type);
    }
    return {};
  }
  [[nodiscard]] const Schema& schema() const override { return schema_; }
  [[nodiscard]] std::uint64_t rows() const override { return rows_; }
  Result<Block> block(std::uint64_t index) override {
    SLUICE_CHECK(index < blocks(), "a block that there is");
    Block block = emptyBlock(index);
    if (!sendAll(socket_, &index, sizeof index)) return gone();
    SLUICE_RETURN_IF_ERROR(receive(block.rows * rowBytes_));
    if (reply_.size() != block.rows * rowBytes_) return damaged();
    std::size_t at = 0;
    for (std::size_t c = 0; c < schema_.size(); ++c) {
      const std::size_t bytes = block.rows * bytesOf(schema_[c].type);
      block.columns.push_back(std::string_view(reply_).substr(at, bytes));
      at += bytes;
      if (schema_[c].type != Type::label) continue;
      for (const std::uint32_t label : valuesOf<std::uint32_t>(block, c))
        if (label >= schema_[c].labels.size()) return damaged();
    }
    return block;
  }

 private:
  /// The next reply, of `most` bytes at most. Errors: what the child says, or that it is no more.
  Status receive(std::size_t most) {
    Reply kind = Reply::busy;
    std::uint64_t size = 0;
    constexpr std::size_t longestSentence = 1 << 16;
    while (kind == Reply::busy)
      if (!receiveAll(socket_, &kind, 1, patienceMs) || !receiveAll(socket_, &size, sizeof size, patienceMs))
        return gone();
    if (size > std::max(most, longestSentence)) return damaged();
    reply_.resize(static_cast<std::size_t>(size));
    if (!receiveAll(socket_, reply_.data(), reply_.size(), patienceMs)) return gone();
    if (kind != Reply::good) return badInput(reply_, path_);
    return {};
  }
  [[nodiscard]] Error damaged() const { return badInput("is damaged", path_); }
  [[nodiscard]] Error gone() const {
    return badInput("is damaged: " + library_ + " crashed on it, or did not come to an end", path_);
  }

  std::string path_, library_;
  pid_t child_;
  int socket_;
  Schema schema_;
  std::uint64_t rows_ = 0;
  std::size_t rowBytes_ = 0;
  std::string reply_;
};

}  // namespace

bool sendReply(int socket, Reply kind, std::string_view text) {
  const std::uint64_t size = text.size();
  return sendAll(socket, &kind, 1) && sendAll(socket, &size, sizeof size) &&
         sendAll(socket, text.data(), text.size());
}

bool receiveRequest(int socket, std::uint64_t& block) { return receiveAll(socket, &block, sizeof block, -1); }

void confineChild(std::uint64_t mostBytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit memory{mostBytes, mostBytes}, core{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CORE, &core);
}

Result<std::unique_ptr<Source>> openInChild(const std::filesystem::path& path, const std::string& library,
                                            const std::function<void(int)>& serve) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return ioError("no process can be started to read it", path.string());
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    serve(ends[1]);
    ::_exit(1);
  }
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return ioError("no process can be started to read it", path.string());
  }
  auto source = std::make_unique<ChildSource>(path.string(), library, child, ends[0]);
  SLUICE_RETURN_IF_ERROR(source->begin());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace sluice::data
