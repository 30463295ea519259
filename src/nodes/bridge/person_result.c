/*
 * A person's result: the message is checked, becomes a run of the laboratory, and is written by the
 * database's thread. The node may be gone when that is done, so it is found again by its id.
 */
#include "nodes/bridge/person_result.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/rate_limit.h"
#include "base/text.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/private.h"
#include "settings/store/results.h"
#include <stdlib.h>
#include <string.h>

/* The tests that pages measure, as the page names them. No model has a name with a space. */
static const char *const tests[] = {"matmul 256", NULL};
#define MODEL "device test %s"
#define NAME "a lent device"

/* --- reading --------------------------------------------------------------------------------- */

struct said {
    const char *test;
    json_t *cells;
};

static const struct wi_param said_table[] = {
    WI_PARAM(said, test, STRING, .required = 1, .min = 1, .max = 64),
    WI_PARAM(said, cells, ARRAY, .required = 1, .min = 1, .max = WI_PLATFORM_COUNT),
    WI_PARAM_END,
};

struct cell {
    int platform, outcome;
    json_t *samples;
};

static const char *const outcome_names[] = {"ok", "inexact", "absent", "failed", NULL};

static const struct wi_param cell_table[] = {
    WI_PARAM(cell, platform, ENUM, .required = 1, .names = wi_platform_names),
    WI_PARAM(cell, outcome, ENUM, .required = 1, .names = outcome_names),
    WI_PARAM_AS("samples_ms", cell, samples, ARRAY, .max = WI_PERSON_RESULT_SAMPLES),
    WI_PARAM_END,
};

