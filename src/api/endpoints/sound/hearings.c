/*
 * Live sound: the life of a hearing from its beginning to its end. segments.c turns its segments
 * into text, and hearing_events.c sends its events.
 */
#include "api/endpoints/sound/private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* How often a hearing checks whether something is due. */
#define TICK_MS 500
/* The lag from which on it is reported, and how often at most. */
#define LAG_MS 2000
#define LAG_EVERY_MS 1000
/* Approximate memory of a kept hearing without its events. */
#define HEARING_COST 2048

/* --- how far it is ---------------------------------------------------------------------------- */

static uint64_t heard_ms(const struct wi_hearing *hearing)
{
    return wi_hearing_ms(hearing, wi_cutter_heard(hearing->cutter));
}

static uint64_t done_ms(const struct wi_hearing *hearing)
{
    struct wi_sound_segment open;
    if (hearing->runs.waiting)
        return hearing->runs.waiting->start_ms;
    return wi_cutter_open(hearing->cutter, &open) ? wi_hearing_ms(hearing, open.start)
                                                  : heard_ms(hearing);
}

static uint64_t lag_ms(const struct wi_hearing *hearing)
{
    const struct wi_heard_segment *oldest = hearing->runs.waiting;
    return oldest ? heard_ms(hearing) - oldest->known_ms : 0;
}

void wi_hearing_state(const struct wi_hearing *hearing, struct wi_hearing_state *state)
{
    *state = (struct wi_hearing_state){
        .position = wi_cutter_heard(hearing->cutter) * wi_pcm_moment(&hearing->order.pcm) +
                    wi_cutter_torn(hearing->cutter),
        .heard_ms = heard_ms(hearing),
        .done_ms = done_ms(hearing),
        .lag_ms = lag_ms(hearing)};
}

/* --- its life --------------------------------------------------------------------------------- */

static void free_hearing(struct wi_hearing *hearing)
{
    struct wi_hearings *hearings = hearing->hearings;
    HASH_DEL(hearings->all, hearing);
    if (!wi_events_ended(hearing->events))
        wi_hearing_note_end(hearing, WI_CANCELLED); /* its client has left it */
    wi_kept_remove(&hearings->kept, &hearing->kept);
    wi_hearing_drop_runs(hearing);
    wi_cutter_free(hearing->cutter);
    wi_share_give(hearing->share, hearing->held);
    wi_shares_unref(&hearings->api->clients, hearing->share);
    wi_events_free(hearing->events);
    wi_timer_free(hearing->timer);
    wi_inference_release(hearing->asked);
    free(hearing->client);
    free(hearing);
}

/* It has ended, and its client may come back for that. It may be gone afterwards, and others. */
static void keep_end(struct wi_hearing *hearing)
{
    struct wi_kept *kept = &hearing->hearings->kept;
    struct wi_kept_item *item;
    int gone = 0;
    hearing->is_kept = 1;
    wi_kept_add(
        kept, &hearing->kept, hearing->client, HEARING_COST + wi_events_size(hearing->events));
    while (!gone && (item = wi_kept_excess(kept, &hearing->kept))) {
        gone = item == &hearing->kept;
        free_hearing((struct wi_hearing *)((char *)item - offsetof(struct wi_hearing, kept)));
    }
}

/* To be called after everything that may have ended the hearing. It may be gone afterwards, and
 * others. */
static void hearing_settle(struct wi_hearing *hearing)
{
    if (wi_events_ended(hearing->events) && !wi_events_client(hearing->events) && !hearing->is_kept)
        keep_end(hearing);
}

static double grace_of(const struct wi_hearing *hearing)
{
    return (double)hearing->hearings->api->deps.config->api.stream_grace;
}

static void tell_lag(struct wi_hearing *hearing)
{
    uint64_t lag = lag_ms(hearing);
    if (lag > LAG_MS && wi_now_ms() >= hearing->lag_told_at + LAG_EVERY_MS)
        wi_hearing_tell_lag(hearing, lag);
}

static void end_sound(struct wi_hearing *hearing)
{
    hearing->has_ended = 1;
    hearing->left_at = wi_awake_ms();
    wi_cutter_end(hearing->cutter, wi_hearing_add_segment, hearing);
    wi_hearing_go_on(hearing);
}

/* A hearing whose client sends nothing for the grace time ends. One that has ended and whose events
 * no client takes for that time is freed. */
static void on_tick(void *context)
{
    struct wi_hearing *hearing = context;
    double now = wi_awake_ms(), grace = grace_of(hearing);
    if (hearing->has_ended && !wi_events_client(hearing->events) &&
        now >= hearing->left_at + grace) {
        free_hearing(hearing);
        return;
    }
    if (!hearing->has_ended && now >= hearing->sent_at + grace)
        end_sound(hearing);
    wi_hearing_go_on(hearing);
    tell_lag(hearing);
    wi_hearing_tell_alive(hearing, hearing->hearings->api->deps.times.beat);
    hearing_settle(hearing);
}

