/* From evidence to verdict: a table of adapters as browsers name them. */
#include "../../test.h"

#include "owners/proof/verdict.h"
#include <stdio.h>
#include <string.h>

enum { SLOW, FAST };
enum { OURS, JOINED };

struct row {
    const char *vendor, *architecture, *description; /* `vendor` NULL: it names no adapter at all */
    int is_fallback, joined, fast;
    enum wi_proof_verdict verdict;
};

static const struct row rows[] = {
    /* Names as Chromium has them of GPUs, */
    {"nvidia", "ampere", "", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"nvidia", "lovelace", "NVIDIA GeForce RTX 4090", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"amd", "rdna-3", "", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"intel", "gen-12lp", "", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"apple", "metal-3", "", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"qualcomm", "adreno-7xx", "", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"arm", "valhall", "", 0, OURS, FAST, WI_PROOF_HARDWARE},
    /* which are not as fast as one, */
    {"nvidia", "ampere", "", 0, OURS, SLOW, WI_PROOF_UNPROVEN},
    {"intel", "gen-9", "", 0, OURS, SLOW, WI_PROOF_UNPROVEN},
    /* or not ours. */
    {"nvidia", "ampere", "", 0, JOINED, FAST, WI_PROOF_UNPROVEN},
    {"nvidia", "ampere", "", 0, JOINED, SLOW, WI_PROOF_UNPROVEN},
    /* Software that says so, in its flag or its name, however fast it says that it is. */
    {"google", "swiftshader", "", 1, OURS, SLOW, WI_PROOF_SOFTWARE},
    {"google", "swiftshader", "", 0, OURS, FAST, WI_PROOF_SOFTWARE},
    {"", "", "SwiftShader Device (Subzero)", 0, JOINED, FAST, WI_PROOF_SOFTWARE},
    {"mesa", "", "llvmpipe (LLVM 15.0.6, 256 bits)", 0, OURS, FAST, WI_PROOF_SOFTWARE},
    {"mesa", "lavapipe", "", 0, OURS, SLOW, WI_PROOF_SOFTWARE},
    {"mesa", "software", "", 0, OURS, FAST, WI_PROOF_SOFTWARE},
    {"microsoft", "warp", "", 0, JOINED, FAST, WI_PROOF_SOFTWARE},
    {"Mesa", "", "virgl (LLVMPIPE (LLVM 15.0.6, 256 bits))", 0, OURS, FAST, WI_PROOF_SOFTWARE},
    {"Mesa", "", "Software Rasterizer", 0, OURS, FAST, WI_PROOF_SOFTWARE},
    /* The host's GPU is as good as one of this machine; LLVM alone is a compiler. */
    {"nvidia", "", "Virtio-GPU Venus (NVIDIA GeForce RTX 3060)", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"VMware, Inc.", "", "SVGA3D; build: RELEASE;  LLVM;", 0, OURS, FAST, WI_PROOF_HARDWARE},
    {"microsoft", "", "Microsoft Basic Render Driver", 0, OURS, FAST, WI_PROOF_SOFTWARE},
    {"nvidia", "ampere", "", 1, OURS, FAST, WI_PROOF_SOFTWARE},
    /* Names that are masked or missing: speed decides, and even that proves no hardware. */
    {"Apple Inc.", "", "Apple GPU", 0, OURS, SLOW, WI_PROOF_SOFTWARE},
    {"Apple Inc.", "", "Apple GPU", 0, JOINED, SLOW, WI_PROOF_SOFTWARE},
    {"Apple Inc.", "", "Apple GPU", 0, OURS, FAST, WI_PROOF_UNPROVEN},
    {"", "", "", 0, OURS, SLOW, WI_PROOF_SOFTWARE},
    {"", "", "", 0, OURS, FAST, WI_PROOF_UNPROVEN},
    {"", "", "", 1, OURS, SLOW, WI_PROOF_SOFTWARE},
    {" ", "", "masked", 0, JOINED, SLOW, WI_PROOF_SOFTWARE},
    {"Mozilla", "", "Mozilla", 0, OURS, SLOW, WI_PROOF_SOFTWARE},
    {NULL, NULL, NULL, 0, OURS, SLOW, WI_PROOF_SOFTWARE},
    {NULL, NULL, NULL, 0, JOINED, SLOW, WI_PROOF_SOFTWARE},
    {NULL, NULL, NULL, 0, OURS, FAST, WI_PROOF_UNPROVEN},
};

