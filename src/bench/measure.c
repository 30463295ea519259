/* One cell's requests; see measure.h. */
#include "bench/measure.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/events.h"
#include "cli/pages.h"
#include "nodes/bridge/bridge.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_MS 0.001 /* of a run */
#define REASON_MAX 200

/* Prints the result of a request of a cell: "digits chrome/wasm page: POST /v1/benchmark, runs 6:
 * 200". */
static void tell_cell(const struct wi_cli *cli, const struct wi_bench_cell *cell, const char *what,
    long status, const char *came)
{
    struct wi_buffer name = {0};
    wi_bench_put_name(&name, cell);
    wi_bench_tell(
        cli, "%s: %s: %ld%s%s", name.text, what, status, came ? ", " : "", came ? came : "");
    wi_buffer_clear(&name);
}

void wi_bench_unload(const struct wi_cli *cli, const struct wi_bench_subject *subject)
{
    /* What is not loaded cannot be unloaded, and is fresh as well. */
    long status = wi_cli_tell(cli, &(struct wi_rest_request){.path = "/v1/models/*/unload",
                                       .name = subject->name,
                                       .method = "POST",
                                       .timeout_ms = WI_BENCH_ASK_MS});
    wi_bench_tell(cli, "POST /v1/models/%s/unload: %ld", subject->name, status);
}

/* --- outcomes --------------------------------------------------------------------------------- */

enum wi_lab_outcome wi_bench_outcome_of(const char *code)
{
    static const struct {
        enum wi_code code;
        enum wi_lab_outcome outcome;
    } outcomes[] = {
        {WI_OPERATOR_UNSUPPORTED, WI_LAB_UNSUPPORTED},
        {WI_PLATFORM_UNSUPPORTED, WI_LAB_UNSUPPORTED},
        {WI_MODEL_TOO_LARGE, WI_LAB_UNSUPPORTED},
        {WI_PRECISION_UNSUPPORTED, WI_LAB_ABSENT},
        {WI_UNAVAILABLE, WI_LAB_ABSENT},
        {WI_NODE_NOT_FOUND, WI_LAB_ABSENT},
        {WI_DEADLINE_EXCEEDED, WI_LAB_TOO_SLOW},
        {WI_ATTEMPTS_EXHAUSTED, WI_LAB_CRASHED},
    };
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(wi_code_name(outcomes[i].code), code) == 0)
            return outcomes[i].outcome;
    return WI_LAB_FAILED;
}

/* "deadline_exceeded: the request's time was up": with the code first if it says more than the
 * outcome. */
void wi_bench_cell_problem(struct wi_bench_cell *cell, const json_t *problem, long status)
{
    const char *code = wi_json_text(problem, "code");
    const char *detail = wi_json_text(problem, "detail");
    enum wi_lab_outcome outcome = wi_bench_outcome_of(code ? code : "");
    if (detail && strstr(detail, WI_BRIDGE_UNUSABLE))
        outcome = WI_LAB_FAILED; /* its nodes have not died: their answers are not what was asked */
    if (cell->batch > 1 && code && strcmp(code, wi_code_name(WI_INPUT_SHAPE)) == 0)
        outcome = WI_LAB_UNSUPPORTED; /* its first dimension is fixed */
    char *reason = code ? wi_sprintf("%s: %s", code, detail ? detail : "")
                        : wi_sprintf("the answer is %ld, and no problem document", status);
    wi_bench_cell_end(cell, outcome, reason);
    free(reason);
}

/* --- exchanges -------------------------------------------------------------------------------- */

static void take_most(struct wi_bench_cell *cell, const char *member, const json_t *value)
{
    const json_t *before = json_object_get(cell->document, member);
    if (json_integer_value(value) > json_integer_value(before))
        json_object_set(cell->document, member, (json_t *)value);
}

/* The answer as JSON, a new reference, or NULL: then the cell has ended, or `*end` is set. */
static json_t *read_answer(
    struct wi_bench_cell *cell, const struct wi_rest_answer *answer, enum wi_bench_end *end)
{
    json_t *value = json_loadb(answer->body.text, answer->body.size, 0, NULL);
    *end = wi_bench_end_of(answer);
    if (answer->status == 200 && value)
        return value;
    if (answer->status)
        wi_bench_cell_problem(cell, value, answer->status);
    else if (answer->late)
        wi_bench_cell_end(cell, WI_LAB_TOO_SLOW, "no answer came in the time that was left");
    json_decref(value);
    return NULL;
}

