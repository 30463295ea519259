/* What the files that call libnats share: problems in words, names, copies of entries, and the
 * version of a server, for which libnats 3.4 has no call. */
#include "config.h"

#include "cluster/broker_private.h"

#include "base/descriptors.h"
#include "base/net/url.h"
#include "base/text.h"
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

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

/* --- the version of a server ------------------------------------------------------------------ */

/* So much of the line is read: the version is one of its first members. */
#define LINE_SIZE 1024

/* Before that, a server of several let two members change a key that both had read at the same
 * revision (https://github.com/nats-io/nats-server/issues/4320, mended by pull request 4319). */
static const struct wi_server_version mended = {2, 9, 21};

int wi_server_version_read(const char *line, struct wi_server_version *version)
{
    static const char name[] = "\"version\":\"";
    const char *at = strncmp(line, "INFO ", 5) == 0 ? strstr(line, name) : NULL;
    return at && sscanf(at + strlen(name), "%5u.%5u.%5u", &version->major, &version->minor,
                     &version->patch) == 3
               ? 0
               : -1;
}

int wi_server_version_is_before(
    const struct wi_server_version *version, const struct wi_server_version *other)
{
    if (version->major != other->major)
        return version->major < other->major;
    if (version->minor != other->minor)
        return version->minor < other->minor;
    return version->patch < other->patch;
}

/* What the server says first: "" for nothing. */
static void line_receive(const struct addrinfo *address, char line[LINE_SIZE])
{
    const struct timeval most = {.tv_sec = WI_BROKER_WAIT_MS / 1000};
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t got = -1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0 &&
        connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        got = recv(fd, line, LINE_SIZE - 1, 0);
    line[got > 0 ? got : 0] = '\0';
    wi_close(fd);
}

/* From the address that can be reached, of those that the name has. */
static void line_find(const char *server, char line[LINE_SIZE])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *rest = strstr(server, "://") + 3, *bracket = strchr(rest, ']');
    const char *colon = strchr(bracket ? bracket : rest, ':');
    char *host = wi_url_host(server);
    line[0] = '\0';
    if (host && getaddrinfo(host, colon ? colon + 1 : "4222", &hints, &found) == 0)
        for (const struct addrinfo *one = found; one && !line[0]; one = one->ai_next)
            line_receive(one, line);
    if (found)
        freeaddrinfo(found);
    free(host);
}

void wi_server_judge(const char *server, int replicas, struct wi_broker_problem *problem)
{
    char line[LINE_SIZE];
    struct wi_server_version its;
    if (replicas < 2)
        return;
    line_find(server, line);
    if (wi_server_version_read(line, &its) == 0 && wi_server_version_is_before(&its, &mended))
        wi_broker_fail(problem, WI_BROKER_OLD,
            "%.200s is nats-server %u.%u.%u, which with [cluster] replicas = %d may let two "
            "members change a record at the same time, so that a job runs twice; upgrade all "
            "servers to %u.%u.%u or later",
            server, its.major, its.minor, its.patch, replicas, mended.major, mended.minor,
            mended.patch);
}

#ifdef HAVE_NATS

/* --- problems, entries, names ----------------------------------------------------------------- */

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
