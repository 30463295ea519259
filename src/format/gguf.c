/* A GGUF file: its beginning, metadata, tensors, and whether that makes what it has to be. */
#include "format/gguf.h"

#include "base/memory.h"
#include "format/gguf_input.h"
#include "format/view.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of a file that does not say (GGUF_DEFAULT_ALIGNMENT). */
enum { DEFAULT_ALIGNMENT = 32 };

const char *const wi_gguf_pooling_names[] = {"none", "mean", "cls", "last", "rank", NULL};

/* --- the outlines of tensors ----------------------------------------------------------------- */

/* Of the weights, which begin behind the outlines at the alignment. */
struct weights {
    uint64_t alignment;
    uint64_t expected; /* where the next tensor has to begin */
    uint64_t end;      /* of the last one */
};

static uint64_t pad(uint64_t size, uint64_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

/* How many elements it has; `*row` receives those of its first dimension. */
static int read_elements(struct wi_gguf_input *input, uint64_t *row, uint64_t *elements)
{
    uint64_t at = input->at, rank, size;
    *row = *elements = 1;
    if (wi_gguf_number(input, 4, &rank) < 0)
        return -1;
    if (rank > WI_GGUF_RANK_MAX)
        return wi_gguf_fail(input, at,
            "a tensor has %" PRIu64 " dimensions; at most %d are allowed", rank, WI_GGUF_RANK_MAX);
    for (uint64_t i = 0; i < rank; i++) {
        if (wi_gguf_number(input, 8, &size) < 0)
            return -1;
        if (size == 0 || size > WI_GGUF_ELEMENTS_MAX / *elements)
            return wi_gguf_fail(input, at, "a tensor has no elements, or more than 2^44");
        *elements *= size;
        if (i == 0)
            *row = size;
    }
    return 0;
}

static int read_tensor_type(struct wi_gguf_input *input, uint64_t row, uint64_t *number)
{
    uint64_t at = input->at;
    if (wi_gguf_number(input, 4, number) < 0)
        return -1;
    const struct wi_gguf_type *type = wi_gguf_type(*number);
    if (!type)
        return wi_gguf_fail(input, at,
            "a tensor has the type %" PRIu64 ", which " WI_GGUF_LLAMA " does not know", *number);
    if (row % type->block != 0)
        return wi_gguf_fail(input, at,
            "a tensor's rows have %" PRIu64 " elements, no multiple of the %u of %s", row,
            type->block, type->name);
    return 0;
}

static int read_tensor(
    struct wi_gguf_input *input, struct weights *weights, struct wi_gguf_info *info)
{
    char name[WI_GGUF_TENSOR_NAME_MAX];
    uint64_t row, elements, number, at, offset;
    if (wi_gguf_text(input, "a tensor's name", name, sizeof name) < 0 ||
        read_elements(input, &row, &elements) < 0 || read_tensor_type(input, row, &number) < 0)
        return -1;
    at = input->at;
    if (wi_gguf_number(input, 8, &offset) < 0)
        return -1;
    const struct wi_gguf_type *type = wi_gguf_type(number);
    uint64_t bytes = elements / type->block * type->bytes;
    if (offset != weights->expected)
        return wi_gguf_fail(input, at,
            "the tensor of %" PRIu64 " bytes lies at byte %" PRIu64
            " of the weights instead of %" PRIu64,
            bytes, offset, weights->expected);
    weights->end = offset + bytes;
    weights->expected = pad(weights->end, weights->alignment);
    if (weights->end > input->size)
        return wi_gguf_fail(input, at,
            "its tensors need more bytes than the file has: it is cut "
            "short");
    info->parameters += elements;
    info->tensor_bytes[number] += bytes;
    return 0;
}

/* `count` outlines, and whether all of them lie inside the file. */
static int read_tensors(struct wi_gguf_input *input, uint64_t count, struct wi_gguf_info *info)
{
    struct weights weights = {.alignment = info->alignment};
    info->tensor_count = count;
    for (; count > 0; count--)
        if (read_tensor(input, &weights, info) < 0)
            return -1;
    uint64_t begin = pad(input->at, weights.alignment);
    if (weights.end > 0 && (begin > input->size || weights.end > input->size - begin))
        return wi_gguf_fail(input, input->size,
            "its tensors need %" PRIu64 " bytes, but the file has %" PRIu64 ": it is cut short",
            begin + weights.end, input->size);
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_version(struct wi_gguf_input *input)
{
    uint64_t at = input->at, version;
    if (wi_gguf_number(input, 4, &version) < 0)
        return -1;
    if (version != 0 && (version & 0xffff) == 0)
        return wi_gguf_fail(input, at,
            "it is big-endian; only little-endian files are read: "
            "convert it with gguf-convert-endian of llama.cpp");
    if (version < 2 || version > 3)
        return wi_gguf_fail(input, at,
            "it has version %" PRIu64 " of the format; 2 and 3 are read: convert the model afresh",
            version);
    return 0;
}

static int read_counts(struct wi_gguf_input *input, uint64_t *tensors, uint64_t *pairs)
{
    uint64_t at = input->at;
    if (wi_gguf_number(input, 8, tensors) < 0 || wi_gguf_number(input, 8, pairs) < 0)
        return -1;
    if (*tensors > WI_GGUF_TENSORS_MAX)
        return wi_gguf_fail(input, at, "it has %" PRIu64 " tensors; at most %d are read", *tensors,
            WI_GGUF_TENSORS_MAX);
    if (*pairs > WI_GGUF_PAIRS_MAX)
        return wi_gguf_fail(
            input, at, "it has %" PRIu64 " keys; at most %d are read", *pairs, WI_GGUF_PAIRS_MAX);
    return 0;
}

static int check_alignment(struct wi_gguf_input *input, struct wi_gguf_info *info)
{
    if (info->alignment == 0 || (info->alignment & (info->alignment - 1)))
        return wi_gguf_fail(input, input->at,
            "general.alignment is %" PRIu64 ", which is no power of two", info->alignment);
    return 0;
}

static int read_all(struct wi_gguf_input *input, struct wi_gguf_info *info)
{
    uint64_t tensors, pairs;
    if (read_version(input) < 0 || read_counts(input, &tensors, &pairs) < 0 ||
        wi_gguf_read_metadata(input, pairs, info) < 0 || check_alignment(input, info) < 0)
        return -1;
    return read_tensors(input, tensors, info);
}

/* --- what a file has to be -------------------------------------------------------------------- */

static enum wi_code refuse_role(
    const struct wi_gguf_info *info, const char *path, struct wi_error *error)
{
    return wi_error_set(error, WI_MODEL_INVALID, path,
        "%.120s is no model of its own but a part of one (architecture \"%.40s\", type \"%.40s\"); "
        "put the model itself into the folder",
        path, info->architecture, info->kind);
}

static enum wi_code refuse_architecture(
    const struct wi_gguf_info *info, const char *path, struct wi_error *error)
{
    if (!*info->architecture)
        return wi_error_set(error, WI_MODEL_INVALID, path,
            "%.160s does not say which architecture it has (general.architecture); convert the "
            "model afresh",
            path);
    return wi_error_set(error, WI_MODEL_INVALID, path,
        "%.160s has the architecture \"%.60s\", which " WI_GGUF_LLAMA ", the engine here, does not "
        "know; take another model",
        path, info->architecture);
}

static enum wi_code check_model(
    const struct wi_gguf_info *info, const char *path, struct wi_error *error)
{
    const struct {
        const char *name;
        uint64_t value;
    } needed[] = {{"context_length", info->context_length},
        {"embedding_length", info->embedding_length}, {"block_count", info->block_count}};
    if (strcmp(info->architecture, "clip") == 0 ||
        (*info->kind && strcmp(info->kind, "model") != 0))
        return refuse_role(info, path, error);
    if (wi_gguf_architecture_type(info->architecture) == WI_TYPE_UNKNOWN)
        return refuse_architecture(info, path, error);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (needed[i].value == 0)
            return wi_error_set(error, WI_MODEL_INVALID, path,
                "%.160s does not say its %s (the key %.60s.%s); convert the model afresh", path,
                needed[i].name, info->architecture, needed[i].name);
    return WI_OK;
}

static enum wi_code check_role(const struct wi_gguf_info *info, const char *path,
    enum wi_gguf_role role, struct wi_error *error)
{
    if (role == WI_GGUF_MODEL)
        return check_model(info, path, error);
    if (role == WI_GGUF_PART || strcmp(info->architecture, "clip") == 0)
        return WI_OK;
    return wi_error_set(error, WI_MODEL_INVALID, path,
        "%.160s is named as a projector (mmproj) but has the architecture \"%.60s\" instead of "
        "\"clip\"; name it otherwise",
        path, info->architecture);
}

/* --- outside ---------------------------------------------------------------------------------- */

static enum wi_code read_input(struct wi_gguf_input *input, const char *path,
    enum wi_gguf_role role, struct wi_gguf_info *info, struct wi_error *error)
{
    unsigned char head[WI_GUESS_BYTES] = "";
    size_t size = input->size < sizeof head ? (size_t)input->size : sizeof head;
    *info = (struct wi_gguf_info){.alignment = DEFAULT_ALIGNMENT, .pooling = -1, .file_type = -1};
    if (wi_gguf_copy(input, head, size) == 0 && (size < 4 || memcmp(head, "GGUF", 4) != 0)) {
        const char *text = wi_guess_text(head, size);
        return wi_error_set(error, WI_MODEL_INVALID, path, "%.160s is no GGUF file: %s", path,
            text ? text : "it does not begin with \"GGUF\"; fetch or convert the model again");
    }
    input->at = 4;
    if (!*input->problem && read_all(input, info) == 0)
        return check_role(info, path, role, error);
    wi_error_set(error, WI_MODEL_INVALID, path,
        "%.120s is no whole GGUF file: %s (byte %" PRIu64 " of %" PRIu64 ")", path, input->problem,
        input->problem_at, input->size);
    wi_error_expect(error, "a whole GGUF file of version 2 or 3, little-endian");
    return WI_MODEL_INVALID;
}

enum wi_code wi_gguf_read(const unsigned char *bytes, size_t size, const char *path,
    enum wi_gguf_role role, struct wi_gguf_info *info, struct wi_error *error)
{
    static const unsigned char nothing[1];
    struct wi_gguf_input *input = wi_alloc(sizeof *input);
    input->bytes = bytes ? bytes : nothing;
    input->fd = -1;
    input->size = size;
    enum wi_code code = read_input(input, path, role, info, error);
    free(input);
    return code;
}

enum wi_code wi_gguf_read_file(int fd, uint64_t size, const char *path, enum wi_gguf_role role,
    struct wi_gguf_info *info, struct wi_error *error)
{
    struct wi_gguf_input *input = wi_alloc(sizeof *input);
    input->fd = fd;
    input->size = size;
    enum wi_code code = read_input(input, path, role, info, error);
    free(input);
    return code;
}

enum wi_code wi_gguf_join(struct wi_gguf_info *info, const struct wi_gguf_info *part,
    const char *path, size_t index, size_t count, struct wi_error *error)
{
    uint64_t parts = part->split_count ? part->split_count : 1;
    if (part->split_index != index || parts != count)
        return wi_error_set(error, WI_MODEL_INVALID, path,
            "%.160s says that it is part %" PRIu64 " of %" PRIu64
            ", but is part %zu of %zu by its name; name the files as they were",
            path, part->split_index + 1, parts, index + 1, count);
    if (part == info)
        return WI_OK;
    info->tensor_count += part->tensor_count;
    info->parameters += part->parameters;
    for (size_t i = 0; i < WI_GGUF_TYPES; i++)
        info->tensor_bytes[i] += part->tensor_bytes[i];
    return WI_OK;
}

/* --- what follows ----------------------------------------------------------------------------- */

enum wi_model_type wi_gguf_model_type(const struct wi_gguf_info *info)
{
    return info->pooling > WI_GGUF_POOLING_NONE ? WI_TYPE_TEXT_EMBEDDING
                                                : wi_gguf_architecture_type(info->architecture);
}

/* The name of the type that most of the weights' bytes have. */
static const char *most_used(const struct wi_gguf_info *info)
{
    size_t most = 0;
    for (size_t i = 1; i < WI_GGUF_TYPES; i++)
        if (info->tensor_bytes[i] > info->tensor_bytes[most])
            most = i;
    return wi_gguf_type(most)->name;
}

const char *wi_gguf_quantization(const struct wi_gguf_info *info)
{
    const char *name =
        info->file_type >= 0 ? wi_gguf_file_type_name((uint64_t)info->file_type) : NULL;
    return name ? name : most_used(info);
}

const char *wi_gguf_slow(const struct wi_gguf_info *info)
{
    /* Measured at 82 million parameters, milliseconds for each token in Firefox and Chromium: Q6_K
     * 27 and 41, Q8_0 44 and 97, Q4_K 69 and 50; but Q4_0 90 and 129, Q4_1 97 and 387, F16 164 and
     * 428. */
    static const struct {
        const char *name, *warning;
    } slow[] = {
        {"Q4_0", "Q4_0 weights are slow in WebAssembly: Q4_K_M, Q6_K or Q8_0 answer faster"},
        {"Q4_1", "Q4_1 weights are slow in WebAssembly: Q4_K_M, Q6_K or Q8_0 answer faster"},
        {"F16", "F16 weights are slow in WebAssembly: Q8_0 or Q6_K answer several times faster"},
    };
    const char *name = most_used(info);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strcmp(name, slow[i].name) == 0)
            return slow[i].warning;
    return NULL;
}
