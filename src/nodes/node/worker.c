/* A worker's part of the conversation of webinfer-protocol(7). */
#include "nodes/node/worker.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/net/lws.h"
#include "base/text.h"
#include "nodes/node/worker_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_MS 250.0
#define RETRY_MAX_MS 5000.0
/* Of an interval: a heartbeat of the service's that comes later is late. */
#define LATE_FACTOR 1.5
/* A socket without a welcome for so long belongs to no service. */
#define WELCOME_MS 10000

static struct wi_worker_counters *counters_of(const struct wi_worker *worker)
{
    return &worker->service->counters;
}

/* It was in this state, and is not any more. */
static void leave_state(struct wi_worker *worker)
{
    counters_of(worker)->up -= worker->state == WI_WORKER_UP;
    counters_of(worker)->connecting -=
        worker->state == WI_WORKER_CONNECTING || worker->state == WI_WORKER_ANNOUNCING;
}

static void note_full(struct wi_worker *worker, int full)
{
    counters_of(worker)->full += (size_t)full;
    counters_of(worker)->full -= (size_t)worker->found_full;
    worker->found_full = full;
}

void wi_worker_cut(struct wi_worker *worker)
{
    if (!worker->client.wsi || worker->state == WI_WORKER_GONE ||
        worker->state == WI_WORKER_LEAVING)
        return;
    leave_state(worker);
    worker->state = WI_WORKER_CUT;
    wi_lws_client_cut(&worker->client);
}

/* --- the service's messages ------------------------------------------------------------------ */

static void copy_string(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    snprintf(out, size, "%s", text ? text : "");
}

static uint64_t member_number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void on_welcome(struct wi_worker *worker, const struct wi_frame *frame)
{
    struct wi_worker_counters *counters = counters_of(worker);
    const json_t *credit = json_object_get(frame->data, "initial_credit");

    copy_string(worker->id, sizeof worker->id, frame->data, "node");
    copy_string(worker->resume_token, sizeof worker->resume_token, frame->data, "resume_token");
    worker->interval_ms = (double)member_number(frame->data, "heartbeat_interval_ms");
    worker->misses = (unsigned)member_number(frame->data, "heartbeat_misses");
    worker->max_frame = member_number(frame->data, "max_frame_bytes");
    worker->initial_credit =
        (struct wi_credit){member_number(credit, "parts"), member_number(credit, "bytes")};
    worker->heartbeat_at = wi_awake_ms();
    worker->retry_ms = RETRY_FIRST_MS;
    leave_state(worker);
    note_full(worker, 0);
    worker->tried = 0;
    worker->state = WI_WORKER_UP;
    if (++counters->up > counters->up_peak)
        counters->up_peak = counters->up;
    if (json_is_true(json_object_get(frame->data, "resumed")))
        counters->resumed++;
    else
        counters->welcomed++;
    worker->max_answer = member_number(frame->data, "max_answer_bytes");
    if (worker->paused)
        wi_worker_say_heartbeat(worker, NULL);
    if (worker->models)
        wi_worker_say_models(worker);
    if (worker->service->events->up)
        worker->service->events->up(worker, frame->data);
    if (worker->state == WI_WORKER_UP)
        wi_worker_resume(worker, frame->data);
}

static void on_heartbeat(struct wi_worker *worker, const struct wi_frame *frame)
{
    struct wi_worker_counters *counters = counters_of(worker);
    double now = wi_awake_ms(), gap = now - worker->heartbeat_at;

    worker->heartbeat_at = now;
    counters->heartbeats++;
    counters->late_heartbeats += gap > LATE_FACTOR * worker->interval_ms;
    if (gap > counters->worst_gap_ms)
        counters->worst_gap_ms = gap;
    wi_worker_say_heartbeat(worker, frame->id);
}

static void on_credit(struct wi_worker *worker, const json_t *data)
{
    struct wi_worker_task *task =
        wi_worker_find(worker, json_string_value(json_object_get(data, "attempt_id")));

    if (task) /* else it was answered meanwhile */
        wi_worker_take_credit(task, data);
}

static void forget_itself(struct wi_worker *worker)
{
    while (worker->tasks)
        wi_worker_end(worker->tasks);
    json_decref(worker->models);
    worker->models = NULL;
    worker->id[0] = worker->resume_token[0] = '\0';
}

static void worker_refuse(struct wi_worker *worker, int code, const char *reason)
{
    struct wi_worker_counters *counters = counters_of(worker);

    if (worker->state == WI_WORKER_GONE)
        return; /* it knows why; what follows a bye is an ordinary close frame */
    worker->close_code = code;
    snprintf(worker->why, sizeof worker->why, "%s", reason);
    wi_text_mend(worker->why);
    if (code != 1008 && code != 1013)
        return;
    snprintf(counters->why, sizeof counters->why, "%d %s", code, reason);
    wi_text_mend(counters->why);
    note_full(worker, code == 1013);
    if (code == 1013)
        return; /* comes back later */
    leave_state(worker);
    counters->refused++;
    worker->state = WI_WORKER_GONE;
    forget_itself(worker);
}

