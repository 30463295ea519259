/*
 * The parts of a stream, one to one. What came from the own daemon and has no credit yet waits
 * here; while anything waits, nothing more is read from the own daemon.
 */
#include "uplink/uplink.h"

#include "base/json_read.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PHASE_MAX 32
#define NUMBER_MAX 1e15 /* of a progress */

enum what { PART, DONE, FAILED };

struct wi_uplink_part {
    struct wi_uplink_part *prev, *next;
    enum what what;
    struct wi_buffer text; /* of a part its members; else the event's data */
    size_t bytes;          /* of a part, for the credit */
};

static int stream_refuse(struct wi_uplink_task *own, const char *what)
{
    wi_error_set(&own->failure, WI_STREAM_INTERRUPTED, NULL, "the lending daemon sent %s", what);
    return -1;
}

static struct wi_uplink_part *part_add(struct wi_uplink_task *own, enum what what)
{
    struct wi_uplink_part *part = wi_alloc(sizeof *part);
    part->what = what;
    DL_APPEND(own->parts, part);
    return part;
}

static void part_free(struct wi_uplink_part *part)
{
    wi_buffer_clear(&part->text);
    free(part);
}

/* --- from the own daemon ---------------------------------------------------------------------- */

/* What a message has beside the members of an event. */
static int is_ours(const char *key)
{
    return strcmp(key, "attempt_id") == 0 || strcmp(key, "seq") == 0;
}

/* The JSON of the members without braces; returns the bytes for which they count. */
static size_t put_members(struct wi_buffer *out, const json_t *members)
{
    size_t bytes = json_string_length(json_object_get(members, "text"));
    const char *key, *before = "";
    json_t *value;
    json_object_foreach((json_t *)members, key, value)
    {
        if (is_ours(key))
            continue;
        wi_buffer_puts(out, before);
        wi_buffer_json_string(out, key);
        wi_buffer_puts(out, ":");
        size_t at = out->size;
        if (json_is_string(value))
            wi_buffer_json_text(out, json_string_value(value), json_string_length(value));
        else
            wi_buffer_json(out, value);
        bytes += strcmp(key, "result") == 0 ? out->size - at : 0;
        before = ",";
    }
    return bytes;
}

static void take_part(struct wi_uplink_task *own, const char *data, size_t length)
{
    json_t *root = wi_json_read(data, length, JSON_ALLOW_NUL, NULL);
    const json_t *seq = json_object_get(root, "seq");
    struct wi_buffer members = {0};
    size_t bytes = put_members(&members, root);
    if (!json_is_integer(seq) || (uint64_t)json_integer_value(seq) != own->received) {
        stream_refuse(own, "a part out of its order");
    } else if (members.size == 0) {
        stream_refuse(own, "a part without contents");
    } else {
        struct wi_uplink_part *part = part_add(own, PART);
        part->text = members;
        part->bytes = bytes;
        members = (struct wi_buffer){0};
        own->received++;
    }
    wi_buffer_clear(&members);
    json_decref(root);
}

static int number_is_ok(const json_t *number, int whole, double most)
{
    double value = json_number_value(number);
    return !number || ((whole ? json_is_integer(number) : json_is_number(number)) && value >= 0 &&
                          value <= most);
}

/* What the borrowing daemon takes (webinfer-streams(7)): for anything else it would close the
 * connection, and with it all tasks. */
static int progress_is_ok(const json_t *root)
{
    return json_string_length(json_object_get(root, "phase")) <= PHASE_MAX &&
           number_is_ok(json_object_get(root, "loaded_bytes"), 1, WI_PART_NUMBER_MAX) &&
           number_is_ok(json_object_get(root, "total_bytes"), 1, WI_PART_NUMBER_MAX) &&
           number_is_ok(json_object_get(root, "done"), 0, NUMBER_MAX) &&
           number_is_ok(json_object_get(root, "total"), 0, NUMBER_MAX);
}