/* The members that both endpoints take; a new reference. */
static json_t *make_request(
    const struct wi_bench_subject *subject, const struct wi_bench_cell *cell)
{
    json_t *request = json_copy(wi_bench_ask_of(subject, cell->batch)->request);
    json_object_update_new(
        request, json_pack("{s:s, s:s*, s:s*, s:s*}", "model_name", subject->name, "browser",
                     cell->browser, "platform", wi_bench_is_auto(cell) ? NULL : cell->platform,
                     "precision", cell->precision));
    return request;
}

/* "chose chrome/webgpu, chrome/wasm": each place once. */
static void take_chosen(struct wi_bench_cell *cell, const char *browser, const char *platform)
{
    const char *before = wi_json_text(cell->document, "reason");
    char *place = wi_sprintf("%s/%s", browser, platform);
    char *reason = wi_sprintf(before ? "%s, %s" : "%s%s", before ? before : "chose ", place);
    if ((!before || !strstr(before, place)) && strlen(reason) < REASON_MAX)
        json_object_set_new(cell->document, "reason", json_string(reason));
    free(reason);
    free(place);
}

/* Stores the flags of the browser, its highest resident memory, and the memory of the model, which
 * has that name on the node, as the page counts it. */
static void take_browser(
    const struct wi_cli *cli, struct wi_bench_cell *cell, const char *name, const char *node)
{
    struct wi_pages nodes = {.cli = cli, .path = "/v1/nodes", .member = "nodes", .quiet = 1};
    json_t *status = wi_cli_get(cli, "/v1/status", NULL);
    const json_t *session = wi_json_find(json_object_get(status, "sessions"), "node", node);
    const json_t *row, *model;
    size_t i;
    cell->weighed = 1;
    take_most(cell, "rss_bytes", json_object_get(session, "memory_bytes"));
    wi_bench_take(cell->document, "flags", session);
    while ((row = wi_pages_row(&nodes)) && !wi_json_is(row, "id", node))
        ;
    json_array_foreach(json_object_get(row, "models"), i, model)
    {
        if (wi_json_is(model, "name", name) && wi_json_is(model, "platform", cell->platform))
            take_most(cell, "page_bytes", json_object_get(model, "bytes"));
    }
    wi_pages_close(&nodes);
    json_decref(status);
}

/* The browser's memory is requested after it has loaded the model and at the end. Runs and loads in
 * between change it little, and the request takes as long as some of them. */
static int is_to_weigh(const struct wi_bench_turn *turn)
{
    return turn->is_last || !turn->cell->weighed;
}

/* Stores the place of the run, which must be the requested one: 0, or -1 and the cell has ended. */
int wi_bench_cell_take_place(struct wi_bench_cell *cell, const json_t *answer)
{
    static const char *const members[] = {"browser_version", "adapter", "engine", "precision"};
    const json_t *place = json_object_get(answer, "executed_on");
    const char *browser = wi_json_text(place, "browser");
    const char *platform = wi_json_text(place, "platform");
    browser = browser ? browser : "something";
    platform = platform ? platform : "something";
    if (wi_bench_is_auto(cell)) {
        take_chosen(cell, browser, platform);
    } else if ((cell->browser && strcmp(browser, cell->browser) != 0) ||
               strcmp(platform, cell->platform) != 0) {
        char *reason = wi_sprintf("answered_elsewhere: %s computed it on %s", browser, platform);
        wi_bench_cell_end(cell, WI_LAB_FAILED, reason);
        free(reason);
        return -1;
    }
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        wi_bench_take(cell->document, members[i], place);
    return 0;
}

static void add_sample(struct wi_bench_cell *cell, double ms)
{
    cell->samples = wi_grow_array(cell->samples, cell->count, sizeof *cell->samples);
    cell->samples[cell->count++] = ms;
}

static const char *node_of(const json_t *answer)
{
    return wi_json_text(answer, "executed_on.node");
}

/* --- the page's clock ------------------------------------------------------------------------- */

