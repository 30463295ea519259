/* See join_row.h. */
#include "cluster/join_row.h"

#include "base/memory.h"
#include "base/text.h"
#include "cluster/job_record.h"
#include <stdlib.h>
#include <string.h>

#define ROW_VERSION 1

void wi_join_row_clear(struct wi_join_row *row)
{
    free(row->holders);
    *row = (struct wi_join_row){0};
}

/* --- who holds what --------------------------------------------------------------------------- */

static struct wi_join_holder *holder_find(const struct wi_join_row *row, const char *instance)
{
    for (size_t i = 0; i < row->holder_count; i++)
        if (strcmp(row->holders[i].instance, instance) == 0)
            return &row->holders[i];
    return NULL;
}

size_t wi_join_row_held(const struct wi_join_row *row, const char *instance)
{
    const struct wi_join_holder *holder = holder_find(row, instance);
    return holder ? holder->nodes : 0;
}

size_t wi_join_row_taken(const struct wi_join_row *row)
{
    size_t taken = 0;
    for (size_t i = 0; i < row->holder_count; i++)
        taken += row->holders[i].nodes;
    return taken;
}

static struct wi_join_holder *holder_add(struct wi_join_row *row, const char *instance)
{
    if (row->holder_count >= WI_JOIN_HOLDERS_MAX)
        return NULL;
    row->holders = wi_realloc_array(row->holders, row->holder_count + 1, sizeof *row->holders);
    struct wi_join_holder *holder = &row->holders[row->holder_count++];
    wi_text_copy(holder->instance, sizeof holder->instance, instance);
    return holder;
}

int wi_join_row_hold(struct wi_join_row *row, const char *instance, size_t nodes)
{
    struct wi_join_holder *holder = holder_find(row, instance);
    if (nodes == 0) {
        if (holder)
            *holder = row->holders[--row->holder_count];
        return 0;
    }
    if (!holder)
        holder = holder_add(row, instance);
    if (!holder)
        return -1;
    holder->nodes = nodes;
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

void wi_join_row_print(const struct wi_join_row *row, struct wi_buffer *out)
{
    char hash[WI_HASH_HEX_SIZE];
    json_t *held = json_object();
    wi_hash_hex(row->hash, hash);
    for (size_t i = 0; i < row->holder_count; i++)
        json_object_set_new(
            held, row->holders[i].instance, json_integer((json_int_t)row->holders[i].nodes));
    json_t *text = json_pack("{s:i, s:s, s:s, s:s*, s:b, s:I, s:I, s:o}", "row", ROW_VERSION, "id",
        row->id, "hash", hash, "label", *row->label ? row->label : NULL, "shareable",
        row->shareable, "nodes", (json_int_t)row->nodes, "expires_at", (json_int_t)row->expires_at,
        "held", held);
    wi_buffer_json(out, text);
    json_decref(text);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct row_params {
    const char *id, *hash, *label;
    int shareable;
    int64_t nodes, expires_at;
    json_t *held;
};

static const struct wi_param row_table[] = {
    WI_PARAM(row_params, id, STRING, .required = 1, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(row_params, hash, STRING, .required = 1, .max = WI_HASH_HEX_SIZE - 1),
    WI_PARAM(row_params, label, STRING, .min = 1, .max = WI_JOIN_LABEL_SIZE - 1),
    WI_PARAM(row_params, shareable, BOOL),
    WI_PARAM(row_params, nodes, INTEGER, .required = 1, .min = 1, .max = WI_JOIN_NODES_MAX),
    WI_PARAM(row_params, expires_at, INTEGER, .required = 1, .max = WI_VERSIONED_TIME_MAX),
    WI_PARAM(row_params, held, OBJECT, .required = 1), WI_PARAM_END};

static const struct wi_versioned row_form = {"row", ROW_VERSION, WI_ROW_MAX, row_table};

/* 0, or -1: one of them cannot be. */
static int holders_read(struct wi_join_row *row, json_t *held)
{
    const char *instance;
    json_t *nodes;
    json_object_foreach(held, instance, nodes)
    {
        json_int_t count = json_integer_value(nodes);
        if (!wi_job_is_name(instance) || count < 1 || count > WI_JOIN_NODES_MAX ||
            wi_join_row_hold(row, instance, (size_t)count) != 0)
            return -1;
    }
    return 0;
}

static int row_fill(struct wi_join_row *row, const struct row_params *params, const char *id)
{
    if (strcmp(params->id, id) != 0 || wi_hash_from_hex(params->hash, row->hash) != 0)
        return -1;
    if (params->label && !wi_text_is_plain(params->label))
        return -1;
    wi_text_copy(row->id, sizeof row->id, params->id);
    wi_text_copy(row->label, sizeof row->label, params->label);
    row->shareable = params->shareable;
    row->nodes = (size_t)params->nodes;
    row->expires_at = params->expires_at;
    return holders_read(row, params->held);
}

enum wi_read_fault wi_join_row_read(
    struct wi_join_row *row, const char *id, const char *text, size_t size)
{
    struct row_params params = {0};
    json_t *object;
    enum wi_read_fault fault = wi_versioned_read(&row_form, text, size, &params, &object);
    if (fault == WI_READ_GOOD && row_fill(row, &params, id) != 0) {
        wi_join_row_clear(row);
        fault = WI_READ_GARBAGE;
    }
    json_decref(object);
    return fault;
}
