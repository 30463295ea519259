/* The nodes that there are, and the attempts on each. */
#include "work/pool/facts/nodes.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "work/pool/facts/use.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct pool_nodes *wi_pool_nodes_new(
    const struct wi_estimates *estimates, const struct wi_change_listener *listener)
{
    struct pool_nodes *nodes = wi_alloc(sizeof *nodes);

    nodes->estimates = estimates;
    nodes->listener = listener;
    return nodes;
}

void wi_pool_nodes_free(struct pool_nodes *nodes)
{
    if (!nodes)
        return;
    while (nodes->all)
        wi_pool_nodes_remove(nodes, nodes->all);
    free(nodes);
}

static void node_tell(const struct pool_node *node)
{
    wi_change_tell(node->nodes->listener, WI_CHANGE_NODE, node->id, NULL);
}

/* --- one among all --------------------------------------------------------------------------- */

/* Where in the sorted list the id belongs. */
static size_t node_position(const char *id, const struct pool_node *const *sorted, size_t count)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (strcmp(sorted[middle]->id, id) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* Ids are random: few nodes get into a page that is nearly right already. */
size_t wi_pool_nodes_after(
    const struct pool_nodes *nodes, const char *after, const struct pool_node **found, size_t most)
{
    size_t count = 0;

    for (const struct pool_node *node = nodes->all; node; node = node->hh.next) {
        const char *id = node->id;
        if (strcmp(id, after) <= 0 ||
            (count == most && (most == 0 || strcmp(id, found[most - 1]->id) > 0)))
            continue;
        size_t at = node_position(id, found, count);
        if (count < most)
            count++;
        memmove(&found[at + 1], &found[at], (count - 1 - at) * sizeof *found);
        found[at] = node;
    }
    return count;
}

struct pool_node *wi_pool_nodes_find(const struct pool_nodes *nodes, const char *id)
{
    return WI_TABLE_FIND(nodes->all, id, strlen(id));
}

const struct pool_node *wi_pool_nodes_yardstick(const struct pool_nodes *nodes, const char *kind)
{
    const struct pool_node *found = NULL;

    for (const struct pool_node *node = nodes->all; node; node = node->hh.next) {
        const struct wi_fleet_class *class = node->place.class;
        if (node->away || node->draining || node->paused || node->held || !class ||
            *class->info.relay || !class->info.platforms[WI_WASM].available ||
            (kind && strcmp(class->info.kind, kind) != 0))
            continue;
        if (!found || (class->ours && !found->place.class->ours))
            found = node;
    }
    return found;
}

/* --- what it is ------------------------------------------------------------------------------ */

static struct pool_node *node_add(struct pool_nodes *nodes, const struct wi_node_info *info)
{
    struct pool_node *node = wi_alloc(sizeof *node);

    node->nodes = nodes;
    memcpy(node->id, info->id, sizeof node->id);
    memcpy(node->session, info->session, sizeof node->session);
    memcpy(node->party, info->party, sizeof node->party);
    HASH_ADD(hh, nodes->all, id, strlen(node->id), node);
    return node;
}

/* Routing learns whether it takes work, and who watches that something of that is new. */
static void tell_fleet(struct pool_nodes *nodes, struct pool_node *node)
{
    int reachable = !node->away && !node->paused && !node->choked;

    node_tell(node);
    node->place.reachable = reachable;
    const struct wi_fleet_state state = {.open = reachable && !node->draining && !node->held,
        .away = !node->draining,
        .paused = node->paused,
        .held = reachable && node->held != 0};
    wi_fleet_set(&nodes->fleet, &node->place, &state);
}

struct pool_node *wi_pool_nodes_up(
    struct pool_nodes *nodes, const struct wi_node_info *info, int draining)
{
    struct pool_node *node = wi_pool_nodes_find(nodes, info->id);

    if (!node)
        node = node_add(nodes, info);
    node->away = node->choked = 0;
    if (draining)
        node->draining = 1;
    return node;
}

/* The promises of our own pages, and of nodes that have answered before, are believed: other
 * requests for the model need not load it elsewhere. A node that never answers must not attract
 * them by the work that it was sent. */
static void attempt_promise(struct pool_node *node, const struct pool_attempt *attempt)
{
    if (wi_pool_attempt_rules(attempt)->has_model && node->missed == 0 &&
        (*node->session || node->answered))
        wi_fleet_note_model(&node->place, attempt->hash, attempt->platform, 1);
}

void wi_pool_node_models(struct pool_node *node, const json_t *models)
{
    wi_fleet_models(&node->place, models);
    for (const struct pool_attempt *attempt = node->attempts; attempt; attempt = attempt->next)
        attempt_promise(node, attempt);
}

void wi_pool_node_place(struct pool_nodes *nodes, struct pool_node *node,
    const struct wi_node_info *info, const json_t *models)
{
    node->place.doubted =
        node->missed >= WI_POOL_DOUBTED || node->standing.less.since || node->throttled;
    wi_fleet_put(&nodes->fleet, &node->place, node->id, info);
    wi_pool_node_models(node, models);
    tell_fleet(nodes, node);
}

void wi_pool_node_away(struct pool_nodes *nodes, struct pool_node *node)
{
    node->away = 1;
    tell_fleet(nodes, node);
}

void wi_pool_node_drain(struct pool_nodes *nodes, struct pool_node *node, int draining)
{
    node->draining = draining;
    tell_fleet(nodes, node);
}

void wi_pool_node_pause(struct pool_nodes *nodes, struct pool_node *node, int paused)
{
    node->paused = paused;
    tell_fleet(nodes, node);
}

void wi_pool_node_hold(struct pool_nodes *nodes, struct pool_node *node, unsigned why, int held)
{
    node->held = held ? node->held | why : node->held & ~why;
    tell_fleet(nodes, node);
}

void wi_pool_node_choke(struct pool_nodes *nodes, struct pool_node *node)
{
    wi_debug(
        "pool", node->id, "takes no more work for now: too much data is waiting to be sent to it");
    node->choked = 1;
    tell_fleet(nodes, node);
}

int wi_pool_node_unchoke(struct pool_nodes *nodes, struct pool_node *node)
{
    if (!node->choked)
        return 0;
    node->choked = 0;
    tell_fleet(nodes, node);
    return 1;
}

int wi_pool_nodes_unchoke(struct pool_nodes *nodes)
{
    int any = 0;

    for (struct pool_node *node = nodes->all; node; node = node->hh.next)
        any |= wi_pool_node_unchoke(nodes, node);
    return any;
}

void wi_pool_nodes_remove(struct pool_nodes *nodes, struct pool_node *node)
{
    struct pool_attempt *attempt, *next;

    node_tell(node);
    wi_fleet_remove(&nodes->fleet, &node->place);
    LL_FOREACH_SAFE(node->attempts, attempt, next)
    free(attempt);
    HASH_DEL(nodes->all, node);
    free(node);
}

/* --- attempts -------------------------------------------------------------------------------- */

static struct pool_attempt *find_attempt(const struct pool_node *node, const char *attempt_id)
{
    struct pool_attempt *attempt = node->attempts;

    while (attempt && strcmp(attempt->id, attempt_id) != 0)
        attempt = attempt->next;
    return attempt;
}

/* What is expected of it, from what was measured. */
static void attempt_foresee(const struct pool_nodes *nodes, const struct pool_node *node,
    const struct wi_task *task, struct pool_attempt *attempt)
{
    const struct wi_inference *asked = task->asked;
    const struct wi_fleet_node *place = &node->place;

    const struct wi_place *where =
        place->class ? wi_fleet_where(place->class, attempt->engine, attempt->platform) : NULL;
    if (!wi_pool_attempt_rules(attempt)->has_model || !where)
        return;
    struct wi_estimate e = wi_estimates_get(nodes->estimates, attempt->hash, where);
    double load = wi_fleet_has(place, attempt->hash, attempt->platform) ? 0
                  : e.loads > 0                                         ? e.load_ms
                                : WI_ESTIMATE_UNKNOWN_LOAD_MS;
    double run = wi_task_runs_evenly(asked->task)
                     ? e.run_ms /* of a first run too, or a bound */
                     : wi_estimate_run_ms(&e, asked->prompt_tokens, asked->answer_tokens);
    if (attempt->requests > 1)
        run = e.batch_ms > 0 ? e.batch_ms * (double)attempt->bytes : run * attempt->requests;
    attempt->token_ms = e.token_ms;
    attempt->known_ms = e.runs > 0 && run > 0 ? load + run : 0;
    attempt->expected_ms = load + (run > 0 ? run : WI_ESTIMATE_UNKNOWN_RUN_MS);
    attempt->not_run_ms = load + wi_fleet_ahead(place, attempt->queue, attempt->sent_at);
}

/* How long `expected_ms` of work keep the queue busy: its slots share it, unless they compute in
 * turns. After a new report of its page, a queue may still have short tasks without slots for
 * them. */
static double queue_share_ms(const struct pool_node *node, unsigned queue, double expected_ms)
{
    const struct wi_fleet_class *class = node->place.class;
    unsigned slots = class ? wi_fleet_slots(&class->info, queue) : 0;

    return slots == 0 || wi_fleet_takes_turns(queue) ? expected_ms : expected_ms / slots;
}

double wi_pool_node_done_at(const struct pool_node *node)
{
    double latest = 0;

    for (unsigned queue = 0; queue < WI_FLEET_QUEUES; queue++)
        latest = fmax(latest, node->place.work[queue].done_at);
    return latest;
}

/* Whether what broke the one would have broken the other. */
static int share_worker(const struct pool_attempt *one, const struct pool_attempt *other)
{
    if (!wi_pool_attempt_rules(one)->has_model || !wi_pool_attempt_rules(other)->has_model)
        return 0;
    if (wi_engines[one->engine].is_apart || wi_engines[other->engine].is_apart)
        return one->engine == other->engine && strcmp(one->hash, other->hash) == 0;
    return one->platform == other->platform;
}

static int attempt_is_constrained(const struct pool_attempt *attempt)
{
    return attempt->text == WI_POOL_TEXT_CONSTRAINED;
}

/* A client's own kernel that does not end keeps the GPU from all that its browser does. */
static void note_held(struct pool_attempt *one, const struct pool_attempt *program)
{
    one->held |= program->kind == WI_POOL_ASKS_PROGRAM && one->platform != WI_WASM;
}

/* A grammar that costs too much holds up its engine, so that others there break with it. */
static void note_beside(const struct pool_node *node, struct pool_attempt *attempt)
{
    for (struct pool_attempt *other = node->attempts; other; other = other->next) {
        if (other == attempt)
            continue;
        note_held(attempt, other);
        note_held(other, attempt);
        if (!share_worker(other, attempt))
            continue;
        attempt->behind = 1;
        other->beside |= attempt_is_constrained(attempt);
        attempt->beside |= attempt_is_constrained(other);
    }
}

/* Which kernels of ours it runs, and with what sizes. */
static void note_kernels(struct pool_attempt *attempt, const struct wi_task *task)
{
    const struct wi_inference *asked = task->asked;

    attempt->kernel = asked->kernel;
    attempt->halves = asked->kernel && wi_kernel_has_halves(task->tensors);
    if (attempt->platform != WI_WEBGPU)
        return;
    if (asked->kernel && !wi_kernel_is_ours(asked->kernel))
        (void)wi_kernel_size_class(
            asked->kernel, task->tensors, asked->options, attempt->size_class);
    if (!asked->model->kernels || task->tensors->count != 1)
        return;
    attempt->kernels = asked->model->kernels;
    memcpy(attempt->dims, task->tensors->items[0].dims, sizeof attempt->dims);
}

static enum pool_attempt_kind attempt_kind(const struct wi_inference *asked)
{
    int is_builtin = asked->model->builtin != WI_BUILTIN_NONE;

    if (asked->program)
        return WI_POOL_ASKS_PROGRAM;
    if (asked->benchmark.runs > 0)
        return is_builtin ? WI_POOL_ASKS_BUILTIN_BENCHMARK : WI_POOL_ASKS_BENCHMARK;
    return is_builtin ? WI_POOL_ASKS_BUILTIN : WI_POOL_ASKS_MODEL;
}

static enum pool_attempt_text attempt_text(const struct wi_inference *asked)
{
    if (wi_task_is_constrained(asked->options))
        return WI_POOL_TEXT_CONSTRAINED;
    return wi_task_is_special(asked->input, asked->options) ? WI_POOL_TEXT_SPECIAL
                                                            : WI_POOL_TEXT_USUAL;
}

void wi_pool_node_book(
    struct pool_nodes *nodes, struct pool_node *node, const struct wi_task *task, double now)
{
    const struct wi_inference *asked = task->asked;
    struct pool_attempt *attempt = wi_alloc(sizeof *attempt);
    unsigned queue = wi_fleet_queue(node->place.class, asked->model, asked->task);
    struct wi_fleet_work work = node->place.work[queue];

    wi_fleet_worked(&nodes->fleet, &node->place);
    LL_APPEND(node->attempts, attempt);
    wi_join(attempt->id, sizeof attempt->id, task->attempt_id, NULL);
    memcpy(attempt->hash, asked->model->hash, sizeof attempt->hash);
    attempt->client = wi_use_client(task->client);
    attempt->kind = attempt_kind(asked);
    attempt->platform = task->platforms[0];
    note_kernels(attempt, task);
    attempt->stream = asked->stream;
    attempt->task = asked->task;
    attempt->engine = asked->model->engine;
    attempt->queue = queue;
    attempt->requests = task->requests;
    attempt->bytes = task->tensors ? wi_tensors_bytes(task->tensors) : 0;
    attempt->alone = task->alone;
    attempt->text = attempt_text(asked);
    attempt->broke = task->broke;
    attempt->sent_at = now;
    attempt->given_ms = task->deadline_ms;
    note_beside(node, attempt);
    node->count++;
    node->unheard++;
    node->constrained += (size_t)attempt_is_constrained(attempt);
    attempt_foresee(nodes, node, task, attempt);
    work.count++;
    work.closed |= attempt->alone;
    if (wi_pool_attempt_rules(attempt)->has_model)
        work.done_at = fmax(work.done_at, now) + queue_share_ms(node, queue, attempt->expected_ms);
    attempt_promise(node, attempt);
    wi_fleet_load(&node->place, queue, &work);
    node_tell(node);
}

int wi_pool_node_unbook(
    struct pool_node *node, const char *attempt_id, double now, struct pool_attempt *out)
{
    struct pool_attempt *attempt = find_attempt(node, attempt_id);
    struct wi_fleet_work work = {0};
    double left = 0;

    if (!attempt)
        return 0;
    LL_DELETE(node->attempts, attempt);
    node->count--;
    node->unheard -= attempt->state == WI_POOL_ATTEMPT_SENT;
    node->constrained -= (size_t)attempt_is_constrained(attempt);
    *out = *attempt;
    out->next = NULL;
    free(attempt);
    wi_fleet_take_back(&node->place, out->hash, out->platform);
    for (attempt = node->attempts; attempt; attempt = attempt->next) {
        attempt_promise(node, attempt);
        if (attempt->queue != out->queue)
            continue;
        work.count++;
        work.closed |= attempt->alone;
        left += attempt->expected_ms;
    }
    if (left > 0)
        work.done_at = now + queue_share_ms(node, out->queue, left);
    wi_fleet_load(&node->place, out->queue, &work);
    node_tell(node);
    return 1;
}

/* --- signs of life --------------------------------------------------------------------------- */

int wi_pool_node_prepare(struct pool_node *node)
{
    int was_prepared = node->prepared;

    node->prepared = 1;
    return !was_prepared;
}

static struct pool_attempt *hear_of(struct pool_node *node, const char *attempt_id)
{
    struct pool_attempt *attempt = find_attempt(node, attempt_id);

    if (!attempt)
        return NULL;
    node->unheard -= attempt->state == WI_POOL_ATTEMPT_SENT;
    (void)wi_pool_attempt_change(attempt, WI_POOL_EVENT_HEARD); /* which no state refuses */
    return attempt;
}

void wi_pool_node_accepted(struct pool_node *node, const char *attempt_id)
{
    node->mute = 0;
    hear_of(node, attempt_id);
}

int wi_pool_node_answered(struct pool_node *node, const struct pool_attempt *attempt, double now)
{
    int was_doubted = node->missed >= WI_POOL_DOUBTED;

    if (attempt)
        node->brought_at[attempt->queue] = now;
    node->works_at = now;
    node->answered = 1;
    node->missed = node->mute = 0;
    return was_doubted;
}

/* Called for each part of a stream: nothing is looked for where all that is on the node was heard
 * of and nothing may be held up. */
int wi_pool_node_works(struct pool_node *node, const char *attempt_id, double now)
{
    int looks = node->unheard > 0 || node->constrained > 0;

    return wi_pool_node_answered(node, looks ? hear_of(node, attempt_id) : NULL, now);
}

int wi_pool_node_missed(
    struct pool_node *node, const struct pool_attempt *attempt, int silent, double now)
{
    double had_ms = now - attempt->sent_at;

    if (node->works_at > attempt->sent_at ||
        (!silent && (had_ms < WI_POOL_MISSED_MS || had_ms < attempt->known_ms)))
        return 0;
    node->missed++;
    node->mute += attempt->state == WI_POOL_ATTEMPT_SENT;
    return node->missed == WI_POOL_DOUBTED;
}

void wi_pool_node_was_sent(struct pool_node *node, uint64_t bytes, int away, double now)
{
    if (away || bytes - node->sent_bytes > WI_POOL_SENT_BYTES)
        node->sent_at = now;
    node->sent_bytes = bytes;
}

const struct pool_attempt *wi_pool_node_silent(
    const struct pool_node *node, double limit_ms, double now)
{
    const struct pool_attempt *attempt = node->attempts;

    if (node->unheard == 0 || now - node->sent_at <= limit_ms)
        return NULL;
    while (
        attempt && (attempt->state != WI_POOL_ATTEMPT_SENT || now - attempt->sent_at <= limit_ms))
        attempt = attempt->next;
    return attempt;
}

/* By parts, progress and answers of its engine; before the first, since it was sent. */
static int is_held_up(const struct pool_node *node, const struct pool_attempt *attempt, double now)
{
    double limit = fmin(
        fmax(WI_POOL_HELD_TOKENS * attempt->token_ms, WI_POOL_HELD_MIN_MS), WI_POOL_HELD_MAX_MS);

    return attempt->beside && !attempt_is_constrained(attempt) &&
           now - fmax(attempt->sent_at, node->brought_at[attempt->queue]) > limit;
}

const struct pool_attempt *wi_pool_node_held_up(struct pool_node *node, double now)
{
    struct pool_attempt *attempt = node->constrained > 0 ? node->attempts : NULL;

    while (attempt && (attempt->asked_at >= now || !is_held_up(node, attempt, now)))
        attempt = attempt->next;
    if (attempt)
        attempt->asked_at = now;
    return attempt;
}

/* Asked again now and then, since there may be room for it elsewhere later. */
static int is_late(const struct pool_attempt *attempt, double now)
{
    double limit = fmax(attempt->given_ms / 2, 2 * attempt->known_ms);

    return wi_pool_attempt_rules(attempt)->may_move &&
           now - attempt->sent_at > fmax(limit, WI_POOL_LATE_MIN_MS) &&
           now - attempt->asked_at > attempt->given_ms / WI_POOL_LATE_STEPS;
}

const struct pool_attempt *wi_pool_node_late(struct pool_node *node, double now)
{
    struct pool_attempt *attempt = *node->session ? NULL : node->attempts;

    while (attempt && !is_late(attempt, now))
        attempt = attempt->next;
    if (attempt)
        attempt->asked_at = now;
    return attempt;
}

/* --- clients' own kernels --------------------------------------------------------------------- */

int wi_pool_node_begun(struct pool_node *node, const char *attempt_id, double due)
{
    struct pool_attempt *attempt = find_attempt(node, attempt_id);

    if (!attempt || attempt->kind != WI_POOL_ASKS_PROGRAM ||
        !wi_pool_attempt_change(attempt, WI_POOL_EVENT_BEGUN))
        return 0;
    attempt->due = due;
    return 1;
}

void wi_pool_node_computed(struct pool_node *node, const char *attempt_id)
{
    struct pool_attempt *attempt = find_attempt(node, attempt_id);

    if (attempt)
        (void)wi_pool_attempt_change(attempt, WI_POOL_EVENT_COMPUTED);
}

int wi_pool_node_hurry(struct pool_node *node, const char *attempt_id, double due)
{
    struct pool_attempt *attempt = find_attempt(node, attempt_id);

    if (!attempt || !wi_pool_attempt_change(attempt, WI_POOL_EVENT_HURRIED))
        return 0;
    attempt->due = fmin(attempt->due, due);
    return 1;
}

void wi_pool_node_excuse(struct pool_node *node)
{
    for (struct pool_attempt *attempt = node->attempts; attempt; attempt = attempt->next)
        attempt->excused = 1;
}

const struct pool_attempt *wi_pool_node_next_due(const struct pool_node *node)
{
    const struct pool_attempt *next = NULL;

    for (const struct pool_attempt *one = node->attempts; one; one = one->next)
        if (one->state == WI_POOL_ATTEMPT_COMPUTING && (!next || one->due < next->due))
            next = one;
    return next;
}

/* --- what broke ------------------------------------------------------------------------------- */

int wi_pool_node_broke(struct pool_node *node, const struct pool_attempt *ended)
{
    int suspect = ended->suspect;

    for (struct pool_attempt *attempt = node->attempts; attempt; attempt = attempt->next) {
        if (!share_worker(attempt, ended))
            continue;
        attempt->suspect = 1;
        suspect = 1;
    }
    return suspect;
}
