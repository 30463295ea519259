/* Nodes that have to show what they are, and orders; see proof.h. */
#include "owners/proof/proof.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "owners/proof/examine.h"
#include "work/pool/evidence.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* How often it is looked whose turn it is. */
#define LOOK_MS 1000
/* Without a verdict a node is asked again after so long. */
#define AGAIN_MS 30000.0
/* That are looked at for one order. */
#define NODES_MAX 10000

/* A node that has to show that it computes right. */
struct prover {
    struct wi_proof *proof;
    char id[WI_ID_SIZE];
    unsigned wanted, shown; /* platforms */
    double due_at;          /* while nothing is under way */
    struct wi_examination *examination;
    UT_hash_handle hh;
};

struct wi_proof {
    struct wi_run_deps runs;
    struct wi_pool *pool;
    struct prover *provers; /* by id */
    struct wi_proof_order *orders;
    size_t order_count;
    struct wi_timer *look;
    int stopped;
};

static struct prover *find_prover(const struct wi_proof *proof, const char *node_id)
{
    return WI_TABLE_FIND(proof->provers, node_id, strlen(node_id));
}

/* --- what is wrong ---------------------------------------------------------------------------- */

/* `kernel` NULL: of all kernels. */
static void report_wrong(const struct wi_proof *proof, const struct wi_node_info *node,
    const struct wi_evidence *evidence, const char *kernel)
{
    struct wi_place place = wi_place_of(node, WI_ENGINE_KERNELS, evidence->platform);
    char key[WI_VERDICT_KEY_SIZE], id[WI_ID_SIZE];
    const struct wi_evidence_found found = {
        .kind = kernel ? WI_EVIDENCE_KNOWN_ANSWER : WI_EVIDENCE_CHALLENGE,
        .node = id,
        .joined = !*node->session,
        .key = key,
        .finding = {.ratio = INFINITY, .detail = evidence->reason}};
    wi_text_copy(id, sizeof id, node->id);
    wi_verdict_key(key, wi_repository_kernels(proof->runs.repository), &place, kernel, NULL);
    (void)wi_pool_found(proof->pool, &found);
}

/* What becomes of a node that computes wrong is the pool's to say. 1 if it goes; `node_id` may be
 * gone then with it. */
static int handle_wrong(
    struct wi_proof *proof, const char *node_id, const struct wi_evidence *evidence)
{
    const struct wi_node_info *node = wi_pool_node_info(proof->pool, node_id);
    if (!node)
        return 1;
    int joined = !*node->session;
    char id[WI_ID_SIZE];
    wi_text_copy(id, sizeof id, node_id);
    wi_warn("proof", node_id, "%s of %s computes wrong: %s", wi_platform_names[evidence->platform],
        node->kind, evidence->reason);
    if (wi_proof_has_failed(evidence))
        report_wrong(proof, node, evidence, NULL);
    for (size_t i = 0; i < evidence->kernels_wrong_count; i++) {
        node = wi_pool_node_info(proof->pool, id);
        if (node)
            report_wrong(proof, node, evidence, evidence->kernels_wrong[i]);
    }
    return joined;
}

/* The first of the platforms that is wrong; NULL: none is. */
static const struct wi_evidence *find_wrong(const struct wi_evidence *evidence, unsigned platforms)
{
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (platforms & 1u << i && wi_proof_judge(&evidence[i]) == WI_PROOF_WRONG)
            return &evidence[i];
    return NULL;
}

/* --- nodes that have to show it --------------------------------------------------------------- */

/* The platforms of which the node has to show it, if any. */
static unsigned wanted_of(const struct wi_proof *proof, const struct wi_node_info *node)
{
    enum wi_verify verify = proof->runs.config->pool.verify;
    if (verify == WI_VERIFY_OFF || (verify == WI_VERIFY_JOINED && *node->session) ||
        node->platforms[WI_SIMULATED].available)
        return 0;
    return wi_examine_platforms(node);
}

/* Those of the platforms that the node has shown, and whether it could not be asked of one. A
 * platform that the configuration keeps from work has nothing to show. */