static int is_disturbed(const json_t *result, size_t at)
{
    const json_t *list = json_object_get(result, "disturbed");
    for (size_t i = 0; i < json_array_size(list); i++)
        if ((size_t)json_integer_value(json_array_get(list, i)) == at)
            return 1;
    return 0;
}

/* The first run after a load, and the first run of all, are no samples of a warm run. */
static int is_cold(const struct wi_bench_cell *cell, const json_t *result, size_t at, double ms)
{
    int fresh = cell->run_ms <= 0 || wi_json_number(result, "load_ms") > 0;
    return at == 0 && fresh && ms == wi_json_number(result, "first_ms");
}

static void take_result(struct wi_bench_cell *cell, const json_t *result)
{
    const json_t *times = json_object_get(result, "run_ms");
    json_int_t disturbed = json_integer_value(json_object_get(cell->document, "disturbed"));
    double repeats = fmax(wi_json_number(result, "repeats"), 1), longest = LEAST_MS;
    for (size_t i = 0; i < json_array_size(times); i++) {
        double ms = json_number_value(json_array_get(times, i));
        if (is_cold(cell, result, i, ms))
            continue;
        cell->spent_ms += ms * repeats;
        longest = fmax(longest, ms * repeats);
        if (is_disturbed(result, i))
            disturbed++;
        else
            add_sample(cell, ms);
    }
    json_object_set_new(cell->document, "disturbed", json_integer(disturbed));
    json_object_set_new(cell->document, "repeats", json_integer((json_int_t)repeats));
    if (wi_json_number(result, "load_ms") > 0) {
        wi_bench_cold_add(&cell->loads, wi_json_number(result, "load_ms"));
        wi_bench_cold_add(&cell->firsts, wi_json_number(result, "first_ms"));
    }
    wi_bench_take(cell->document, "output_hash", result);
    cell->run_ms = longest;
}

/* The time of a run is unknown before the first one, so there is one more run, which is cold. */
static json_t *make_order(
    const struct wi_bench_subject *subject, const struct wi_bench_cell *cell, unsigned share)
{
    json_t *request = make_request(subject, cell);
    json_object_set_new(request, "runs", json_integer(share + (cell->run_ms <= 0)));
    json_object_set_new(
        request, "warmup", json_integer(cell->run_ms > 0 && cell->run_ms < WI_BENCH_SLOW_MS));
    json_object_set_new(request, "timeout_ms", json_integer(WI_BENCH_LOAD_MS));
    wi_bench_take(request, "threads", cell->document);
    wi_bench_take(request, "optimization", cell->document);
    return request;
}

/* "load 12.5 ms, first 3.1, 1.2 1.25 1.2": runs after a load are cold. */
static void tell_result(
    const struct wi_cli *cli, const struct wi_bench_cell *cell, const json_t *answer, long status)
{
    const json_t *result = json_object_get(answer, "result"), *time;
    struct wi_buffer text = {0};
    size_t i;
    if (!wi_bench_is_telling(cli))
        return;
    if (result)
        wi_buffer_printf(&text,
            "load %.4g ms, first %.4g, %zu disturbed, runs:", wi_json_number(result, "load_ms"),
            wi_json_number(result, "first_ms"),
            json_array_size(json_object_get(result, "disturbed")));
    json_array_foreach(json_object_get(result, "run_ms"), i, time)
        wi_buffer_printf(&text, " %.4g", json_number_value(time));
    tell_cell(cli, cell, "POST /v1/benchmark", status, text.text);
    wi_buffer_clear(&text);
}

static void end_order(const struct wi_cli *cli, struct wi_bench_call *order,
    const struct wi_bench_subject *subject, struct wi_bench_turn *turn)
{
    struct wi_bench_cell *cell = turn->cell;
    json_t *value = read_answer(cell, &order->answer, &turn->end);
    tell_result(cli, cell, value, order->answer.status);
    if (value && wi_bench_cell_take_place(cell, value) == 0 &&
        wi_bench_judge(subject, cell, value) == 0) {
        const json_t *result = json_object_get(value, "result");
        take_result(cell, result);
        if (is_to_weigh(turn))
            take_browser(cli, cell, subject->name, node_of(value));
    }
    json_decref(value);
    wi_rest_answer_clear(&order->answer);
    wi_buffer_clear(&order->body);
}

