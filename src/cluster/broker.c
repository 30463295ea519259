/*
 * See broker.h. A connection that is lost is closed and opened again, by the one path that is also
 * taken at the start and for a server that comes later; libnats' own reconnecting is off.
 */
#include "config.h"

#include "cluster/broker_private.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "base/net/url.h"
#include "base/text.h"
#include "cluster/job_record.h"
#include "cluster/kv.h"
#include "cluster/member.h"
#include "cluster/members.h"
#include "cluster/talk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const wi_broker_fault_names[] = {[WI_BROKER_FINE] = "none",
    [WI_BROKER_UNREACHABLE] = "unreachable",
    [WI_BROKER_CREDENTIALS] = "credentials",
    [WI_BROKER_CERTIFICATE] = "certificate",
    [WI_BROKER_NO_JETSTREAM] = "no_jetstream",
    [WI_BROKER_SETTINGS] = "settings",
    [WI_BROKER_OTHER] = "other",
    [WI_BROKER_OLD] = "old_server",
    NULL};

/* A record that no observer can take for a living member's any more is removed by the server. */
const struct wi_broker_bucket wi_broker_members = {.description = "members of a webinfer cluster",
    .value_max = WI_MEMBER_RECORD_MAX,
    .age_s = 60,
    .answer_ms = WI_BROKER_WAIT_MS};
const struct wi_broker_bucket wi_broker_jobs = {.description = "stored jobs of a webinfer cluster",
    .value_max = WI_JOB_PART_SIZE,
    .is_on_disk = 1,
    .answer_ms = 5000,
    .watched = WI_KV_WATCHED ">"};

#ifdef HAVE_NATS

/* The server looks for a connection that is gone by pings that are not answered. */
#define PING_MS 2000
#define PINGS 2
/* An own write that the watch has not brought for so long: the watch is broken. */
#define ECHO_MS 4000.0
#define CREDENTIALS_MAX 16384
#define JWT_BEGIN "-----BEGIN NATS USER JWT-----"
/* Messages that members have said and that the library keeps until they are asked for. */
#define PENDING_MAX 4096

/* --- connecting ------------------------------------------------------------------------------- */

/* The file's bytes with a NUL, for free(); NULL with `problem`. */
static char *credentials_read(const char *path, struct wi_broker_problem *problem)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *fault = fd < 0 || fstat(fd, &status) != 0 ? strerror(errno)
                        : !S_ISREG(status.st_mode)        ? "it is not a regular file"
                        : status.st_mode & 077 ? "it is open to other users; run chmod 600 on it"
                        : status.st_size > CREDENTIALS_MAX ? "it is larger than 16 KiB"
                                                           : NULL;
    char *text = fault ? NULL : wi_alloc(CREDENTIALS_MAX + 1);
    ssize_t got = text ? wi_read_all(fd, text, CREDENTIALS_MAX, 0) : 0;
    wi_close(fd);
    if (got >= 0 && !fault)
        return text;
    wi_broker_fail(problem, WI_BROKER_CREDENTIALS,
        "[cluster] credentials_file %.200s cannot be used: %s", path,
        fault ? fault : strerror(errno));
    free(text);
    return NULL;
}

/* A file is USER:PASSWORD on a line of its own, or what NATS' tool nsc writes. */
static int options_set_credentials(
    natsOptions *options, const char *path, struct wi_broker_problem *problem)
{
    natsStatus status;
    char *text = credentials_read(path, problem);
    if (text == NULL)
        return -1;
    char *colon = strchr(text, ':');
    if (strstr(text, JWT_BEGIN)) {
        status = natsOptions_SetUserCredentialsFromFiles(options, path, NULL);
    } else if (colon && colon > text && strlen(text) < 512) {
        *colon = '\0';
        colon[1 + strcspn(colon + 1, "\r\n")] = '\0';
        status = natsOptions_SetUserInfo(options, text, colon + 1);
    } else {
        status = NATS_INVALID_ARG;
    }
    explicit_bzero(text, CREDENTIALS_MAX);
    free(text);
    return status == NATS_OK
               ? 0
               : wi_broker_fail(problem, WI_BROKER_CREDENTIALS,
                     "[cluster] credentials_file %.200s has neither USER:PASSWORD on one line nor "
                     "the credentials that nsc writes",
                     path);
}

static int options_set_tls(
    natsOptions *options, const struct wi_broker *broker, struct wi_broker_problem *problem)
{
    const char *ca = broker->terms->tls_ca;
    if (ca == NULL && strncmp(broker->url, "tls://", 6) != 0)
        return 0;
    char *host = wi_url_host(broker->url);
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK && host)
        status = natsOptions_SetExpectedHostname(options, host);
    if (status == NATS_OK && ca)
        status = natsOptions_LoadCATrustedCertificates(options, ca);
    free(host);
    return status == NATS_OK ? 0
                             : wi_broker_fail(problem, WI_BROKER_CERTIFICATE,
                                   "[cluster] tls_ca %.200s cannot be used: %.100s",
                                   ca ? ca : "(the system's)", wi_broker_last_text(status));
}

