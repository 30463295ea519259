/* A connection to a borrowing daemon: the node of one kind of browser. */
#include "uplink/borrowers.h"

#include "base/clock.h"
#include "base/memory.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a node that leaves waits for the borrowing daemon to close. */
#define LEAVE_MS 2000

/* --- models ----------------------------------------------------------------------------------- */

/* Sends the keys of `hashes` in as many messages as they need; `member` is "add" or "remove". */
static void line_send(struct wi_uplink_line *line, const char *member, json_t *hashes)
{
    struct wi_buffer out = {0};
    const char *hash;
    json_t *unused;
    size_t count = 0, left = json_object_size(hashes);
    json_object_foreach(hashes, hash, unused)
    {
        (void)unused;
        if (count == 0)
            wi_buffer_strings(&out, "\"", member, "\":[", NULL);
        wi_buffer_strings(&out, count ? "," : "", "\"", hash, "\"", NULL);
        left--;
        if (++count < WI_UPLINK_HASHES_MESSAGE && left > 0)
            continue;
        wi_buffer_puts(&out, "]");
        wi_worker_say(line->worker, "relay_models", out.text);
        wi_buffer_clear(&out);
        count = 0;
    }
}

/* The keys of `a` that `b` lacks. */
static json_t *keys_without(json_t *a, const json_t *b)
{
    json_t *keys = json_object(), *unused;
    const char *key;
    json_object_foreach(a, key, unused)
    {
        (void)unused;
        if (!json_object_get(b, key))
            json_object_set_new(keys, key, json_true());
    }
    return keys;
}

void wi_uplink_line_tell_models(struct wi_uplink_line *line)
{
    const char *hash;
    json_t *unused;
    if (!wi_worker_is_up(line->worker))
        return;
    json_t *come = keys_without(line->run->names, line->said);
    json_t *gone = keys_without(line->said, line->run->names);
    line_send(line, "remove", gone); /* first, so that there is room */
    line_send(line, "add", come);
    json_object_update(line->said, come);
    if (json_object_size(line->gone) > WI_UPLINK_HASHES_MAX)
        json_object_clear(line->gone); /* at worst a request for one fails */
    json_object_update(line->gone, gone);
    json_object_foreach(gone, hash, unused) json_object_del(line->said, hash);
    json_object_foreach(come, hash, unused) json_object_del(line->gone, hash);
    json_decref(come);
    json_decref(gone);
}

/* A message may have been lost with the last connection. */
static void line_tell_again(struct wi_uplink_line *line)
{
    line_send(line, "remove", line->gone);
    line_send(line, "add", line->said);
    wi_uplink_line_tell_models(line);
}

/* --- its worker ------------------------------------------------------------------------------- */

/* With its address before the reason. */
static void line_refuse(struct wi_uplink_line *line, enum wi_exit exit, const char *reason)
{
    char *why = wi_sprintf("%s %s", line->borrower->to, reason);
    line->borrower->refuse(line->borrower, exit, why);
    free(why);
}

static void on_up(struct wi_worker *worker, const json_t *welcome)
{
    struct wi_uplink_line *line = wi_worker_service(worker)->context;
    struct wi_uplink_borrower *borrower = line->borrower;
    if (!borrower)
        return;
    if (!json_is_true(json_object_get(welcome, "relay"))) {
        line_refuse(line, WI_EXIT_UNAUTHORIZED,
            "does not treat this as a relay: its token there must have the rank relay, as of "
            "\"webinfer token new NAME --rank relay\", and the daemon must know relays");
        return;
    }
    if (!line->is_open || line->complained)
        wi_uplink_tell("%s lends its browsers of the kind %s to %s", line->run->name, line->kind,
            borrower->to);
    line->is_open = borrower->welcomed = 1;
    line->complained = borrower->is_told = 0;
    if (json_is_true(json_object_get(welcome, "resumed"))) {
        line_tell_again(line);
        return;
    }
    json_object_clear(line->said);
    json_object_clear(line->gone);
    wi_uplink_line_tell_models(line);
}

