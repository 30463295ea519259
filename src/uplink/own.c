/*
 * The own daemon is asked for its nodes and kinds every second, which also shows that it is there,
 * and at once where an answer gives cause. Its nodes come in pages, and its kinds behind them.
 */
#include "uplink/borrowers.h"

#include "base/json_read.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 1000

struct wi_uplink_own {
    struct wi_uplink_run *run;
    struct wi_timer *look;
    struct wi_http_call *looking;
    struct wi_uplink_models *models;
    json_t *nodes;   /* of this look, so far */
    json_t *samples; /* the ids of the nodes that stand for their kinds, by kind */
    int was_there;   /* it has answered once */
    int is_due;      /* the next look is to follow this one at once */
    int is_bare;     /* it had nothing to lend at the last look, which was told */
};

static void own_apply(struct wi_uplink_own *own, const json_t *status)
{
    struct wi_uplink_run *run = own->run;
    size_t count;
    struct wi_uplink_kind *list = wi_uplink_kinds_read(own->nodes, status, own->samples, &count);
    run->is_lost = 0;
    int is_bare = !wi_uplink_borrowers_lend(run, list, count);
    if (is_bare && !own->is_bare)
        wi_uplink_tell("%s has no browser to lend now; nothing is lent until one runs there",
            run->options->url);
    own->is_bare = is_bare;
    free(list);
    for (struct wi_uplink_line *line = run->lines; line; line = line->next)
        wi_worker_each_task(line->worker, wi_uplink_settle);
}

/* --- the own daemon's loss -------------------------------------------------------------------- */

static void lines_pause(const struct wi_uplink_run *run)
{
    for (struct wi_uplink_line *line = run->lines; line; line = line->next)
        wi_worker_pause(line->worker, 1);
}

static void own_lose(struct wi_uplink_own *own, const char *why)
{
    struct wi_uplink_run *run = own->run;
    if (!run->is_lost)
        wi_uplink_tell(
            "%s does not answer: %s; nothing is lent until it does", run->options->url, why);
    run->is_lost = 1;
    lines_pause(run);
    for (struct wi_uplink_line *line = run->lines; line; line = line->next)
        wi_worker_each_task(line->worker, wi_uplink_give_back);
    wi_uplink_models_leave(own->models);
}

static void own_look(struct wi_uplink_own *own)
{
    own->is_due = own->looking != NULL;
    if (!own->looking)
        wi_timer_start(own->look, 0, 0);
}

static void own_doubt(struct wi_uplink_own *own)
{
    lines_pause(own->run);
    own_look(own);
}

/* The daemon's answers say what is wrong by a code. */
static int is_problem(const struct wi_http_answer *answer)
{
    json_t *problem = wi_json_read(answer->body, answer->body_size, 0, NULL);
    int is = json_is_string(json_object_get(problem, "code"));
    json_decref(problem);
    return answer->end == WI_HTTP_ANSWERED && is;
}

/* It is there, and what it has begun goes on. */
static int is_busy(const struct wi_http_answer *answer)
{
    return (answer->status == 429 || answer->status == 503) && is_problem(answer);
}

static void own_refuse(struct wi_uplink_own *own, const struct wi_http_answer *answer)
{
    struct wi_uplink_run *run = own->run;
    const char *url = run->options->url;
    const char *why = answer->failure ? answer->failure : "it answers with something else";
    if (answer->status == 401 || answer->status == 403)
        wi_uplink_end(run, WI_EXIT_UNAUTHORIZED,
            "%s refuses the token: it needs one of rank relay there (--token-file, or "
            "WEBINFER_TOKEN)",
            url);
    else if (own->was_there && is_busy(answer))
        lines_pause(run);
    else if (own->was_there)
        own_lose(own, why);
    else
        wi_uplink_end(run, WI_EXIT_NO_SERVER, "no webinfer daemon answers at %s: %s", url, why);
}

/* --- a look ----------------------------------------------------------------------------------- */