static void measure_pages(const struct wi_cli *cli, const struct wi_bench_subject *subject,
    struct wi_bench_turn *turns, size_t count)
{
    struct wi_bench_call *orders = wi_alloc(count * sizeof *orders);
    for (size_t i = 0; i < count; i++)
        orders[i].request = (struct wi_rest_request){.path = "/v1/benchmark",
            .json = make_order(subject, turns[i].cell, turns[i].share),
            .timeout_ms = WI_BENCH_LOAD_MS + WI_BENCH_ASK_MS};
    wi_bench_exchange_all(cli, orders, count);
    for (size_t i = 0; i < count; i++)
        end_order(cli, &orders[i], subject, &turns[i]);
    free(orders);
}

/* --- the client's clock ----------------------------------------------------------------------- */

/* One of the concurrent requests. */
struct call {
    struct wi_rest_request request;
    struct wi_rest_answer answer;
    struct wi_buffer body;
    double began_ms;
    int under_way;
    /* Of an answer in parts. */
    struct wi_cli_events events;
    double first_ms, last_ms;    /* when the first part came, and the last; 0: none did */
    size_t first_tokens, tokens; /* of the first, and of all */
    json_t *end;                 /* owned: the value of `done` or `error` */
    int failed;
};

struct clients {
    const struct wi_cli *cli;
    const struct wi_bench_subject *subject;
    const struct wi_bench_turn *turn;
    struct wi_bench_cell *cell;
    json_t *request;       /* of each call; a text gets a number before it */
    struct wi_buffer body; /* the request as bytes, once it was made */
    struct wi_rest_calls *calls;
    struct call *rows;
    unsigned to_begin, under_way;
    long cold; /* answers that were */
    enum wi_bench_end end;
};

static void on_event(void *context, const char *name, const char *data, size_t length)
{
    struct call *call = context;
    json_t *value = json_loadb(data, length, 0, NULL);
    if (strcmp(name, "part") == 0) {
        const char *text = wi_json_text(value, "text");
        const json_t *tokens = json_object_get(value, "tokens");
        call->last_ms = wi_now_ms();
        call->tokens += tokens ? json_array_size(tokens) : text && *text;
        if (call->first_ms == 0 && call->tokens > 0) {
            call->first_ms = call->last_ms;
            call->first_tokens = call->tokens;
        }
    }
    call->failed |= strcmp(name, "error") == 0;
    if (strcmp(name, "done") == 0 || strcmp(name, "error") == 0) {
        json_decref(call->end);
        call->end = json_incref(value);
    }
    json_decref(value);
}

static int take_events(void *context, const char *bytes, size_t size)
{
    struct call *call = context;
    return wi_cli_events_take(&call->events, bytes, size);
}

/* "3.17. The river …": the text with a number that no other request has, so that no part of it is
 * cached. A new reference. */
static json_t *number_text(const json_t *text, const struct wi_bench_cell *cell)
{
    char *numbered = wi_sprintf("%u.%u. %s", cell->index, cell->asked, json_string_value(text));
    json_t *value = json_string(numbered);
    free(numbered);
    return value;
}

/* The inputs with that text: a text alone, or the first message that is a text. A new reference. */
static json_t *number_inputs(const json_t *inputs, const struct wi_bench_cell *cell)
{
    if (json_is_string(inputs))
        return number_text(inputs, cell);
    json_t *copy = json_deep_copy(inputs), *message;
    size_t i;
    json_array_foreach(json_object_get(copy, "messages"), i, message)
    {
        json_t *content = json_object_get(message, "content");
        if (json_is_string(content) && wi_json_is(message, "role", "user")) {
            json_object_set_new(message, "content", number_text(content, cell));
            break;
        }
    }
    return copy;
}

/* A request with a text is different each time; all others are the same bytes. */
static void write_body(struct clients *clients, struct call *call)
{
    struct wi_bench_cell *cell = clients->cell;
    if (cell->writes) {
        json_t *request = json_copy(clients->request);
        json_object_set_new(
            request, "inputs", number_inputs(json_object_get(request, "inputs"), cell));
        wi_buffer_json(&call->body, request);
        json_decref(request);
    } else {
        if (clients->body.size == 0)
            wi_buffer_json(&clients->body, clients->request);
        wi_buffer_add(&call->body, clients->body.text, clients->body.size);
    }
    cell->asked++;
}

