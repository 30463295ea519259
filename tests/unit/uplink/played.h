/*
 * The node of an uplink and the calls to its own daemon, played: what the uplink says is noted, and
 * credit is given by the test. For use in one test file each.
 */
#ifndef WI_TESTS_UNIT_UPLINK_PLAYED_H
#define WI_TESTS_UNIT_UPLINK_PLAYED_H

#include "../test.h"

#include "base/memory.h"
#include "uplink/borrowers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAID_MAX 32

/* --- the node --------------------------------------------------------------------------------- */

struct wi_worker {
    int paused, is_up, is_gone;
};

static struct {
    struct wi_worker worker;
    struct wi_worker_service *service;
    char *said[SAID_MAX]; /* "TYPE MEMBERS" of each message, and of each part "part MEMBERS" */
    size_t count;
    size_t part_bytes; /* of all parts */
    int credit;        /* parts that may go */
    int answers;
    char code[64], detail[512]; /* of the answer; "" where it went well */
    char field[160], expected[256];
    int retryable;
    json_t *result;
    char executed_on[256];
    size_t outputs, output_bytes;
    double load_ms, inference_ms;
    uint64_t max_answer;
    struct wi_worker_task *task; /* the only one */
    int ended, reports, beats;
    int leaves; /* a worker that is told to leave was connected */
    enum wi_exit exit;
    char told[600]; /* the last message for people */
} played;

static void note_said(const char *type, const char *members)
{
    assert_true(played.count < SAID_MAX);
    played.said[played.count++] = wi_sprintf("%s %s", type, members);
}

static inline void forget_said(void)
{
    while (played.count)
        free(played.said[--played.count]);
}

struct wi_worker_service *wi_worker_service(const struct wi_worker *worker)
{
    return played.service;
}

void wi_worker_say(struct wi_worker *worker, const char *type, const char *members)
{
    note_said(type, members);
}

void wi_worker_progress(struct wi_worker_task *task, const char *members)
{
    note_said("task_progress", members);
}

int wi_worker_has_credit(struct wi_worker_task *task)
{
    return played.credit > 0;
}

void wi_worker_send_part(struct wi_worker_task *task, const char *members, size_t bytes)
{
    assert_true(played.credit-- > 0);
    note_said("part", members);
    played.part_bytes += bytes;
    task->next++;
}

void wi_worker_answer(struct wi_worker_task *task, const struct wi_worker_answer *answer)
{
    const char *code = answer->failure.code == WI_OK ? "" : answer->code;
    assert_false(task->answered);
    task->answered = 1;
    played.answers++;
    snprintf(played.code, sizeof played.code, "%s", code ? code : "none");
    snprintf(played.detail, sizeof played.detail, "%s",
        answer->failure.code == WI_OK ? "" : answer->failure.detail);
    snprintf(played.field, sizeof played.field, "%s", answer->failure.field);
    snprintf(played.expected, sizeof played.expected, "%s", answer->failure.expected);
    played.retryable = answer->retryable;
    played.result = json_incref(answer->result);
    snprintf(played.executed_on, sizeof played.executed_on, "%s",
        answer->executed_on ? answer->executed_on : "");
    played.outputs = answer->outputs.count;
    played.output_bytes = wi_tensors_bytes(&answer->outputs);
    played.load_ms = answer->load_ms;
    played.inference_ms = answer->inference_ms;
}

uint64_t wi_worker_max_answer(const struct wi_worker *worker)
{
    return played.max_answer;
}

void wi_worker_pause(struct wi_worker *worker, int paused)
{
    worker->paused = paused;
}

int wi_worker_is_paused(const struct wi_worker *worker)
{
    return worker->paused;
}

void wi_worker_each_task(struct wi_worker *worker, void (*visit)(struct wi_worker_task *task))
{
    if (played.task)
        visit(played.task);
}

void wi_worker_report(struct wi_worker *worker)
{
    played.reports++;
}

int wi_worker_is_up(const struct wi_worker *worker)
{
    return worker->is_up;
}

int wi_worker_leave(struct wi_worker *worker, const char *reason)
{
    note_said("bye", reason);
    return played.leaves;
}

void wi_worker_beat(struct wi_worker *worker, double now)
{
    played.beats++;
}

int wi_worker_is_gone(const struct wi_worker *worker)
{
    return worker->is_gone;
}