static size_t count_live(const struct wi_hearings *hearings, const char *client)
{
    size_t count = 0;
    for (const struct wi_hearing *hearing = hearings->all; hearing; hearing = hearing->hh.next)
        count +=
            !wi_events_ended(hearing->events) && (!client || strcmp(hearing->client, client) == 0);
    return count;
}

enum wi_code wi_hearings_admit(
    const struct wi_hearings *hearings, const char *client, struct wi_error *error)
{
    if (count_live(hearings, client) >= WI_HEARINGS_OF_CLIENT)
        return wi_error_set(error, WI_QUEUE_FULL, NULL,
            "%d of this client's sound streams have not ended; end one first",
            WI_HEARINGS_OF_CLIENT);
    if (count_live(hearings, NULL) >= WI_HEARINGS_MAX)
        return wi_error_set(error, WI_QUEUE_FULL, NULL,
            "%d sound streams have not ended; try again later", WI_HEARINGS_MAX);
    return WI_OK;
}

struct wi_hearing *wi_hearing_new(struct wi_hearings *hearings, const char *client,
    const struct wi_inference *asked, const struct wi_hearing_order *order)
{
    struct wi_hearing *hearing = wi_alloc(sizeof *hearing);
    struct wi_api *api = hearings->api;
    wi_id_new(hearing->id, "sound");
    hearing->hearings = hearings;
    hearing->client = wi_strdup(client);
    hearing->asked = wi_inference_retain(asked);
    hearing->order = *order;
    hearing->cutter = wi_cutter_new(&order->pcm, order->pause_ms);
    hearing->share = wi_shares_ref(&api->clients, client);
    hearing->events = wi_events_new(api->deps.budget, (size_t)api->deps.config->api.stream_buffer);
    hearing->begun_at = wi_now_ms();
    hearing->sent_at = hearing->left_at = wi_awake_ms();
    hearing->timer = wi_timer_new(api->deps.loop, on_tick, hearing);
    wi_timer_start(hearing->timer, TICK_MS, TICK_MS);
    HASH_ADD_STR(hearings->all, id, hearing);
    hearings->counters.opened++;
    return hearing;
}

const char *wi_hearing_id(const struct wi_hearing *hearing)
{
    return hearing->id;
}

struct wi_hearing *wi_hearing_find(
    const struct wi_hearings *hearings, const char *id, const char *client)
{
    struct wi_hearing *hearing = WI_TABLE_FIND(hearings->all, id, strlen(id));
    return hearing && strcmp(hearing->client, client) == 0 ? hearing : NULL;
}

/* --- its sender ------------------------------------------------------------------------------- */

static enum wi_code refuse_ahead(const struct wi_hearing *hearing, struct wi_error *error)
{
    const char *why = wi_hearing_is_unread(hearing)
                          ? "no client reads its events: GET /v1/audio/streams/ID/events"
                          : "send this again when some of the sound has";
    return wi_error_set(error, WI_SOUND_AHEAD, NULL,
        "%.1f s of this sound have no final text yet, and [api] sound_ahead is %.15g s; %s",
        (double)(heard_ms(hearing) - done_ms(hearing)) / 1000,
        (double)hearing->hearings->api->deps.config->api.sound_ahead / 1000, why);
}

static enum wi_code refuse_gap(
    uint64_t position, uint64_t expected, int has_ended, struct wi_error *error)
{
    if (has_ended)
        wi_error_set(error, WI_CONFLICT, "position", "the sound has ended at %llu bytes",
            (unsigned long long)expected);
    else
        wi_error_set(error, WI_CONFLICT, "position",
            "%llu bytes of this sound have arrived: those from there to %llu are missing",
            (unsigned long long)expected, (unsigned long long)position);
    return wi_error_expect(error, "%llu", (unsigned long long)expected);
}

enum wi_code wi_hearing_take(struct wi_hearing *hearing, uint64_t position,
    const unsigned char *bytes, size_t size, struct wi_error *error)
{
    struct wi_hearing_state state;
    uint64_t most = (uint64_t)hearing->hearings->api->deps.config->api.sound_ahead;
    wi_hearing_state(hearing, &state);
    hearing->sent_at = wi_awake_ms();
    if (position > state.position)
        return refuse_gap(position, state.position, hearing->has_ended, error);
    if (state.position - position >= size)
        return WI_OK; /* all of it was had */
    if (hearing->has_ended)
        return refuse_gap(position, state.position, 1, error);
    if (state.heard_ms - state.done_ms > most)
        return refuse_ahead(hearing, error);
    size_t had = (size_t)(state.position - position);
    if (wi_share_room(hearing->share) < size - had)
        return wi_error_set(error, WI_MEMORY_BUDGET, NULL,
            "there is no memory for this sound now; send it again later");
    wi_cutter_add(hearing->cutter, bytes + had, size - had, wi_hearing_add_segment, hearing);
    hearing->hearings->counters.heard_ms += heard_ms(hearing) - state.heard_ms;
    wi_hearing_go_on(hearing);
    tell_lag(hearing);
    return WI_OK;
}

