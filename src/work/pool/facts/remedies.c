/* The remedies for each fault, the mildest first; backoff and breaker; see remedies.h. */
#include "work/pool/facts/remedies.h"

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
    /* However often it happens the first is enough, where there is such a process: no ladder is
     * climbed (wi_pool_end_kernel). */
    [WI_FAULT_KERNEL_HUNG] = {WI_REMEDY_END_GPU, WI_REMEDY_KILL},
};

const char *const wi_fault_names[] = {"engine_hung", "page_silent", "page_frozen", "page_crashed",
    "platform_lost", "stopped", "kernel_hung", NULL};
const char *const wi_remedy_names[] = {"none", "end_gpu", "reload", "retire", "kill", NULL};

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

static double delay_after(unsigned broken)
{
    double delay = WI_BACKOFF_FIRST_MS;

    if (broken <= 1)
        return 0;
    for (unsigned i = 2; i < broken && delay < WI_BACKOFF_MAX_MS; i++)
        delay *= 2;
    return delay < WI_BACKOFF_MAX_MS ? delay : WI_BACKOFF_MAX_MS;
}

void wi_backoff_broken(struct wi_backoff *backoff, double now, int was_ready, double served_ms)
{
    double sound = delay_after(backoff->broken);
    if (was_ready && served_ms >= (sound > WI_BACKOFF_SOUND_MS ? sound : WI_BACKOFF_SOUND_MS))
        backoff->broken = 0;
    backoff->broken++;
    backoff->failures = was_ready ? 0 : backoff->failures + 1;
    if (backoff->failures >= WI_BREAKER_FAILURES)
        backoff->open = 1;
    backoff->next_start = now + delay_after(backoff->broken);
}

void wi_backoff_ready(struct wi_backoff *backoff)
{
    backoff->failures = 0;
    backoff->open = 0;
}