int wi_worker_broke_rules(const struct wi_worker *worker)
{
    (void)worker;
    return 0;
}

void wi_worker_service_open(struct wi_worker_service *service)
{
    played.service = service;
}

void wi_worker_service_close(struct wi_worker_service *service)
{
    played.service = NULL;
}

struct wi_worker *wi_worker_new(struct wi_worker_service *service)
{
    return &played.worker;
}

void wi_worker_connect(struct wi_worker *worker)
{
}

void wi_worker_free(struct wi_worker *worker)
{
}

/* --- the program ------------------------------------------------------------------------------ */

#define SAY(format)                                                                                \
    do {                                                                                           \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        vsnprintf(played.told, sizeof played.told, format, arguments);                             \
        va_end(arguments);                                                                         \
    } while (0)

void wi_uplink_tell(const char *format, ...)
{
    SAY(format);
}

void wi_uplink_warn_plain(const char *to, const char *url)
{
}

void wi_uplink_end(struct wi_uplink_run *run, enum wi_exit exit, const char *format, ...)
{
    assert_false(run->ending);
    run->ending = 1;
    played.exit = exit;
    played.ended++;
    SAY(format);
}

/* --- calls to the own daemon ------------------------------------------------------------------ */

/* The last one. */
static struct {
    char *path, *headers, *body; /* `headers` as lines */
    size_t body_size;
    struct wi_http_request request;
    wi_http_fn *on_answer;
    void *context;
    int count, cancelled, resumed, is_open;
    const char *length, *head_length, *media_type; /* headers of its answer */
} asked;

static inline void forget_asked(void)
{
    free(asked.path);
    free(asked.headers);
    free(asked.body);
    memset(&asked, 0, sizeof asked);
}

/* What it sends, in pieces of a few bytes. */
static void read_body(void *context)
{
    asked.body = wi_alloc(asked.request.body_size + 1);
    while (asked.body_size < asked.request.body_size) {
        char piece[7];
        size_t size = asked.request.on_send(context, asked.body_size, piece, sizeof piece);
        assert_true(size >= 1 && size <= sizeof piece);
        assert_true(asked.body_size + size <= asked.request.body_size);
        memcpy(asked.body + asked.body_size, piece, size);
        asked.body_size += size;
    }
}

struct wi_http_call *wi_uplink_call(struct wi_uplink_run *run, const char *path,
    const char *const *headers, struct wi_http_request *request, wi_http_fn *on_answer,
    void *context)
{
    struct wi_buffer lines = {0};
    int count = asked.count;
    forget_asked();
    asked.count = count + 1;
    asked.path = wi_strdup(path);
    for (size_t i = 0; headers && headers[i]; i++)
        wi_buffer_strings(&lines, headers[i], "\n", NULL);
    asked.headers = lines.text ? lines.text : wi_strdup("");
    asked.request = *request;
    asked.on_answer = on_answer;
    asked.context = context;
    asked.is_open = 1;
    if (request->on_send)
        read_body(context);
    return (struct wi_http_call *)&asked;
}

void wi_http_cancel(struct wi_http_call *call)
{
    asked.cancelled += call != NULL;
    if (call)
        asked.is_open = 0;
}

void wi_http_resume(struct wi_http_call *call)
{
    asked.resumed++;
}

const char *wi_http_call_header(const struct wi_http_call *call, const char *name)
{
    return strcmp(name, "Content-Length") == 0                    ? asked.length
           : strcmp(name, "Inference-Header-Content-Length") == 0 ? asked.head_length
           : strcmp(name, "Content-Type") == 0                    ? asked.media_type
                                                                  : NULL;
}

/* The last call is answered with that body; 0: there is no answer. */
static inline void give_answer(int status, const char *body)
{
    assert_true(asked.is_open);
    asked.is_open = 0;
    const struct wi_http_answer answer = {.status = status,
        .end = status ? WI_HTTP_ANSWERED : WI_HTTP_BROKEN,
        .failure = status ? NULL : "no connection",
        .body = body,
        .body_size = strlen(body)};
    asked.on_answer(asked.context, &answer);
}

static inline void forget_played(void)
{
    forget_said();
    forget_asked();
    json_decref(played.result);
    memset(&played, 0, sizeof played);
}

#endif