/* The laboratory knows no empty text. */
static void set_text(json_t *object, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *adapter_json(const struct wi_adapter *adapter)
{
    json_t *object = json_object();
    set_text(object, "vendor", adapter->vendor);
    set_text(object, "architecture", adapter->architecture);
    set_text(object, "description", adapter->description);
    json_object_set_new(object, "is_fallback", json_boolean(adapter->is_fallback));
    return object;
}

static json_t *cell_json(const struct cell *cell, const char *test, const struct wi_node_info *info)
{
    const struct wi_node_platform *platform = &info->platforms[cell->platform];
    json_t *object = json_pack("{s:o, s:s, s:s, s:s, s:s}", "model", json_sprintf(MODEL, test),
        "platform", wi_platform_names[cell->platform], "precision", "fp32", "clock", "page",
        "outcome", outcome_names[cell->outcome]);
    set_text(object, "browser", info->kind);
    set_text(object, "browser_version", info->browser_version);
    if (platform->has_adapter)
        json_object_set_new(object, "adapter", adapter_json(&platform->adapter));
    if (cell->samples)
        json_object_set(object, "samples_ms", cell->samples);
    return object;
}

static enum wi_code refuse_twice(struct wi_error *error, const char *where)
{
    char *field = wi_sprintf("%splatform", where);
    wi_error_set(error, WI_INVALID_FIELD, field,
        "%s is that of an earlier cell; each platform has one cell", field);
    free(field);
    return WI_INVALID_FIELD;
}

/* Appends the cells to `list`. WI_OK, or the code of the fault. */
static enum wi_code read_cells(
    json_t *list, const struct said *said, const struct wi_node_info *info, struct wi_error *error)
{
    int seen[WI_PLATFORM_COUNT] = {0};
    for (size_t i = 0; i < json_array_size(said->cells); i++) {
        struct cell cell = {0};
        char where[40];
        snprintf(where, sizeof where, "data.cells[%zu].", i);
        enum wi_code code = wi_params_read(
            cell_table, json_array_get(said->cells, i), WI_PARAMS_OPEN, where, &cell, error);
        if (code != WI_OK)
            return code;
        if (seen[cell.platform]++)
            return refuse_twice(error, where);
        json_array_append_new(list, cell_json(&cell, said->test, info));
    }
    return WI_OK;
}

static json_t *machine_json(const struct wi_node_info *info)
{
    json_t *machine = json_object();
    json_int_t bytes = (json_int_t)(info->memory_gib * 1024 * 1024 * 1024);
    if (info->cores > 0)
        json_object_set_new(machine, "cores", json_integer(info->cores));
    if (bytes > 0)
        json_object_set_new(machine, "memory_bytes", json_integer(bytes));
    return machine;
}

/* What is derived of a node's texts is bounded by its announcement, so that it fits a run. */
static enum wi_code said_read(struct wi_lab_run *run, const struct said *said,
    const struct wi_node_info *info, int64_t now, struct wi_error *error)
{
    char id[WI_ID_SIZE];
    wi_id_new(id, "run");
    json_t *cells = json_array();
    json_t *document = json_pack("{s:i, s:s, s:s, s:I, s:I, s:b, s:b, s:o, s:o}", "version",
        WI_LAB_VERSION, "id", id, "name", NAME, "began_at", (json_int_t)now, "ended_at",
        (json_int_t)now, "imported", 1, "person", 1, "machine", machine_json(info), "cells", cells);
    enum wi_code code = read_cells(cells, said, info, error);
    if (code == WI_OK)
        code = wi_lab_run_read(run, document, WI_LAB_WHOLE, error);
    json_decref(document);
    return code;
}

static int is_test(const char *name)
{
    for (size_t i = 0; tests[i]; i++)
        if (strcmp(tests[i], name) == 0)
            return 1;
    return 0;
}

enum wi_code wi_person_result_read(struct wi_lab_run *run, const json_t *data,
    const struct wi_node_info *info, int64_t now, struct wi_error *error)
{
    struct said said = {0};
    *run = (struct wi_lab_run){0};
    enum wi_code code = wi_params_read(said_table, data, WI_PARAMS_OPEN, "data.", &said, error);
    if (code == WI_OK && !is_test(said.test))
        code = wi_error_set(error, WI_NOT_FOUND, "data.test",
            "this service knows no test of that name; it keeps those of \"%s\"", tests[0]);
    return code == WI_OK ? said_read(run, &said, info, now, error) : code;
}

/* --- keeping --------------------------------------------------------------------------------- */

/* A result that the database's thread has. */
struct keeping {
    struct wi_bridge *bridge;
    char node[WI_ID_SIZE], reply_to[WI_FRAME_ID_MAX + 1];
    struct wi_lab_run run;
    struct wi_result_write op;
};

static void tell_node(
    struct wi_node *node, const char *reply_to, const char *run, const struct wi_error *failure)
{
    wi_node_send(node, wi_make_result_kept(++node->bridge->sequence, reply_to, run, failure));
}

/* On the database's thread. */
static enum wi_code write_kept(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct keeping *keeping = data;
    return wi_result_write(sqlite, &keeping->op, error);
}

/* The bridge outlives the database's work: the loop turns until that is done. */
static void on_kept(void *data, const struct wi_error *failure)
{
    struct keeping *keeping = data;
    struct wi_node *node = wi_node_find(keeping->bridge, keeping->node);
    const char *id = keeping->op.id;
    if (failure)
        wi_warn("bridge", keeping->node, "a person's result is not kept: %s", failure->detail);
    else
        wi_info("bridge", keeping->node, "a person's result is kept as %s", id);
    if (node && !keeping->bridge->closed)
        tell_node(node, keeping->reply_to, failure ? NULL : id, failure);
    wi_result_write_clear(&keeping->op);
    wi_lab_run_clear(&keeping->run);
    free(keeping);
}

/* `run` is taken over. */
static void result_keep(struct wi_node *node, const char *reply_to, const struct wi_lab_run *run)
{
    struct keeping *keeping = wi_alloc(sizeof *keeping);
    keeping->bridge = node->bridge;
    wi_text_copy(keeping->node, sizeof keeping->node, node->info.id);
    wi_text_copy(keeping->reply_to, sizeof keeping->reply_to, reply_to);
    keeping->run = *run;
    wi_result_write_fill(&keeping->op, &keeping->run);
    keeping->op.keep = WI_RESULTS_OF_PEOPLE;
    wi_db_submit(node->bridge->db, write_kept, on_kept, keeping);
}

/* --- the message ----------------------------------------------------------------------------- */

/* Whether the service keeps a result of the node now: WI_OK, or why not. */
static enum wi_code check_sender(struct wi_node *node, struct wi_error *error)
{
    static const struct wi_rate_rule rule = {
        .most = WI_PERSON_RESULTS_MAX, .window_ms = WI_PERSON_RESULT_MS};
    double now = wi_awake_ms(), since = now - node->result_at;
    if (!*node->join || node->relay_models)
        return wi_error_set(error, WI_FORBIDDEN_RANK, NULL,
            "only a page that joined with a link may send a result");
    if (!node->bridge->db)
        return wi_error_set(
            error, WI_UNAVAILABLE, NULL, "this service has no database to keep results in");
    if (node->result_at > 0 && since < WI_PERSON_RESULT_MS)
        return wi_error_set(error, WI_CLIENT_SHARE, NULL,
            "a page may send one result in 10 minutes; send the next one in %d minutes",
            1 + (int)((WI_PERSON_RESULT_MS - since) / 60000));
    if (!wi_rate_limit_take(&node->bridge->results, &rule, now, NULL))
        return wi_error_set(error, WI_CLIENT_SHARE, NULL,
            "many pages have sent results in the last 10 minutes; send this one later");
    node->result_at = now;
    return WI_OK;
}

enum wi_heard wi_person_result_handle(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error)
{
    struct wi_lab_run run;
    struct wi_error refusal;
    if (frame->json_size > WI_PERSON_RESULT_BYTES) {
        wi_error_set(error, WI_INVALID_FIELD, "data",
            "a result may have at most %zu bytes, not %zu", WI_PERSON_RESULT_BYTES,
            frame->json_size);
        return WI_HEARD_WRONG;
    }
    enum wi_code code =
        wi_person_result_read(&run, frame->data, &node->info, wi_wall_ms(), &refusal);
    if (code != WI_OK && code != WI_NOT_FOUND) {
        *error = refusal;
        return WI_HEARD_WRONG;
    }
    if (code == WI_OK)
        code = check_sender(node, &refusal);
    if (code == WI_OK) {
        result_keep(node, frame->id, &run);
    } else {
        wi_lab_run_clear(&run);
        tell_node(node, frame->id, NULL, &refusal);
    }
    return WI_HEARD_LOOSE;
}
