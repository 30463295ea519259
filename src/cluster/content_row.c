/* See content_row.h. */
#include "cluster/content_row.h"

#include "base/text.h"
#include "cluster/job_record.h"
#include <string.h>

#define ROW_VERSION 1

/* --- who serves it ---------------------------------------------------------------------------- */

const struct wi_content_holder *wi_content_row_find(
    const struct wi_content_row *row, const char *instance)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->holders[i].instance, instance) == 0)
            return &row->holders[i];
    return NULL;
}

void wi_content_row_drop(struct wi_content_row *row, const char *instance)
{
    const struct wi_content_holder *holder = wi_content_row_find(row, instance);
    if (!holder)
        return;
    row->holders[holder - row->holders] = row->holders[row->count - 1];
    row->holders[--row->count] = (struct wi_content_holder){0};
}

int wi_content_row_add(
    struct wi_content_row *row, const char *instance, const unsigned char key[WI_HASH_SIZE])
{
    wi_content_row_drop(row, instance);
    if (row->count == WI_CONTENT_HOLDERS_MAX)
        return -1;
    struct wi_content_holder *holder = &row->holders[row->count++];
    wi_text_copy(holder->instance, sizeof holder->instance, instance);
    memcpy(holder->key, key, WI_HASH_SIZE);
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

void wi_content_row_print(const struct wi_content_row *row, struct wi_buffer *out)
{
    json_t *held = json_object();
    for (size_t i = 0; i < row->count; i++) {
        char key[WI_HASH_HEX_SIZE];
        wi_hash_hex(row->holders[i].key, key);
        json_object_set_new(held, row->holders[i].instance, json_string(key));
    }
    json_t *text = json_pack("{s:i, s:o}", "row", ROW_VERSION, "held", held);
    wi_buffer_json(out, text);
    json_decref(text);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct row_params {
    json_t *held;
};

static const struct wi_param row_table[] = {
    WI_PARAM(row_params, held, OBJECT, .required = 1), WI_PARAM_END};

static const struct wi_versioned row_form = {"row", ROW_VERSION, WI_ROW_MAX, row_table};

/* 0, or -1: one of them cannot be, or there is none. */
static int holders_read(struct wi_content_row *row, json_t *held)
{
    const char *instance;
    json_t *value;
    json_object_foreach(held, instance, value)
    {
        const char *hex = json_string_value(value);
        unsigned char key[WI_HASH_SIZE];
        if (!wi_job_is_name(instance) || !hex || wi_hash_from_hex(hex, key) != 0 ||
            wi_content_row_add(row, instance, key) != 0)
            return -1;
    }
    return row->count > 0 ? 0 : -1;
}

enum wi_read_fault wi_content_row_read(
    struct wi_content_row *row, const char *name, const char *text, size_t size)
{
    struct row_params params = {0};
    struct wi_content_row read = {0};
    struct wi_cid cid;
    json_t *object;
    if (wi_cid_parse_printed(name, &cid) != 0)
        return WI_READ_GARBAGE;
    enum wi_read_fault fault = wi_versioned_read(&row_form, text, size, &params, &object);
    if (fault == WI_READ_GOOD && holders_read(&read, params.held) != 0)
        fault = WI_READ_GARBAGE;
    if (fault == WI_READ_GOOD)
        *row = read;
    json_decref(object);
    return fault;
}

/* --- keys ------------------------------------------------------------------------------------- */

void wi_content_proof(const unsigned char key[WI_HASH_SIZE], const struct wi_cid *cid,
    unsigned char proof[WI_HASH_SIZE])
{
    char text[WI_CID_TEXT];
    wi_cid_print(cid, text);
    wi_hash_keyed(key, text, strlen(text), proof);
}