static struct wi_evidence evidence_of(const struct row *row)
{
    struct wi_evidence evidence = {.platform = WI_WEBGPU,
        .joined = row->joined,
        .has_adapter = row->vendor != NULL,
        .challenges = {{1, 1, 1, 20, 10}, {1, 1, 1, row->fast ? 40 : 90, 80}},
        .kernels_tried = 14};
    if (!row->vendor)
        return evidence;
    snprintf(evidence.adapter.vendor, sizeof evidence.adapter.vendor, "%s", row->vendor);
    snprintf(evidence.adapter.architecture, sizeof evidence.adapter.architecture, "%s",
        row->architecture);
    snprintf(
        evidence.adapter.description, sizeof evidence.adapter.description, "%s", row->description);
    evidence.adapter.is_fallback = row->is_fallback;
    return evidence;
}

static const struct row gpu = {"nvidia", "ampere", "", 0, OURS, FAST, WI_PROOF_HARDWARE};

TEST(test_adapters)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wi_evidence evidence = evidence_of(&rows[i]);
        enum wi_proof_verdict verdict = wi_proof_judge(&evidence);
        if (verdict != rows[i].verdict)
            fail_msg("row %zu (%s %s %s) is %s, not %s", i, rows[i].vendor, rows[i].architecture,
                rows[i].description, wi_proof_names[verdict], wi_proof_names[rows[i].verdict]);
        assert_true(wi_proof_is_passed(&evidence));
    }
}

/* The largest product of which both times are known decides. */
TEST(test_speed_is_that_of_the_largest_product)
{
    struct wi_evidence evidence = evidence_of(&gpu);
    evidence.challenges[2] = (struct wi_challenge_result){1, 1, 1, 50, 100};
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_HARDWARE);
    evidence.challenges[2].ms = 51;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_UNPROVEN);
    evidence.challenges[2].wasm_ms = 0; /* so that the one before is the largest */
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_HARDWARE);
    for (size_t i = 0; i < WI_CHALLENGES; i++)
        evidence.challenges[i].wasm_ms = 0;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_UNPROVEN);
}

TEST(test_wrong_is_wrong_whatever_else)
{
    struct wi_evidence evidence = evidence_of(&gpu);
    evidence.kernels_wrong[evidence.kernels_wrong_count++] = "relu";
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_WRONG);
    assert_false(wi_proof_is_passed(&evidence));
    evidence = evidence_of(&gpu);
    evidence.challenges[0].right = 0;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_WRONG);
    assert_false(wi_proof_is_passed(&evidence));
    evidence.platform = WI_WASM;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_WRONG);
    evidence.simulated = 1;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_SIMULATED);
}

TEST(test_without_an_answer_there_is_no_verdict)
{
    struct wi_evidence evidence = evidence_of(&gpu);
    memset(evidence.challenges, 0, sizeof evidence.challenges);
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_NOT_TESTED);
    assert_false(wi_proof_is_passed(&evidence));
    evidence.challenges[0].asked = 1;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_NOT_TESTED);
    evidence.challenges[0] = (struct wi_challenge_result){1, 1, 1, 20, 10};
    assert_true(wi_proof_is_passed(&evidence));
    evidence.challenges[1].asked = 1; /* and not answered */
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_UNPROVEN);
    assert_false(wi_proof_is_passed(&evidence));
}

TEST(test_wasm_and_native_claim_no_hardware)
{
    struct wi_evidence evidence = evidence_of(&gpu);
    evidence.platform = WI_WASM;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_RIGHT);
    evidence.platform = WI_NATIVE;
    evidence.joined = 1;
    assert_int_equal(wi_proof_judge(&evidence), WI_PROOF_RIGHT);
}
