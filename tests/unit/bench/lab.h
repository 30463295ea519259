/* The laboratory of a daemon that is played: it says how long each run took, keeps runs, and tells
 * where a model runs. No time is waited for. */
#ifndef WI_TESTS_BENCH_LAB_H
#define WI_TESTS_BENCH_LAB_H

#include "bench/bench.h"
#define PLAYED_PROGRAM wi_bench
#include "../cli/commands/played.h"
#include <signal.h>

#define COLD_MS 5
#define FIRST_MS 3.0 /* of the first run behind a load */
#define PAGE_MS 1.5
#define CLIENT_MS 2.0
#define YARDSTICK_ASKED 5 /* benchmarks: one for each round, and the first round one more */

/* --- the daemon ------------------------------------------------------------------------------- */

/* What it says of a model on a platform that is asked for, in the place of an answer. */
struct trouble {
    const char *platform; /* NULL: there is none */
    int status;
    const char *body;
};

static struct {
    json_t *runs;   /* by their ids */
    json_t *loaded; /* platforms whose page has the model */
    struct trouble trouble;
    int is_full;                      /* there is no room for runs */
    int stops_at;                     /* ^C comes with the benchmark of that number; 0: never */
    unsigned benchmarks, most, calls; /* how many benchmarks; calls at once, and so far */
    unsigned yardsticks;              /* benchmarks of them */
    unsigned at_once;
    int writes;         /* its models write */
    int is_empty;       /* there are no models, and nothing that could be verified */
    int is_away;        /* nobody answers where a daemon would be */
    int is_tight;       /* chrome and firefox are installed, and one of them runs at a time */
    char running[16];   /* the browser that runs */
    unsigned starts;    /* of browsers */
    const char *broken; /* a browser that does not start; NULL: all do */
    char sent[32];      /* the model that was sent last */
    const char *url;    /* of the daemon that is asked side by side */
    char turns[32];     /* of each benchmark of "m", the last character of its daemon's address */
} lab;

static json_t *body_of(const struct wi_rest_request *request)
{
    json_t *body = json_loadb(request->body, request->body_size, 0, NULL);
    assert_non_null(body);
    return body;
}

static const char *text_in(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

/* Takes the value. */
static void give_json(
    const struct wi_rest_request *request, struct wi_rest_answer *answer, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    assert_non_null(text);
    give(request, answer, 200, text);
    free(text);
    json_decref(value);
}

static void give_problem(
    const struct wi_rest_request *request, struct wi_rest_answer *answer, int status)
{
    answer->status = status;
    wi_buffer_puts(&answer->body, "{\"code\":\"not_found\",\"detail\":\"there is none\"}");
}

/* A cell takes the place of the one with its index. */
static void keep_cell(json_t *cells, json_t *cell)
{
    const json_t *kept;
    size_t i;
    json_array_foreach(cells, i, kept)
    {
        if (json_equal(json_object_get(kept, "index"), json_object_get(cell, "index"))) {
            json_array_set(cells, i, cell);
            return;
        }
    }
    json_array_append(cells, cell);
}

/* A head begins a run, and the rest goes on with it. */
static void keep_run(const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    json_t *body = body_of(request), *run = json_object_get(lab.runs, text_in(body, "id")), *cell;
    size_t i;
    if (!run && !json_object_get(body, "version")) {
        give_problem(request, answer, 404);
    } else if (lab.is_full) {
        give_problem(request, answer, 507);
    } else if (!run) {
        json_object_set_new(body, "cells", json_array());
        json_object_set(lab.runs, text_in(body, "id"), body);
        give(request, answer, 201, "{}");
    } else {
        json_array_foreach(json_object_get(body, "cells"), i, cell)
            keep_cell(json_object_get(run, "cells"), cell);
        if (json_object_get(body, "ended_at"))
            json_object_set(run, "ended_at", json_object_get(body, "ended_at"));
        give(request, answer, 200, "{}");
    }
    json_decref(body);
}

static const char usual_status[] =
    "{\"sessions\":[{\"node\":\"n0\",\"memory_bytes\":44},{\"node\":\"n1\",\"memory_bytes\":33}]}";
static const char tight_status[] = "{\"session_limit\":1,\"kinds\":{\"chrome\":{\"installed\":true}"
                                   ",\"firefox\":{\"installed\":true}}}";

static void tell_hardware(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    if (strstr(asked, "platform=webnn"))
        give_json(request, answer,
            json_pack("{s:s, s:s, s:s}", "decision", "never", "why", "nobody has it", "code",
                "platform_unsupported"));
    else
        give_json(request, answer,
            json_pack("{s:s, s:s, s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}], s:[{s:s}]}", "decision",
                "now", "model_hash", "sha256:0", "options", "browser", "chrome", "platform", "wasm",
                "engine", "ort", "browser", "chrome", "platform", "webgpu", "engine", "ort",
                "passed_over", "browser", lab.is_tight ? "firefox" : "chrome"));
}

/* Where the request wants it, or where the daemon likes it best; whether it was loaded for it. */
static json_t *place_of(const json_t *body, int *is_cold)
{
    const char *platform = text_in(body, "platform"), *browser = text_in(body, "browser");
    platform = *platform ? platform : "webgpu";
    browser = *browser ? browser : *lab.running ? lab.running : "chrome";
    if (strcmp(browser, lab.running) != 0) { /* it takes the place of the other one */
        snprintf(lab.running, sizeof lab.running, "%s", browser);
        json_object_clear(lab.loaded);
        lab.starts++;
    }
    *is_cold = !json_object_get(lab.loaded, platform);
    json_object_set_new(lab.loaded, platform, json_true());
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "browser", lab.running, "platform", platform,
        "node", "n1", "precision", "fp32", "engine", "ort");
}