static void begin_call(struct clients *clients, struct call *call)
{
    *call = (struct call){.under_way = 1, .events = {.on_event = on_event, .context = call}};
    write_body(clients, call);
    call->request = (struct wi_rest_request){.path = "/v1/infer",
        .body = call->body.text,
        .body_size = call->body.size,
        .timeout_ms = WI_BENCH_LOAD_MS + WI_BENCH_ASK_MS};
    if (clients->cell->writes) {
        call->request.accept = "text/event-stream";
        call->request.on_events = take_events;
        call->request.context = call;
    }
    clients->to_begin--;
    clients->under_way++;
    call->began_ms = wi_now_ms();
    wi_rest_calls_begin(clients->calls, &call->request, &call->answer);
}

static void clear_call(struct call *call)
{
    wi_rest_answer_clear(&call->answer);
    wi_cli_events_clear(&call->events);
    wi_buffer_clear(&call->body);
    json_decref(call->end);
    call->end = NULL;
}

/* Like read_answer, for an answer in parts. If it breaks off, the daemon is lost. */
static json_t *read_parts(struct wi_bench_cell *cell, struct call *call, enum wi_bench_end *end)
{
    *end = WI_BENCH_DONE;
    if (!call->answer.events)
        return read_answer(cell, &call->answer, end);
    if (!call->end)
        *end = wi_cli_is_interrupted() ? WI_BENCH_STOPPED : WI_BENCH_LOST;
    else if (call->failed)
        wi_bench_cell_problem(cell, call->end, call->answer.status);
    else
        return json_incref(call->end);
    return NULL;
}

/* The speeds of reading and writing tokens are the engine's own figures if it gives them, because
 * several parts may arrive together. Other figures are by the client's clock. */
static struct wi_bench_writing read_writing(
    const struct call *call, const json_t *result, double ms)
{
    const json_t *usage = json_object_get(result, "usage");
    const json_t *timings = json_object_get(result, "timings");
    size_t behind = call->tokens - call->first_tokens;
    struct wi_bench_writing writing = {.ms = ms,
        .first_ms = call->first_ms - call->began_ms,
        .token_ms = behind > 0 ? (call->last_ms - call->first_ms) / (double)behind : 0,
        .prompt_tokens = wi_json_number(usage, "prompt_tokens"),
        .tokens = wi_json_number(usage, "completion_tokens")};
    writing.read_ms = writing.first_ms;
    writing.read_tokens = writing.prompt_tokens - wi_json_number(usage, "cached_tokens");
    if (wi_json_number(timings, "prompt_ms") > 0) {
        writing.read_ms = wi_json_number(timings, "prompt_ms");
        writing.read_tokens = wi_json_number(timings, "prompt_n");
    }
    if (wi_json_number(timings, "predicted_per_token_ms") > 0)
        writing.token_ms = wi_json_number(timings, "predicted_per_token_ms");
    return writing;
}

/* The first answer shows whether the model writes tokens; only answers in parts show when the
 * tokens came. */
static void take_writing(
    struct wi_bench_cell *cell, const struct call *call, const json_t *answer, double ms)
{
    const json_t *result = json_object_get(answer, "result");
    if (call->first_ms > 0) {
        cell->writings = wi_grow_array(cell->writings, cell->writing_count, sizeof *cell->writings);
        cell->writings[cell->writing_count++] = read_writing(call, result, ms);
    }
    if (wi_json_number(json_object_get(result, "usage"), "completion_tokens") > 0)
        cell->writes = 1;
}

/* A run for which the model was loaded is no sample of a warm run, so another run replaces it. */
static void take_call(
    struct clients *clients, const struct call *call, const json_t *value, double ms)
{
    const json_t *performance = json_object_get(value, "performance");
    struct wi_bench_cell *cell = clients->cell;
    if (wi_bench_cell_take_place(cell, value) != 0 ||
        wi_bench_judge(clients->subject, cell, value) != 0)
        return;
    int is_warm = json_is_true(json_object_get(performance, "warm"));
    if (is_warm || !cell->writes)
        take_writing(cell, call, value, ms);
    if (is_warm) {
        add_sample(cell, ms);
        cell->spent_ms += ms / (double)cell->concurrency;
        cell->run_ms = fmax(ms, LEAST_MS);
    } else {
        wi_bench_cold_add(&cell->loads, wi_json_number(performance, "load_ms"));
        wi_bench_cold_add(&cell->firsts, wi_json_number(performance, "inference_ms"));
        clients->to_begin += clients->cold++ < cell->concurrency;
    }
}

