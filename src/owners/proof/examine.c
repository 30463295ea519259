/*
 * One look at one node, see examine.h: for each platform challenges, then the kernels whose answers
 * are known, each a shadow run that waits for no client's job. WASM is first, for others are
 * measured by it. A product is checked on a thread.
 */
#include "owners/proof/examine.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "terms/kernel/answers.h"
#include <stdlib.h>
#include <uv.h>

/* What was not answered in that time, or was lost, is no verdict, and is asked so often in all. */
#define ANSWER_MS 30000.0
#define TRIES 3
/* A larger challenge follows one that took less. */
#define QUICK_MS 1000.0

struct wi_examination {
    struct wi_examine_order order;
    char node[WI_ID_SIZE];
    unsigned
        left; /* of the platforms, those that are not begun; WASM also where it only measures */
    struct wi_evidence evidence[WI_PLATFORM_COUNT];
    /* What is asked now: a challenge, or behind the last one a known answer. */
    enum wi_platform platform;
    size_t challenge, answer;
    unsigned tries;
    struct wi_timer *next; /* asks */
    struct wi_run *run;
    struct wi_challenge asked;
    struct wi_tensors inputs, outputs;
    double ms;
    struct wi_work *work;
    int is_right;
    char detail[160];
};

unsigned wi_examine_platforms(const struct wi_node_info *node)
{
    unsigned platforms = 0;
    if (*node->relay) /* a challenge would be answered by any of many browsers */
        return 0;
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (node->engines[WI_ENGINE_KERNELS].available && node->platforms[i].available &&
            wi_engine_platforms(WI_ENGINE_KERNELS) & 1u << i)
            platforms |= 1u << i;
    return platforms;
}

/* --- its life --------------------------------------------------------------------------------- */

static void drop_tensors(struct wi_examination *examination)
{
    wi_tensors_clear(&examination->inputs);
    wi_tensors_clear(&examination->outputs);
}

static void free_examination(struct wi_examination *examination)
{
    wi_timer_free(examination->next);
    drop_tensors(examination);
    free(examination);
}

static void examination_end(struct wi_examination *examination)
{
    examination->order.on_done(examination->order.context, examination->evidence);
    free_examination(examination);
}

static struct wi_evidence *evidence_due(struct wi_examination *examination)
{
    return &examination->evidence[examination->platform];
}

static int is_measure_alone(const struct wi_examination *examination)
{
    return !(examination->order.platforms & 1u << examination->platform);
}

/* --- what is next ----------------------------------------------------------------------------- */

/* 1 if there is another platform. */
static int begin_platform(struct wi_examination *examination)
{
    unsigned left = examination->left;
    int platform = WI_WASM;
    if (!left)
        return 0;
    if (!(left & 1u << WI_WASM))
        for (platform = 0; !(left & 1u << platform);)
            platform++;
    examination->left &= ~(1u << platform);
    examination->platform = (enum wi_platform)platform;
    examination->challenge = examination->answer = 0;
    examination->tries = 0;
    return 1;
}

/* Whatever else would be asked of the platform is not. */
static void leave_platform(struct wi_examination *examination)
{
    examination->challenge = WI_CHALLENGES;
    while (wi_answer_kernel(examination->answer))
        examination->answer++;
}

static int is_challenge_due(const struct wi_examination *examination)
{
    return examination->challenge < WI_CHALLENGES;
}

static int is_answer_due(const struct wi_examination *examination)
{
    return !is_challenge_due(examination) && !is_measure_alone(examination) &&
           wi_answer_kernel(examination->answer);
}

static void examination_go_on(struct wi_examination *examination)
{
    drop_tensors(examination);
    wi_timer_start(examination->next, 0, 0);
    if (examination->order.on_step)
        examination->order.on_step(examination->order.context);
}

/* --- what came of it -------------------------------------------------------------------------- */

