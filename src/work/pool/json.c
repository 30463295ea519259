/* The pool as the status API shows it. */
#include "work/pool/pick_private.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "browser/browser_network.h"
#include "browser/kinds.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <unistd.h>

static json_t *flags_json(const struct wi_session *browser)
{
    const struct wi_strings *flags = wi_session_flags(browser);
    json_t *list = json_array();

    for (size_t i = 0; i < flags->count; i++)
        json_array_append_new(list, json_string(flags->items[i]));
    return list;
}

static json_t *session_json(const struct wi_pool *pool, const struct pool_session *session)
{
    const struct pool_node *node = wi_pool_node_of(pool, session);
    struct wi_session_info info;

    wi_session_info(session->browser, &info);
    json_t *row = wi_form_json("SessionRow", info.id, info.kind, wi_session_state_name(info.state),
        info.step, wi_pool_session_ends(session), *session->worn ? session->worn : NULL,
        *session->successor ? session->successor : NULL, session->jobs, session->started_at,
        info.ready_ms, info.browser_version, flags_json(session->browser), info.driver_pid,
        info.apart ? "isolated" : "host", *info.gpu ? info.gpu : NULL, node ? node->id : NULL);
    json_object_update_new(
        row, wi_form_json("Session", info.age_ms, wi_session_memory(session->browser)));
    return row;
}

json_t *wi_pool_sessions_json(const struct wi_pool *pool)
{
    json_t *list = json_array();

    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next)
        json_array_append_new(list, session_json(pool, session));
    return list;
}

json_t *wi_pool_session_json(const struct wi_pool *pool, const char *session_id)
{
    const struct pool_session *session = wi_pool_sessions_find(pool->sessions, session_id);

    return session ? session_json(pool, session) : NULL;
}

void wi_pool_list_sessions(const struct wi_pool *pool, struct wi_strings *ids, size_t most)
{
    for (const struct pool_session *session = pool->sessions->first; session && ids->count < most;
         session = session->next)
        wi_strings_add(ids, session->id);
}

/* Why it runs nothing; NULL while it runs something. */
static const char *node_idle(const struct wi_pool *pool, const struct pool_node *node)
{
    if (node->count > 0)
        return NULL;
    if (node->away)
        return "it has lost its connection, and may come back";
    if (node->paused)
        return "the person who lends it has paused it";
    if (node->draining)
        return *node->session ? "it gets no new work, because it is draining"
                              : "an admin has drained it";
    if (node->held & WI_POOL_HELD_UNPROVEN)
        return "it has not yet proved that it computes correctly";
    if (node->held)
        return "it gets no work because of findings about it";
    if (!*node->session && pool->config->pool.strangers == WI_STRANGERS_NONE)
        return "[pool] strangers = none: joined nodes get no work";
    if (node->choked)
        return "too much data is waiting to be sent to it";
    return "no request is waiting that it could run";
}

static json_t *node_json(const struct wi_pool *pool, const struct pool_node *node)
{
    const struct wi_node_info *info = wi_bridge_node(pool->bridge, node->id);

    return wi_form_json("NodeRow", node->id, *node->session ? node->session : NULL,
        info ? info->kind : NULL, info ? info->browser_version : "", node->draining, node->paused,
        node->held, node->away, node->count, node_idle(pool, node),
        info && *info->relay ? info->relay : NULL);
}

json_t *wi_pool_nodes_json(const struct wi_pool *pool, size_t most, size_t *more)
{
    json_t *list = json_array();

    for (const struct pool_node *node = pool->nodes->all; node && json_array_size(list) < most;
         node = node->hh.next)
        json_array_append_new(list, node_json(pool, node));
    *more = HASH_COUNT(pool->nodes->all) - json_array_size(list);
    return list;
}

json_t *wi_pool_nodes_page_json(
    const struct wi_pool *pool, const char *after, size_t limit, int *more)
{
    const struct pool_node **found = wi_realloc_array(NULL, limit + 1, sizeof *found);
    size_t count = wi_pool_nodes_after(pool->nodes, after, found, limit + 1);
    json_t *list = json_array();

    *more = count > limit;
    for (size_t i = 0; i < count && i < limit; i++)
        json_array_append_new(list, node_json(pool, found[i]));
    free(found);
    return list;
}

json_t *wi_pool_node_json(const struct wi_pool *pool, const char *node_id)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    return node ? node_json(pool, node) : NULL;
}

void wi_pool_list_nodes(const struct wi_pool *pool, struct wi_strings *ids, size_t most)
{
    for (const struct pool_node *node = pool->nodes->all; node && ids->count < most;
         node = node->hh.next)
        wi_strings_add(ids, node->id);
}

static json_t *states_json(const struct wi_pool *pool, const char *kind)
{
    json_t *object = json_object();

    for (int state = 0; state < WI_SESSION_CLOSED; state++)
        json_object_set_new(object, wi_session_state_name(state),
            json_integer((json_int_t)wi_pool_sessions_count(pool->sessions, kind, state)));
    return object;
}