static natsStatus options_set_rest(natsOptions *options, const struct wi_broker *broker)
{
    char *plain = wi_sprintf("nats%s", strstr(broker->url, "://"));
    natsStatus status = natsOptions_SetURL(options, plain);
    free(plain);
    natsOptions_SetName(options, broker->terms->name);
    natsOptions_SetTimeout(options, WI_BROKER_WAIT_MS);
    natsOptions_SetAllowReconnect(options, false);
    natsOptions_SetPingInterval(options, PING_MS);
    natsOptions_SetMaxPingsOut(options, PINGS);
    /* Without a limit, the library waits for room in the socket with the lock that pings need. */
    natsOptions_SetWriteDeadline(options, broker->terms->kind->answer_ms);
    natsOptions_SetSendAsap(options, true);
    return status;
}

static int connect_explain(
    const struct wi_broker *broker, natsStatus status, struct wi_broker_problem *problem)
{
    const char *url = broker->url, *text = wi_broker_last_text(status);
    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return wi_broker_fail(problem, WI_BROKER_CREDENTIALS,
            "%.200s refuses the credentials (%.100s); set [cluster] credentials_file to the "
            "credentials of a user that may use JetStream there",
            url, text);
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
        return wi_broker_fail(problem, WI_BROKER_CERTIFICATE,
            "TLS with %.200s fails (%.140s); set [cluster] tls_ca to the certificate of the "
            "authority that signed the server's, and name the server by a host name of its "
            "certificate",
            url, text);
    default:
        return wi_broker_fail(problem, WI_BROKER_UNREACHABLE,
            "%.200s cannot be reached (%.100s); it is tried again every second", url, text);
    }
}

static int broker_connect(struct wi_broker *broker, struct wi_broker_problem *problem)
{
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    int result = 0;
    if (broker->terms->credentials_file)
        result = options_set_credentials(options, broker->terms->credentials_file, problem);
    if (result == 0)
        result = options_set_tls(options, broker, problem);
    if (result == 0 && (status = options_set_rest(options, broker)) == NATS_OK)
        status = natsConnection_Connect(&broker->connection, options);
    natsOptions_Destroy(options);
    return result == 0 && status != NATS_OK ? connect_explain(broker, status, problem) : result;
}

static int broker_begin(struct wi_broker *broker, struct wi_broker_problem *problem)
{
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = broker->terms->kind->answer_ms;
    if (broker_connect(broker, problem) != 0)
        return -1;
    natsStatus status = natsConnection_JetStream(&broker->stream, broker->connection, &options);
    if (status != NATS_OK)
        return wi_broker_explain(broker, status, 0, problem);
    if (wi_broker_bucket_open(broker, problem) != 0)
        return -1;
    const char *watched = broker->terms->kind->watched;
    status = watched ? kvStore_Watch(&broker->watch, broker->store, watched, NULL)
                     : kvStore_WatchAll(&broker->watch, broker->store, NULL);
    return status == NATS_OK ? 0 : wi_broker_explain(broker, status, 0, problem);
}

struct wi_broker *wi_broker_open(
    const char *server, const struct wi_broker_terms *terms, struct wi_broker_problem *problem)
{
    struct wi_broker *broker = wi_alloc(sizeof *broker);
    broker->terms = terms;
    broker->url = wi_strdup(server);
    *problem = (struct wi_broker_problem){0};
    if (broker_begin(broker, problem) == 0) {
        if (terms->kind == &wi_broker_members)
            wi_server_judge(server, terms->replicas, problem);
        return broker;
    }
    wi_broker_close(broker);
    return NULL;
}

void wi_broker_close(struct wi_broker *broker)
{
    if (broker == NULL)
        return;
    natsSubscription_Destroy(broker->heard);
    natsSubscription_Destroy(broker->acks);
    natsInbox_Destroy(broker->inbox);
    kvWatcher_Destroy(broker->watch);
    kvStore_Destroy(broker->store);
    jsCtx_Destroy(broker->stream);
    natsConnection_Destroy(broker->connection);
    nats_ReleaseThreadMemory();
    free(broker->url);
    free(broker);
}

/* --- while it is open ------------------------------------------------------------------------- */

int wi_broker_next(struct wi_broker *broker, unsigned wait_ms, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    kvEntry *got = NULL;
    natsStatus status = kvWatcher_Next(&got, broker->watch, wait_ms);
    *entry = (struct wi_broker_entry){0};
    if (status == NATS_OK && got == NULL) {
        broker->replayed = 1;
        return 1;
    }
    if (status == NATS_OK) {
        wi_broker_entry_copy(entry, got, most);
        entry->replayed = !broker->replayed;
        if (entry->revision >= broker->written)
            broker->written = 0;
        kvEntry_Destroy(got);
        return 1;
    }
    if (status != NATS_OK && status != NATS_TIMEOUT)
        return wi_broker_lost(broker, wi_broker_last_text(status), problem);
    if (broker->written && wi_now_ms() - broker->written_ms > ECHO_MS)
        return wi_broker_lost(broker, "its watch has stopped", problem);
    return 0;
}