static void conclude_challenge(struct wi_examination *examination)
{
    struct wi_evidence *evidence = evidence_due(examination);
    const struct wi_evidence *wasm = &examination->evidence[WI_WASM];
    struct wi_challenge_result *result = &evidence->challenges[examination->challenge];
    result->answered = 1;
    result->right = examination->is_right;
    result->ms = examination->ms;
    if (evidence != wasm && wasm->challenges[examination->challenge].answered)
        result->wasm_ms = wasm->challenges[examination->challenge].ms;
    if (!result->right)
        wi_text_copy(evidence->reason, sizeof evidence->reason, examination->detail);
    int larger = examination->order.times && result->right && result->ms < QUICK_MS;
    examination->challenge = larger ? examination->challenge + 1 : WI_CHALLENGES;
    examination->tries = 0;
    examination_go_on(examination);
}

static void conclude_answer(struct wi_examination *examination)
{
    struct wi_evidence *evidence = evidence_due(examination);
    const char *kernel = wi_answer_kernel(examination->answer)->name;
    evidence->kernels_tried++;
    if (!wi_answer_is_right(examination->answer, &examination->inputs, &examination->outputs,
            examination->detail, sizeof examination->detail)) {
        if (evidence->kernels_wrong_count < WI_EVIDENCE_KERNELS)
            evidence->kernels_wrong[evidence->kernels_wrong_count++] = kernel;
        if (!*evidence->reason)
            wi_join(
                evidence->reason, sizeof evidence->reason, kernel, ": ", examination->detail, NULL);
    }
    examination->answer++;
    examination->tries = 0;
    examination_go_on(examination);
}

static void check_product(void *data)
{
    struct wi_examination *examination = data;
    examination->is_right =
        wi_challenge_is_right(&examination->asked, wi_tensor_bytes(&examination->outputs.items[0]),
            examination->detail, sizeof examination->detail);
}

static void on_checked(void *data, int cancelled)
{
    struct wi_examination *examination = data;
    examination->work = NULL;
    if (cancelled)
        free_examination(examination);
    else
        conclude_challenge(examination);
}

/* Its way there or its time is to blame, and not what the node says of it. */
static int was_lost(const struct wi_error *error)
{
    return error->code == WI_ATTEMPTS_EXHAUSTED || error->code == WI_DEADLINE_EXCEEDED;
}

/* No verdict. A node that cannot compute one kernel may be able to compute the next. */
static void conclude_failure(struct wi_examination *examination, const struct wi_error *error)
{
    struct wi_evidence *evidence = evidence_due(examination);
    int is_challenge = is_challenge_due(examination), was_sent = error->attempts > 0;
    if (was_sent && was_lost(error) && ++examination->tries < TRIES) {
        examination_go_on(examination);
        return;
    }
    if (is_challenge || was_lost(error))
        wi_text_copy(evidence->reason, sizeof evidence->reason, error->detail);
    evidence->unsent = !was_sent;
    examination->tries = 0;
    if (!was_sent || is_challenge || was_lost(error))
        leave_platform(examination);
    else
        examination->answer++;
    examination_go_on(examination);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_examination *examination = context;
    if (wi_place_is_simulated(outcome->executed_on))
        evidence_due(examination)->simulated = 1;
    wi_tensors_share(&examination->outputs, outcome->outputs);
    examination->ms = outcome->inference_ms;
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_examination *examination = context;
    examination->run = NULL;
    if (error)
        conclude_failure(examination, error);
    else if (is_challenge_due(examination))
        examination->work =
            wi_work_start(examination->order.runs->loop, check_product, on_checked, examination);
    else
        conclude_answer(examination);
}