/* Those that have happened. */
static json_t *transitions_json(const struct pool_kind *kind)
{
    json_t *object = json_object();

    for (int from = 0; from < WI_SESSION_STATE_COUNT; from++) {
        json_t *row = json_object();
        for (int to = 0; to < WI_SESSION_STATE_COUNT; to++)
            if (kind->transitions[from][to] > 0)
                json_object_set_new(row, wi_session_state_name(to),
                    json_integer((json_int_t)kind->transitions[from][to]));
        if (json_object_size(row) > 0)
            json_object_set(object, wi_session_state_name(from), row);
        json_decref(row);
    }
    return object;
}

static json_t *kind_json(const struct wi_pool *pool, const struct pool_kind *kind, double now)
{
    double left = kind->backoff.next_start - now;
    const char *breaker = !kind->backoff.open ? "closed" : left > 0 ? "open" : "half-open";

    return wi_form_json("KindRow", kind->installed, wi_pool_kind_problem(kind), breaker,
        kind->backoff.failures, left > 0 ? left : 0.0, kind->browser->min_connections,
        kind->browser->max_connections, kind->requested_since > 0, states_json(pool, kind->name),
        transitions_json(kind));
}

json_t *wi_pool_kinds_json(const struct wi_pool *pool)
{
    json_t *object = json_object();
    double now = wi_awake_ms();

    for (size_t i = 0; i < pool->kinds->count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        json_object_set_new(object, kind->name, kind_json(pool, kind, now));
    }
    return object;
}

const struct wi_node_info *wi_pool_kind_page(const struct wi_pool *pool, const char *name)
{
    const struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, name);

    if (!kind)
        return NULL;
    const struct wi_ability known =
        wi_abilities_of(pool->abilities, name, kind->stamp, wi_wall_ms());
    return wi_ability_page(&known);
}

static void warn_of_sandbox(
    const struct wi_pool *pool, json_t *warnings, enum wi_tristate setting, const char *why)
{
    struct wi_buffer names = {0};

    for (size_t i = 0; i < pool->kinds->count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        if (kind->installed && wi_pool_kind_is_on(kind) && kind->browser->sandbox == setting &&
            !wi_kind_sandbox(kind->browser, wi_network_confined(pool->deps.network)))
            wi_buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", kind->name);
    }
    if (names.size > 0)
        json_array_append_new(
            warnings, json_sprintf("the browser's own sandbox is off, %s: %s", why, names.text));
    wi_buffer_clear(&names);
}

/* Its browsers are started here, in the machine's network; `why` is NULL where that is by order. */
static int kind_is_open(const struct wi_pool *pool, const struct pool_kind *kind, const char **why)
{
    enum wi_network_mode mode = pool->config->pool.network;

    *why = mode == WI_NETWORK_AUTO ? wi_network_problem(pool->deps.network, kind->browser) : NULL;
    return kind->installed && wi_pool_kind_is_on(kind) && !wi_pool_kind_is_remote(kind) &&
           (*why || mode == WI_NETWORK_HOST);
}

static void warn_of_network(const struct wi_pool *pool, json_t *warnings)
{
    struct wi_buffer names = {0};
    const char *why, *last = NULL;

    for (size_t i = 0; i < pool->kinds->count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        if (!kind_is_open(pool, kind, &why))
            continue;
        wi_buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", kind->name);
        last = why;
    }
    if (names.size > 0)
        json_array_append_new(warnings,
            json_sprintf("browsers have no network of their own, %s%s: %s: " WI_NETWORK_RISK,
                last ? "because " : "by configuration", last ? last : "", names.text));
    wi_buffer_clear(&names);
}

void wi_pool_add_warnings(const struct wi_pool *pool, json_t *warnings)
{
    warn_of_network(pool, warnings);
    warn_of_sandbox(pool, warnings, WI_NO, "by configuration");
    warn_of_sandbox(pool, warnings, WI_AUTO,
        geteuid() == 0 ? "because the daemon runs as root; run it as another user to have it"
                       : "because user namespaces are not allowed here, so code that breaks out of "
                         "a page can do whatever the daemon's user may; webinfer doctor says how "
                         "to allow them");
    char *crowded = wi_pool_crowded(pool);
    if (crowded)
        json_array_append_new(warnings, json_string(crowded));
    free(crowded);
}

void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters)
{
    const struct pool_sessions_counters *sessions = &pool->sessions->counters;

    *counters = (struct wi_pool_counters){
        .sessions_started = sessions->started,
        .sessions_broken = sessions->broken,
        .sessions_closed = sessions->closed,
        .sessions_worn = sessions->worn,
        .start_ms_count = sessions->start_ms_count,
        .start_ms_sum = sessions->start_ms_sum,
        .nodes = HASH_COUNT(pool->nodes->all),
        .open_nodes = pool->nodes->fleet.open,
        .classes = HASH_COUNT(pool->nodes->fleet.classes),
        .estimates = wi_estimates_count(pool->estimates),
        .probes = pool->chooser->probes,
    };
    memcpy(counters->faults, pool->faults, sizeof counters->faults);
    memcpy(counters->remedies, pool->remedies, sizeof counters->remedies);
    for (const struct pool_session *session = pool->sessions->first; session;
         session = session->next) {
        counters->states[wi_pool_session_state(session)]++;
        counters->live += !wi_pool_session_ends(session);
    }
}
