/*
 * Cross-checks: a browser of ours computes the answers of joined nodes again after the client was
 * answered. Unlike a challenge, such a check cannot be distinguished from work. trial.c runs each
 * check, and cross_trials.c bounds how much all of them hold; this file decides which answers are
 * checked.
 *
 * Tensors, and vectors of texts, are compared as the client got them. The answers of other tasks
 * have no numbers to compare, or texts that may legitimately differ. For these the node is asked
 * for the outputs of its graphs, as the guard asks for them (wire/probe.h), and so are we. After a
 * request for a kernel, the node may be asked for the kernel once more, with inputs whose right
 * answer is known.
 */
#include "owners/check/private.h"

#include "base/table.h"
#include "terms/kernel/answers.h"
#include "wire/probe.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* So many answers of each node are checked before chance decides. */
#define FIRST_ANSWERS 3
/* Under way at a time, each by one shadow run. */
#define ACTIVE_MAX 2
/* Of kernels' answers: so many are looked at by a known one, where we compute them ourselves. */
#define KNOWN_SHARE 0.5
/* So many more nodes are remembered before those that are gone are forgotten. */
#define NEWCOMERS_STEP 1024

struct newcomer {
    char id[WI_ID_SIZE];
    unsigned answers;
    UT_hash_handle hh;
};

struct wi_cross {
    const struct wi_checks *checks;
    struct wi_cross_trials trials;
    struct newcomer *newcomers;
    size_t tidy_at; /* how many of them there are then */
};

/* `asked`, a reference, is taken over. */
static struct wi_trial *make_trial(
    struct wi_cross *cross, const struct wi_inference *asked, const char *client)
{
    struct wi_trial *trial = wi_alloc(sizeof *trial);
    *trial = (struct wi_trial){.checks = cross->checks,
        .asked = asked,
        .client = wi_strdup(client),
        .among = &cross->trials};
    return trial;
}

static void add_trial(struct wi_cross *cross, struct wi_trial *trial)
{
    DL_APPEND(cross->trials.all, trial);
    cross->trials.counters.waiting++;
    if (wi_cross_grow(trial) != 0)
        wi_cross_end(trial, WI_TRIAL_DROPPED);
    wi_turn_schedule(cross->trials.turn);
}

/* --- which are checked ------------------------------------------------------------------------ */

static void tidy_newcomers(struct wi_cross *cross)
{
    struct newcomer *newcomer, *next;
    if (HASH_COUNT(cross->newcomers) < cross->tidy_at)
        return;
    HASH_ITER(hh, cross->newcomers, newcomer, next)
    {
        if (wi_pool_node_info(cross->checks->pool, newcomer->id))
            continue;
        HASH_DEL(cross->newcomers, newcomer);
        free(newcomer);
    }
    cross->tidy_at = 2 * HASH_COUNT(cross->newcomers) + NEWCOMERS_STEP;
}

/* Whether it is one of the node's first answers, which is counted. */
static int answer_is_first(struct wi_cross *cross, const char *node)
{
    struct newcomer *newcomer = WI_TABLE_FIND(cross->newcomers, node, strlen(node));
    if (!newcomer) {
        tidy_newcomers(cross);
        newcomer = wi_alloc(sizeof *newcomer);
        memcpy(newcomer->id, node, sizeof newcomer->id);
        HASH_ADD_STR(cross->newcomers, id, newcomer);
    }
    if (newcomer->answers == FIRST_ANSWERS)
        return 0;
    newcomer->answers++;
    return 1;
}

/* Drawn at random, so that no node can work out when the next check is due. */
static int is_drawn(double share)
{
    return wi_draws_seed() < share * 4294967296.0;
}

/* What is computed again: the client's request where its answer is compared, or its prompt, else
 * what the guard asks in its place. NULL: none. */
static struct wi_trial *compare_trial(struct wi_cross *cross, const struct wi_answered *answered)
{
    const struct wi_inference *sent = answered->sent, *prompt = NULL, *own = NULL;
    const struct wi_answer *answer = answered->result->answer;
    int direct = sent->task == WI_TASK_NONE || sent->task == WI_TASK_EMBED;
    if (!direct && !(prompt = wi_probe_ask_client(sent)) &&
        !(own = wi_probe_ask(sent, wi_draws_seed())))
        return NULL;
    const struct wi_inference *asked = direct ? wi_inference_retain(sent) : prompt ? prompt : own;
    struct wi_trial *trial = make_trial(cross, asked, answered->client);
    trial->step = WI_TRIAL_FIRST;
    trial->direct = direct;
    trial->is_ours = own != NULL;
    trial->draws.drawn = own != NULL;
    if (prompt)
        trial->prompt_tokens =
            answer->account.prompt > 0 ? (double)answer->account.prompt : prompt->prompt_tokens;
    if (direct)
        wi_check_fill_leg(&trial->given, answered->node, answer->result, &answer->outputs);
    return trial;
}

