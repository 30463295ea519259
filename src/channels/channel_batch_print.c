/*
 * The messages of batches, in each form, and their parts for a WebSocket. A result is printed when
 * its job ends, so that a message with results only joins them. The numbers of an event are the
 * shortest text that reads back to the same value; in a frame they are the bytes that the node
 * sent.
 */
#include "channels/channel_batch.h"

#include "base/clock.h"
#include "nodes/node/frame.h"
#include "terms/tensor/number.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

/* Numbers are printed here before they are added, so that the buffer grows seldom. */
#define CHUNK 4096

static const char *const message_types[] = {
    [WI_CHANNEL_RESULTS] = "job_completed",
    [WI_CHANNEL_VECTORS] = "vector_batch",
};

size_t wi_batch_numbers(const struct wi_batch *batch)
{
    return batch->channel == WI_CHANNEL_VECTORS ? batch->count * batch->dimensions : 0;
}

static size_t row_size(const struct wi_batch *batch)
{
    return batch->dimensions * sizeof(float);
}

/* --- members that both forms have ------------------------------------------------------------- */

static void print_jobs(const struct wi_batch *batch, struct wi_buffer *out)
{
    wi_buffer_puts(out, "\"jobs\":[");
    for (size_t i = 0; i < batch->count; i++) {
        wi_buffer_puts(out, i ? "," : "");
        if (batch->channel == WI_CHANNEL_RESULTS)
            wi_buffer_puts(out, wi_batch_text(batch, batch->rows[i].text));
        else
            wi_buffer_json_string(out, wi_batch_text(batch, batch->rows[i].text));
    }
    wi_buffer_puts(out, "]");
}

static void print_labels(const struct wi_batch *batch, struct wi_buffer *out)
{
    wi_buffer_puts(out, ",\"labels\":[");
    for (size_t i = 0; i < batch->count; i++) {
        const char *label = wi_batch_text(batch, batch->rows[i].label);
        wi_buffer_puts(out, i ? "," : "");
        if (label)
            wi_buffer_json_string(out, label);
        else
            wi_buffer_puts(out, "null");
    }
    wi_buffer_puts(out, "]");
}

/* The result of the only job, if it has one: that is the last member of what was printed for the
 * job. Strings have no such text, since their quotes are escaped. */
static void print_only_result(const struct wi_batch *batch, struct wi_buffer *out)
{
    const char *job = batch->count == 1 ? wi_batch_text(batch, batch->rows[0].text) : "";
    const char *result = strstr(job, ",\"result\":");
    if (result)
        wi_buffer_add(out, result, strlen(result) - 1);
}

/* All members but the vectors. */
static void print_members(const struct wi_batch *batch, struct wi_buffer *out)
{
    if (batch->channel == WI_CHANNEL_VECTORS) {
        wi_buffer_puts(out, "\"model_name\":");
        wi_buffer_json_string(out, batch->model);
        wi_buffer_puts(out, ",\"count\":");
        wi_buffer_integer(out, (int64_t)batch->count);
        wi_buffer_puts(out, ",\"dimensions\":");
        wi_buffer_integer(out, (int64_t)batch->dimensions);
        wi_buffer_puts(out, ",");
    }
    print_jobs(batch, out);
    if (batch->channel == WI_CHANNEL_VECTORS)
        print_labels(batch, out);
    else
        print_only_result(batch, out);
    wi_buffer_puts(out, ",\"timestamp\":");
    wi_buffer_integer(out, batch->timestamp);
}

/* --- JSON, and events that have it ------------------------------------------------------------ */

#define EVENT_END "\n\n"
/* Its name and the brace of its data are among the first bytes of an event. */
#define EVENT_HEAD 64

static void json_begin(struct wi_buffer *out, const char *type)
{
    wi_buffer_strings(out, "{\"type\":\"", type, "\",", NULL);
}

static void event_begin(struct wi_buffer *out, const char *type)
{
    wi_buffer_strings(out, "event: ", type, "\ndata: ", NULL);
    json_begin(out, type);
}

static void print_vector(struct wi_buffer *out, const unsigned char *bytes, size_t dimensions)
{
    char chunk[CHUNK];
    size_t used = 0;
    chunk[used++] = '[';
    for (size_t i = 0; i < dimensions; i++) {
        float number;
        if (used + WI_NUMBER_SIZE + 2 > sizeof chunk) {
            wi_buffer_add(out, chunk, used);
            used = 0;
        }
        if (i > 0)
            chunk[used++] = ',';
        memcpy(&number, bytes + i * sizeof number, sizeof number); /* need not be aligned */
        used += wi_print_float(chunk + used, number);
    }
    chunk[used++] = ']';
    wi_buffer_add(out, chunk, used);
}

void wi_batch_print_event(const struct wi_batch *batch, struct wi_buffer *out)
{
    event_begin(out, message_types[batch->channel]);
    print_members(batch, out);
    if (batch->channel == WI_CHANNEL_VECTORS) {
        wi_buffer_puts(out, ",\"vectors\":[");
        for (size_t i = 0; i < batch->count; i++) {
            const struct wi_batch_row *row = &batch->rows[i];
            wi_buffer_puts(out, i ? "," : "");
            print_vector(out, row->blob->bytes + row->at, batch->dimensions);
        }
        wi_buffer_puts(out, "]");
    }
    wi_buffer_puts(out, "}" EVENT_END);
}

