/*
 * The ring of the log's lines; see log_ring.h. A record is a head, then the part, the subject if
 * there is one, and the message, each with its NUL; then each field: its name, its kind, its value.
 */
#include "base/log_ring.h"

#include "base/secret.h"
#include <assert.h>
#include <string.h>

struct head {
    int64_t time;
    uint8_t level, has_subject, field_count;
};

/* The kind of a field whose text is NULL. */
#define NO_TEXT 255

/* --- a line becomes a record ------------------------------------------------------------------ */

static void record_put(struct wi_log_record *record, const void *bytes, size_t size)
{
    memcpy(record->bytes + record->size, bytes, size);
    record->size += size;
}

/* Without the secrets in it, and cut to `limit` bytes with its NUL. */
static void record_put_text(struct wi_log_record *record, const char *text, size_t limit)
{
    char *begin = (char *)record->bytes + record->size;

    wi_scrub(begin, limit, text);
    record->size += strlen(begin) + 1;
}

static void put_field(struct wi_log_record *record, const struct wi_log_field *field, size_t limit)
{
    int is_text = field->kind == WI_FIELD_TEXT;
    uint8_t kind = is_text && !field->text ? NO_TEXT : (uint8_t)field->kind;

    record_put_text(record, field->name, limit);
    record_put(record, &kind, 1);
    if (is_text && field->text)
        record_put_text(record, field->text, limit);
    else if (field->kind == WI_FIELD_MS)
        record_put(record, &field->ms, sizeof field->ms);
    else if (!is_text)
        record_put(record, &field->integer, sizeof field->integer);
}

static size_t cut_size(const char *text, size_t limit)
{
    return text ? strnlen(text, limit - 1) + 1 : 0;
}

/* How many bytes it takes at most with its texts cut so. */
static size_t line_size(const struct wi_log_line *line, size_t limit)
{
    size_t size = sizeof(struct head) + cut_size(line->part, limit) +
                  cut_size(line->subject, limit) + cut_size(line->message, limit);

    for (size_t i = 0; i < line->field_count; i++)
        size += cut_size(line->fields[i].name, limit) + 1 + sizeof(int64_t) +
                (line->fields[i].kind == WI_FIELD_TEXT ? cut_size(line->fields[i].text, limit) : 0);
    return size;
}

void wi_log_record_make(struct wi_log_record *record, const struct wi_log_line *line)
{
    const struct head head = {.time = line->time,
        .level = (uint8_t)line->level,
        .has_subject = line->subject != NULL,
        .field_count = (uint8_t)line->field_count};
    size_t limit = WI_LOG_TEXT_SIZE;

    assert(line->field_count <= WI_LOG_FIELDS_MAX);
    while (line_size(line, limit) > sizeof record->bytes)
        limit /= 2;
    record->size = 0;
    record_put(record, &head, sizeof head);
    record_put_text(record, line->part, limit);
    if (line->subject)
        record_put_text(record, line->subject, limit);
    record_put_text(record, line->message, limit);
    for (size_t i = 0; i < line->field_count; i++)
        put_field(record, &line->fields[i], limit);
}

/* --- and a line again ------------------------------------------------------------------------- */

static const char *take_text(const unsigned char **at)
{
    const char *text = (const char *)*at;
    *at += strlen(text) + 1;
    return text;
}

static void record_take(const unsigned char **at, void *value, size_t size)
{
    memcpy(value, *at, size);
    *at += size;
}

static void take_field(const unsigned char **at, struct wi_log_field *field)
{
    uint8_t kind;

    *field = (struct wi_log_field){.name = take_text(at)};
    record_take(at, &kind, 1);
    if (kind == NO_TEXT)
        return; /* as it is now: a text that is NULL */
    field->kind = kind;
    if (kind == WI_FIELD_TEXT)
        field->text = take_text(at);
    else if (kind == WI_FIELD_MS)
        record_take(at, &field->ms, sizeof field->ms);
    else
        record_take(at, &field->integer, sizeof field->integer);
}

void wi_log_record_line(const struct wi_log_record *record, struct wi_log_line *line,
    struct wi_log_field fields[WI_LOG_FIELDS_MAX])
{
    const unsigned char *at = record->bytes;
    struct head head;

    record_take(&at, &head, sizeof head);
    *line = (struct wi_log_line){.time = head.time,
        .level = (enum wi_level)head.level,
        .fields = fields,
        .field_count = head.field_count};
    line->part = take_text(&at);
    if (head.has_subject)
        line->subject = take_text(&at);
    line->message = take_text(&at);
    for (size_t i = 0; i < head.field_count; i++)
        take_field(&at, &fields[i]);
}

/* --- the ring --------------------------------------------------------------------------------- */

/* Whether the oldest line has to go to make room for `size` bytes at `at`. That is the end of the
 * newest line, or the beginning of the buffer; then all lines after the newest have to go first. */
static int takes_oldest(const struct wi_log_ring *ring, size_t at, size_t size)
{
    size_t oldest = ring->_places[(ring->latest - ring->kept + 1) % WI_LOG_LINES].at;
    int is_behind = oldest >= ring->_end;

    return at == ring->_end ? is_behind && oldest < at + size : is_behind || oldest < size;
}

void wi_log_ring_add(struct wi_log_ring *ring, const struct wi_log_record *record)
{
    /* A line is contiguous: if the rest of the buffer is too short for it, that rest stays unused.
     */
    size_t at = ring->_end + record->size <= sizeof ring->_bytes ? ring->_end : 0;

    while (ring->kept == WI_LOG_LINES || (ring->kept > 0 && takes_oldest(ring, at, record->size)))
        ring->kept--;
    memcpy(ring->_bytes + at, record->bytes, record->size);
    ring->_end = at + record->size;
    ring->latest++;
    ring->kept++;
    ring->_places[ring->latest % WI_LOG_LINES].at = (uint32_t)at;
    ring->_places[ring->latest % WI_LOG_LINES].size = (uint32_t)record->size;
}

int wi_log_ring_copy(const struct wi_log_ring *ring, uint64_t seq, struct wi_log_record *record)
{
    if (seq > ring->latest || seq + ring->kept <= ring->latest)
        return -1;
    record->size = ring->_places[seq % WI_LOG_LINES].size;
    memcpy(record->bytes, ring->_bytes + ring->_places[seq % WI_LOG_LINES].at, record->size);
    return 0;
}
