/*
 * The events of live sound. Finals and failures are numbered from 0, as the parts of other streams:
 * a client that comes back gets those that it has not had. The other events go only to the client
 * that takes them at the moment.
 */
#include "api/endpoints/sound/private.h"

#include "api/endpoints/endpoints.h"
#include "base/clock.h"
#include "wire/describe/schemas.h"
#include "wire/native/native.h"
#include "wire/printing.h"
#include "wire/problem.h"
#include <string.h>

int wi_hearing_is_unread(const struct wi_hearing *hearing)
{
    uint64_t taken = wi_events_taken(hearing->events).bytes;
    return hearing->told_bytes - taken > hearing->hearings->api->deps.config->api.stream_buffer;
}

/* --- those with a number ---------------------------------------------------------------------- */

/* `data` is an object of JSON without its end. */
static void add_numbered(struct wi_hearing *hearing, const char *type, struct wi_buffer *data)
{
    struct wi_buffer text = {0};
    wi_buffer_printf(&text, "id: %llu\nevent: %s\ndata: %s}\n\n",
        (unsigned long long)wi_events_parts(hearing->events), type, data->text);
    wi_buffer_clear(data);
    hearing->told_bytes += text.size;
    hearing->told_at = wi_now_ms();
    wi_events_add_part(hearing->events, &text, text.size);
}

/* Seconds from the segment's start, as nodes tell them, in the stream's milliseconds. A time that
 * is none is that of the end before. */
static uint64_t time_of(const json_t *seconds, uint64_t start_ms, uint64_t before)
{
    double value = json_number_value(seconds);
    uint64_t ms =
        value > 0 && value < WI_CUTTER_SECONDS_MAX ? start_ms + (uint64_t)(value * 1000) : start_ms;
    return ms > before ? ms : before;
}

static void add_words(struct wi_buffer *data, const json_t *words, uint64_t start_ms)
{
    uint64_t at = start_ms;
    wi_buffer_puts(data, ",\"words\":[");
    for (size_t i = 0; i < json_array_size(words); i++) {
        const json_t *word = json_array_get(words, i);
        const char *text = json_string_value(json_object_get(word, "text"));
        wi_buffer_puts(data, i > 0 ? ",{\"text\":" : "{\"text\":");
        wi_buffer_json_string(data, text ? text : "");
        at = time_of(json_object_get(word, "start"), start_ms, at);
        wi_buffer_printf(data, ",\"start_ms\":%llu", (unsigned long long)at);
        at = time_of(json_object_get(word, "end"), start_ms, at);
        wi_buffer_printf(data, ",\"end_ms\":%llu}", (unsigned long long)at);
    }
    wi_buffer_puts(data, "]");
}

void wi_hearing_tell_final(struct wi_hearing *hearing, uint64_t number,
    const struct wi_heard_segment *segment, const struct wi_outcome *outcome)
{
    const char *text = json_string_value(json_object_get(outcome->result, "text"));
    const json_t *both = json_object_get(outcome->result, "words");
    const json_t *words = both ? both : json_object_get(outcome->result, "segments");
    struct wi_buffer data = {0};
    wi_buffer_printf(&data,
        "{\"segment\":%llu,\"start_ms\":%llu,\"end_ms\":%llu,\"text\":", (unsigned long long)number,
        (unsigned long long)segment->start_ms, (unsigned long long)segment->end_ms);
    wi_buffer_json_string(&data, text ? text : "");
    if (hearing->order.words && json_is_array(words))
        add_words(&data, words, segment->start_ms);
    wi_buffer_puts(&data, ",\"executed_on\":");
    wi_native_add_executed_on(&data, outcome);
    add_numbered(hearing, "final", &data);
}

void wi_hearing_tell_failure(
    struct wi_hearing *hearing, uint64_t number, const struct wi_error *error)
{
    struct wi_buffer data = {0};
    wi_problem_write(&data, error, NULL);
    data.size -= strlen("}\n");
    wi_buffer_printf(&data, ",\"segment\":%llu", (unsigned long long)number);
    add_numbered(hearing, "error", &data);
}

/* --- those for the moment --------------------------------------------------------------------- */

static void event_insert(struct wi_hearing *hearing, struct wi_buffer *text)
{
    hearing->told_at = wi_now_ms();
    wi_events_insert(hearing->events, text);
}

void wi_hearing_tell_partial(
    struct wi_hearing *hearing, uint64_t number, uint64_t start_ms, const char *text, size_t stable)
{
    struct wi_buffer event = {0};
    if (!wi_events_client(hearing->events))
        return;
    wi_printing_event(
        &event, "partial", wi_form_json("SoundPartial", number, start_ms, text, stable));
    event_insert(hearing, &event);
}

void wi_hearing_tell_lag(struct wi_hearing *hearing, uint64_t lag_ms)
{
    struct wi_buffer event = {0};
    if (!wi_events_client(hearing->events))
        return;
    hearing->lag_told_at = wi_now_ms();
    wi_printing_event(&event, "lag", wi_form_json("SoundLag", lag_ms));
    event_insert(hearing, &event);
}

void wi_hearing_tell_alive(struct wi_hearing *hearing, double beat_ms)
{
    struct wi_buffer comment = {0};
    if (!wi_events_client(hearing->events) || wi_now_ms() < hearing->told_at + beat_ms)
        return;
    wi_buffer_puts(&comment, wi_dialect_stream_alive(&wi_dialect_native));
    event_insert(hearing, &comment);
}

/* --- the last one ----------------------------------------------------------------------------- */

void wi_hearing_note_end(const struct wi_hearing *hearing, enum wi_code code)
{
    const struct wi_run_ending ending = {.id = hearing->id,
        .client = hearing->client,
        .model_name = hearing->asked->model->name,
        .code = code,
        .total_ms = wi_now_ms() - hearing->begun_at};
    wi_run_tell_end(&hearing->hearings->api->endpoints->runs, &ending);
}

/* Takes the text over. */
static void hearing_end(struct wi_hearing *hearing, enum wi_code code, struct wi_buffer *text)
{
    wi_hearing_note_end(hearing, code);
    hearing->left_at = wi_awake_ms();
    wi_events_end(hearing->events, text);
}

void wi_hearing_tell_done(struct wi_hearing *hearing, uint64_t segments, uint64_t heard_ms)
{
    struct wi_buffer text = {0};
    wi_printing_event(&text, "done", wi_form_json("SoundDone", segments, heard_ms));
    hearing_end(hearing, WI_OK, &text);
}

void wi_hearing_tell_end(struct wi_hearing *hearing, const struct wi_error *error)
{
    struct wi_buffer text = {0};
    wi_native_stream_error(&text, NULL, error, NULL);
    hearing_end(hearing, error->code, &text);
}