enum wi_code wi_hearing_end(struct wi_hearing *hearing, struct wi_error *error)
{
    size_t moment = wi_pcm_moment(&hearing->order.pcm);
    hearing->sent_at = wi_awake_ms();
    if (hearing->has_ended)
        return WI_OK;
    if (wi_cutter_torn(hearing->cutter) > 0) {
        wi_error_set(error, WI_INVALID_FIELD, "position",
            "the sound ends in the middle of a sample: %zu of its %zu bytes are missing",
            moment - wi_cutter_torn(hearing->cutter), moment);
        return wi_error_expect(error, "a multiple of %zu bytes in all, or DELETE", moment);
    }
    end_sound(hearing);
    return WI_OK;
}

void wi_hearing_cancel(struct wi_hearing *hearing)
{
    struct wi_error error;
    hearing->has_ended = 1;
    wi_hearing_drop_runs(hearing);
    if (!wi_events_ended(hearing->events)) {
        wi_error_set(&error, WI_CANCELLED, NULL,
            "the sound was abandoned by DELETE /v1/audio/streams/%s", hearing->id);
        wi_hearing_tell_end(hearing, &error);
    }
    hearing_settle(hearing);
}

/* --- its reader ------------------------------------------------------------------------------- */

static void on_gone(void *context)
{
    struct wi_hearing *hearing = context;
    hearing->left_at = wi_awake_ms();
    if (hearing->hearings->api->closing)
        free_hearing(hearing);
    else
        hearing_settle(hearing);
}

enum wi_code wi_hearing_read(
    struct wi_hearing *hearing, struct wi_request *request, struct wi_error *error)
{
    /* Where events that are taken make room for more results, the next tick goes on. */
    const struct wi_events_callbacks back = {hearing, NULL, on_gone};
    uint64_t seq = 0;
    enum wi_code code =
        wi_events_place(hearing->events, request->headers.last_event_id, "this sound",
            (uint64_t)hearing->hearings->api->deps.config->api.stream_buffer, &seq, error);
    if (code != WI_OK || wi_request_answer_head(request, request->dialect))
        return code;
    wi_events_cut(hearing->events);
    wi_kept_remove(&hearing->hearings->kept, &hearing->kept);
    hearing->is_kept = 0;
    wi_events_seek(hearing->events, seq);
    wi_events_send(hearing->events, request, &back);
    return WI_OK;
}

/* --- all of them ------------------------------------------------------------------------------ */

struct wi_hearings *wi_hearings_new(struct wi_api *api)
{
    struct wi_hearings *hearings = wi_alloc(sizeof *hearings);
    hearings->api = api;
    hearings->kept.budget = api->deps.budget;
    return hearings;
}

void wi_hearings_quiesce(struct wi_hearings *hearings)
{
    struct wi_hearing *hearing, *next;
    HASH_ITER(hh, hearings->all, hearing, next)
    {
        if (!wi_events_client(hearing->events))
            free_hearing(hearing);
    }
}

void wi_hearings_finish(struct wi_hearings *hearings)
{
    struct wi_hearing *hearing, *next;
    struct wi_error error;
    wi_request_shutting_down(&error);
    wi_hearings_quiesce(hearings);
    HASH_ITER(hh, hearings->all, hearing, next)
    {
        hearing->has_ended = 1;
        wi_hearing_drop_runs(hearing);
        if (!wi_events_ended(hearing->events))
            wi_hearing_tell_end(hearing, &error);
    }
}

void wi_hearings_free(struct wi_hearings *hearings)
{
    if (!hearings)
        return;
    wi_hearings_quiesce(hearings);
    assert(!hearings->all);
    free(hearings);
}

void wi_hearings_counters(const struct wi_hearings *hearings, struct wi_hearings_counters *counters)
{
    *counters = hearings->counters;
    for (const struct wi_hearing *hearing = hearings->all; hearing; hearing = hearing->hh.next) {
        uint64_t lag = lag_ms(hearing);
        counters->live += !wi_events_ended(hearing->events);
        counters->lag_ms = lag > counters->lag_ms ? lag : counters->lag_ms;
        counters->waiting_ms += heard_ms(hearing) - done_ms(hearing);
    }
}