static void progress_pass(struct wi_uplink_task *own, const char *data, size_t length)
{
    json_t *root = wi_json_read(data, length, 0, NULL);
    const char *phase = json_string_value(json_object_get(root, "phase"));
    struct wi_buffer members = {0};
    if (phase && *phase && progress_is_ok(root)) {
        json_object_del(root, "queue_position"); /* in another queue than the client's */
        put_members(&members, root);
        wi_worker_progress(own->task, members.text);
    }
    wi_buffer_clear(&members);
    json_decref(root);
}

static void on_event(void *context, const char *name, const char *data, size_t length)
{
    struct wi_uplink_task *own = context;
    int fails = strcmp(name, "error") == 0;
    if (own->failure.code != WI_OK)
        return;
    if (own->has_end) {
        stream_refuse(own, "an event behind the last one");
    } else if (strcmp(name, "part") == 0) {
        take_part(own, data, length);
    } else if (strcmp(name, "progress") == 0) {
        progress_pass(own, data, length);
    } else if (fails || strcmp(name, "done") == 0) {
        wi_buffer_add(&part_add(own, fails ? FAILED : DONE)->text, data, length);
        own->has_end = 1;
    }
}

void wi_uplink_stream_begin(struct wi_uplink_task *own)
{
    own->events = (struct wi_cli_events){.on_event = on_event, .context = own};
    own->received = own->task->next;
}

int wi_uplink_stream_take(struct wi_uplink_task *own, const char *bytes, size_t size)
{
    const struct wi_cli_events *events = &own->events;
    if (wi_cli_events_take(&own->events, bytes, size) != 0 ||
        events->line.size + events->data.size > WI_UPLINK_JSON_MAX)
        return stream_refuse(own, "an event that is too large");
    return own->failure.code == WI_OK ? 0 : -1;
}

/* --- to the borrowing one --------------------------------------------------------------------- */

static void give_done(struct wi_uplink_task *own, const struct wi_buffer *text)
{
    struct wi_uplink_answer read;
    struct wi_error error;
    struct wi_blob *blob = wi_blob_new(own->run->budget, text->size);
    if (!blob) {
        wi_uplink_fail(own->task, "memory_budget", 1, "the relay has no memory for the answer");
        return;
    }
    wi_blob_append(blob, text->text, text->size);
    if (wi_uplink_answer_read(&read, blob, blob->size, own->task->id, &error) != WI_OK)
        wi_uplink_fail(own->task, "stream_interrupted", 1, error.detail);
    else if (json_integer_value(json_object_get(read.root, "parts")) != (json_int_t)own->task->next)
        wi_uplink_fail(own->task, "stream_interrupted", 1,
            "the lending daemon ended a stream with another number of parts than it sent");
    else
        wi_worker_answer(own->task, &read.answer);
    wi_uplink_answer_clear(&read);
    wi_blob_unref(blob);
}

/* Whether it could be given. */
static int part_give(struct wi_uplink_task *own, const struct wi_uplink_part *part)
{
    if (part->what == PART && !wi_worker_has_credit(own->task))
        return 0;
    if (part->what == PART)
        wi_worker_send_part(own->task, part->text.text, part->bytes);
    else if (part->what == DONE)
        give_done(own, &part->text);
    else
        wi_uplink_fail_by(own->task, own->status, part->text.text, part->text.size);
    return 1;
}

int wi_uplink_stream_flush(struct wi_uplink_task *own)
{
    while (own->parts && !own->task->answered) {
        struct wi_uplink_part *part = own->parts;
        if (!part_give(own, part))
            return 0;
        DL_DELETE(own->parts, part);
        part_free(part);
    }
    return 1;
}

void wi_uplink_stream_clear(struct wi_uplink_task *own)
{
    struct wi_uplink_part *part, *next;
    DL_FOREACH_SAFE(own->parts, part, next)
    part_free(part);
    own->parts = NULL;
    wi_cli_events_clear(&own->events);
}
