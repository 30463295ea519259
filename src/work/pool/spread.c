/* One more session, on one of several GPUs; see spread.h. */
#include "work/pool/spread.h"

#include "browser/gpu_choice.h"
#include <string.h>

struct load {
    size_t of_kind, of_all;
};

static struct load load_of(
    const struct pool_sessions *sessions, const char *kind, const struct wi_gpu_device *gpu)
{
    struct load load = {0};
    struct wi_session_info info;

    for (const struct pool_session *session = sessions->first; session; session = session->next) {
        wi_session_info(session->browser, &info);
        if (wi_pool_session_ends(session) || *session->worn || strcmp(info.gpu, gpu->path) != 0)
            continue;
        load.of_kind += strcmp(session->kind, kind) == 0;
        load.of_all++;
    }
    return load;
}

static int is_less(const struct load *one, const struct load *other)
{
    return one->of_kind < other->of_kind ||
           (one->of_kind == other->of_kind && one->of_all < other->of_all);
}

const struct wi_gpu_device *wi_pool_spread(const struct pool_sessions *sessions,
    const struct wi_config_browser *browser, const struct wi_gpu_device *gpus, size_t count)
{
    const struct wi_gpu_device *best = NULL;
    struct load least = {0};

    for (size_t i = 0; i < count; i++) {
        if (!wi_gpu_serves(&gpus[i], browser->gpu))
            continue;
        struct load load = load_of(sessions, browser->kind, &gpus[i]);
        if (best && !is_less(&load, &least))
            continue;
        best = &gpus[i];
        least = load;
    }
    return best;
}