/* With its tensors in `inputs`; takes `options` over. */
static void kernel_ask(
    struct wi_examination *examination, const struct wi_kernel *kernel, json_t *options)
{
    const struct wi_run_deps *runs = examination->order.runs;
    const struct wi_run_owner owner = {
        .context = examination, .on_outcome = on_outcome, .on_done = on_done};
    struct wi_inference *asked = wi_inference_new();
    struct wi_run_request request = {
        .kind = WI_RUN_SHADOW, .asked = asked, .proves = 1, .accepted_at = wi_now_ms()};
    asked->model = wi_model_ref(wi_repository_kernels(runs->repository));
    asked->type = asked->model->type;
    asked->kernel = kernel;
    asked->options = options;
    wi_tensors_share(&asked->tensors, &examination->inputs);
    asked->node = wi_strdup(examination->node);
    asked->has_platform = 1;
    asked->platform = examination->platform;
    asked->priority = WI_PRIORITY_DEFAULT;
    asked->timeout_ms = ANSWER_MS;
    examination->run = wi_run_new(runs, &request, &owner);
    wi_run_begin(examination->run);
}

static void ask_challenge(struct wi_examination *examination)
{
    unsigned char bytes[sizeof examination->asked.seed];
    char seed[2 * sizeof bytes + 1];
    examination->asked.n = wi_challenge_sizes[examination->challenge];
    evidence_due(examination)->challenges[examination->challenge].asked = 1;
    if (uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL) != 0)
        abort(); /* what could be foreseen would prove nothing */
    examination->asked.seed = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        examination->asked.seed = examination->asked.seed << 8 | bytes[i];
    wi_text_hex(bytes, sizeof bytes, seed);
    kernel_ask(examination, wi_kernel_find("challenge"),
        json_pack("{s:i, s:s}", "n", (int)examination->asked.n, "seed", seed));
}

static void ask_answer(struct wi_examination *examination)
{
    uint32_t seed = 0;
    (void)uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL); /* any does */
    json_t *options = wi_answer_ask(examination->answer, seed, &examination->inputs);
    kernel_ask(examination, wi_answer_kernel(examination->answer), options);
}

static void on_next(void *context)
{
    struct wi_examination *examination = context;
    if (is_challenge_due(examination))
        ask_challenge(examination);
    else if (is_answer_due(examination))
        ask_answer(examination);
    else if (begin_platform(examination))
        wi_timer_start(examination->next, 0, 0);
    else
        examination_end(examination);
}

/* --- outside ---------------------------------------------------------------------------------- */

static void fill_evidence(struct wi_examination *examination)
{
    const struct wi_node_info *node =
        wi_pool_node_info(examination->order.runs->pool, examination->node);
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        struct wi_evidence *evidence = &examination->evidence[i];
        evidence->platform = (enum wi_platform)i;
        if (!node)
            continue;
        evidence->joined = !*node->session;
        evidence->simulated = node->platforms[WI_SIMULATED].available;
        evidence->has_adapter = node->platforms[i].has_adapter;
        evidence->adapter = node->platforms[i].adapter;
    }
}

/* That by which others are measured. */
static unsigned measure_of(const struct wi_examination *examination)
{
    const struct wi_node_info *node =
        wi_pool_node_info(examination->order.runs->pool, examination->node);
    int measures = examination->order.times && examination->order.platforms & ~(1u << WI_WASM);
    return measures && node ? wi_examine_platforms(node) & 1u << WI_WASM : 0;
}

struct wi_examination *wi_examine(const struct wi_examine_order *order)
{
    struct wi_examination *examination = wi_alloc(sizeof *examination);
    examination->order = *order;
    wi_text_copy(examination->node, sizeof examination->node, order->node);
    examination->order.node = examination->node;
    examination->left = order->platforms | measure_of(examination);
    leave_platform(examination); /* none is begun */
    fill_evidence(examination);
    examination->next = wi_timer_new(order->runs->loop, on_next, examination);
    wi_timer_start(examination->next, 0, 0);
    return examination;
}

void wi_examine_abandon(struct wi_examination *examination)
{
    if (!examination)
        return;
    if (examination->run)
        wi_run_abandon(examination->run);
    if (examination->work)
        wi_work_abandon(examination->work); /* on_checked frees it */
    else
        free_examination(examination);
}
