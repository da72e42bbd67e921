#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "data/source.h"

/// Sources that a process of its own reads, because the library that does it crashes on damaged files, hangs on others,
/// takes any amount of memory, or is not ours to link. What happens there is an error here. The child opens the file, says
/// what columns there are, and then sends the blocks it is asked for.
///
///   parent -> child   8 bytes: a block
///   child -> parent   1 byte: a kind; 8 bytes: how many follow; then
///                       good   first: the description; afterwards the columns of the block, one after the other
///                       bad    a sentence; the child ends
///                       busy   nothing: there is still something to be done
/// Description, in lines: the number of rows; per column "TYPE NAME", of labels followed by a line "=LABEL" each.
namespace sluice::data {

enum class Reply : char { good = 0, bad = 1, busy = 2 };

/// Sends a reply. False if nobody wants it any more. For children that are forked.
bool sendReply(int socket, Reply kind, std::string_view text);
/// The next block that is asked for; false at the end.
bool receiveRequest(int socket, std::uint64_t& block);
/// In the child: ends with the parent, at most so many bytes of addresses, no core dump.
void confineChild(std::uint64_t mostBytes);

/// Starts a child, in which `serve` runs with its end of a socket and does not return, and reads the description. `library`
/// is named where the child dies. Errors: io; badInput with the child's sentence.
Result<std::unique_ptr<Source>> openInChild(const std::filesystem::path& path, const std::string& library,
                                            const std::function<void(int socket)>& serve);

}  // namespace sluice::data