/* As many rows as are asked for, each with its number; a model that writes has no tensors. */
static json_t *outputs_of(const json_t *body)
{
    const json_t *input = json_array_get(json_object_get(body, "inputs"), 0);
    const json_t *shape = json_object_get(input, "shape");
    return shape ? json_pack("[{s:s, s:s, s:O, s:O}]", "name", "y", "datatype", "FP32", "shape",
                       shape, "data", json_object_get(input, "data"))
                 : json_array();
}

static int is_troubled(
    const json_t *body, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    if (lab.broken && strcmp(lab.broken, text_in(body, "browser")) == 0) {
        answer->status = 503;
        wi_buffer_puts(
            &answer->body, "{\"code\":\"unavailable\",\"detail\":\"it does not start\"}");
        return 1;
    }
    if (!lab.trouble.platform || strcmp(lab.trouble.platform, text_in(body, "platform")) != 0 ||
        strcmp(text_in(body, "model_name"), "m") != 0)
        return 0;
    answer->status = lab.trouble.status;
    answer->late = lab.trouble.status == 0;
    wi_buffer_puts(&answer->body, lab.trouble.body);
    return 1;
}

static void benchmark(const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    json_t *body = body_of(request), *times = json_array();
    int is_cold, is_troubled_here = is_troubled(body, request, answer);
    size_t turn = strlen(lab.turns);
    int is_yardstick = strcmp(text_in(body, "model_name"), "m") != 0;
    lab.yardsticks += is_yardstick;
    if (!is_yardstick && turn + 1 < sizeof lab.turns)
        lab.turns[turn] = lab.url[strlen(lab.url) - 1];
    if (++lab.benchmarks == (unsigned)lab.stops_at)
        raise(SIGINT);
    if (!is_troubled_here) {
        json_t *place = place_of(body, &is_cold);
        json_int_t runs = json_integer_value(json_object_get(body, "runs"));
        json_int_t warmup = json_integer_value(json_object_get(body, "warmup"));
        for (json_int_t i = 0; i < runs; i++)
            json_array_append_new(times, json_real(i == 0 && !warmup ? FIRST_MS : PAGE_MS));
        give_json(request, answer,
            json_pack("{s:o, s:o, s:{s:f, s:f, s:O, s:[i], s:i}}", "executed_on", place, "outputs",
                outputs_of(body), "result", "load_ms", is_cold ? (double)COLD_MS : 0.0, "first_ms",
                FIRST_MS, "run_ms", times, "disturbed", 99, "repeats", 2));
    }
    json_decref(times);
    json_decref(body);
}

