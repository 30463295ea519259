/* From evidence to verdict; see verdict.h. */
#include "owners/proof/verdict.h"

#include <ctype.h>
#include <string.h>

const char *const wi_proof_names[] = {[WI_PROOF_SIMULATED] = "simulated",
    [WI_PROOF_WRONG] = "wrong",
    [WI_PROOF_NOT_TESTED] = "not tested",
    [WI_PROOF_RIGHT] = "right",
    [WI_PROOF_SOFTWARE] = "software adapter",
    [WI_PROOF_UNPROVEN] = "unproven",
    [WI_PROOF_HARDWARE] = "hardware",
    NULL};

/* What software adapters call themselves. */
static const char *const software[] = {"swiftshader", "llvmpipe", "lavapipe", "softpipe", "swrast",
    "basic render", "warp", "software", NULL};

/* Names that say nothing of an adapter: a browser puts them in the place of the real one. WebKitGTK
 * has "Apple GPU" of its software renderer, too. */
static const char *const masks[] = {"apple gpu", "apple inc.", "masked", "unknown", "generic",
    "generic renderer", "webkit", "webkit webgl", "mozilla", "none", "n/a", NULL};

/* Copies `text` in small letters, without blanks at its ends. */
static void text_fold(char *out, size_t size, const char *text)
{
    size_t length = 0;
    while (*text == ' ')
        text++;
    for (; *text && length + 1 < size; text++)
        out[length++] = (char)tolower((unsigned char)*text);
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
}

static int is_mask(const char *text)
{
    char folded[128];
    text_fold(folded, sizeof folded, text);
    if (!*folded)
        return 1;
    for (size_t i = 0; masks[i]; i++)
        if (strcmp(folded, masks[i]) == 0)
            return 1;
    return 0;
}

static int names_software(const char *text)
{
    for (size_t i = 0; software[i]; i++)
        if (strcasestr(text, software[i]))
            return 1;
    return 0;
}

static int says_software(const struct wi_evidence *evidence)
{
    const struct wi_adapter *adapter = &evidence->adapter;
    return evidence->has_adapter &&
           (adapter->is_fallback || names_software(adapter->vendor) ||
               names_software(adapter->architecture) || names_software(adapter->description));
}

static int has_name(const struct wi_evidence *evidence)
{
    const struct wi_adapter *adapter = &evidence->adapter;
    return evidence->has_adapter && (!is_mask(adapter->vendor) || !is_mask(adapter->architecture) ||
                                        !is_mask(adapter->description));
}

int wi_proof_has_failed(const struct wi_evidence *evidence)
{
    for (size_t i = 0; i < WI_CHALLENGES; i++)
        if (evidence->challenges[i].answered && !evidence->challenges[i].right)
            return 1;
    return 0;
}

static int is_wrong(const struct wi_evidence *evidence)
{
    return wi_proof_has_failed(evidence) || evidence->kernels_wrong_count > 0;
}

/* Whether it has given a product that is right. */
static int is_tested(const struct wi_evidence *evidence)
{
    for (size_t i = 0; i < WI_CHALLENGES; i++)
        if (evidence->challenges[i].answered)
            return 1;
    return 0;
}

/* By the largest product that both it and its WASM have given. */
static int is_fast(const struct wi_evidence *evidence)
{
    for (size_t i = WI_CHALLENGES; i-- > 0;) {
        const struct wi_challenge_result *result = &evidence->challenges[i];
        if (result->answered && result->wasm_ms > 0)
            return result->ms <= result->wasm_ms * WI_PROOF_SPEED;
    }
    return 0;
}

enum wi_proof_verdict wi_proof_judge(const struct wi_evidence *evidence)
{
    if (evidence->simulated)
        return WI_PROOF_SIMULATED;
    if (is_wrong(evidence))
        return WI_PROOF_WRONG;
    if (!is_tested(evidence))
        return WI_PROOF_NOT_TESTED;
    if (evidence->platform == WI_WASM || evidence->platform == WI_NATIVE)
        return WI_PROOF_RIGHT;
    if (says_software(evidence) || (!has_name(evidence) && !is_fast(evidence)))
        return WI_PROOF_SOFTWARE;
    if (evidence->joined || !has_name(evidence) || !is_fast(evidence))
        return WI_PROOF_UNPROVEN;
    return WI_PROOF_HARDWARE;
}

int wi_proof_is_passed(const struct wi_evidence *evidence)
{
    for (size_t i = 0; i < WI_CHALLENGES; i++)
        if (evidence->challenges[i].asked && !evidence->challenges[i].right)
            return 0;
    return is_tested(evidence) && !is_wrong(evidence);
}
