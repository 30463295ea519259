/*
 * TensorProto.external_data: a list of StringStringEntryProto, of which "location" is a path
 * relative to the model's folder, "offset" and "length" are in bytes; what else there is (a
 * checksum) is not looked at. Whether the files are there, and are long enough, is for who opens
 * them.
 */
#include "terms/format/onnx_private.h"

#include "base/file.h"
#include "base/memory.h"
#include "terms/format/onnx_fields.h"
#include "terms/model/view.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

struct external {
    int used; /* data_location says that the bytes are not here */
    char *location;
    uint64_t offset, length;
};

static int place_read_number(
    struct wi_protobuf *input, uint64_t at, const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0)
        return 0;
    return wi_protobuf_fail(
        input, at, "the offset or length of a tensor in another file is no number");
}

/* Takes `value` over. */
static int take_entry(
    struct wi_protobuf *input, uint64_t at, const char *key, char *value, struct external *external)
{
    int code = 0;
    if (strcmp(key, "location") == 0) {
        free(external->location);
        external->location = value;
        return 0;
    }
    if (strcmp(key, "offset") == 0)
        code = place_read_number(input, at, value, &external->offset);
    else if (strcmp(key, "length") == 0)
        code = place_read_number(input, at, value, &external->length);
    free(value);
    return code;
}

static int read_entry(
    struct wi_protobuf *input, struct wi_protobuf_range entry, struct external *external)
{
    struct wi_protobuf_field field;
    uint64_t at = entry.at;
    char *key = NULL, *value = NULL;
    int more;
    while ((more = wi_protobuf_next(input, &entry, &field)) > 0) {
        char **text = field.number == WI_ENTRY_KEY     ? &key
                      : field.number == WI_ENTRY_VALUE ? &value
                                                       : NULL;
        if (!text || field.wire != WI_WIRE_BYTES)
            continue;
        free(*text);
        *text = wi_protobuf_text(input, &field.bytes, TEXT_MAX);
        if (!*text) {
            more = -1;
            break;
        }
    }
    if (more == 0 && key && value) {
        more = take_entry(input, at, key, value, external);
        value = NULL;
    }
    free(key);
    free(value);
    return more;
}

/* Checks it, and moves it to `place`. */
static int take_place(struct wi_protobuf *input, uint64_t at, const struct external *external,
    struct wi_onnx_place *place)
{
    const char *path = external->location;
    while (path && strncmp(path, "./", 2) == 0)
        path += 2;
    if (!path || !*path)
        return wi_protobuf_fail(input, at, "a tensor is kept in another file, which has no name");
    if (!wi_file_path_ok(path))
        return wi_protobuf_fail(input, at,
            "a tensor is kept in a file whose name is not allowed: it must be in the model's "
            "folder and have only letters, digits, \"/\" and \"._-@=~,\"");
    if (strcmp(path, "model.onnx") == 0 || strcmp(path, "model.json") == 0)
        return wi_protobuf_fail(
            input, at, "a tensor is kept in model.onnx or model.json, which are no files for that");
    if (external->length > UINT64_MAX - external->offset)
        return wi_protobuf_fail(input, at, "a tensor in another file has no end");
    *place = (struct wi_onnx_place){wi_strdup(path), external->offset, external->length};
    return 0;
}

int wi_onnx_read_place(
    struct wi_protobuf *input, struct wi_protobuf_range tensor, struct wi_onnx_place *place)
{
    struct external external = {0};
    struct wi_protobuf_field field;
    uint64_t at = tensor.at;
    int more;
    *place = (struct wi_onnx_place){0};
    while ((more = wi_protobuf_next(input, &tensor, &field)) > 0) {
        if (field.number == WI_TENSOR_DATA_LOCATION && field.wire == WI_WIRE_VARINT) {
            external.used = field.value == WI_LOCATION_EXTERNAL;
        } else if (field.number == WI_TENSOR_EXTERNAL_DATA && field.wire == WI_WIRE_BYTES &&
                   read_entry(input, field.bytes, &external) < 0) {
            more = -1;
            break;
        }
    }
    if (more == 0 && external.used)
        more = take_place(input, at, &external, place);
    free(external.location);
    return more;
}

/* Notes one file once, with the largest end of all its tensors. */
static int external_note(struct wi_protobuf *input, uint64_t at, const struct wi_onnx_place *place,
    struct wi_onnx_signature *signature)
{
    struct wi_onnx_external *found;
    HASH_FIND_STR(signature->externals, place->path, found);
    if (!found && HASH_COUNT(signature->externals) >= WI_MODEL_FILES_MAX - 2)
        return wi_protobuf_fail(input, at, "tensors are kept in more than 998 other files");
    if (!found) {
        found = wi_alloc(sizeof *found);
        found->path = wi_strdup(place->path);
        HASH_ADD_KEYPTR(hh, signature->externals, found->path, strlen(found->path), found);
    }
    uint64_t end = place->offset + place->length;
    if (end > found->least)
        found->least = end;
    return 0;
}

int wi_onnx_read_external(
    struct wi_protobuf *input, struct wi_protobuf_range tensor, struct wi_onnx_signature *signature)
{
    struct wi_onnx_place place;
    int code = wi_onnx_read_place(input, tensor, &place);
    if (code == 0 && place.path)
        code = external_note(input, tensor.at, &place, signature);
    free(place.path);
    return code;
}
