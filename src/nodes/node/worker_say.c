/* What a worker says of itself. */
#include "config.h"

#include "nodes/node/pieces_in.h"
#include "nodes/node/worker_private.h"

void wi_worker_begin(struct wi_worker *worker, struct wi_buffer *out, int binary, const char *type)
{
    wi_frame_begin_from(out, binary, worker->id, type, ++worker->sequence);
    wi_buffer_puts(out, ",\"data\":{");
}

void wi_worker_send_text(struct wi_worker *worker, struct wi_buffer *out)
{
    wi_buffer_puts(out, "}");
    wi_frame_end(out, 0);
    wi_worker_socket_send(worker, wi_message_new(0, out, NULL));
}

/* Tasks that are answered, or those that are not. */
static void put_tasks(struct wi_buffer *out, const struct wi_worker *worker, int answered)
{
    const char *before = "[";

    for (const struct wi_worker_task *task = worker->tasks; task; task = task->_next) {
        if (task->answered != answered)
            continue;
        wi_buffer_puts(out, before);
        wi_buffer_json_string(out, task->id);
        before = ",";
    }
    wi_buffer_puts(out, *before == '[' ? "[]" : "]");
}

/* What each stream sends next, or which byte each task that comes in pieces wants next. */
static void put_places(struct wi_buffer *out, const struct wi_worker *worker, int pieces)
{
    const char *before = "{";

    for (const struct wi_worker_task *task = worker->tasks; task; task = task->_next) {
        if (pieces ? !task->_in : !task->_streams)
            continue;
        wi_buffer_puts(out, before);
        wi_buffer_json_string(out, task->id);
        if (pieces)
            wi_buffer_printf(
                out, ":{\"tensor\":%zu,\"position\":%zu}", task->_in->tensor, task->_in->position);
        else
            wi_buffer_printf(out, ":%llu", (unsigned long long)task->next);
        before = ",";
    }
    wi_buffer_puts(out, *before == '{' ? "{}" : "}");
}

static void put_capabilities(struct wi_buffer *out, const struct wi_worker *worker)
{
    wi_buffer_strings(out, "\"capabilities\":", worker->service->capabilities, NULL);
}

void wi_worker_say_announcement(struct wi_worker *worker)
{
    struct wi_buffer out = {0};

    wi_worker_begin(worker, &out, 0, "node_announcement");
    wi_buffer_puts(&out, "\"protocol\":1,\"page_version\":\"" PACKAGE_VERSION "\",");
    if (*worker->resume_token) {
        wi_buffer_strings(&out, "\"resume\":{\"node\":\"", worker->id, "\",\"token\":\"",
            worker->resume_token, "\",\"running\":", NULL);
        put_tasks(&out, worker, 0);
        wi_buffer_puts(&out, ",\"unacknowledged\":");
        put_tasks(&out, worker, 1);
        wi_buffer_puts(&out, ",\"next\":");
        put_places(&out, worker, 0);
        wi_buffer_puts(&out, ",\"data\":");
        put_places(&out, worker, 1);
        wi_buffer_puts(&out, "},");
    } else {
        wi_buffer_strings(&out, "\"token\":\"", worker->service->link.token, "\",", NULL);
    }
    put_capabilities(&out, worker);
    wi_worker_send_text(worker, &out);
}

void wi_worker_say_heartbeat(struct wi_worker *worker, const char *reply_to)
{
    struct wi_buffer out = {0};

    wi_worker_begin(worker, &out, 0, "heartbeat");
    wi_buffer_printf(&out, "\"seq\":%llu,", (unsigned long long)worker->sequence);
    if (reply_to) {
        wi_buffer_puts(&out, "\"reply_to\":");
        wi_buffer_json_string(&out, reply_to);
        wi_buffer_puts(&out, ",");
    }
    wi_buffer_puts(&out, "\"busy_since_ms\":0,\"running\":");
    put_tasks(&out, worker, 0);
    if (worker->paused)
        wi_buffer_puts(&out, ",\"paused\":true");
    wi_worker_send_text(worker, &out);
}

void wi_worker_say_models(struct wi_worker *worker)
{
    struct wi_buffer out = {0};

    wi_worker_begin(worker, &out, 0, "model_status");
    wi_buffer_puts(&out, "\"models\":");
    if (worker->models)
        wi_buffer_json(&out, worker->models);
    else
        wi_buffer_puts(&out, "[]");
    wi_worker_send_text(worker, &out);
}

void wi_worker_say_capabilities(struct wi_worker *worker, const char *reply_to)
{
    struct wi_buffer out = {0};

    wi_worker_begin(worker, &out, 0, "capability_report");
    if (reply_to) {
        wi_buffer_puts(&out, "\"reply_to\":");
        wi_buffer_json_string(&out, reply_to);
        wi_buffer_puts(&out, ",");
    }
    put_capabilities(&out, worker);
    wi_worker_send_text(worker, &out);
}

void wi_worker_say(struct wi_worker *worker, const char *type, const char *members)
{
    struct wi_buffer out = {0};

    if (worker->state != WI_WORKER_UP)
        return;
    wi_worker_begin(worker, &out, 0, type);
    wi_buffer_puts(&out, members);
    wi_worker_send_text(worker, &out);
}

void wi_worker_report(struct wi_worker *worker)
{
    if (worker->state == WI_WORKER_UP)
        wi_worker_say_capabilities(worker, NULL);
}

void wi_worker_say_bye(struct wi_worker *worker, const char *reason)
{
    struct wi_buffer out = {0};

    wi_worker_begin(worker, &out, 0, "bye");
    wi_buffer_puts(&out, "\"reason\":");
    wi_buffer_json_string(&out, reason);
    wi_worker_send_text(worker, &out);
}