static void tell_call(
    const struct clients *clients, const struct call *call, const json_t *value, double ms)
{
    const json_t *performance = json_object_get(value, "performance");
    int is_warm = json_is_true(json_object_get(performance, "warm"));
    if (!wi_bench_is_telling(clients->cli))
        return;
    char *text = call->first_ms > 0
                     ? wi_sprintf("%.4g ms, the first of %zu tokens after %.4g", ms, call->tokens,
                           call->first_ms - call->began_ms)
                     : wi_sprintf("%.4g ms%s", ms, is_warm || !value ? "" : ", with a load");
    tell_cell(clients->cli, clients->cell, "POST /v1/infer", call->answer.status, text);
    free(text);
}

static void end_call(struct clients *clients, struct call *call)
{
    double ms = call->answer.took_ms;
    enum wi_bench_end end;
    json_t *value = read_parts(clients->cell, call, &end);
    call->under_way = 0;
    clients->under_way--;
    tell_call(clients, call, value, ms);
    if (value)
        take_call(clients, call, value, ms);
    if (value && clients->under_way == 0 && clients->to_begin == 0 && is_to_weigh(clients->turn))
        take_browser(clients->cli, clients->cell, clients->subject->name, node_of(value));
    json_decref(value);
    clear_call(call);
    if (end != WI_BENCH_DONE)
        clients->end = end;
    if (clients->end != WI_BENCH_DONE || clients->cell->over)
        clients->to_begin = 0;
}

static void run_calls(struct clients *clients)
{
    size_t count = (size_t)clients->cell->concurrency;
    while (clients->to_begin > 0 || clients->under_way > 0) {
        for (size_t i = 0; i < count && clients->to_begin > 0; i++)
            if (!clients->rows[i].under_way)
                begin_call(clients, &clients->rows[i]);
        wi_rest_calls_wait(clients->calls, -1, 1000);
        for (size_t i = 0; i < count; i++)
            if (clients->rows[i].under_way && clients->rows[i].answer.over)
                end_call(clients, &clients->rows[i]);
        if (wi_cli_is_interrupted())
            clients->to_begin = 0;
    }
}

static enum wi_bench_end measure_clients(const struct wi_cli *cli,
    const struct wi_bench_subject *subject, const struct wi_bench_turn *turn)
{
    struct wi_bench_cell *cell = turn->cell;
    json_t *request = make_request(subject, cell);
    if (!wi_bench_is_auto(cell))
        json_object_set_new(request, "fallback", json_false());
    json_object_set_new(request, "timeout_ms", json_integer(WI_BENCH_LOAD_MS));
    struct clients clients = {.cli = cli,
        .subject = subject,
        .turn = turn,
        .cell = cell,
        .request = request,
        .calls = wi_rest_calls_new(&cli->rest),
        .rows = wi_alloc((size_t)cell->concurrency * sizeof(struct call)),
        .to_begin = turn->share};
    run_calls(&clients);
    wi_rest_calls_free(clients.calls);
    free(clients.rows);
    wi_buffer_clear(&clients.body);
    json_decref(request);
    return wi_cli_is_interrupted() ? WI_BENCH_STOPPED : clients.end;
}

void wi_bench_measure(const struct wi_cli *cli, const struct wi_bench_subject *subject,
    struct wi_bench_turn *turns, size_t count)
{
    struct wi_bench_cell *first = turns[0].cell;
    if (!wi_bench_ask_of(subject, first->batch)) {
        wi_bench_cell_end(first, WI_LAB_UNSUPPORTED, "its inputs are no tensors to put together");
        turns[0].end = WI_BENCH_DONE;
    } else if (first->clock == WI_LAB_CLIENT) {
        turns[0].end = measure_clients(cli, subject, &turns[0]);
    } else {
        measure_pages(cli, subject, turns, count);
    }
}
