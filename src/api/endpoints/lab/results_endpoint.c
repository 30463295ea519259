/*
 * POST and GET /v1/results, GET and DELETE /v1/results/ID: stores runs of the laboratory. The body
 * is checked as terms/lab/lab_run.h says; values that follow from samples are computed here and
 * never taken from a client.
 */
#include "api/endpoints/lab/lab_document.h"
#include "api/endpoints/lab/lab_step.h"
#include "api/endpoints/openapi.h"
#include "api/http/query.h"
#include "base/memory.h"
#include "base/text.h"
#include "settings/store/results.h"
#include "terms/lab/lab_run.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

/* A number of eight bytes is so many as JSON at most, and a cell has so many besides. */
#define TEXT_FACTOR 4
#define TEXT_MORE 128

static void answer_not_found(struct wi_request *request, const char *id)
{
    wi_request_answer_refusal(request, WI_NOT_FOUND, "id",
        "there is no run %.60s: it never existed, was removed, or was replaced by newer runs", id);
}

/* Whether there is a database, and `request->argument` could be an id; else it is answered. */
static int may_have(struct wi_request *request)
{
    if (request->api->deps.db && strlen(request->argument) < WI_ID_SIZE)
        return 1;
    answer_not_found(request, request->argument);
    return 0;
}

/* --- POST /v1/results ------------------------------------------------------------------------ */

struct writing {
    struct wi_blob *body;
    struct wi_result_write op;
    struct wi_lab_run run;
    struct wi_error error;
};

static void free_writing(void *work)
{
    struct writing *writing = work;
    wi_result_write_clear(&writing->op);
    wi_lab_run_clear(&writing->run);
    wi_blob_unref(writing->body);
    free(writing);
}

static void on_written(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct writing *writing = work;
    const struct wi_result_write *op = &writing->op;
    if (failure)
        wi_request_answer_error(request, failure);
    else
        wi_request_answer_json(request, op->created ? 201 : 200,
            wi_form_json("LabKept", op->id, op->created, op->added, op->total));
    free_writing(writing);
}

/* On a thread: the cells of 256 KiB take 20 ms to read, and to print what is kept of each. */
static void read_run(void *work)
{
    struct writing *writing = work;
    json_t *body = wi_body_object(writing->body, &writing->error);
    if (body && wi_lab_run_read(&writing->run, body, WI_LAB_PART, &writing->error) == WI_OK)
        wi_result_write_fill(&writing->op, &writing->run);
    json_decref(body);
}

static void on_run(struct wi_request *request, void *work)
{
    struct writing *writing = work;
    if (writing->error.code != WI_OK) {
        wi_request_answer_error(request, &writing->error);
        free_writing(writing);
        return;
    }
    writing->op.keep =
        writing->op.person ? WI_RESULTS_OF_PEOPLE : request->api->deps.config->store.results_keep;
    wi_lab_step(
        request, wi_db_submit, wi_result_write, &writing->op, on_written, writing, free_writing);
}

void wi_handle_results_write(struct wi_request *request)
{
    const struct wi_server_deps *deps = &request->api->deps;
    if (deps->db == NULL) {
        wi_request_answer_refusal(
            request, WI_UNAVAILABLE, NULL, "there is no database to keep results in");
        return;
    }
    struct writing *writing = wi_alloc(sizeof *writing);
    writing->body = request->body ? wi_blob_ref(request->body) : NULL;
    wi_id_new(writing->op.id, "run");
    wi_request_compute(request, read_run, on_run, writing, free_writing);
}

/* --- GET /v1/results ------------------------------------------------------------------------- */

struct results_query {
    const char *model;
    struct wi_page page;
};

const struct wi_param wi_results_params[] = {
    WI_PARAM(results_query, model, STRING, .min = 1, .max = WI_LAB_TEXT_MAX,
        .help = "Only runs that have measured this model."),
    WI_PARAM_AS("limit", results_query, page.limit, INTEGER, .min = 1, .max = WI_PAGE_MAX,
        .help = WI_PAGE_LIMIT_HELP),
    WI_PARAM_AS("after", results_query, page.after, STRING, .min = 1, .max = WI_ROUTE_ARGUMENT_MAX,
        .help = WI_PAGE_AFTER_HELP),
    WI_PARAM_END,
};

struct listing {
    struct wi_result_list op;
    json_t *arguments; /* has the model's name */
    size_t limit;
};

static void free_listing(void *work)
{
    struct listing *listing = work;
    wi_result_list_clear(&listing->op);
    json_decref(listing->arguments);
    free(listing);
}

static void print_run(struct wi_buffer *out, const void *context, size_t row)
{
    const struct wi_result *result = &((const struct listing *)context)->op.results[row];
    wi_lab_put_run(out, result->head, result->ended_at, result->noisy);
    wi_buffer_printf(out, ",\"cell_count\":%zu}", result->cells);
}

