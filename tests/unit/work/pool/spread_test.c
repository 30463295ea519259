/* One session after another, on GPUs of which some are not usable. */
#include "../../test.h"

#include "../../browser/machine.h"
#include "work/pool/spread.h"
#include <stdlib.h>

struct wi_session {
    char mark; /* '-': it ends */
    const char *gpu;
};

int wi_pool_session_ends(const struct pool_session *session)
{
    return session->browser->mark == '-';
}

void wi_session_info(const struct wi_session *session, struct wi_session_info *info)
{
    *info = (struct wi_session_info){.gpu = session->gpu};
}

static const struct wi_gpu_device gpus[] = {
    GPU_WITHOUT_DRIVER, GPU_NVIDIA, GPU_AMD, GPU_CLOSED, GPU_INTEL};
#define COUNT (sizeof gpus / sizeof *gpus)
static const struct wi_config_browser chrome = {.kind = "chrome"};
#define NVIDIA "/dev/nvidia0"
#define AMD "/dev/dri/renderD128"
#define INTEL "/dev/dri/renderD129"

static const char *gpu_of(char letter)
{
    return letter == 'n' ? NVIDIA : letter == 'a' ? AMD : letter == 'i' ? INTEL : "";
}

TEST(each_has_one_before_any_has_two)
{
    /* Sessions: a letter for the GPU of each, large for a chrome, small for an edge; x: one that
     * chooses for itself. Before it '-': it ends; '*': it is to be replaced. */
    static const struct {
        const char *sessions, *next;
    } rows[] = {
        {"", NVIDIA},
        {"N", AMD},
        {"NA", INTEL},
        {"NAI", NVIDIA},
        {"NAIN", AMD},
        {"NANAI", INTEL},
        /* One that has left, ends or is to be replaced leaves its place to the next. */
        {"NI", AMD},
        {"N-AI", AMD},
        {"NA*I", INTEL},
        {"*NAI", NVIDIA},
        /* Another kind counts less. */
        {"n", AMD},
        {"nAI", NVIDIA},
        {"nNAI", AMD},
        {"xX", NVIDIA},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool_sessions sessions = {0};
        struct pool_session all[8] = {0}, *session = all;
        struct wi_session browsers[8], *browser = browsers;
        for (const char *at = rows[i].sessions; *at; at++, session++, browser++) {
            browser->mark = *at == '-' || *at == '*' ? *at++ : ' ';
            browser->gpu = gpu_of((char)(*at | 0x20));
            session->browser = browser;
            strcpy(session->kind, *at & 0x20 ? "edge" : "chrome");
            strcpy(session->worn, browser->mark == '*' ? "old" : "");
            session->next = sessions.first;
            sessions.first = session;
        }
        const struct wi_gpu_device *next = wi_pool_spread(&sessions, &chrome, gpus, COUNT);
        assert_string_equal(next->path, rows[i].next);
    }
}

TEST(without_a_usable_gpu_there_is_none)
{
    const struct pool_sessions none = {0};
    assert_null(wi_pool_spread(&none, &chrome, gpus, 1));
    assert_null(wi_pool_spread(&none, &chrome, gpus, 0));
}