static void look_later(struct wi_uplink_own *own)
{
    json_array_clear(own->nodes);
    wi_timer_start(own->look, own->is_due ? 0 : LOOK_MS, 0);
    own->is_due = 0;
}

static void on_status(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_own *own = context;
    json_t *root = wi_uplink_answer_json(answer);
    own->looking = NULL;
    if (own->run->ending) {
        json_decref(root);
        return;
    }
    if (json_is_object(json_object_get(root, "kinds"))) {
        if (own->run->is_lost)
            wi_uplink_tell("%s answers again", own->run->options->url);
        own->was_there = 1;
        own_apply(own, root);
        wi_uplink_models_watch(own->models);
    } else {
        own_refuse(own, answer);
    }
    json_decref(root);
    look_later(own);
}

static void on_nodes(void *context, const struct wi_http_answer *answer);

static void own_read_page(struct wi_uplink_own *own, const char *after)
{
    struct wi_buffer path = {0};
    wi_buffer_puts(&path, "/v1/nodes?limit=1000");
    wi_rest_add_argument(&path, '&', "after", after);
    own->looking = wi_uplink_get(own->run, path.text, on_nodes, own);
    wi_buffer_clear(&path);
}

static void on_nodes(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_own *own = context;
    json_t *root = wi_uplink_answer_json(answer), *rows = json_object_get(root, "nodes");
    const char *next = json_string_value(json_object_get(root, "next"));
    own->looking = NULL;
    json_array_extend(own->nodes, rows);
    if (!own->run->ending && !json_is_array(rows)) {
        own_refuse(own, answer);
        look_later(own);
    } else if (!own->run->ending && next && json_array_size(rows) > 0) {
        own_read_page(own, next);
    } else if (!own->run->ending) {
        own->looking = wi_uplink_get(own->run, "/v1/status", on_status, own);
    }
    json_decref(root);
}

static void on_look(void *context)
{
    struct wi_uplink_own *own = context;
    if (own->looking || own->run->ending)
        return;
    own->run->looks++;
    own_read_page(own, NULL);
}

/* --- the first: may it hand on requests? ------------------------------------------------------ */

/* Of a model that does not exist: the rank is looked at first. */
static const char question[] =
    "{\"model_name\":\"builtin/none\",\"inputs\":[],\"relay\":{},\"timeout_ms\":1000}";

static void on_rank(void *context, const struct wi_http_answer *answer)
{
    struct wi_uplink_own *own = context;
    const char *url = own->run->options->url;
    own->looking = NULL;
    if (own->run->ending)
        return;
    if (answer->status == 400)
        wi_uplink_end(own->run, WI_EXIT_FAILED,
            "the daemon at %s is too old to lend its browsers; upgrade it", url);
    else if (answer->status != 401 && answer->status != 403 && is_problem(answer))
        wi_timer_start(own->look, 0, 0);
    else
        own_refuse(own, answer);
}

struct wi_uplink_own *wi_uplink_own_new(struct wi_uplink_run *run)
{
    struct wi_uplink_own *own = wi_alloc(sizeof *own);
    struct wi_http_request request = {.method = "POST",
        .timeout_ms = WI_UPLINK_ANSWER_MS,
        .max_answer = WI_UPLINK_ANSWER_MAX,
        .body = question,
        .body_size = sizeof question - 1,
        .content_type = "application/json"};
    own->run = run;
    run->doubt = own_doubt;
    run->look = own_look;
    own->look = wi_timer_new(run->loop, on_look, own);
    own->models = wi_uplink_models_new(run);
    own->nodes = json_array();
    own->samples = json_object();
    own->looking = wi_uplink_call(run, "/v1/infer", NULL, &request, on_rank, own);
    return own;
}

void wi_uplink_own_free(struct wi_uplink_own *own)
{
    if (!own)
        return;
    wi_http_cancel(own->looking);
    wi_timer_free(own->look);
    wi_uplink_models_free(own->models);
    json_decref(own->nodes);
    json_decref(own->samples);
    free(own);
}
