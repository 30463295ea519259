/* Files that are sent without JSON; see upload.h. Values are checked where the native dialect reads
 * them. */
#include "wire/upload.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "wire/multipart.h"
#include "wire/native/native.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Escaped, as JSON, they fit the head of a binary body. */
#define MEMBERS_MAX (128 * 1024)

const char wi_upload_media_types[] =
    "multipart/form-data, image/png, image/jpeg, image/webp, audio/*";

enum kind { TEXT, JSON, LIST };

/* All others are members of the request, as in wi_native_params; the native dialect knows their
 * places and limits. */
const struct wi_param wi_upload_params[] = {
    {.name = "labels", .kind = WI_PARAM_ARRAY, .form = "string|[string]"},
    {.name = "question", .kind = WI_PARAM_STRING}, {.name = "prompt", .kind = WI_PARAM_STRING},
    {.name = "sampling_rate", .kind = WI_PARAM_INTEGER},
    {.name = "channels", .kind = WI_PARAM_INTEGER}, {.name = "format", .kind = WI_PARAM_STRING},
    {0}};

static int is_of_request(const struct wi_param *param)
{
    return strcmp(param->name, "inputs") != 0;
}

/* The row of a member of the request; NULL: there is none. */
static const struct wi_param *find_of_request(const char *name)
{
    const struct wi_param *param = wi_params_find(wi_native_params, name);
    return param && is_of_request(param) ? param : NULL;
}

void wi_upload_clear(struct wi_upload *upload)
{
    json_decref(upload->request);
    memset(upload, 0, sizeof *upload);
}

const char *wi_upload_file_name(const char *content_type)
{
    static const char *const pictures[] = {"image/png", "image/jpeg", "image/webp"};
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (wi_media_type_is(content_type, pictures[i]))
            return "image";
    return content_type && strncasecmp(content_type, "audio/", 6) == 0 ? "audio" : NULL;
}

/* Borrowed. */
static json_t *inputs_of(struct wi_upload *upload)
{
    if (!upload->request)
        upload->request = json_pack("{s:{}}", "inputs");
    return json_object_get(upload->request, "inputs");
}

static enum wi_code unknown_member(const char *name, struct wi_error *error)
{
    struct wi_buffer names = {0};
    wi_error_set(error, WI_UNKNOWN_FIELD, name, "a request with a file has no \"%.80s\"", name);
    for (const struct wi_param *param = wi_native_params; param->name; param++)
        if (is_of_request(param))
            wi_buffer_printf(&names, "%s, ", param->name);
    for (const struct wi_param *param = wi_upload_params; param->name; param++)
        wi_buffer_printf(&names, "%s%s", param > wi_upload_params ? ", " : "", param->name);
    wi_error_allow(error, "%s", names.text);
    wi_buffer_clear(&names);
    return WI_UNKNOWN_FIELD;
}

/* A list as JSON, or one string for it. NULL: neither. */
static json_t *upload_read_list(json_t *before, const char *text, size_t size)
{
    json_t *list = size > 0 && *text == '[' ? json_loadb(text, size, 0, NULL) : NULL;
    if (list && !before)
        return list;
    json_decref(list);
    json_t *string = json_stringn(text, size);
    if (!string)
        return NULL;
    list = json_is_array(before) ? json_incref(before) : json_array();
    json_array_append_new(list, string);
    return list;
}

static json_t *read_member(enum kind kind, json_t *before, const char *text, size_t size)
{
    switch (kind) {
    case TEXT:
        return json_stringn(text, size);
    case LIST:
        return upload_read_list(before, text, size);
    default:
        return json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    }
}

enum wi_code wi_upload_add(struct wi_upload *upload, const char *name, const void *text,
    size_t size, struct wi_error *error)
{
    const struct wi_param *input = wi_params_find(wi_upload_params, name);
    const struct wi_param *member = input ? input : find_of_request(name);
    json_t *inputs = inputs_of(upload), *object = input ? inputs : upload->request;
    if (!member)
        return unknown_member(name, error);
    int is_text = member->kind == WI_PARAM_STRING || member->kind == WI_PARAM_ENUM;
    enum kind kind = input && input->kind == WI_PARAM_ARRAY ? LIST : is_text ? TEXT : JSON;
    json_t *before = json_object_get(object, name);
    upload->member_bytes += size;
    if (upload->member_bytes > MEMBERS_MAX) {
        wi_error_set(error, WI_BAD_FRAMING, name, "the values sent with the file are too large");
        return wi_error_expect(error, "at most %d bytes", MEMBERS_MAX);
    }
    if (before && kind != LIST)
        return wi_error_set(error, WI_INVALID_FIELD, name, "%s is given twice", name);
    json_t *value = read_member(kind, before, text, size);
    if (!value) {
        wi_error_set(error, WI_INVALID_FIELD, name, "%s cannot be read", name);
        return wi_error_expect(error, kind == JSON ? "JSON" : "text in UTF-8");
    }
    json_object_set_new(object, name, value);
    return WI_OK;
}

enum wi_code wi_upload_add_file(struct wi_upload *upload, const char *name, const void *bytes,
    size_t size, struct wi_error *error)
{
    json_t *inputs = inputs_of(upload);
    if (upload->file)
        return wi_error_set(error, WI_INVALID_FIELD, name, "there is more than one file; send one");
    if (size == 0)
        return wi_error_set(error, WI_INVALID_FIELD, name, "the file is empty");
    json_object_set_new(inputs, name, json_pack("{s:I}", "binary_data_size", (json_int_t)size));
    upload->file = bytes;
    upload->size = size;
    return WI_OK;
}

enum wi_code wi_upload_add_parts(struct wi_upload *upload, const char *content_type,
    const void *body, size_t size, struct wi_error *error)
{
    struct wi_multipart *parts = wi_alloc(sizeof *parts);
    enum wi_code code = wi_multipart_read(parts, content_type, body, size, error);
    for (size_t i = 0; i < parts->count && code == WI_OK; i++) {
        const struct wi_multipart_part *part = &parts->parts[i];
        int is_file = strcmp(part->name, "image") == 0 || strcmp(part->name, "audio") == 0;
        code = is_file ? wi_upload_add_file(upload, part->name, part->bytes, part->size, error)
                       : wi_upload_add(upload, part->name, part->bytes, part->size, error);
    }
    free(parts);
    return code;
}

enum wi_code wi_upload_finish(
    struct wi_upload *upload, struct wi_blob *body, size_t *json_size, struct wi_error *error)
{
    if (!upload->file) {
        wi_error_set(error, WI_MISSING_FIELD, "image", "there is no file in the form");
        return wi_error_expect(error, "a part \"image\" or \"audio\"");
    }
    /* In a fixed order, so that the same request is the same body. */
    char *text = json_dumps(upload->request, JSON_COMPACT | JSON_SORT_KEYS);
    size_t at = (size_t)((const unsigned char *)upload->file - body->bytes);
    *json_size = strlen(text);
    int failed = wi_blob_reframe(body, text, *json_size, at, upload->size);
    free(text);
    upload->file = NULL;
    return failed ? wi_error_set(error, WI_MEMORY_BUDGET, NULL,
                        "there is no memory for this file now; try again later")
                  : WI_OK;
}
