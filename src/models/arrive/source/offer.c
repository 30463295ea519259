/* See offer.h. */
#include "models/arrive/source/offer.h"

#include "base/file.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "models/share/content/tree.h"
#include "terms/format/model.h"
#include "terms/model/view.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define BYTES_MAX WI_OFFER_BYTES_MAX

/* --- one file --------------------------------------------------------------------------------- */

struct file_params {
    const char *path, *sha256, *cid;
    int64_t bytes;
};

static const struct wi_param file_table[] = {
    WI_PARAM(file_params, path, STRING, .required = 1, .min = 1, .max = WI_FILE_PATH_MAX),
    WI_PARAM(file_params, bytes, INTEGER, .required = 1, .max = BYTES_MAX),
    WI_PARAM(file_params, sha256, STRING, .required = 1, .min = 64, .max = 64),
    WI_PARAM(file_params, cid, STRING, .required = 1, .min = 1, .max = WI_CID_TEXT), WI_PARAM_END};

/* Whether a file of that SHA-256 can have the CID by the profile unixfs-v1-2025: one leaf is the
 * file's bytes, more have a node above them. */
static int is_its_cid(const struct wi_offer_file *file)
{
    if (file->bytes > WI_LEAF_BYTES)
        return file->cid.codec == WI_CODEC_DAG_PB;
    return file->cid.codec == WI_CODEC_RAW &&
           memcmp(file->cid.hash, file->sha256, WI_HASH_SIZE) == 0;
}

/* 0, or -1 and nothing of it is owned. */
static int offer_file_read(const json_t *value, struct wi_offer_file *file)
{
    struct file_params params = {0};
    if (wi_params_read(file_table, value, WI_PARAMS_OPEN, "", &params, NULL) != WI_OK ||
        !wi_file_path_ok(params.path) || wi_hash_from_hex(params.sha256, file->sha256) != 0 ||
        wi_cid_parse(params.cid, NULL, &file->cid, NULL) != WI_OK)
        return -1;
    file->bytes = (uint64_t)params.bytes;
    if (!is_its_cid(file))
        return -1;
    file->path = wi_strdup(params.path);
    return 0;
}

/* --- one model -------------------------------------------------------------------------------- */

struct row_params {
    const char *cid, *name, *origin;
    int64_t bytes, runs_24h;
    int published;
    json_t *also, *files;
};

static const struct wi_param row_table[] = {
    WI_PARAM(row_params, cid, STRING, .required = 1, .min = 1, .max = WI_CID_TEXT),
    WI_PARAM(row_params, name, STRING, .required = 1, .min = 1, .max = WI_MODEL_NAME_MAX),
    WI_PARAM(row_params, bytes, INTEGER, .required = 1, .max = BYTES_MAX),
    WI_PARAM(row_params, published, BOOL),
    WI_PARAM(row_params, origin, STRING, .max = WI_OFFER_ID_MAX),
    WI_PARAM(row_params, runs_24h, INTEGER, .max = BYTES_MAX),
    WI_PARAM(row_params, also, ARRAY, .max = WI_OFFER_ALSO_MAX),
    WI_PARAM(row_params, files, ARRAY, .required = 1, .min = 1, .max = WI_MODEL_FILES_MAX),
    WI_PARAM_END};

static void clear_row(struct wi_offer_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->files[i].path);
    free(row->files);
    free(row->also);
    free(row->name);
    free(row->origin);
}

/* Whether each path is there once, and all of them have as many bytes as the row says. */
static int adds_up(const struct wi_offer_row *row)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < row->count; i++) {
        if (i > 0 && strcmp(row->files[i - 1].path, row->files[i].path) == 0)
            return 0;
        bytes += row->files[i].bytes; /* at most WI_MODEL_FILES_MAX times BYTES_MAX */
    }
    return bytes == row->bytes;
}

static int read_files(const json_t *list, struct wi_offer_row *row)
{
    size_t count = json_array_size(list);
    row->files = wi_alloc(count * sizeof *row->files);
    for (; row->count < count; row->count++)
        if (offer_file_read(json_array_get(list, row->count), &row->files[row->count]) != 0)
            return -1;
    wi_names_sort(row->files, row->count, sizeof *row->files);
    return adds_up(row) ? 0 : -1;
}

static int read_also(const json_t *list, struct wi_offer_row *row)
{
    size_t count = json_array_size(list);
    row->also = wi_alloc((count + 1) * sizeof *row->also);
    for (; row->also_count < count; row->also_count++) {
        const char *text = json_string_value(json_array_get(list, row->also_count));
        if (!text || wi_cid_parse(text, NULL, &row->also[row->also_count], NULL) != WI_OK)
            return -1;
    }
    return 0;
}

static int is_id(const char *text)
{
    for (; *text; text++)
        if (!isgraph((unsigned char)*text))
            return 0;
    return 1;
}

