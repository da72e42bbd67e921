#include "flow/formal.h"

#include <gtest/gtest.h>

#include "flow/tools.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"

namespace sluice::flow {
namespace {

/// A FIFO of three places, its text changed by hand from `before` to `after`.
Result<Proof> proveFifo(kernel::FifoKind kind, const std::string& before, const std::string& after,
                        const std::vector<std::string>& claims) {
  const kernel::FifoParams params{.width = 4, .depth = 3, .kind = kind};
  std::string text = hdl::verilog(hdl::simplify(kernel::fifo(params)), hdl::Family::xc7);
  ProofTask task{.name = "fifo", .harness = emit::fifoProof(params, text), .claims = claims};
  if (!before.empty()) {
    const std::size_t at = text.find(before);
    if (at == std::string::npos) return badInput("the text has no '" + before + "'");
    text.replace(at, before.size(), after);
    task.induction = false;
  }
  task.files = {{"fifo.v", text}};
  SLUICE_TRY(const std::vector<Proof> proofs, prove({task}, 1, nullptr));
  return proofs[0];
}

#define SKIP_WITHOUT_YOSYS \
  if (const Result<Tool> yosys = findYosys(); !yosys.ok()) GTEST_SKIP() << yosys.error().text()

TEST(Formal, AFifoKeepsItsPromisesForEver) {
  SKIP_WITHOUT_YOSYS;
  for (const auto kind : {kernel::FifoKind::shiftRegister, kernel::FifoKind::blockRam}) {
    const Result<Proof> proof = proveFifo(kind, "", "", {});
    ASSERT_TRUE(proof.ok()) << proof.error().text();
    EXPECT_EQ(proof->verdict, Verdict::proven);
    EXPECT_EQ(proof->steps, 1u);
  }
}

TEST(Formal, AFifoWithACreditTooManyOverflows) {
  SKIP_WITHOUT_YOSYS;
  const Result<Proof> proof =
      proveFifo(kernel::FifoKind::registers, "free <= 3'd2;", "free <= 3'd3;", {"no_overflow"});
  ASSERT_TRUE(proof.ok()) << proof.error().text();
  EXPECT_EQ(proof->verdict, Verdict::refuted);
  EXPECT_LE(proof->steps, 8u);
}

TEST(Formal, AFifoWhoseReadPointerStepsTwiceReorders) {
  SKIP_WITHOUT_YOSYS;
  const Result<Proof> proof = proveFifo(kernel::FifoKind::lutRam, "{1'd0, read_pointer} + 3'd1",
                                        "{1'd0, read_pointer} + 3'd2", {"in_order"});
  ASSERT_TRUE(proof.ok()) << proof.error().text();
  EXPECT_EQ(proof->verdict, Verdict::refuted);
}

TEST(Formal, AConverterAndItsControllerKeepTheirPromises) {
  SKIP_WITHOUT_YOSYS;
  const kernel::WidthParams params{3, 2, {0, 3}};
  const auto kernel = kernel::widthConverter(params);
  ASSERT_TRUE(kernel.ok());
  const std::string text = hdl::verilog(kernel::hardware(*kernel), hdl::Family::xc7);
  auto harness = emit::widthProof(params, text);
  ASSERT_TRUE(harness.ok());
  const auto proofs = prove(
      {{.name = "width", .files = {{"k.v", text}}, .harness = *harness},
       {.name = "controller", .files = {{"k.v", text}}, .harness = emit::controllerProof(*kernel, text)}},
      1, nullptr);
  ASSERT_TRUE(proofs.ok()) << proofs.error().text();
  for (const Proof& proof : *proofs) EXPECT_EQ(proof.verdict, Verdict::proven);
}

TEST(Formal, TheVerdictIsReadFromTheLog) {
  const auto verdict = [](const std::string& log) { return readProof(log).value().verdict; };
  EXPECT_EQ(verdict("[induction step 4] Solving\nInduction step proven: SUCCESS!\n"), Verdict::proven);
  EXPECT_EQ(readProof("[induction step 4] Solving\nInduction step proven: SUCCESS!\n").value().steps, 4u);
  EXPECT_EQ(verdict("[base case 3] Solving\nSAT temporal induction proof finished - model found for base "
                    "case: FAIL!\n"),
            Verdict::refuted);
  EXPECT_EQ(verdict("Reached maximum number of time steps -> proof failed.\n"), Verdict::open);
  EXPECT_FALSE(readProof("ERROR: out of memory").ok());
}

}  // namespace
}  // namespace sluice::flow