/* The index of the known answer of what was asked; -1: there is none. */
static int known_index(const struct wi_inference *sent)
{
    const struct wi_kernel *kernel;
    for (size_t i = 0; sent->kernel && (kernel = wi_answer_kernel(i)); i++)
        if (kernel == sent->kernel)
            return (int)i;
    return -1;
}

static struct wi_trial *known_trial(
    struct wi_cross *cross, const struct wi_answered *answered, size_t index)
{
    struct wi_inference *asked = wi_inference_new();
    asked->model = wi_model_ref(answered->sent->model);
    asked->type = answered->sent->type;
    asked->kernel = answered->sent->kernel;
    asked->options = wi_answer_ask(index, wi_draws_seed(), &asked->tensors);
    struct wi_trial *trial = make_trial(cross, asked, answered->client);
    trial->step = WI_TRIAL_KNOWN;
    trial->direct = trial->is_ours = 1;
    trial->answer = index;
    return trial;
}

/* Whether the answer can be told right from wrong: what is not known to be right on a platform of
 * any machine is the guard's business. */
static int is_comparable(const struct wi_answered *answered)
{
    const struct wi_inference *sent = answered->sent;
    return !*sent->model->facts.signature.random &&
           (answered->platform == WI_WASM || answered->result->numerics == WI_TRUSTED) &&
           !(sent->stream && sent->task == WI_TASK_NONE);
}

/* Whether that answer's turn has come. */
static int is_due(struct wi_cross *cross, const struct wi_node_info *node)
{
    double share = cross->checks->deps.config->pool.recheck_strangers;
    return !cross->checks->stopped && share > 0 &&
           (answer_is_first(cross, node->id) || is_drawn(share));
}

void wi_cross_consider(struct wi_cross *cross, const struct wi_answered *answered)
{
    const struct wi_inference *sent = answered->sent;
    const struct wi_node_info *node = answered->node;
    int is_compared = is_comparable(answered), known = known_index(sent);
    if ((!is_compared && known < 0) || !is_due(cross, node))
        return;
    int has_ours = wi_check_find_ours(cross->checks->pool, NULL) != NULL;
    int is_known = known >= 0 && (!is_compared || !has_ours || is_drawn(KNOWN_SHARE));
    struct wi_trial *trial =
        is_known ? known_trial(cross, answered, (size_t)known) : compare_trial(cross, answered);
    if (!trial) {
        cross->trials.counters.unable++;
        return;
    }
    memcpy(trial->node, node->id, sizeof trial->node);
    memcpy(trial->kind, node->kind, sizeof trial->kind);
    memcpy(trial->party, node->party, sizeof trial->party);
    trial->platform = answered->platform;
    trial->timeout_ms = sent->timeout_ms;
    trial->fallback = sent->fallback;
    wi_check_make_key(trial->key, sent, node, answered->platform);
    add_trial(cross, trial);
}

/* --- the whole -------------------------------------------------------------------------------- */

static struct wi_trial *find_waiting(const struct wi_cross *cross)
{
    struct wi_trial *trial = cross->trials.all;
    while (trial && trial->active)
        trial = trial->next;
    return trial;
}

/* Never runs inside a client's answer. The result of one may end others. */
static void on_turn(void *context)
{
    struct wi_cross *cross = context;
    struct wi_trial *trial;
    while (cross->trials.active < ACTIVE_MAX && (trial = find_waiting(cross))) {
        trial->active = 1;
        cross->trials.active++;
        wi_trial_go_on(trial);
    }
}

struct wi_cross *wi_cross_new(const struct wi_checks *checks)
{
    struct wi_cross *cross = wi_alloc(sizeof *cross);
    cross->checks = checks;
    cross->tidy_at = NEWCOMERS_STEP;
    cross->trials.turn = wi_turn_new(checks->deps.loop, on_turn, cross);
    return cross;
}

/* Those with a job are told of its end. */
void wi_cross_stop(struct wi_cross *cross)
{
    struct wi_trial *trial;
    while ((trial = find_waiting(cross)))
        wi_cross_end(trial, WI_TRIAL_DROPPED);
}

void wi_cross_free(struct wi_cross *cross)
{
    struct wi_trial *trial, *next;
    struct newcomer *newcomer;
    for (trial = cross->trials.all; trial; trial = next) {
        next = trial->next;
        wi_trial_abandon(trial);
    }
    while ((newcomer = WI_TABLE_TAKE(cross->newcomers)))
        free(newcomer);
    wi_turn_free(cross->trials.turn);
    free(cross);
}

void wi_cross_count(const struct wi_cross *cross, struct wi_cross_counters *counters)
{
    *counters = cross->trials.counters;
}
