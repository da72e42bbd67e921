#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "base/usage.h"
#include "data/prepare.h"

/// Scaler, label encoding and split of a .npy of 16 columns: peak memory and time, beside NumPy and scikit-learn.
///
///     prepare_memory [--rows=10000000] [--large=100000000] [--python=PYTHON] [--folder=DIR] [--json]
///
/// Makes the files in DIR (default: the temporary folder) and removes them at the end. --python names one that has NumPy
/// and scikit-learn; without it there is no peer. --large=0 leaves the large file out.
/// Fails if more than 20 MB are used above the program's own, or mean and deviation differ from the peer's.
namespace {

namespace fs = std::filesystem;
using namespace sluice;
constexpr int columns = 16, classes = 5;

long peakKilobytes() { return std::lround(1024 * peakMebibytes()); }

void writeHead(std::FILE* file, const char* type, const std::string& shape) {
  std::string text =
      std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  while ((10 + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  const char head[10] = {'\x93',
                         'N',
                         'U',
                         'M',
                         'P',
                         'Y',
                         1,
                         0,
                         static_cast<char>(text.size() & 255),
                         static_cast<char>(text.size() >> 8)};
  std::fwrite(head, 1, 10, file);
  std::fwrite(text.data(), 1, text.size(), file);
}

/// Column c: uniform, of another mean and width than the others; labels 3, 13, ..., 43.
void makeFiles(const fs::path& folder, std::uint64_t rows) {
  std::FILE* x = std::fopen((folder / "x.npy").c_str(), "wb");
  std::FILE* y = std::fopen((folder / "y.npy").c_str(), "wb");
  writeHead(x, "<f4", "(" + std::to_string(rows) + ", 16)");
  writeHead(y, "<i4", "(" + std::to_string(rows) + ",)");
  float row[columns];
  for (std::uint64_t r = 0; r < rows; ++r) {
    std::uint64_t bits = randomBits(1, 2, r);
    const std::int32_t label = 3 + 10 * static_cast<std::int32_t>(bits % classes);
    for (int c = 0; c < columns; ++c) {
      bits = bits * 6364136223846793005ull + 1442695040888963407ull;
      row[c] = static_cast<float>(static_cast<double>(bits >> 40) * 0x1.0p-24 * (c + 1) + c * c - 20);
    }
    std::fwrite(row, sizeof(float), columns, x);
    std::fwrite(&label, sizeof label, 1, y);
  }
  std::fclose(x);
  std::fclose(y);
}

struct Seen {
  std::string who;
  double wall = 0, processor = 0;
  long peak = 0, own = 0;  ///< kB
  std::vector<std::pair<double, double>> moments;
};

/// The work itself, in a process of its own.
int child(const fs::path& folder) {
  const long own = peakKilobytes();
  const auto wall = std::chrono::steady_clock::now();
  const double processor = processorSeconds();
  std::vector<std::unique_ptr<data::Source>> sources;
  for (const char* name : {"x.npy", "y.npy"}) {
    auto source = data::openSource(folder / name);
    if (!source.ok()) return std::puts(source.error().text().c_str()), 1;
    sources.push_back(std::move(source).value());
  }
  auto source = data::sideBySide(std::move(sources));
  data::PrepareOptions options;
  options.scale = {"*"};
  options.encode = {"y"};
  options.fitOnAll = true;  // as the peer
  options.split = data::Split{{{"train", 0.8}, {"test", 0.2}}, 42};
  const auto prepared = data::prepare(**source, options, folder / "out");
  if (!prepared.ok()) return std::puts(prepared.error().text().c_str()), 1;
  std::printf("Sluice\n%.3f %.3f %ld %ld\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count(),
              processorSeconds() - processor, peakKilobytes(), own);
  for (const auto& column : prepared->scaled)
    std::printf("%.17g %.17g\n", column.scaler.mean, column.scaler.deviation);
  return 0;
}

bool run(const std::string& command, Seen& seen) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  std::string text;
  char buffer[4096];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) text += buffer;
  if (::pclose(pipe) != 0) return std::fputs(text.c_str(), stderr), false;
  std::istringstream lines(text);
  std::string figures;
  std::getline(lines, seen.who);
  std::getline(lines, figures);
  std::istringstream(figures) >> seen.wall >> seen.processor >> seen.peak >> seen.own;
  for (double mean = 0, deviation = 0; lines >> mean >> deviation;)
    seen.moments.emplace_back(mean, deviation);
  return seen.moments.size() == columns;
}

void show(const Seen& seen, std::uint64_t rows, bool json) {
  if (json)
    std::printf(
        "{\"name\": \"prepare\", \"tool\": \"%s\", \"rows\": %llu, \"seconds\": %.3f, \"processor_seconds\": "
        "%.3f, "
        "\"peak_kB\": %ld, \"own_kB\": %ld}\n",
        seen.who.c_str(), static_cast<unsigned long long>(rows), seen.wall, seen.processor, seen.peak,
        seen.own);
  else
    std::printf("| %.1f GB | %s | %.1f | %.1f | %.1f | %.1f |\n", static_cast<double>(rows) * 64e-9,
                seen.who.c_str(), seen.wall, seen.processor, static_cast<double>(seen.peak) / 1e3,
                static_cast<double>(seen.own) / 1e3);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rows = 10'000'000, large = 100'000'000;
  std::string python;
  fs::path folder = fs::temp_directory_path();
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto value = argument.substr(argument.find('=') + 1);
    if (argument.starts_with("--child=")) return child(value);
    if (argument.starts_with("--rows="))
      rows = std::stoull(value);
    else if (argument.starts_with("--large="))
      large = std::stoull(value);
    else if (argument.starts_with("--python="))
      python = value;
    else if (argument.starts_with("--folder="))
      folder = value;
    else if (argument == "--json")
      json = true;
    else
      return std::fprintf(stderr, "unknown argument %s\n", argv[i]), 2;
  }
  folder /= "sluice-prepare-memory";
  fs::create_directories(folder);
  bool good = true;
  if (!json)
    std::puts(
        "| file | tool | s | s of processor | peak MB | of which the program's own "
        "|\n|---|---|---|---|---|---|");
  for (const std::uint64_t count : {rows, large}) {
    if (count == 0) continue;
    makeFiles(folder, count);
    Seen ours, peer;
    good = run(fs::read_symlink("/proc/self/exe").string() + " --child=" + folder.string(), ours) && good;
    show(ours, count, json);
    if (ours.peak - ours.own > 20'000)
      good = false, std::puts("NOT MET: more than 20 MB above the program's own");
    fs::remove_all(folder / "out");
    if (python.empty() || count != rows) continue;
    if (!run(python + " " SLUICE_BENCH_SOURCE "/sklearn_prepare.py " + (folder / "x.npy").string() + " " +
                 (folder / "y.npy").string(),
             peer)) {
      good = false;
      continue;
    }
    show(peer, count, json);
    for (std::size_t c = 0; c < columns; ++c)
      if (std::abs(ours.moments[c].first - peer.moments[c].first) > 1e-6 * peer.moments[c].second ||
          std::abs(ours.moments[c].second / peer.moments[c].second - 1) > 1e-6) {
        std::printf("NOT MET: column %zu: mean %.9g, deviation %.9g; the peer has %.9g, %.9g\n", c,
                    ours.moments[c].first, ours.moments[c].second, peer.moments[c].first,
                    peer.moments[c].second);
        good = false;
      }
    if (ours.processor > peer.processor) good = false, std::puts("NOT MET: slower than the peer");
  }
  fs::remove_all(folder);
  return good ? 0 : 1;
}