static unsigned shown_of(const struct wi_evidence *evidence, unsigned platforms, int *was_unsent)
{
    unsigned shown = 0;
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        if (platforms & 1u << i && wi_proof_is_passed(&evidence[i]))
            shown |= 1u << i;
        else if (platforms & 1u << i && evidence[i].unsent)
            *was_unsent = 1;
    }
    return shown;
}

static void prover_pass(struct prover *prover)
{
    const struct wi_proof *proof = prover->proof;
    prover->shown = prover->wanted;
    prover->due_at = wi_now_ms() + (double)proof->runs.config->pool.verify_again;
    wi_pool_hold(proof->pool, prover->id, 0);
}

/* Where it could not even be asked, what it has shown before still counts. */
static void prover_wait(struct prover *prover, int was_unsent)
{
    prover->due_at = wi_now_ms() + AGAIN_MS;
    if (was_unsent)
        return;
    prover->shown = 0;
    wi_info("proof", prover->id,
        "has not yet proved that it computes correctly, and gets no work until it does");
    wi_pool_hold(prover->proof->pool, prover->id, 1);
}

static void on_examined(void *context, const struct wi_evidence *evidence)
{
    struct prover *prover = context;
    int was_unsent = 0;
    const struct wi_evidence *wrong = find_wrong(evidence, prover->wanted);
    unsigned shown = shown_of(evidence, prover->wanted, &was_unsent);
    prover->examination = NULL; /* it ends itself */
    if (shown == prover->wanted) {
        wi_log(prover->shown == shown ? WI_LOG_DEBUG : WI_LOG_INFO, "proof", prover->id,
            "has proved that it computes correctly");
        prover_pass(prover);
    } else if (wrong) {
        if (!handle_wrong(prover->proof, prover->id, wrong))
            prover_pass(prover);
    } else {
        prover_wait(prover, was_unsent);
    }
}

static void prover_examine(struct prover *prover)
{
    const struct wi_examine_order order = {.runs = &prover->proof->runs,
        .node = prover->id,
        .platforms = prover->wanted,
        .context = prover,
        .on_done = on_examined};
    wi_examine_abandon(prover->examination);
    prover->examination = wi_examine(&order);
}

static void prover_forget(struct wi_proof *proof, struct prover *prover)
{
    HASH_DEL(proof->provers, prover);
    wi_examine_abandon(prover->examination);
    free(prover);
}

static void on_gone(void *context, const char *node_id)
{
    struct wi_proof *proof = context;
    struct prover *prover = find_prover(proof, node_id);
    if (prover)
        prover_forget(proof, prover);
}

static struct prover *add_prover(struct wi_proof *proof, const char *node_id)
{
    struct prover *prover = wi_alloc(sizeof *prover);
    prover->proof = proof;
    wi_text_copy(prover->id, sizeof prover->id, node_id);
    HASH_ADD_STR(proof->provers, id, prover);
    return prover;
}

/* It is held as long as it has a platform of which it has shown nothing. */
static void on_node(void *context, const struct wi_node_info *node)
{
    struct wi_proof *proof = context;
    struct prover *prover = find_prover(proof, node->id);
    unsigned wanted = wanted_of(proof, node);
    if (!wanted && prover) {
        prover_forget(proof, prover);
        wi_pool_hold(proof->pool, node->id, 0);
    }
    if (!wanted || proof->stopped)
        return;
    if (!prover)
        prover = add_prover(proof, node->id);
    int is_new = (wanted & ~prover->wanted) != 0;
    prover->wanted = wanted;
    prover->shown &= wanted;
    if (!is_new)
        return;
    wi_pool_hold(proof->pool, node->id, 1);
    prover_examine(prover);
}

static void on_look(void *context)
{
    const struct wi_proof *proof = context;
    double now = wi_now_ms();
    for (struct prover *prover = proof->provers; prover; prover = prover->hh.next)
        if (!prover->examination && now >= prover->due_at)
            prover_examine(prover);
}

/* --- orders ----------------------------------------------------------------------------------- */

/* One node of an order. Its evidence is copied when its examination ends. */
struct subject {
    struct wi_proof_order *order;
    char id[WI_ID_SIZE], browser[32];
    unsigned platforms; /* that are looked at; 0: it has none */
    int has_begun;
    struct wi_examination *examination;
    struct wi_evidence *evidence; /* of each platform, in their order; of 0 of none, of one row */
};

