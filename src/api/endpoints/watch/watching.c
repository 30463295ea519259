/*
 * GET /v1/events: a snapshot of all that there is, then what has changed, for as long as the client
 * stays. The parts report changes, which are noted once for all watchers. At most four times a
 * second, each watcher that has read everything sent to it gets the news. Without watchers no
 * change is noted, and no timer runs.
 */
#include "api/endpoints/watch/watching.h"

#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"
#include "api/endpoints/watch/logs.h"
#include "api/endpoints/watch/news.h"
#include "api/endpoints/watch/watched.h"
#include "api/http/events.h"
#include "api/http/query.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/secret.h"
#include "models/models.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PACE_MS 250
/* How many changed objects are remembered. */
#define CHANGES 1000
/* How long changes are noted after the last client has left, since it may come back with a
 * Last-Event-ID. */
#define KEEP_MS 60000
/* The part of all connections that watchers may have, and the part of those that one user may have.
 */
#define MOST_PART 2
#define USER_PART 4
/* The most lines of the log at a time; 3 lines of the maximum length fit. */
#define LINES 100
#define LINES_BYTES ((size_t)15 * 1024)

struct watcher {
    struct wi_api_watchers *all;
    struct wi_news *news;
    struct wi_events *events;
    double sent_at;     /* when it was given something to read last: wi_now_ms() */
    int log;            /* the level from which on it gets lines of the log; -1: none */
    uint64_t log_after; /* the number of the last line that it has had, or might have had */
    struct watcher *prev, *next;
};

/* Kinds that no part reports, and that are polled. News have the state that was polled, not the one
 * when they are printed: otherwise a change that is undone before the next poll would never be
 * told. */
static const enum wi_change_kind looked_at[] = {WI_CHANGE_STATUS, WI_CHANGE_QUEUE};
#define LOOKED_AT (sizeof looked_at / sizeof *looked_at)

struct wi_api_watchers {
    struct wi_api *api;
    struct wi_news_source source; /* what there is now, but for what is looked at */
    json_t *seen[LOOKED_AT];      /* as it was then */
    struct wi_changes *changes;
    char run[WI_ID_SIZE];
    struct watcher *first;
    size_t count;
    struct wi_turn *turn;   /* sends what is new when this turn is over */
    struct wi_timer *pace;  /* runs until something may be sent again */
    struct wi_timer *beat;  /* runs while somebody watches */
    struct wi_timer *leave; /* runs while there is no watcher but changes are still noted */
    struct wi_timer *log;   /* looks for new lines while somebody watches them */
    size_t log_count;       /* how many do */
    int is_due;             /* something has changed since something was sent last */
};

/* --- sending --------------------------------------------------------------------------------- */

/* With no more memory than the text needs, since a client may let it lie. `last`: it is the end of
 * an event. */
static void add_text(struct watcher *watcher, struct wi_buffer *text, int last)
{
    text->text = wi_realloc_array(text->text, text->size + 1, 1);
    text->capacity = text->size + 1;
    wi_events_add_piece(watcher->events, text, last);
    watcher->sent_at = wi_now_ms();
}

static void add_piece(struct watcher *watcher)
{
    struct wi_buffer text = {0};
    wi_news_print(watcher->news, &text);
    add_text(watcher, &text, !wi_news_is_within(watcher->news));
}

static int has_lines(const struct watcher *watcher)
{
    return watcher->log >= 0 && wi_log_latest() != watcher->log_after;
}

/* As many of the newest lines as there is room for, if there are any of its level. */
static void add_lines(struct watcher *watcher)
{
    struct wi_buffer lines = {0}, text = {0};
    uint64_t latest = watcher->log_after;
    for (size_t limit = LINES; limit > 0; limit = lines.size > LINES_BYTES ? limit / 2 : 0) {
        wi_buffer_clear(&lines);
        latest =
            wi_logs_print_after(&lines, watcher->log_after, (enum wi_level)watcher->log, limit);
    }
    watcher->log_after = latest;
    if (lines.size > 0) {
        wi_buffer_strings(&text, "event: log\ndata: ", lines.text, "\n\n", NULL);
        add_text(watcher, &text, 1);
    }
    wi_buffer_clear(&lines);
}

static void print_news(struct watcher *watcher)
{
    if (wi_news_begin(watcher->news))
        add_piece(watcher);
    if (has_lines(watcher) && !wi_news_is_within(watcher->news))
        add_lines(watcher);
}