/* --- floats ---------------------------------------------------------------------------------- */

static void add_vectors(struct wi_parcel *parcel, const struct wi_batch *batch)
{
    for (size_t i = 0; batch->channel == WI_CHANNEL_VECTORS && i < batch->count; i++)
        wi_parcel_add_slice(parcel, batch->rows[i].blob, batch->rows[i].at, row_size(batch));
}

struct wi_parcel *wi_batch_floats(const struct wi_batch *batch)
{
    struct wi_parcel *parcel = wi_parcel_new(batch->_budget);
    struct wi_buffer text = {0};
    json_begin(&text, message_types[batch->channel]);
    print_members(batch, &text);
    wi_buffer_puts(&text, "}");
    wi_parcel_add_text(parcel, &text);
    add_vectors(parcel, batch);
    return parcel;
}

/* --- frames ---------------------------------------------------------------------------------- */

/* Ids are drawn, since counted ones would tell how many messages other clients got. */
static void frame_begin(struct wi_buffer *out, const char *type)
{
    uint64_t id = 0;
    uv_random(NULL, NULL, &id, sizeof id, 0, NULL);
    wi_frame_begin(out, 1, type, id >> 12);
    wi_buffer_puts(out, ",\"data\":{");
}

static void describe_vectors(const struct wi_batch *batch, struct wi_buffer *out)
{
    struct wi_tensor tensor = {.name = (char *)"vectors",
        .datatype = WI_FP32,
        .rank = 2,
        .dims = {(int64_t)batch->count, (int64_t)batch->dimensions},
        .size = batch->count * row_size(batch)};
    const struct wi_tensors vectors = {&tensor, 1};
    wi_buffer_puts(out, ",");
    wi_frame_tensors(out, &vectors);
}

struct wi_parcel *wi_batch_frame(const struct wi_batch *batch)
{
    struct wi_parcel *parcel = wi_parcel_new(batch->_budget);
    struct wi_buffer head = {0};
    frame_begin(&head, message_types[batch->channel]);
    print_members(batch, &head);
    if (batch->channel == WI_CHANNEL_VECTORS)
        describe_vectors(batch, &head);
    wi_buffer_puts(&head, "}");
    wi_frame_end(&head, 1);
    wi_parcel_add_text(parcel, &head);
    add_vectors(parcel, batch);
    wi_parcel_pad(parcel, 8);
    return parcel;
}

/* --- other messages -------------------------------------------------------------------------- */

static void print_missed(struct wi_buffer *out, enum wi_channel channel, uint64_t count)
{
    wi_buffer_strings(out, "\"channel\":\"", wi_channel_names[channel], "\",\"count\":", NULL);
    wi_buffer_integer(out, (int64_t)count);
    wi_buffer_puts(out, "}");
}

struct wi_parcel *wi_missed_message(
    struct wi_budget *budget, enum wi_channel_form form, enum wi_channel channel, uint64_t count)
{
    struct wi_parcel *parcel = wi_parcel_new(budget);
    struct wi_buffer text = {0};
    if (form == WI_CHANNEL_FRAMES) {
        frame_begin(&text, "missed");
        print_missed(&text, channel, count);
        wi_frame_end(&text, 1);
    } else if (form == WI_CHANNEL_FLOATS) {
        json_begin(&text, "missed");
        print_missed(&text, channel, count);
    } else {
        event_begin(&text, "missed");
        print_missed(&text, channel, count);
        wi_buffer_puts(&text, EVENT_END);
    }
    wi_parcel_add_text(parcel, &text);
    return parcel;
}

void wi_alive_message(struct wi_buffer *out, enum wi_channel_form form)
{
    assert(form != WI_CHANNEL_FLOATS);
    if (form == WI_CHANNEL_FRAMES) {
        frame_begin(out, "heartbeat");
        wi_buffer_puts(out, "}");
        wi_frame_end(out, 1);
    } else {
        wi_buffer_puts(out, ": alive\n\n");
    }
}

/* --- parts ----------------------------------------------------------------------------------- */

/* Where the data of an event begins, which is one line. */
static size_t event_data_at(const struct wi_parcel *parcel)
{
    char head[EVENT_HEAD];
    size_t size = wi_parcel_read(parcel, 0, head, sizeof head);
    const char *brace = memchr(head, '{', size);
    assert(brace);
    return (size_t)(brace - head);
}

size_t wi_channel_parts(const struct wi_parcel *parcel, enum wi_channel_form form,
    struct wi_channel_part parts[WI_CHANNEL_PARTS])
{
    size_t size = wi_parcel_size(parcel), first = wi_parcel_first(parcel), data;
    switch (form) {
    case WI_CHANNEL_FRAMES:
        parts[0] = (struct wi_channel_part){.size = size - wi_parcel_padding(parcel), .binary = 1};
        return 1;
    case WI_CHANNEL_FLOATS:
        parts[0] = (struct wi_channel_part){.size = first};
        parts[1] = (struct wi_channel_part){.at = first, .size = size - first, .binary = 1};
        return size > first ? 2 : 1;
    default:
        data = event_data_at(parcel);
        parts[0] =
            (struct wi_channel_part){.at = data, .size = size - data - (sizeof EVENT_END - 1)};
        return 1;
    }
}