struct wi_proof_order {
    struct wi_proof *proof;
    struct wi_proof_want want;
    struct subject *subjects;
    size_t count, running, steps;
    struct wi_timer *next; /* begins what is next, or ends */
    struct wi_proof_order *prev, *following;
};

static void free_order(struct wi_proof_order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        wi_examine_abandon(order->subjects[i].examination);
        free(order->subjects[i].evidence);
    }
    DL_DELETE2(order->proof->orders, order, prev, following);
    order->proof->order_count--;
    wi_timer_free(order->next);
    free(order->subjects);
    free(order);
}

static void keep_evidence(struct subject *subject, const struct wi_evidence *evidence)
{
    size_t at = 0;
    subject->evidence = wi_realloc_array(
        NULL, (size_t)__builtin_popcount(subject->platforms), sizeof *subject->evidence);
    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (subject->platforms & 1u << i)
            subject->evidence[at++] = evidence[i];
}

static void on_step(void *context)
{
    struct subject *subject = context;
    struct wi_proof_order *order = subject->order;
    if (order->want.on_progress)
        order->want.on_progress(order->want.context, ++order->steps);
}

static void on_subject_examined(void *context, const struct wi_evidence *evidence)
{
    struct subject *subject = context;
    struct wi_proof_order *order = subject->order;
    const struct wi_evidence *wrong = find_wrong(evidence, subject->platforms);
    keep_evidence(subject, evidence);
    subject->examination = NULL;
    order->running--;
    wi_timer_start(order->next, 0, 0);
    if (wrong)
        (void)handle_wrong(order->proof, subject->id, wrong);
}

static void begin_subject(struct subject *subject)
{
    const struct wi_examine_order order = {.runs = &subject->order->proof->runs,
        .node = subject->id,
        .platforms = subject->platforms,
        .times = 1,
        .context = subject,
        .on_step = on_step,
        .on_done = on_subject_examined};
    subject->has_begun = 1;
    if (!subject->platforms)
        return;
    subject->order->running++;
    subject->examination = wi_examine(&order);
}

static void on_next(void *context)
{
    struct wi_proof_order *order = context;
    for (size_t i = 0; i < order->count && order->running < WI_PROOF_NODES_AT_ONCE; i++)
        if (!order->subjects[i].has_begun)
            begin_subject(&order->subjects[i]);
    if (order->running > 0)
        return;
    order->want.on_done(order->want.context);
    free_order(order);
}

/* What a node without the engine has to say. */
static void fill_untested(struct subject *subject, const struct wi_node_info *node)
{
    struct wi_evidence *evidence = subject->evidence = wi_alloc(sizeof *subject->evidence);
    evidence->joined = !*node->session;
    evidence->simulated = node->platforms[WI_SIMULATED].available;
    if (!evidence->simulated)
        wi_text_copy(evidence->reason, sizeof evidence->reason,
            node->engines[WI_ENGINE_KERNELS].available ? "it has none of these platforms"
                                                       : "it does not have the engine kernels");
}

static int is_meant(const struct wi_proof_want *want, const struct wi_node_info *node)
{
    return (!want->node || strcmp(want->node, node->id) == 0) &&
           (!want->browser || strcmp(want->browser, node->kind) == 0);
}

static void add_subject(struct wi_proof_order *order, const struct wi_node_info *node)
{
    struct subject *subject = &order->subjects[order->count++];
    unsigned wanted = order->want.platforms ? order->want.platforms : ~0u;
    subject->order = order;
    wi_text_copy(subject->id, sizeof subject->id, node->id);
    wi_text_copy(subject->browser, sizeof subject->browser, node->kind);
    if (!node->platforms[WI_SIMULATED].available)
        subject->platforms = wi_examine_platforms(node) & wanted;
    if (!subject->platforms)
        fill_untested(subject, node);
}