/* A watcher that has not read everything sent to it gets the news later, after the rest. */
static void send_news(struct watcher *watcher)
{
    struct wi_request *request = wi_events_request(watcher->events);
    if (wi_events_ended(watcher->events) || !wi_events_drained(watcher->events) ||
        wi_news_is_within(watcher->news))
        return;
    wi_request_begin_spending(request);
    print_news(watcher);
    wi_request_end_spending(request);
}

/* Notes the objects that differ from the last poll. */
static void watchers_look(struct wi_api_watchers *watchers)
{
    for (size_t i = 0; i < LOOKED_AT; i++) {
        json_t *now = wi_watched_object(watchers->api, looked_at[i], "", NULL);
        if (json_equal(now, watchers->seen[i])) {
            json_decref(now);
            continue;
        }
        json_decref(watchers->seen[i]);
        watchers->seen[i] = now;
        wi_changes_note(watchers->changes, looked_at[i], "", NULL);
    }
}

static json_t *watchers_describe(
    void *context, enum wi_change_kind kind, const char *id, const char *client)
{
    const struct wi_api *api = context;
    for (size_t i = 0; i < LOOKED_AT; i++)
        if (kind == looked_at[i])
            return json_copy(api->endpoints->watchers->seen[i]);
    return wi_watched_object(context, kind, id, client);
}

static void send_all(struct wi_api_watchers *watchers)
{
    watchers->is_due = 0;
    if (!watchers->first)
        return;
    watchers_look(watchers);
    for (struct watcher *watcher = watchers->first; watcher; watcher = watcher->next)
        send_news(watcher);
    wi_timer_start(watchers->pace, PACE_MS, 0);
}

static void on_turn(void *context)
{
    struct wi_api_watchers *watchers = context;
    if (!wi_timer_running(watchers->pace))
        send_all(watchers);
}

static void on_pace(void *context)
{
    struct wi_api_watchers *watchers = context;
    if (watchers->is_due)
        send_all(watchers);
}

/* May be called from anywhere: the objects are read later, when the caller has finished its change.
 */
static void send_soon(struct wi_api_watchers *watchers)
{
    if (watchers->is_due || !watchers->first)
        return;
    watchers->is_due = 1;
    wi_turn_schedule(watchers->turn);
}

static void on_change(void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    struct wi_api_watchers *watchers = context;
    char name[WI_MODEL_NAME_MAX + 1];
    size_t length = kind == WI_CHANGE_MODEL ? wi_model_name_base(id) : sizeof name;
    if (length < sizeof name) { /* whatever the variant */
        memcpy(name, id, length);
        name[length] = '\0';
        id = name;
    }
    if (kind != WI_CHANGE_STATUS && kind != WI_CHANGE_QUEUE)
        wi_changes_note(watchers->changes, kind, id, owner);
    send_soon(watchers);
}

/* Shows the client, and any proxy between, that the server is alive. */
static void say_alive(struct watcher *watcher)
{
    struct wi_buffer text = {0};
    wi_buffer_puts(&text, wi_dialect_stream_alive(wi_events_request(watcher->events)->dialect));
    wi_events_insert(watcher->events, &text);
}

/* Changes that no part reports are found now at the latest. */
static void on_beat(void *context)
{
    struct wi_api_watchers *watchers = context;
    (void)wi_repository_list(watchers->api->deps.repository);
    for (struct watcher *watcher = watchers->first; watcher; watcher = watcher->next)
        say_alive(watcher);
    send_soon(watchers);
}

/* Lines are logged on any thread, so no part reports them. */
static void on_log_time(void *context)
{
    struct wi_api_watchers *watchers = context;
    for (const struct watcher *watcher = watchers->first; watcher; watcher = watcher->next)
        if (has_lines(watcher))
            send_soon(watchers);
}

/* --- coming and going ------------------------------------------------------------------------ */

/* From now on changes are noted. */
static void watchers_begin(struct wi_api_watchers *watchers)
{
    double beat = watchers->api->deps.times.beat;
    struct wi_change_listener *listener = watchers->api->deps.listener;
    wi_timer_stop(watchers->leave);
    wi_timer_start(watchers->beat, (uint64_t)beat, (uint64_t)beat);
    if (!listener)
        return;
    listener->context = watchers;
    listener->on_change = on_change;
}

static void on_leave(void *context)
{
    struct wi_api_watchers *watchers = context;
    struct wi_change_listener *listener = watchers->api->deps.listener;
    if (listener)
        listener->on_change = NULL;
    wi_changes_forget(watchers->changes);
}

