/* See join_row.h. */
#include "cluster/join_row.h"

#include "base/json_read.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROW_VERSION 1
#define VERSION_MAX 1000000000
#define TIME_MAX 253402300799999 /* the end of the year 9999 */

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

struct version_params {
    int64_t row;
};

static const struct wi_param version_table[] = {
    WI_PARAM(version_params, row, INTEGER, .required = 1, .max = VERSION_MAX), WI_PARAM_END};

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
    WI_PARAM(row_params, expires_at, INTEGER, .required = 1, .max = TIME_MAX),
    WI_PARAM(row_params, held, OBJECT, .required = 1), WI_PARAM_END};

static int is_instance(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length >= WI_ID_SIZE)
        return 0;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '-')
            return 0;
    return 1;
}

/* 0, or -1: one of them cannot be. */
static int holders_read(struct wi_join_row *row, json_t *held)
{
    const char *instance;
    json_t *nodes;
    json_object_foreach(held, instance, nodes)
    {
        json_int_t count = json_integer_value(nodes);
        if (!is_instance(instance) || count < 1 || count > WI_JOIN_NODES_MAX ||
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

static enum wi_row_fault row_read(struct wi_join_row *row, const char *id, const json_t *text)
{
    struct version_params version = {0};
    struct row_params params = {0};
    if (!json_is_object(text) ||
        wi_params_read(version_table, text, WI_PARAMS_OPEN, "", &version, NULL) != WI_OK)
        return WI_ROW_GARBAGE;
    if (version.row != ROW_VERSION)
        return WI_ROW_OTHER_VERSION;
    if (wi_params_read(row_table, text, WI_PARAMS_OPEN, "", &params, NULL) == WI_OK &&
        row_fill(row, &params, id) == 0)
        return WI_ROW_GOOD;
    wi_join_row_clear(row);
    return WI_ROW_GARBAGE;
}

enum wi_row_fault wi_join_row_read(
    struct wi_join_row *row, const char *id, const char *text, size_t size)
{
    json_error_t place;
    if (size > WI_ROW_MAX)
        return WI_ROW_GARBAGE;
    json_t *read = wi_json_read(text, size, 0, &place);
    enum wi_row_fault fault = read ? row_read(row, id, read) : WI_ROW_GARBAGE;
    json_decref(read);
    return fault;
}
