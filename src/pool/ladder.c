/* The remedies for each fault, the mildest first; see ladder.h. */
#include "pool/ladder.h"

/* A busy machine makes runs several times slower than they were. */
#define PATIENCE_FACTOR 3
#define PATIENCE_MS 30000.0

static const enum wi_remedy rungs[WI_FAULT_COUNT][WI_REMEDY_COUNT] = {
    [WI_FAULT_ENGINE_HUNG] = {WI_REMEDY_RELOAD, WI_REMEDY_KILL},
    /* Nothing of ours can still run there: no reason to wait. */
    [WI_FAULT_PAGE_SILENT] = {WI_REMEDY_RELOAD, WI_REMEDY_KILL},
    /* Its engines still serve. No driver takes a document that hangs to another page. */
    [WI_FAULT_PAGE_FROZEN] = {WI_REMEDY_RETIRE, WI_REMEDY_KILL},
    /* A driver does not open another page in a tab that has crashed. */
    [WI_FAULT_PAGE_CRASHED] = {WI_REMEDY_KILL},
    /* A run without an end keeps Chromium's GPU process for ever, and blocks the GPU for every page
     * of its browser, also for one that is opened afresh: the process is ended. Where there is
     * none, and where it does not help, the browser is replaced; WASM still serves meanwhile. */
    [WI_FAULT_PLATFORM_LOST] = {WI_REMEDY_END_GPU, WI_REMEDY_RETIRE},
    /* It does not go on by itself, and what waits for it does not either. */
    [WI_FAULT_STOPPED] = {WI_REMEDY_KILL},
};

const char *wi_fault_name(enum wi_fault fault)
{
    static const char *const names[WI_FAULT_COUNT] = {
        "engine_hung", "page_silent", "page_frozen", "page_crashed", "platform_lost", "stopped"};

    return fault < WI_FAULT_COUNT ? names[fault] : "unknown";
}

const char *wi_remedy_name(enum wi_remedy remedy)
{
    static const char *const names[WI_REMEDY_COUNT] = {
        "none", "end_gpu", "reload", "retire", "kill"};

    return remedy < WI_REMEDY_COUNT ? names[remedy] : "unknown";
}

enum wi_remedy wi_ladder_climb(struct wi_ladder *ladder, enum wi_fault fault, double now)
{
    int recent = ladder->last != WI_REMEDY_NONE && now - ladder->at <= WI_LADDER_MS;
    const enum wi_remedy *rung = rungs[fault];

    while (recent && *rung <= ladder->last && rung[1] != WI_REMEDY_NONE)
        rung++;
    ladder->last = *rung;
    ladder->at = now;
    return *rung;
}

double wi_ladder_patience(double expected_ms)
{
    return PATIENCE_MS + PATIENCE_FACTOR * expected_ms;
}