static void free_watcher(struct watcher *watcher)
{
    struct wi_api_watchers *watchers = watcher->all;
    DL_DELETE(watchers->first, watcher);
    watchers->count--;
    watchers->log_count -= watcher->log >= 0;
    if (watchers->log_count == 0)
        wi_timer_stop(watchers->log);
    wi_news_free(watcher->news);
    wi_events_free(watcher->events);
    free(watcher);
    if (watchers->first)
        return;
    watchers->is_due = 0;
    wi_timer_stop(watchers->beat);
    wi_timer_start(watchers->leave, KEEP_MS, 0);
}

static void on_taken(void *context)
{
    struct watcher *watcher = context;
    if (!wi_events_drained(watcher->events) || wi_events_ended(watcher->events))
        return;
    if (wi_news_is_within(watcher->news))
        add_piece(watcher);
    else if (wi_news_is_behind(watcher->news) || has_lines(watcher))
        send_soon(watcher->all);
}

static void on_gone(void *context)
{
    free_watcher(context);
}

/* It gets the lines from now on. */
static void watch_log(struct watcher *watcher, int level)
{
    struct wi_api_watchers *watchers = watcher->all;
    watcher->log = level;
    if (level < 0)
        return;
    watcher->log_after = wi_log_latest();
    if (watchers->log_count++ == 0)
        wi_timer_start(watchers->log, PACE_MS, PACE_MS);
}

static void add_watcher(struct wi_request *request, unsigned kinds, int log)
{
    struct wi_api_watchers *watchers = request->api->endpoints->watchers;
    struct watcher *watcher = wi_alloc(sizeof *watcher);
    const struct wi_events_callbacks back = {watcher, on_taken, on_gone};
    const struct wi_news_options options = {.changes = watchers->changes,
        .source = &watchers->source,
        .run = watchers->run,
        .client = wi_request_scope(request),
        .kinds = kinds};
    if (!watchers->first)
        watchers_begin(watchers);
    watchers_look(watchers);
    watcher->all = watchers;
    watcher->news = wi_news_new(&options, request->headers.last_event_id);
    watcher->events = wi_events_new(request->api->deps.budget, 0);
    wi_events_send(watcher->events, request, &back);
    DL_APPEND(watchers->first, watcher);
    watchers->count++;
    watch_log(watcher, log);
    if (wi_news_begin(watcher->news))
        add_piece(watcher);
    else
        say_alive(watcher);
}

/* --- the request ----------------------------------------------------------------------------- */

struct query {
    const char *kinds;
    int log;         /* as of struct watcher */
    unsigned wanted; /* the kinds, as of wi_news_options */
};

const struct wi_param wi_events_params[] = {
    WI_PARAM(query, kinds, STRING, .min = 1, .max = 100,
        .help = "Some of status, queue, session, node, model, job and pull, separated by commas; "
                "all by default."),
    WI_PARAM(query, log, ENUM, .names = wi_level_names,
        .help = "For admins: also send log lines of this level or worse."),
    WI_PARAM_END,
};

static int read_kind(const char *word, size_t length, unsigned *kinds)
{
    for (int kind = 0; kind < WI_CHANGE_KINDS; kind++) {
        const char *name = wi_change_kind_names[kind];
        if (strlen(name) != length || memcmp(name, word, length) != 0)
            continue;
        *kinds |= 1u << kind;
        return 0;
    }
    return -1;
}

static enum wi_code read_kinds(const char *words, unsigned *kinds, struct wi_error *error)
{
    *kinds = words ? 0 : (1u << WI_CHANGE_KINDS) - 1;
    while (words) {
        size_t length = strcspn(words, ",");
        if (read_kind(words, length, kinds) != 0) {
            wi_error_set(error, WI_INVALID_FIELD, "kinds", "\"%.*s\" is not a kind of object",
                length < 40 ? (int)length : 40, words);
            return wi_error_allow(error, "status, queue, session, node, model, job, pull");
        }
        words = words[length] ? words + length + 1 : NULL;
    }
    return WI_OK;
}

static enum wi_code read_query(
    const struct wi_request *request, struct query *query, struct wi_error *error)
{
    json_t *arguments;
    enum wi_code code =
        wi_query_read(request, wi_events_params, WI_PARAMS_STRICT, query, &arguments, error);
    if (code == WI_OK)
        code = read_kinds(query->kinds, &query->wanted, error);
    if (code == WI_OK && query->log >= 0)
        code = wi_access_check_rank(request->rank, WI_RANK_ADMIN, request->token, error);
    json_decref(arguments);
    return code;
}