/* One that was welcome is not turned away any more: a message of its own was wrong. */
static void on_refused(struct wi_worker *worker, int code, const char *reason)
{
    worker->broke_rules = code == 1008 && worker->state == WI_WORKER_UP;
    worker_refuse(worker, code, reason);
}

static void on_bye(struct wi_worker *worker, const struct wi_frame *frame)
{
    char code[32], reason[160];

    copy_string(code, sizeof code, frame->data, "code");
    copy_string(reason, sizeof reason, frame->data, "reason");
    int drained = strcmp(reason, "drain") == 0 && worker->service->comes_back;
    if (strcmp(code, "resume_unknown") == 0 || drained)
        forget_itself(worker); /* joins again as a new node, with its join token */
    else if (strcmp(code, "shutdown") != 0)
        worker_refuse(worker, 1008, reason);
}

static void on_unload(struct wi_worker *worker, const json_t *data)
{
    const char *name = json_string_value(json_object_get(data, "name"));

    if (name)
        worker->service->events->unload(worker, name);
    else
        counters_of(worker)->unexpected++;
}

/* Used once the worker is up. Unknown messages are ignored. */
static void frame_handle(struct wi_worker *worker, struct wi_frame *frame)
{
    const struct wi_worker_events *events = worker->service->events;
    const json_t *data = frame->data;

    if (strcmp(frame->type, "heartbeat") == 0)
        on_heartbeat(worker, frame);
    else if (strcmp(frame->type, "task_request") == 0)
        wi_worker_take_task(worker, frame);
    else if (strcmp(frame->type, "task_data") == 0)
        wi_worker_take_data(worker, frame);
    else if (strcmp(frame->type, "task_credit") == 0)
        on_credit(worker, data);
    else if (strcmp(frame->type, "task_ack") == 0)
        wi_worker_take_acks(
            worker, json_object_get(data, "attempt_ids"), json_object_get(data, "parts"));
    else if (strcmp(frame->type, "task_cancel") == 0)
        wi_worker_take_cancel(worker, json_string_value(json_object_get(data, "attempt_id")));
    else if (strcmp(frame->type, "model_load") == 0)
        events->load(worker, json_object_get(data, "model"));
    else if (strcmp(frame->type, "model_unload") == 0)
        on_unload(worker, data);
    else if (strcmp(frame->type, "capability_query") == 0)
        wi_worker_say_capabilities(worker, frame->id);
}

static void on_heard(struct wi_worker *worker, struct wi_blob *blob, int binary)
{
    struct wi_frame frame;

    if (worker->state == WI_WORKER_CUT)
        return; /* lost on the way */
    if (wi_frame_parse(blob, binary, &frame, NULL) != WI_OK) {
        counters_of(worker)->unexpected++;
        wi_worker_cut(worker);
        return;
    }
    if (strcmp(frame.type, "welcome") == 0 && worker->state == WI_WORKER_ANNOUNCING)
        on_welcome(worker, &frame);
    else if (strcmp(frame.type, "bye") == 0)
        on_bye(worker, &frame);
    else if (worker->state == WI_WORKER_UP)
        frame_handle(worker, &frame);
    else
        counters_of(worker)->unexpected++;
    wi_frame_clear(&frame);
}

/* --- coming and going ------------------------------------------------------------------------ */

static void on_opened(struct wi_worker *worker)
{
    worker->state = WI_WORKER_ANNOUNCING;
    worker->heard = worker->connected_at = wi_awake_ms();
    wi_worker_fit(worker);
    wi_worker_say_announcement(worker);
}

static void closed_tell(struct wi_worker *worker, const char *why)
{
    const struct wi_worker_events *events = worker->service->events;

    if (!*worker->why)
        snprintf(worker->why, sizeof worker->why, "%s", why);
    if (events->down)
        events->down(worker, worker->close_code, worker->why);
    worker->close_code = 0;
    worker->why[0] = '\0';
}

/* A service may listen at some of its name's addresses only. Returns whether one is left that has
 * not been tried since the last connection. */
static int take_next_address(struct wi_worker *worker)
{
    size_t count = worker->service->link.address_count;

    worker->address = (worker->address + 1) % count;
    worker->tried = (worker->tried + 1) % count;
    return worker->tried > 0;
}