/* In parts where they are wanted, with two tokens in the first and one in the second. */
static void infer(const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    json_t *body = body_of(request);
    int is_cold;
    if (!is_troubled(body, request, answer)) {
        json_t *place = place_of(body, &is_cold);
        json_t *done = json_pack("{s:o, s:o, s:{s:b, s:f, s:f}, s:{s:{s:i, s:i}, s:{s:f, s:i}}}",
            "executed_on", place, "outputs", outputs_of(body), "performance", "warm", !is_cold,
            "load_ms", (double)COLD_MS, "inference_ms", FIRST_MS, "result", "usage",
            "prompt_tokens", lab.writes ? 7 : 0, "completion_tokens", lab.writes ? 3 : 0, "timings",
            "prompt_ms", lab.writes ? 4.0 : 0.0, "prompt_n", 6);
        char *text = json_dumps(done, JSON_COMPACT), *events;
        events = wi_sprintf("event: part\ndata: {\"text\":\"ab\",\"tokens\":[1,2]}\n\nevent: part\n"
                            "data: {\"text\":\"c\",\"tokens\":[3]}\n\nevent: done\ndata: %s\n\n",
            text);
        give(request, answer, 200, request->on_events ? events : text);
        free(events);
        free(text);
        json_decref(done);
    }
    answer->took_ms = CLIENT_MS;
    json_decref(body);
}

static void give_run(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    json_t *run = json_object_get(lab.runs, asked + strlen("GET /v1/results/"));
    if (run)
        give_json(request, answer, json_incref(run));
    else
        give_problem(request, answer, 404);
}

/* Of all runs, the first that came. */
static void list_runs(const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    json_t *rows = json_array();
    void *first = json_object_iter(lab.runs);
    if (first)
        json_array_append(rows, json_object_iter_value(first));
    give_json(request, answer, json_pack("{s:o, s:n}", "results", rows, "next"));
}

static void tell_sample(const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    give_json(request, answer,
        lab.writes ? json_pack("{s:s}", "inputs", "tell")
                   : json_pack("{s:[{s:s, s:s, s:[i,i], s:[f,f]}]}", "inputs", "name", "x",
                         "datatype", "FP32", "shape", 1, 2, "data", 1.0, 2.0));
}

/* About files that are sent as models, which the daemon has already. */
static int is_of_file(const char *asked)
{
    return strstr(asked, "/v1/models/bench/") || strstr(asked, "/v1/uploads/");
}

static void serve_file(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    if (strstr(asked, "/files")) {
        snprintf(lab.sent, sizeof lab.sent, "%.22s", strstr(asked, "bench/"));
        give(request, answer, 201, "{\"id\":\"u1\",\"wanted\":[]}");
    } else if (strstr(asked, "/sample")) {
        tell_sample(request, answer);
    } else {
        give(request, answer, 200, "{}");
    }
}

static void tell_nodes(const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    give_json(request, answer,
        json_pack("{s:[{s:s}, {s:s, s:[{s:s, s:s, s:i}, {s:s, s:s, s:i}, {s:s, s:s, s:i}]}]}",
            "nodes", "id", "n0", "id", "n1", "models", "name", "m", "platform", "wasm", "bytes", 11,
            "name", "m", "platform", "webgpu", "bytes", 22, "name", lab.sent, "platform", "wasm",
            "bytes", 44));
}