/* How many of them this user has; NULL is an admin, whose are not counted. */
static uint64_t count_of(const struct wi_api_watchers *watchers, const char *user)
{
    uint64_t count = 0;
    if (!user)
        return 0;
    for (const struct watcher *watcher = watchers->first; watcher; watcher = watcher->next) {
        const char *other = wi_request_scope(wi_events_request(watcher->events));
        count += other && strcmp(other, user) == 0;
    }
    return count;
}

/* Watchers stay for long. Clients that want an inference must still find a connection, and no
 * single user may take all the places of watchers. */
static enum wi_code check_room(const struct wi_request *request, struct wi_error *error)
{
    const struct wi_api_watchers *watchers = request->api->endpoints->watchers;
    const struct wi_config_api *config = &request->api->deps.config->api;
    uint64_t part = config->max_connections / MOST_PART;
    uint64_t most = config->max_watchers < part ? config->max_watchers : part;
    uint64_t share = (most + USER_PART - 1) / USER_PART;
    if (watchers->count < most && count_of(watchers, wi_request_scope(request)) >= share)
        return wi_error_set(error, WI_TOO_MANY_WATCHERS, NULL,
            "%llu of your clients are already watching, which is the limit for one user: a quarter "
            "of [api] max_watchers; close one of them",
            (unsigned long long)share);
    if (watchers->count < most)
        return WI_OK;
    return wi_error_set(error, WI_TOO_MANY_WATCHERS, NULL,
        "%llu clients are already watching, which is the limit: [api] max_watchers, or half of "
        "max_connections; try again later",
        (unsigned long long)most);
}

void wi_handle_events(struct wi_request *request)
{
    struct wi_error error;
    struct query query = {.log = -1};
    if (read_query(request, &query, &error) != WI_OK || check_room(request, &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else if (!wi_request_answer_head(request, request->dialect))
        add_watcher(request, query.wanted, query.log);
}

/* --- all of them ----------------------------------------------------------------------------- */

struct wi_api_watchers *wi_api_watchers_new(struct wi_api *api)
{
    struct wi_api_watchers *watchers = wi_alloc(sizeof *watchers);
    char id[WI_ID_SIZE];
    wi_id_new(id, "run");
    snprintf(watchers->run, sizeof watchers->run, "%s", id + strlen("run-"));
    watchers->api = api;
    watchers->source = (struct wi_news_source){
        .context = api, .object = watchers_describe, .list = wi_watched_list};
    watchers->changes = wi_changes_new(CHANGES);
    watchers->turn = wi_turn_new(api->deps.loop, on_turn, watchers);
    watchers->pace = wi_timer_new(api->deps.loop, on_pace, watchers);
    watchers->beat = wi_timer_new(api->deps.loop, on_beat, watchers);
    watchers->leave = wi_timer_new(api->deps.loop, on_leave, watchers);
    watchers->log = wi_timer_new(api->deps.loop, on_log_time, watchers);
    return watchers;
}

void wi_api_watchers_look(struct wi_api_watchers *watchers)
{
    send_soon(watchers);
}

/* Whether it may still read what it was sent: that was all of an event, and not long ago. */
static int may_finish(const struct watcher *watcher)
{
    return !wi_news_is_within(watcher->news) &&
           (wi_events_drained(watcher->events) || wi_now_ms() - watcher->sent_at < PACE_MS);
}

void wi_api_watchers_end(struct wi_api_watchers *watchers)
{
    struct watcher *watcher, *next;
    DL_FOREACH_SAFE(watchers->first, watcher, next)
    {
        if (!wi_events_finish(watcher->events, may_finish(watcher)))
            free_watcher(watcher);
    }
}

void wi_api_watchers_free(struct wi_api_watchers *watchers)
{
    if (!watchers)
        return;
    assert(!watchers->first);
    on_leave(watchers);
    for (size_t i = 0; i < LOOKED_AT; i++)
        json_decref(watchers->seen[i]);
    wi_turn_free(watchers->turn);
    wi_timer_free(watchers->pace);
    wi_timer_free(watchers->beat);
    wi_timer_free(watchers->leave);
    wi_timer_free(watchers->log);
    wi_changes_free(watchers->changes);
    free(watchers);
}
