#include "dataflow/fst.h"

#include <zlib.h>

#include <algorithm>
#include <bit>

#include "base/check.h"

/// An FST file is a row of blocks: a byte that says of what kind, eight bytes of length (themselves included), data.
/// Numbers of fixed size come with the high byte first; the others seven bits a byte, the lowest first, the top bit set
/// on all but the last ("varint").
///
///   0 header      times of begin and end, how many scopes, signals and values there are
///   1 changes     the values before the begin ("frame"); per value a chain of changes, each as the step along the table of
///                 times and what the value then is; where each chain begins; the table of times as differences
///   3 geometry    bits of each value
///   4 hierarchy   scopes and signals, as they open and close
namespace sluice::dataflow {
namespace {

enum class Block : char { header = 0, changes = 1, geometry = 3, hierarchy = 4 };

void number(std::string& bytes, std::uint64_t value, int size = 8) {
  for (int byte = size - 1; byte >= 0; --byte) bytes += static_cast<char>((value >> (8 * byte)) & 0xff);
}

void varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  bytes += static_cast<char>(value);
}

void padded(std::string& bytes, const std::string& text, std::size_t size) {
  bytes += text.substr(0, size - 1);
  bytes.append(size - std::min(text.size(), size - 1), '\0');
}

std::string block(Block kind, const std::string& data) {
  std::string bytes(1, static_cast<char>(kind));
  number(bytes, data.size() + 8);
  return bytes + data;
}

/// `windowBits`: 15 for zlib's own frame, 31 for gzip's.
std::string deflated(const std::string& data, int windowBits) {
  z_stream stream{};
  SLUICE_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY) == Z_OK,
               "the parameters are legal");
  std::string result;
  std::vector<char> piece(std::size_t{1} << 16);
  std::size_t taken = 0;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    if (stream.avail_in == 0 && taken < data.size()) {
      const std::size_t size = std::min<std::size_t>(data.size() - taken, std::size_t{1} << 30);
      stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data())) + taken;
      stream.avail_in = static_cast<uInt>(size);
      taken += size;
    }
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = deflate(&stream, taken == data.size() ? Z_FINISH : Z_NO_FLUSH);
    result.append(piece.data(), piece.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  return result;
}

/// Compressed where that is shorter: readers tell by the sizes.
std::string packed(const std::string& data) {
  std::string shorter = deflated(data, 15);
  return shorter.size() < data.size() ? shorter : data;
}

/// `bits` binary digits, packed from the top bit of a byte.
std::string packedDigits(std::uint64_t value, std::uint32_t bits) {
  std::string bytes;
  number(bytes, bits == 64 ? value : value << (64 - bits), 8);
  return bytes.substr(0, (bits + 7) / 8);
}

std::string header(const Waveform& wave, std::uint64_t end, std::uint64_t scopes) {
  std::string data;
  number(data, 0);  // begin
  number(data, end);
  const auto euler =
      std::bit_cast<std::uint64_t>(2.7182818284590452354);  // tells the order of a double's bytes
  for (int byte = 0; byte < 8; ++byte) data += static_cast<char>((euler >> (8 * byte)) & 0xff);
  number(data, 0);  // memory that the writer used
  number(data, scopes);
  number(data, wave.signals.size());
  number(data, wave.bits.size());
  number(data, 1);                // blocks of changes
  data += static_cast<char>(-9);  // a time unit is 10^-9 s
  padded(data, "Sluice", 128);
  padded(data, "", 119);  // date
  data += '\0';           // of Verilog
  number(data, 0);        // what time zero is
  return block(Block::header, data);
}

std::string geometry(const Waveform& wave) {
  std::string lengths;
  for (const std::uint32_t bits : wave.bits) varint(lengths, bits);
  std::string data;
  number(data, lengths.size());
  number(data, wave.bits.size());
  return block(Block::geometry, data + packed(lengths));
}