static void print_key(struct wi_buffer *out, const void *context, size_t row)
{
    wi_buffer_integer(out, ((const struct listing *)context)->op.results[row].number);
}

static void on_listed(struct wi_request *request, void *work, const struct wi_error *failure)
{
    const struct listing *listing = work;
    if (failure)
        wi_request_answer_error(request, failure);
    else
        wi_page_answer(request, &(struct wi_page_rows){"results", listing->op.count, listing->limit,
                                    print_run, print_key, listing});
    free_listing(work);
}

/* As print_key has it. */
static enum wi_code read_after(const char *after, int64_t *before, struct wi_error *error)
{
    const char *rest = wi_page_key(after, before);
    return rest && *rest == '\0' ? WI_OK : wi_page_refuse(after, error);
}

void wi_handle_results(struct wi_request *request)
{
    struct results_query query = {.page = {.limit = WI_PAGE_DEFAULT, .after = ""}};
    struct listing *listing = wi_alloc(sizeof *listing);
    struct wi_error error;
    enum wi_code code = wi_query_read(
        request, wi_results_params, WI_PARAMS_OPEN, &query, &listing->arguments, &error);
    if (code == WI_OK && *query.page.after)
        code = read_after(query.page.after, &listing->op.before, &error);
    listing->limit = (size_t)query.page.limit;
    listing->op.limit = listing->limit + 1;
    listing->op.model = query.model;
    if (code == WI_OK && request->api->deps.db) {
        wi_lab_step(
            request, wi_db_look, wi_result_list, &listing->op, on_listed, listing, free_listing);
        return;
    }
    if (code == WI_OK)
        wi_request_answer_json(request, 200, wi_form_json("LabResults", json_array(), NULL));
    else
        wi_request_answer_error(request, &error);
    free_listing(listing);
}

/* --- GET /v1/results/ID ---------------------------------------------------------------------- */

/* First its size, so that there is memory for it, then its cells, which the thread that reads them
 * prints. */
struct reading {
    struct wi_result_look look;
    struct wi_result_read read;
    struct wi_lab_document document;
};

static void free_reading(void *work)
{
    struct reading *reading = work;
    wi_result_clear(&reading->look.result);
    wi_buffer_clear(&reading->document.text);
    free(reading);
}

static void print_cell(void *context, const struct wi_result_cell *cell)
{
    wi_lab_document_add(context, cell);
}

static void on_read(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct reading *reading = work;
    if (failure) {
        wi_request_answer_error(request, failure);
    } else {
        wi_lab_document_end(&reading->document);
        wi_request_answer_text(request, 200, "application/json", &reading->document.text);
    }
    free_reading(reading);
}

static void read_cells(struct wi_request *request, struct reading *reading)
{
    const struct wi_result *result = &reading->look.result;
    if (wi_request_reserve(request, result->bytes * TEXT_FACTOR + result->cells * TEXT_MORE) != 0) {
        wi_request_answer_refusal(request, WI_MEMORY_BUDGET, NULL,
            "there is no memory to read this run now; try again later");
        free_reading(reading);
        return;
    }
    wi_lab_document_begin(&reading->document, result);
    reading->read = (struct wi_result_read){
        .number = result->number, .each = print_cell, .context = &reading->document};
    wi_lab_step(
        request, wi_db_look, wi_result_read, &reading->read, on_read, reading, free_reading);
}

static void on_looked(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct reading *reading = work;
    if (!failure && reading->look.found) {
        read_cells(request, reading);
        return;
    }
    if (failure)
        wi_request_answer_error(request, failure);
    else
        answer_not_found(request, reading->look.id);
    free_reading(reading);
}

void wi_handle_result(struct wi_request *request)
{
    if (!may_have(request))
        return;
    struct reading *reading = wi_alloc(sizeof *reading);
    wi_text_copy(reading->look.id, sizeof reading->look.id, request->argument);
    wi_lab_step(
        request, wi_db_look, wi_result_look, &reading->look, on_looked, reading, free_reading);
}

/* --- DELETE /v1/results/ID ------------------------------------------------------------------- */

static void on_removed(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct wi_result_remove *op = work;
    if (failure)
        wi_request_answer_error(request, failure);
    else if (op->found)
        wi_request_answer_verb(request, 200, op->id, "removed");
    else
        answer_not_found(request, op->id);
    free(op);
}

void wi_handle_result_remove(struct wi_request *request)
{
    if (!may_have(request))
        return;
    struct wi_result_remove *op = wi_alloc(sizeof *op);
    wi_text_copy(op->id, sizeof op->id, request->argument);
    wi_lab_step(request, wi_db_submit, wi_result_remove, op, on_removed, op, free);
}