static void serve(
    const char *asked, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    if (strcmp(asked, "POST /v1/results") == 0)
        keep_run(request, answer);
    else if (strncmp(asked, "GET /v1/results/", 16) == 0)
        give_run(asked, request, answer);
    else if (strcmp(asked, "GET /v1/results?model=m&limit=100") == 0 ||
             strcmp(asked, "GET /v1/results?limit=100") == 0)
        list_runs(request, answer);
    else if (strncmp(asked, "GET /v1/hardware?", 17) == 0)
        tell_hardware(asked, request, answer);
    else if (strcmp(asked, "POST /v1/models/m/sample") == 0)
        tell_sample(request, answer);
    else if (strcmp(asked, "GET /v1/models?limit=1") == 0)
        give(request, answer, 200, "{\"models\":[]}");
    else if (is_of_file(asked))
        serve_file(asked, request, answer);
    else if (strcmp(asked, "POST /v1/models/none/sample") == 0)
        give_problem(request, answer, 404);
    else if (strcmp(asked, "GET /healthz") == 0)
        answer->status = lab.is_away ? 0 : 200;
    else if (strcmp(asked, "POST /v1/benchmark") == 0)
        benchmark(request, answer);
    else if (strcmp(asked, "POST /v1/infer") == 0)
        infer(request, answer);
    else if (strcmp(asked, "GET /v1/nodes?limit=100") == 0)
        tell_nodes(request, answer);
    else if (strcmp(asked, "GET /v1/status") == 0)
        give(request, answer, 200, lab.is_tight ? tight_status : usual_status);
    else if (strcmp(asked, "POST /v1/models/m/unload") == 0) {
        json_object_clear(lab.loaded);
        give(request, answer, 200, "{}");
    } else if (strcmp(asked, "GET /v1/models?limit=100") == 0) {
        give(request, answer, 200,
            lab.is_empty ? "{\"models\":[{\"name\":\"builtin/echo\",\"builtin\":true}]}"
                         : "{\"models\":[{\"name\":\"builtin/echo\",\"builtin\":true},{\"name\":"
                           "\"bad\",\"problem\":\"no model\"},{\"name\":\"none\"},"
                           "{\"name\":\"m\"}]}");
    } else if (strcmp(asked, "POST /v1/admin/verify") == 0) {
        give(request, answer, lab.is_empty ? 503 : 200,
            "{\"nodes\":[{\"browser\":\"chrome\",\"platform\":\"webgpu\",\"verdict\":\"hardware\","
            "\"evidence\":{\"adapter\":{\"vendor\":\"nvidia\",\"architecture\":\"hopper\"}}}]}");
    } else if (strcmp(asked, "POST /v1/admin/join") == 0) {
        answer->status = 0; /* it went away */
    } else {
        fail_msg("nobody expects %s", asked);
    }
}

/* Calls that go on side by side are answered when somebody waits. */
#define CALLS_MAX 8
static struct {
    const struct wi_rest_request *request;
    struct wi_rest_answer *answer;
} calls[CALLS_MAX];

struct wi_rest_calls *wi_rest_calls_new(const struct wi_rest *rest)
{
    lab.url = rest->url;
    return (struct wi_rest_calls *)&calls;
}

void wi_rest_calls_free(struct wi_rest_calls *all)
{
    assert_int_equal(lab.at_once, 0);
}

void wi_rest_calls_begin(
    struct wi_rest_calls *all, const struct wi_rest_request *request, struct wi_rest_answer *answer)
{
    size_t at = 0;
    while (calls[at].request)
        assert_true(++at < CALLS_MAX);
    *answer = (struct wi_rest_answer){0};
    calls[at].request = request;
    calls[at].answer = answer;
    lab.calls++;
    lab.at_once++;
    lab.most = lab.at_once > lab.most ? lab.at_once : lab.most;
}

int wi_rest_calls_wait(struct wi_rest_calls *all, int descriptor, int timeout_ms)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (calls[i].request) {
            char *asked = wi_sprintf("%s %s", method_of(calls[i].request), calls[i].request->path);
            serve(asked, calls[i].request, calls[i].answer);
            free(asked);
            calls[i].answer->over = 1;
            calls[i].request = NULL;
            lab.at_once--;
        }
    return 0;
}

/* --- the test --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    char *root = wi_alloc(64);
    memset(&lab, 0, sizeof lab);
    lab.runs = json_object();
    lab.loaded = json_object();
    played.serve = serve;
    make_root(root, "bench");
    *state = root;
    return 0;
}

static int tear_down(void **state)
{
    forget_played();
    json_decref(lab.runs);
    json_decref(lab.loaded);
    remove_root(*state);
    free(*state);
    return 0;
}

FIXTURE(set_up, tear_down)

/* The only run that the daemon has. */
static json_t *only_run(void)
{
    assert_int_equal(json_object_size(lab.runs), 1);
    return json_object_iter_value(json_object_iter(lab.runs));
}

#define BENCH(...)                                                                                 \
    run_saying(*state, NULL, (const char *[]){"webinfer", "bench", "m", __VA_ARGS__, NULL},        \
        printed, said)
#endif