std::string hierarchy(const Waveform& wave, std::uint64_t& scopes) {
  constexpr char scopeBegins = static_cast<char>(254), scopeEnds = static_cast<char>(255), module = 0;
  constexpr char integer = 1, wire = 16;
  std::string text;
  scopes = 0;
  const auto open = [&](const std::string& name) {
    ++scopes;
    text += scopeBegins;
    text += module;
    text += waveName(name) + '\0' + '\0';  // and the module's name, which is not known
  };
  open(wave.top);
  // A value's first signal gets the next free handle, so handles are numbers of values in the order of signals.
  std::vector<std::uint64_t> handle(wave.bits.size(), 0);
  std::uint64_t next = 0;
  for (std::size_t s = 0; s < wave.signals.size(); ++s) {
    const Waveform::Signal& signal = wave.signals[s];
    if (s == 0 || wave.signals[s - 1].scope != signal.scope) {
      if (s > 0) text += scopeEnds;
      open(signal.scope);
    }
    const std::uint32_t bits = wave.bits[signal.value];
    text += bits == 1 ? wire : integer;
    text += '\0';  // no direction
    text += waveName(signal.name) + '\0';
    varint(text, bits);
    varint(text, handle[signal.value]);
    if (handle[signal.value] == 0) handle[signal.value] = ++next;
  }
  if (!wave.signals.empty()) text += scopeEnds;
  text += scopeEnds;
  std::string data;
  number(data, text.size());
  return block(Block::hierarchy, data + deflated(text, 31));
}

std::string changes(const Waveform& wave, const std::vector<WaveChange>& shown, std::uint64_t end) {
  const std::size_t values = wave.bits.size();
  std::vector<std::string> chains(values);
  std::string times;
  varint(times, 0);
  std::uint64_t count = 1, cycle = 0;
  std::vector<std::uint64_t> at(values, 0);
  for (const WaveChange& change : shown) {
    const std::uint32_t bits = wave.bits[change.value];
    if (change.cycle != cycle) {
      varint(times, change.cycle - cycle);
      cycle = change.cycle;
      ++count;
    }
    const std::uint64_t step = count - 1 - at[change.value];
    at[change.value] = count - 1;
    std::string& chain = chains[change.value];
    if (bits == 1)
      varint(chain, step << 2 | (change.now & 1) << 1);
    else {
      varint(chain, step << 1);
      chain += packedDigits(change.now, bits);
    }
  }

  std::string frame, written = "Z", positions;
  for (const std::uint32_t bits : wave.bits) frame.append(bits, 'x');  // before the first change
  std::uint64_t memory = 0, last = 0, without = 0;
  const auto skip = [&] {
    if (without > 0) varint(positions, without << 1);
    without = 0;
  };
  for (const std::string& chain : chains) {
    memory += chain.size();
    if (chain.empty()) {
      ++without;
      continue;
    }
    skip();
    varint(positions, (written.size() - last) << 1 | 1);
    last = written.size();
    const std::string shorter = packed(chain);
    varint(written, shorter.size() < chain.size() ? chain.size() : 0);
    written += shorter;
  }
  skip();

  std::string data;
  number(data, 0);
  number(data, end);
  number(data, memory);
  const std::string frameBytes = packed(frame), timeBytes = packed(times);
  varint(data, frame.size());
  varint(data, frameBytes.size());
  varint(data, values);
  data += frameBytes;
  varint(data, values);
  data += written + positions;
  number(data, positions.size());
  data += timeBytes;
  number(data, times.size());
  number(data, timeBytes.size());
  number(data, count);
  return block(Block::changes, data);
}

}  // namespace

std::string fstBytes(const Waveform& wave) {
  // Handles follow the signals: values in that order, those that nobody shows left out.
  Waveform ordered{.top = wave.top, .bits = {}, .signals = wave.signals, .changes = {}};
  std::vector<std::size_t> place(wave.bits.size(), wave.bits.size());
  for (Waveform::Signal& signal : ordered.signals) {
    std::size_t& value = place[signal.value];
    if (value == wave.bits.size()) {
      value = ordered.bits.size();
      ordered.bits.push_back(wave.bits[signal.value]);
    }
    signal.value = value;
  }
  for (const WaveChange& change : wave.changes)
    if (place[change.value] < wave.bits.size())
      ordered.changes.push_back({change.cycle, place[change.value], change.now});
  const std::vector<WaveChange> shown = shownChanges(std::move(ordered.changes), ordered.bits.size());
  ordered.changes.clear();
  const std::uint64_t end = shown.empty() ? 0 : shown.back().cycle;
  std::uint64_t scopes = 0;
  const std::string names = hierarchy(ordered, scopes);
  return header(ordered, end, scopes) + changes(ordered, shown, end) + geometry(ordered) + names;
}

}  // namespace sluice::dataflow