/* What the key has now, after a write that failed. */
static int entry_read(struct wi_broker *broker, const char *key, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    natsStatus status = wi_broker_read(broker, key, most, entry);
    if (status != NATS_OK && status != NATS_NOT_FOUND)
        return wi_broker_give_up(broker, status, problem);
    if (status == NATS_NOT_FOUND)
        *entry = (struct wi_broker_entry){.key = wi_strdup(key), .removed = 1};
    entry->replayed = 1;
    return 0;
}

/* The library has one status for a key that has changed and for all that the server refuses. */
int wi_broker_write(struct wi_broker *broker, const char *key, const char *text, uint64_t revision,
    size_t most, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    uint64_t written = 0;
    char refused[128];
    natsStatus status = revision
                            ? kvStore_UpdateString(&written, broker->store, key, text, revision)
                            : kvStore_CreateString(&written, broker->store, key, text);
    *entry = (struct wi_broker_entry){0};
    if (status == NATS_OK) {
        broker->written = written;
        broker->written_ms = wi_now_ms();
        return 1;
    }
    if (status != NATS_ERR)
        return wi_broker_give_up(broker, status, problem);
    wi_text_copy(refused, sizeof refused, wi_broker_last_text(status));
    int result = entry_read(broker, key, most, entry, problem);
    if (result != 0 || entry->revision != revision)
        return result;
    wi_broker_entry_clear(entry);
    return wi_broker_fail(problem, WI_BROKER_OTHER,
        "%.200s does not take this member's record (%.100s); its log may say more", broker->url,
        refused);
}

void wi_broker_remove(struct wi_broker *broker, const char *key)
{
    kvStore_Delete(broker->store, key);
}

/* --- what members say to each other ----------------------------------------------------------- */

int wi_broker_listen(
    struct wi_broker *broker, const char *subjects, struct wi_broker_problem *problem)
{
    natsStatus status = NATS_OK;
    if (broker->heard && !subjects) {
        natsSubscription_Destroy(broker->heard);
        broker->heard = NULL;
    } else if (!broker->heard && subjects) {
        status = natsConnection_SubscribeSync(&broker->heard, broker->connection, subjects);
        if (status == NATS_OK)
            status = natsSubscription_SetPendingLimits(
                broker->heard, PENDING_MAX, (int)WI_TALK_WAITING_MAX);
    }
    return status == NATS_OK ? 0 : wi_broker_lost(broker, wi_broker_last_text(status), problem);
}

int wi_broker_say(struct wi_broker *broker, const char *subject, const void *bytes, size_t size,
    struct wi_broker_problem *problem)
{
    natsStatus status = natsConnection_Publish(broker->connection, subject, bytes, (int)size);
    return status == NATS_OK || status == NATS_MAX_PAYLOAD
               ? 0
               : wi_broker_lost(broker, wi_broker_last_text(status), problem);
}

int wi_broker_hear(
    struct wi_broker *broker, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    natsMsg *got = NULL;
    natsStatus status = natsSubscription_NextMsg(&got, broker->heard, 0);
    if (status == NATS_TIMEOUT || status == NATS_SLOW_CONSUMER)
        return 0;
    if (status != NATS_OK)
        return wi_broker_lost(broker, wi_broker_last_text(status), problem);
    const char *speaker = strrchr(natsMsg_GetSubject(got), '.');
    wi_broker_entry_from(entry, speaker ? speaker + 1 : "", got, WI_TALK_MESSAGE_MAX);
    natsMsg_Destroy(got);
    return 1;
}

#else

/* The configuration refuses [cluster] servers in such a build. */
struct wi_broker *wi_broker_open(
    const char *server, const struct wi_broker_terms *terms, struct wi_broker_problem *problem)
{
    wi_broker_fail(problem, WI_BROKER_OTHER, "this build has no NATS");
    return NULL;
}

void wi_broker_close(struct wi_broker *broker)
{
}

int wi_broker_next(struct wi_broker *broker, unsigned wait_ms, size_t most,
    struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    return -1;
}

int wi_broker_write(struct wi_broker *broker, const char *key, const char *text, uint64_t revision,
    size_t most, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    return -1;
}

void wi_broker_remove(struct wi_broker *broker, const char *key)
{
}

void wi_broker_kv(struct wi_broker *broker, struct wi_kv *kv)
{
}

int wi_broker_listen(
    struct wi_broker *broker, const char *subjects, struct wi_broker_problem *problem)
{
    return 0;
}

int wi_broker_say(struct wi_broker *broker, const char *subject, const void *bytes, size_t size,
    struct wi_broker_problem *problem)
{
    return 0;
}

int wi_broker_hear(
    struct wi_broker *broker, struct wi_broker_entry *entry, struct wi_broker_problem *problem)
{
    return 0;
}
#endif
