/* What the files that call libnats share: problems in words, names, and copies of entries. */
#include "config.h"

#include "cluster/broker_private.h"

#include "base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int wi_broker_fail(
    struct wi_broker_problem *problem, enum wi_broker_fault fault, const char *format, ...)
{
    char text[sizeof problem->detail];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    problem->fault = fault;
    wi_text_printable(problem->detail, sizeof problem->detail, wi_text_mend(text));
    return -1;
}

void wi_broker_entry_clear(struct wi_broker_entry *entry)
{
    free(entry->key);
    free(entry->text);
    *entry = (struct wi_broker_entry){0};
}

#ifdef HAVE_NATS

const char *wi_broker_last_text(natsStatus status)
{
    const char *text = nats_GetLastError(NULL);
    return text && *text ? text : natsStatus_GetText(status);
}

int wi_broker_lost(
    const struct wi_broker *broker, const char *why, struct wi_broker_problem *problem)
{
    return wi_broker_fail(problem, WI_BROKER_UNREACHABLE,
        "the connection to %.200s was lost (%.100s); it is tried again every second", broker->url,
        why);
}

int wi_broker_give_up(
    const struct wi_broker *broker, natsStatus status, struct wi_broker_problem *problem)
{
    switch (status) {
    case NATS_TIMEOUT:
        return wi_broker_fail(problem, WI_BROKER_UNREACHABLE,
            "%.200s has not answered for %d s; it is tried again every second", broker->url,
            broker->terms->kind->answer_ms / 1000);
    case NATS_NO_RESPONDERS:
        return wi_broker_fail(problem, WI_BROKER_UNREACHABLE,
            "no server leads the bucket %.60s now, %.200s says: a cluster of servers chooses one "
            "while more than half of them run; it is tried again every second",
            broker->terms->bucket, broker->url);
    default:
        return wi_broker_lost(broker, wi_broker_last_text(status), problem);
    }
}

/* No copy is larger than the caller allows, and 1 byte that says that the value was. */
static void entry_fill(
    struct wi_broker_entry *entry, const char *key, const void *value, int length, size_t most)
{
    size_t size = length > 0 ? (size_t)length : 0;
    entry->key = wi_strdup(key);
    entry->size = size <= most ? size : most + 1;
    entry->text = wi_alloc(entry->size + 1);
    if (size > 0)
        memcpy(entry->text, value, entry->size);
}

void wi_broker_entry_copy(struct wi_broker_entry *entry, kvEntry *from, size_t most)
{
    entry_fill(entry, kvEntry_Key(from), kvEntry_Value(from), kvEntry_ValueLen(from), most);
    entry->revision = kvEntry_Revision(from);
    entry->removed = kvEntry_Operation(from) != kvOp_Put;
}

void wi_broker_entry_from(
    struct wi_broker_entry *entry, const char *key, natsMsg *from, size_t most)
{
    const char *operation;
    entry_fill(entry, key, natsMsg_GetData(from), natsMsg_GetDataLength(from), most);
    entry->removed = natsMsgHeader_Get(from, "KV-Operation", &operation) == NATS_OK;
}

void wi_broker_stream(const struct wi_broker *broker, char stream[WI_BROKER_STREAM_SIZE])
{
    snprintf(stream, WI_BROKER_STREAM_SIZE, "KV_%s", broker->terms->bucket);
}

void wi_broker_subject(
    const struct wi_broker *broker, const char *pattern, char subject[WI_BROKER_SUBJECT_SIZE])
{
    snprintf(subject, WI_BROKER_SUBJECT_SIZE, "$KV.%s.%s", broker->terms->bucket, pattern);
}

natsStatus wi_broker_read(
    struct wi_broker *broker, const char *key, size_t most, struct wi_broker_entry *entry)
{
    natsMsg *got = NULL;
    char stream[WI_BROKER_STREAM_SIZE], subject[WI_BROKER_SUBJECT_SIZE];
    wi_broker_stream(broker, stream);
    wi_broker_subject(broker, key, subject);
    *entry = (struct wi_broker_entry){0};
    natsStatus status = js_GetLastMsg(&got, broker->stream, stream, subject, NULL, NULL);
    if (status == NATS_OK) {
        wi_broker_entry_from(entry, key, got, most);
        entry->revision = natsMsg_GetSequence(got);
    }
    natsMsg_Destroy(got);
    if (entry->removed) { /* a mark */
        wi_broker_entry_clear(entry);
        status = NATS_NOT_FOUND;
    }
    return status;
}
#endif