static void on_down(struct wi_worker *worker, int code, const char *why)
{
    struct wi_uplink_line *line = wi_worker_service(worker)->context;
    const struct wi_uplink_borrower *borrower = line->borrower;
    char reason[512];
    why = *why ? why : "the connection ended";
    if (!borrower || line->run->ending)
        return;
    if (wi_worker_broke_rules(worker)) {
        snprintf(reason, sizeof reason,
            "ended the connection for the kind %s, since a message broke a rule of the node "
            "protocol: %.200s; use the same version of webinfer at both ends",
            line->kind, why);
        line_refuse(line, WI_EXIT_FAILED, reason);
    } else if (wi_worker_is_gone(worker)) {
        snprintf(reason, sizeof reason,
            "refuses the relay: %.200s; see its tokens file, and \"webinfer token new NAME --rank "
            "relay\"",
            why);
        line_refuse(line, WI_EXIT_UNAUTHORIZED, reason);
    } else if (!borrower->welcomed && code != 1013 && !borrower->is_member)
        wi_uplink_end(line->run, WI_EXIT_NO_SERVER,
            "there is no webinfer daemon that takes nodes at %s: %s; --to needs the address of its "
            "bridge, which its log and its status name",
            borrower->to, why);
    else if (!line->complained && !borrower->is_told)
        wi_uplink_tell(
            "%s is not connected for the kind %s: %s; trying again", borrower->to, line->kind, why);
    line->complained = 1;
}

static void on_load(struct wi_worker *worker, const json_t *model)
{
}

static void on_unload(struct wi_worker *worker, const char *name)
{
}

static void on_left(struct wi_worker *worker)
{
    struct wi_uplink_line *line = wi_worker_service(worker)->context;
    struct wi_uplink_run *run = line->run;
    if (!line->borrower)
        line->ends_at = 0; /* now */
    else if (--run->leaving == 0 && run->over)
        wi_timer_start(run->over, 0, 0);
}

static const struct wi_worker_events events = {
    .task = wi_uplink_take_task,
    .go_on = wi_uplink_go_on,
    .cancel = wi_uplink_cancel_task,
    .end = wi_uplink_end_task,
    .load = on_load,
    .unload = on_unload,
    .left = on_left,
    .up = on_up,
    .down = on_down,
};

/* --- itself ----------------------------------------------------------------------------------- */

void wi_uplink_line_new(struct wi_uplink_borrower *borrower, const char *kind, char *capabilities)
{
    struct wi_uplink_run *run = borrower->run;
    struct wi_uplink_line *line = wi_alloc(sizeof *line);
    line->run = run;
    line->borrower = borrower;
    strcpy(line->kind, kind);
    line->capabilities = capabilities;
    line->said = json_object();
    line->gone = json_object();
    line->service = (struct wi_worker_service){.loop = run->loop,
        .lws = run->lws,
        .vhost = run->vhost,
        .link = borrower->link,
        .capabilities = capabilities,
        .comes_back = 1,
        .events = &events,
        .context = line};
    wi_pcg32_seed(&line->service.random, uv_hrtime(), 0);
    wi_worker_service_open(&line->service);
    line->worker = wi_worker_new(&line->service);
    line->next = run->lines;
    run->lines = line;
    wi_worker_connect(line->worker);
}

static void line_free(struct wi_uplink_line *line)
{
    wi_worker_free(line->worker);
    wi_worker_service_close(&line->service);
    OPENSSL_cleanse(&line->service.link, sizeof line->service.link);
    json_decref(line->said);
    json_decref(line->gone);
    free(line->capabilities);
    free(line);
}

void wi_uplink_line_end(struct wi_uplink_line *line, const char *reason)
{
    line->borrower = NULL;
    line->ends_at = wi_worker_leave(line->worker, reason) ? wi_awake_ms() + LEAVE_MS : 0;
}

void wi_uplink_lines_beat(struct wi_uplink_run *run, double now)
{
    struct wi_uplink_line **at = &run->lines, *line;
    while ((line = *at) && !run->ending) {
        if (!line->borrower && now >= line->ends_at) {
            *at = line->next;
            line_free(line);
            continue;
        }
        wi_worker_beat(line->worker, now);
        at = &line->next;
    }
}

void wi_uplink_lines_free(struct wi_uplink_run *run)
{
    while (run->lines) {
        struct wi_uplink_line *line = run->lines;
        run->lines = line->next;
        line_free(line);
    }
}

void wi_uplink_line_describe(struct wi_uplink_line *line, char *capabilities)
{
    if (strcmp(line->capabilities, capabilities) == 0) {
        free(capabilities);
        return;
    }
    free(line->capabilities);
    line->capabilities = capabilities;
    line->service.capabilities = capabilities;
    wi_worker_report(line->worker);
}