/* 0, or -1 for one that is left out; it is for clearing then. */
static int read_row(const json_t *value, struct wi_offer_row *row)
{
    struct row_params params = {.origin = ""};
    if (!json_is_object(value) ||
        wi_params_read(row_table, value, WI_PARAMS_OPEN, "", &params, NULL) != WI_OK ||
        wi_cid_parse(params.cid, NULL, &row->cid, NULL) != WI_OK || !is_id(params.origin) ||
        wi_model_check_name(params.name, NULL) != WI_OK)
        return -1;
    row->name = wi_strdup(params.name);
    row->bytes = (uint64_t)params.bytes;
    row->published = params.published;
    row->origin = wi_strdup(params.origin);
    row->runs_24h = (uint64_t)params.runs_24h;
    return read_also(params.also, row) == 0 && read_files(params.files, row) == 0 ? 0 : -1;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Whether it is the first row of its CID; there are not many. */
static int is_new(const struct wi_offer *offer, const struct wi_cid *cid)
{
    for (size_t i = 0; i < offer->count; i++)
        if (memcmp(offer->rows[i].cid.hash, cid->hash, sizeof cid->hash) == 0)
            return 0;
    return 1;
}

static void read_rows(const json_t *list, struct wi_offer *offer)
{
    size_t count = json_array_size(list);
    size_t most = count < WI_OFFER_ROWS_MAX ? count : WI_OFFER_ROWS_MAX;
    offer->rows = wi_alloc((most + 1) * sizeof *offer->rows);
    for (size_t i = 0; i < most; i++) {
        struct wi_offer_row row = {0};
        if (read_row(json_array_get(list, i), &row) == 0 && is_new(offer, &row.cid))
            offer->rows[offer->count++] = row;
        else
            clear_row(&row);
    }
    offer->left_out = count - offer->count;
}

/* By SHA-256, and of one by what its CID is claimed to be, so that the order is always the same. */
static int by_hash(const void *a, const void *b)
{
    const struct wi_offer_file *first = *(const struct wi_offer_file *const *)a;
    const struct wi_offer_file *second = *(const struct wi_offer_file *const *)b;
    int order = memcmp(first->sha256, second->sha256, WI_HASH_SIZE);
    return order ? order : memcmp(first->cid.hash, second->cid.hash, WI_HASH_SIZE);
}

struct head_params {
    const char *id;
    int64_t version, takes;
    json_t *content;
};

static const struct wi_param head_table[] = {
    WI_PARAM(head_params, id, STRING, .required = 1, .min = 1, .max = WI_OFFER_ID_MAX),
    WI_PARAM(head_params, version, INTEGER, .required = 1, .min = VERSION, .max = VERSION),
    WI_PARAM(head_params, takes, INTEGER, .max = BYTES_MAX),
    WI_PARAM(head_params, content, ARRAY, .required = 1), WI_PARAM_END};

static enum wi_code offer_fail(struct wi_error *error, const char *why)
{
    return wi_error_set(
        error, WI_HUB_FAILED, "", "its list of content cannot be used: %.200s", why);
}

static enum wi_code offer_read(struct wi_offer *offer, const json_t *value, struct wi_error *error)
{
    struct head_params head = {0};
    struct wi_error problem;
    if (!json_is_object(value))
        return offer_fail(error, "it is no object");
    if (wi_params_read(head_table, value, WI_PARAMS_OPEN, "", &head, &problem) != WI_OK)
        return offer_fail(error, problem.detail);
    if (!is_id(head.id))
        return offer_fail(error, "its id is none");
    offer->id = wi_strdup(head.id);
    offer->takes = (uint64_t)head.takes;
    read_rows(head.content, offer);
    for (size_t i = 0; i < offer->count; i++)
        for (size_t k = 0; k < offer->rows[i].count; k++)
            *WI_APPEND(offer->_by_hash, offer->_file_count) = &offer->rows[i].files[k];
    if (offer->_file_count > 0)
        qsort(offer->_by_hash, offer->_file_count, sizeof *offer->_by_hash, by_hash);
    return WI_OK;
}

enum wi_code wi_offer_read(
    struct wi_offer *offer, const char *text, size_t size, struct wi_error *error)
{
    json_error_t place;
    if (size > WI_OFFER_MAX)
        return offer_fail(error, "it is longer than 4 MiB");
    json_t *value = wi_json_read(text, size, 0, &place);
    if (!value)
        return offer_fail(error, place.text);
    enum wi_code code = offer_read(offer, value, error);
    json_decref(value);
    return code;
}

void wi_offer_clear(struct wi_offer *offer)
{
    for (size_t i = 0; i < offer->count; i++)
        clear_row(&offer->rows[i]);
    free(offer->rows);
    free(offer->_by_hash);
    free(offer->id);
    *offer = (struct wi_offer){0};
}

/* --- looking up ------------------------------------------------------------------------------- */

const struct wi_offer_file *wi_offer_find(
    const struct wi_offer *offer, const unsigned char sha256[WI_HASH_SIZE], uint64_t bytes)
{
    size_t low = 0, high = offer->_file_count;
    while (low < high) { /* the first that is not before it */
        size_t middle = low + (high - low) / 2;
        if (memcmp(offer->_by_hash[middle]->sha256, sha256, WI_HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < offer->_file_count; low++) {
        const struct wi_offer_file *file = offer->_by_hash[low];
        if (memcmp(file->sha256, sha256, WI_HASH_SIZE) != 0)
            break;
        if (file->bytes == bytes)
            return file;
    }
    return NULL;
}

const struct wi_offer_row *wi_offer_find_name(const struct wi_offer *offer, const char *name)
{
    for (size_t i = 0; i < offer->count; i++)
        if (strcmp(offer->rows[i].name, name) == 0)
            return &offer->rows[i];
    return NULL;
}