static void add_subjects(struct wi_proof_order *order)
{
    struct wi_strings ids = {0};
    const struct wi_proof *proof = order->proof;
    wi_pool_list_nodes(proof->pool, &ids, NODES_MAX);
    order->subjects = wi_realloc_array(NULL, ids.count + 1, sizeof *order->subjects);
    memset(order->subjects, 0, (ids.count + 1) * sizeof *order->subjects);
    for (size_t i = 0; i < ids.count; i++) {
        const struct wi_node_info *node = wi_pool_node_info(proof->pool, ids.items[i]);
        if (node && is_meant(&order->want, node))
            add_subject(order, node);
    }
    wi_strings_clear(&ids);
}

static enum wi_code check_want(
    const struct wi_proof *proof, const struct wi_proof_want *want, struct wi_error *error)
{
    if (proof->stopped)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    if (proof->order_count >= WI_PROOF_ORDERS_MAX)
        return wi_error_set(error, WI_QUEUE_FULL, NULL,
            "nodes are examined for %d requests already; ask again when one has its answer",
            WI_PROOF_ORDERS_MAX);
    if (want->node && !wi_pool_node_info(proof->pool, want->node))
        return wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", want->node);
    return WI_OK;
}

struct wi_proof_order *wi_proof_order(
    struct wi_proof *proof, const struct wi_proof_want *want, struct wi_error *error)
{
    if (check_want(proof, want, error) != WI_OK)
        return NULL;
    struct wi_proof_order *order = wi_alloc(sizeof *order);
    order->proof = proof;
    order->want = *want;
    add_subjects(order);
    order->want.node = order->want.browser = NULL; /* they were read */
    order->next = wi_timer_new(proof->runs.loop, on_next, order);
    wi_timer_start(order->next, 0, 0);
    DL_APPEND2(proof->orders, order, prev, following);
    proof->order_count++;
    return order;
}

void wi_proof_order_each(const struct wi_proof_order *order,
    void (*each)(void *context, const struct wi_proof_row *row), void *context)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct subject *subject = &order->subjects[i];
        const struct wi_evidence *evidence = subject->evidence;
        size_t rows = subject->platforms ? (size_t)__builtin_popcount(subject->platforms) : 1;
        for (size_t at = 0; at < rows; at++) {
            const struct wi_proof_row row = {.node = subject->id,
                .browser = subject->browser,
                .platform = subject->platforms ? (int)evidence[at].platform : -1,
                .verdict = wi_proof_judge(&evidence[at]),
                .evidence = &evidence[at]};
            each(context, &row);
        }
    }
}

void wi_proof_order_abandon(struct wi_proof_order *order)
{
    if (order)
        free_order(order);
}

/* --- outside ---------------------------------------------------------------------------------- */

struct wi_proof *wi_proof_new(const struct wi_run_deps *runs, struct wi_pool *pool)
{
    struct wi_proof *proof = wi_alloc(sizeof *proof);
    const struct wi_pool_watch watch = {proof, on_node, on_gone};
    proof->runs = *runs;
    proof->pool = pool;
    proof->look = wi_timer_new(runs->loop, on_look, proof);
    wi_timer_start(proof->look, LOOK_MS, LOOK_MS);
    wi_pool_watch(pool, &watch);
    return proof;
}

void wi_proof_reload(struct wi_proof *proof, const struct wi_config *config)
{
    struct wi_strings ids = {0};
    proof->runs.config = config;
    wi_pool_list_nodes(proof->pool, &ids, SIZE_MAX);
    for (size_t i = 0; i < ids.count; i++) {
        const struct wi_node_info *node = wi_pool_node_info(proof->pool, ids.items[i]);
        if (node)
            on_node(proof, node);
    }
    wi_strings_clear(&ids);
}

void wi_proof_stop(struct wi_proof *proof)
{
    if (!proof)
        return;
    proof->stopped = 1;
    wi_timer_stop(proof->look);
    for (struct prover *prover = proof->provers; prover; prover = prover->hh.next) {
        wi_examine_abandon(prover->examination);
        prover->examination = NULL;
    }
}

void wi_proof_free(struct wi_proof *proof)
{
    static const struct wi_pool_watch nobody = {0};
    if (!proof)
        return;
    wi_pool_watch(proof->pool, &nobody);
    while (proof->provers)
        prover_forget(proof, proof->provers);
    while (proof->orders)
        free_order(proof->orders);
    wi_timer_free(proof->look);
    free(proof);
}