static void on_closed(struct wi_worker *worker, const char *why)
{
    wi_worker_socket_clear(worker);
    if (worker->state == WI_WORKER_CONNECTING && take_next_address(worker)) {
        leave_state(worker);
        worker->state = WI_WORKER_IDLE;
        worker->retry_at = 0; /* with the next beat */
        return;
    }
    closed_tell(worker, why);
    if (worker->state == WI_WORKER_LEAVING) {
        worker->state = WI_WORKER_GONE;
        worker->service->events->left(worker);
    }
    if (worker->state == WI_WORKER_GONE || worker->state == WI_WORKER_IDLE)
        return;
    leave_state(worker);
    worker->state = WI_WORKER_IDLE;
    worker->retry_at = wi_awake_ms() + wi_worker_random(worker->service) * worker->retry_ms;
    worker->retry_ms = worker->retry_ms * 2 < RETRY_MAX_MS ? worker->retry_ms * 2 : RETRY_MAX_MS;
}

void wi_worker_connect(struct wi_worker *worker)
{
    worker->state = WI_WORKER_CONNECTING;
    counters_of(worker)->connecting++;
    wi_worker_socket_connect(worker);
}

void wi_worker_beat(struct wi_worker *worker, double now)
{
    if (worker->state == WI_WORKER_IDLE && now >= worker->retry_at &&
        counters_of(worker)->connecting < WI_WORKERS_CONNECTING_MAX)
        wi_worker_connect(worker);
    if (worker->state == WI_WORKER_ANNOUNCING && now > worker->connected_at + WELCOME_MS) {
        snprintf(worker->why, sizeof worker->why, "no welcome came");
        wi_worker_cut(worker);
    }
    if (worker->state != WI_WORKER_UP)
        return;
    if (now > worker->heard + worker->interval_ms * worker->misses)
        wi_worker_cut(worker);
    else if (now >= worker->said + worker->interval_ms)
        wi_worker_say_heartbeat(worker, NULL);
}

void wi_worker_pause(struct wi_worker *worker, int paused)
{
    if (worker->paused == paused)
        return;
    worker->paused = paused;
    if (worker->state == WI_WORKER_UP)
        wi_worker_say_heartbeat(worker, NULL);
}

int wi_worker_is_paused(const struct wi_worker *worker)
{
    return worker->paused;
}

int wi_worker_leave(struct wi_worker *worker, const char *reason)
{
    if (worker->state != WI_WORKER_UP)
        return 0;
    leave_state(worker);
    worker->state = WI_WORKER_LEAVING;
    wi_worker_say_bye(worker, reason);
    return 1;
}

int wi_worker_is_up(const struct wi_worker *worker)
{
    return worker->state == WI_WORKER_UP;
}

int wi_worker_is_gone(const struct wi_worker *worker)
{
    return worker->state == WI_WORKER_GONE;
}

int wi_worker_broke_rules(const struct wi_worker *worker)
{
    return worker->broke_rules;
}

uint64_t wi_worker_max_answer(const struct wi_worker *worker)
{
    return worker->max_answer;
}

const json_t *wi_worker_models(const struct wi_worker *worker)
{
    return worker->models;
}

void wi_worker_set_models(struct wi_worker *worker, json_t *models)
{
    json_decref(worker->models);
    worker->models = models;
    if (worker->state == WI_WORKER_UP)
        wi_worker_say_models(worker);
}

struct wi_worker_service *wi_worker_service(const struct wi_worker *worker)
{
    return worker->service;
}

static const struct wi_worker_socket_events socket_events = {
    on_opened, on_heard, on_closed, on_refused};

struct wi_worker *wi_worker_new(struct wi_worker_service *service)
{
    struct wi_worker *worker = wi_alloc(sizeof *worker);

    worker->service = service;
    worker->events = &socket_events;
    worker->retry_ms = RETRY_FIRST_MS;
    return worker;
}

void wi_worker_stop(struct wi_worker *worker)
{
    leave_state(worker);
    worker->state = WI_WORKER_GONE;
    forget_itself(worker);
    wi_worker_socket_clear(worker);
}

void wi_worker_free(struct wi_worker *worker)
{
    if (!worker)
        return;
    wi_worker_stop(worker);
    wi_lws_client_leave(&worker->client);
    free(worker);
}

/* --- the service ----------------------------------------------------------------------------- */

double wi_worker_random(struct wi_worker_service *service)
{
    return wi_pcg32_share(&service->random);
}

struct lws_vhost *wi_worker_vhost_new(struct lws_context *lws, int tls, const char *authority)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .vhost_name = "worker",
        .protocols = wi_worker_protocols,
    };

    if (tls) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.client_ssl_ca_filepath = authority;
    }
    return lws_create_vhost(lws, &info);
}

void wi_worker_service_open(struct wi_worker_service *service)
{
    service->_scratch = wi_alloc(LWS_PRE + WI_LWS_CHUNK);
}

void wi_worker_service_close(struct wi_worker_service *service)
{
    free(service->_scratch);
    service->_scratch = NULL;
}
