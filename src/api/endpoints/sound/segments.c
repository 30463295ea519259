/*
 * The segments of live sound as jobs. One run at a time: the final of the oldest segment that waits
 * for one, or else a partial of the segment that is open. So finals come in order, and a partial
 * that is under way when its segment ends makes room for the final.
 */
#include "api/endpoints/sound/private.h"

#include "api/endpoints/endpoints.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <utlist.h>

/* How much of the open segment has to be new before it is heard again. */
#define PARTIAL_MS 500
/* When a final that could not be queued is tried again. */
#define AGAIN_MS 1000
/* A partial is the first to wait. */
#define PARTIAL_PRIORITY (WI_PRIORITY_DEFAULT - 1)

/* --- memory ----------------------------------------------------------------------------------- */

/* Charges the memory that the hearing holds now to its client's share. */
static void hearing_recharge(struct wi_hearing *hearing)
{
    const struct wi_hearing_runs *runs = &hearing->runs;
    uint64_t needs = wi_cutter_held(hearing->cutter);
    for (const struct wi_heard_segment *one = runs->waiting; one; one = one->next)
        needs += one->sound->capacity;
    if (runs->run && runs->is_partial)
        needs += runs->partial_size;
    if (needs > hearing->held)
        wi_share_force(hearing->share, needs - hearing->held);
    else
        wi_share_give(hearing->share, hearing->held - needs);
    hearing->held = needs;
}

/* A copy; its memory is charged with the hearing's. */
static struct wi_blob *copy_sound(const unsigned char *bytes, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size);
    if (!blob)
        abort(); /* out of memory for what is at most 28 s of sound, which is there already */
    (void)wi_blob_append(blob, bytes, size);
    return blob;
}

static void free_segment(struct wi_heard_segment *segment)
{
    wi_blob_unref(segment->sound);
    free(segment);
}

/* The first that waits has its final, or none is to come. */
static void drop_first(struct wi_hearing *hearing)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    struct wi_heard_segment *first = runs->waiting;
    DL_DELETE(runs->waiting, first);
    free_segment(first);
    runs->next++;
}

/* --- what ends -------------------------------------------------------------------------------- */

/* When a final that has failed like that is tried again: where the service ends, its stream is told
 * so. 0: it is not. */
static double again_at(const struct wi_error *error)
{
    if (error->code == WI_SHUTTING_DOWN)
        return WI_NEVER;
    if (error->attempts == 0 && (error->code == WI_QUEUE_FULL || error->code == WI_CLIENT_SHARE))
        return wi_now_ms() + AGAIN_MS;
    return 0;
}

static void end_final(struct wi_hearing *hearing, const struct wi_error *error)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    struct wi_hearings_counters *counters = &hearing->hearings->counters;
    double later = error ? again_at(error) : 0;
    if (later > 0) {
        runs->not_before = later;
        return;
    }
    counters->finals += !error;
    counters->failures += error != NULL;
    if (error)
        wi_hearing_tell_failure(hearing, runs->next, error);
    drop_first(hearing);
}

static int is_inside_character(char byte)
{
    return (byte & 0xc0) == 0x80; /* of UTF-8 */
}

/* Characters that both begin with, as Unicode counts them. */
static size_t count_common(const char *a, const char *b)
{
    size_t size = 0, count = 0;
    while (a[size] && a[size] == b[size])
        size++;
    while (is_inside_character(a[size]) || is_inside_character(b[size]))
        size--;
    for (size_t i = 0; i < size; i++)
        count += !is_inside_character(a[i]);
    return count;
}

static void end_partial(struct wi_hearing *hearing, const struct wi_outcome *outcome)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    const char *text = json_string_value(json_object_get(outcome->result, "text"));
    uint64_t start_ms = wi_hearing_ms(hearing, runs->partial_from);
    if (!text)
        return;
    wi_hearing_tell_partial(
        hearing, runs->next, start_ms, text, runs->said ? count_common(runs->said, text) : 0);
    free(runs->said);
    runs->said = wi_strdup(text);
    hearing->hearings->counters.partials++;
}

static void on_outcome(void *context, struct wi_outcome *outcome)
{
    struct wi_hearing *hearing = context;
    struct wi_hearing_runs *runs = &hearing->runs;
    if (runs->is_partial)
        end_partial(hearing, outcome);
    else
        wi_hearing_tell_final(hearing, runs->next, runs->waiting, outcome);
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_hearing *hearing = context;
    (void)printing; /* there is none */
    hearing->runs.run = NULL;
    if (!hearing->runs.is_partial)
        end_final(hearing, error);
    wi_hearing_go_on(hearing);
}

/* --- what begins ------------------------------------------------------------------------------ */

/* Of the hearing's request, with that sound, of which a reference is taken. */
static struct wi_inference *ask_about(const struct wi_hearing *hearing, struct wi_blob *sound)
{
    struct wi_inference *asked = wi_inference_again(hearing->asked);
    struct wi_tensor *tensor = &asked->tensors.items[0];
    wi_blob_unref(tensor->blob);
    tensor->blob = wi_blob_ref(sound);
    tensor->offset = 0;
    tensor->size = sound->size;
    tensor->dims[0] = (int64_t)sound->size;
    asked->fallback = 1;
    asked->timeout_ms = hearing->asked->timeout_ms;
    asked->priority = hearing->runs.is_partial ? PARTIAL_PRIORITY : WI_PRIORITY_DEFAULT;
    return asked;
}

static void begin_run(struct wi_hearing *hearing, int is_partial, struct wi_blob *sound)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    const struct wi_run_owner owner = {
        .context = hearing, .on_outcome = on_outcome, .on_done = on_done};
    runs->is_partial = is_partial;
    const struct wi_run_request request = {.kind = WI_RUN_INSIDE,
        .asked = ask_about(hearing, sound),
        .client = hearing->client,
        .accepted_at = wi_now_ms()};
    runs->run = wi_run_new(&hearing->hearings->api->endpoints->runs, &request, &owner);
    wi_run_begin(runs->run);
}

/* Whether the open segment has enough that is new, for somebody who takes it, and memory. */
static int is_partial_due(const struct wi_hearing *hearing, const struct wi_sound_segment *open)
{
    const struct wi_hearing_runs *runs = &hearing->runs;
    uint64_t from = runs->partial_from == open->start ? runs->partial_to : open->start;
    return hearing->order.partials && wi_events_client(hearing->events) &&
           wi_hearing_ms(hearing, open->end - from) >= PARTIAL_MS &&
           wi_share_room(hearing->share) >= open->size;
}

static void begin_partial(struct wi_hearing *hearing)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    struct wi_sound_segment open;
    if (!wi_cutter_open(hearing->cutter, &open) || !is_partial_due(hearing, &open))
        return;
    if (runs->partial_from != open.start) {
        free(runs->said);
        runs->said = NULL;
    }
    runs->partial_from = open.start;
    runs->partial_to = open.end;
    runs->partial_size = open.size;
    struct wi_blob *sound = copy_sound(open.bytes, open.size);
    begin_run(hearing, 1, sound);
    wi_blob_unref(sound);
}

static void begin_next(struct wi_hearing *hearing)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    if (wi_events_ended(hearing->events) || wi_hearing_is_unread(hearing) ||
        wi_now_ms() < runs->not_before)
        return;
    if (runs->waiting)
        begin_run(hearing, 0, runs->waiting->sound);
    else if (!hearing->has_ended)
        begin_partial(hearing);
}

/* Ends a partial when a final waits to run, or the sound has ended. */
static void end_needless(struct wi_hearing *hearing)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    if (!runs->run || !runs->is_partial || (!runs->waiting && !hearing->has_ended))
        return;
    wi_run_abandon(runs->run);
    runs->run = NULL;
}

void wi_hearing_go_on(struct wi_hearing *hearing)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    uint64_t number;
    if (runs->beginning)
        return; /* below */
    runs->beginning = 1;
    end_needless(hearing);
    do { /* those that end at once, since nothing can run them, make room for the next */
        number = runs->next;
        if (!runs->run)
            begin_next(hearing);
    } while (!runs->run && runs->next != number);
    runs->beginning = 0;
    hearing_recharge(hearing);
    if (hearing->has_ended && !runs->waiting && !wi_events_ended(hearing->events))
        wi_hearing_tell_done(
            hearing, runs->next, wi_hearing_ms(hearing, wi_cutter_heard(hearing->cutter)));
}

void wi_hearing_add_segment(void *context, const struct wi_sound_segment *segment)
{
    struct wi_hearing *hearing = context;
    struct wi_heard_segment *heard = wi_alloc(sizeof *heard);
    heard->start_ms = wi_hearing_ms(hearing, segment->start);
    heard->end_ms = wi_hearing_ms(hearing, segment->end);
    heard->known_ms = wi_hearing_ms(hearing, segment->known_at);
    heard->sound = copy_sound(segment->bytes, segment->size);
    DL_APPEND(hearing->runs.waiting, heard);
    hearing->hearings->counters.segments++;
}

void wi_hearing_drop_runs(struct wi_hearing *hearing)
{
    struct wi_hearing_runs *runs = &hearing->runs;
    wi_run_abandon(runs->run);
    runs->run = NULL;
    while (runs->waiting)
        drop_first(hearing);
    hearing_recharge(hearing);
    free(runs->said);
    runs->said = NULL;
}
