/*
 * The operators of an ONNX file: ModelProto → opset_import, graph and functions, and through the
 * attributes of nodes into the graphs of If, Loop and Scan. Nodes below MAX_DEPTH, deeper than real
 * models nest, are not counted. Below that are the engines' own tables, whose rows are generated.
 */
#include "terms/format/onnx_operators.h"

#include "base/memory.h"
#include "terms/format/onnx_fields.h"
#include "terms/format/onnx_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16
#define NAME_MAX_BYTES 512
#define DOMAINS_MAX 64
/* FunctionProto */
enum { FUNCTION_NAME = 1, FUNCTION_DOMAIN = 10 };

/* A domain with its version, or a function of the model; `type` is NULL for the former. */
struct named {
    char *domain, *type;
    int64_t version;
};

struct reader {
    struct wi_protobuf *input;
    struct wi_onnx_operators *operators;
    struct wi_onnx_changing *changing; /* NULL: all nodes count */
    struct named domains[DOMAINS_MAX], functions[WI_OPERATORS_MAX];
    size_t domain_count, function_count, graphs;
};

static int reader_fail(struct reader *reader, uint64_t at, const char *problem)
{
    return wi_protobuf_fail(reader->input, at, problem);
}

/* Replaces `*text` by a name in the file. 0, or -1. */
static int operator_name_read(
    struct reader *reader, const struct wi_protobuf_range *range, char **text)
{
    free(*text);
    *text = wi_protobuf_text(reader->input, range, NAME_MAX_BYTES);
    return *text ? 0 : -1;
}

/* The standard domain has two names. */
static char *domain_settle(char *domain)
{
    if (domain && strcmp(domain, "ai.onnx") != 0)
        return domain;
    free(domain);
    return wi_strdup("");
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* What a node says of itself. */
struct seen {
    char *domain, *type;           /* owned */
    struct wi_protobuf_range name; /* of the node; empty: it has none */
    int has_graph;
    uint64_t at;
};

/* A name that is no text is none, and no fault of the file. */
static char *node_read_name(struct reader *reader, const struct wi_protobuf_range *range)
{
    const char *problem = reader->input->problem;
    char *name = wi_protobuf_text(reader->input, range, NAME_MAX_BYTES);
    if (!name)
        reader->input->problem = problem;
    return name ? name : wi_strdup("");
}

/* Another node of the operator; one in whose graph the others are began before them. */
static void operator_add(
    struct reader *reader, struct wi_onnx_operator *one, const struct seen *seen)
{
    one->nodes++;
    one->has_graph |= seen->has_graph;
    if (seen->at >= one->at)
        return;
    one->at = seen->at;
    free(one->first);
    one->first = node_read_name(reader, &seen->name);
}

/* Counts a node, and takes its texts over. 0, or -1. */
static int operator_count(struct reader *reader, struct seen *seen)
{
    struct wi_onnx_operators *operators = reader->operators;
    size_t i = 0;
    operators->nodes++;
    while (i < operators->count && (strcmp(operators->items[i].type, seen->type) != 0 ||
                                       strcmp(operators->items[i].domain, seen->domain) != 0))
        i++;
    if (i < operators->count) {
        operator_add(reader, &operators->items[i], seen);
        return 0;
    }
    if (i == WI_OPERATORS_MAX)
        return reader_fail(reader, seen->at, "it has more than 1000 different operators");
    operators->items[operators->count++] = (struct wi_onnx_operator){.domain = seen->domain,
        .type = seen->type,
        .first = node_read_name(reader, &seen->name),
        .at = seen->at,
        .nodes = 1,
        .has_graph = seen->has_graph};
    seen->domain = seen->type = NULL;
    return 0;
}

static int operators_read_node(struct reader *reader, struct wi_protobuf_range node, int depth);

static int read_nested_graph(struct reader *reader, struct wi_protobuf_range graph, int depth)
{
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(reader->input, &graph, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES || field.number != WI_GRAPH_NODE)
            continue;
        int counts = depth == 0 && reader->changing
                         ? wi_onnx_changing_node(reader->changing, reader->input, field.bytes)
                         : 1;
        if (counts < 0 || (counts && operators_read_node(reader, field.bytes, depth) < 0))
            return -1;
    }
    return more;
}

static int read_node_attribute(
    struct reader *reader, struct wi_protobuf_range attribute, struct seen *seen, int depth)
{
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(reader->input, &attribute, &field)) > 0) {
        int is_graph = wi_attribute_has_graph(&field);
        seen->has_graph |= is_graph;
        if (is_graph && depth < MAX_DEPTH && read_nested_graph(reader, field.bytes, depth + 1) < 0)
            return -1;
    }
    return more;
}

/* Reads the next members of a node into `seen`. 0, or -1. */
static int node_read_members(
    struct reader *reader, struct wi_protobuf_range node, struct seen *seen, int depth)
{
    struct wi_protobuf_field field;
    int more, code = 0;
    while (code == 0 && (more = wi_protobuf_next(reader->input, &node, &field)) != 0) {
        if (more < 0)
            code = -1;
        else if (field.wire != WI_WIRE_BYTES)
            continue;
        else if (field.number == WI_NODE_OP_TYPE)
            code = operator_name_read(reader, &field.bytes, &seen->type);
        else if (field.number == WI_NODE_DOMAIN)
            code = operator_name_read(reader, &field.bytes, &seen->domain);
        else if (field.number == WI_NODE_NAME)
            seen->name = field.bytes;
        else if (field.number == WI_NODE_ATTRIBUTE)
            code = read_node_attribute(reader, field.bytes, seen, depth);
    }
    return code;
}

static int operators_read_node(struct reader *reader, struct wi_protobuf_range node, int depth)
{
    struct seen seen = {.at = node.at};
    int code = node_read_members(reader, node, &seen, depth);
    if (code == 0 && seen.type) {
        seen.domain = domain_settle(seen.domain);
        code = operator_count(reader, &seen);
    }
    free(seen.type);
    free(seen.domain);
    return code;
}

/* --- the model -------------------------------------------------------------------------------- */

static int read_import(struct reader *reader, struct wi_protobuf_range import)
{
    struct named named = {0};
    struct wi_protobuf_field field;
    uint64_t at = import.at;
    int more, code = 0;
    while (code == 0 && (more = wi_protobuf_next(reader->input, &import, &field)) != 0) {
        if (more < 0)
            code = -1;
        else if (field.number == WI_OPSET_DOMAIN && field.wire == WI_WIRE_BYTES)
            code = operator_name_read(reader, &field.bytes, &named.domain);
        else if (field.number == WI_OPSET_VERSION && field.wire == WI_WIRE_VARINT)
            named.version = (int64_t)field.value;
    }
    if (code == 0 && reader->domain_count == DOMAINS_MAX)
        code = reader_fail(reader, at, "it imports more than 64 domains");
    named.domain = domain_settle(named.domain);
    if (code == 0)
        reader->domains[reader->domain_count++] = named;
    else
        free(named.domain);
    return code;
}

static int read_model_function(struct reader *reader, struct wi_protobuf_range function)
{
    struct named named = {0};
    struct wi_protobuf_field field;
    uint64_t at = function.at;
    int more, code = 0;
    while (code == 0 && (more = wi_protobuf_next(reader->input, &function, &field)) != 0) {
        if (more < 0)
            code = -1;
        else if (field.wire != WI_WIRE_BYTES)
            continue;
        else if (field.number == FUNCTION_NAME)
            code = operator_name_read(reader, &field.bytes, &named.type);
        else if (field.number == FUNCTION_DOMAIN)
            code = operator_name_read(reader, &field.bytes, &named.domain);
        else if (field.number == WI_FUNCTION_NODE)
            code = operators_read_node(reader, field.bytes, 0);
    }
    if (code == 0 && reader->function_count == WI_OPERATORS_MAX)
        code = reader_fail(reader, at, "it has more than 1000 functions");
    named.domain = domain_settle(named.domain);
    if (code == 0 && named.type) {
        reader->functions[reader->function_count++] = named;
        return 0;
    }
    free(named.domain);
    free(named.type);
    return code;
}

static int read_whole_model(struct reader *reader)
{
    struct wi_protobuf_range model = {0, reader->input->size};
    struct wi_protobuf_field field;
    int more, code = 0;
    while (code == 0 && (more = wi_protobuf_next(reader->input, &model, &field)) != 0) {
        if (more < 0)
            return -1;
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_MODEL_OPSET_IMPORT)
            code = read_import(reader, field.bytes);
        else if (field.number == WI_MODEL_FUNCTIONS)
            code = read_model_function(reader, field.bytes);
        else if (field.number == WI_MODEL_GRAPH && ++reader->graphs > 0)
            code = read_nested_graph(reader, field.bytes, 0);
    }
    if (code == 0 && reader->graphs == 0)
        return reader_fail(reader, 0, "there is no graph in it");
    return code;
}

/* --- what is known at the end ----------------------------------------------------------------- */

static int operator_is_call(const struct reader *reader, const struct wi_onnx_operator *one)
{
    for (size_t i = 0; i < reader->function_count; i++)
        if (strcmp(reader->functions[i].type, one->type) == 0 &&
            strcmp(reader->functions[i].domain, one->domain) == 0)
            return 1;
    return 0;
}

static int64_t version_of(const struct reader *reader, const char *domain)
{
    for (size_t i = 0; i < reader->domain_count; i++)
        if (strcmp(reader->domains[i].domain, domain) == 0)
            return reader->domains[i].version;
    return 0;
}

static void operator_free(struct wi_onnx_operator *one)
{
    free(one->domain);
    free(one->type);
    free(one->first);
}

/* Drops the calls of functions, and finds the versions of the others. */
static void operators_settle(struct reader *reader)
{
    struct wi_onnx_operators *operators = reader->operators;
    size_t kept = 0;
    for (size_t i = 0; i < operators->count; i++) {
        struct wi_onnx_operator *one = &operators->items[i];
        if (operator_is_call(reader, one)) {
            operators->nodes -= one->nodes;
            operator_free(one);
            continue;
        }
        one->opset = version_of(reader, one->domain);
        operators->items[kept++] = *one;
    }
    operators->count = kept;
    operators->opset = version_of(reader, "");
}

static void reader_free(struct reader *reader)
{
    for (size_t i = 0; i < reader->domain_count; i++)
        free(reader->domains[i].domain);
    for (size_t i = 0; i < reader->function_count; i++) {
        free(reader->functions[i].domain);
        free(reader->functions[i].type);
    }
    wi_onnx_changing_free(reader->changing);
    free(reader->input);
    free(reader);
}

enum wi_code wi_onnx_operators_read(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, const struct wi_onnx_signature *signature,
    struct wi_onnx_operators *operators, struct wi_error *error)
{
    struct reader *reader = wi_alloc(sizeof *reader);
    struct wi_protobuf *input = wi_alloc(sizeof *input);
    *operators =
        (struct wi_onnx_operators){.items = wi_alloc(WI_OPERATORS_MAX * sizeof *operators->items)};
    input->stop = stop;
    input->read = read;
    input->source = source;
    input->size = size;
    reader->input = input;
    reader->operators = operators;
    reader->changing = signature ? wi_onnx_changing_new(signature) : NULL;
    enum wi_code code = WI_OK;
    if (read_whole_model(reader) == 0)
        operators_settle(reader);
    else
        code = wi_error_set(error, WI_MODEL_INVALID, "",
            "the file is no whole ONNX model: %s (byte %" PRIu64 " of %" PRIu64 ")", input->problem,
            input->problem_at, size);
    reader_free(reader);
    return code;
}

void wi_onnx_operators_clear(struct wi_onnx_operators *operators)
{
    for (size_t i = 0; i < operators->count; i++)
        operator_free(&operators->items[i]);
    free(operators->items);
    *operators = (struct wi_onnx_operators){0};
}

/* --- the engines' tables ---------------------------------------------------------------------- */

enum column { ON_WASM, ON_WEBGPU, ON_WEBNN, COLUMNS };

struct operator_row {
    const char *domain, *type;
    const char *versions[COLUMNS]; /* NULL: none */
    const char *notes[COLUMNS];    /* limits of its kernel; NULL: none are known */
};

/* "1-10,11,13+" are versions of the operator's domain, and "!12" before them takes out a version
 * with which browsers were seen to have no kernel. */
static const struct operator_row operator_rows[] = {
#include "terms/format/operators.inc"
};
const char wi_operators_source[] = OPERATORS_SOURCE;

const char *const wi_support_names[] = {[WI_SUPPORT_YES] = "yes",
    [WI_SUPPORT_CPU] = "cpu",
    [WI_SUPPORT_NO] = "no",
    [WI_SUPPORT_UNKNOWN] = "unknown",
    NULL};

static const struct operator_row *operator_row_find(const char *domain, const char *type)
{
    for (size_t i = 0; i < sizeof operator_rows / sizeof *operator_rows; i++)
        if (strcmp(operator_rows[i].type, type) == 0 &&
            strcmp(operator_rows[i].domain, domain) == 0)
            return &operator_rows[i];
    return NULL;
}

/* COLUMNS for platforms without a table. */
static enum column platform_column(enum wi_platform platform)
{
    switch (platform) {
    case WI_WASM:
        return ON_WASM;
    case WI_WEBGPU:
        return ON_WEBGPU;
    case WI_WEBNN:
        return ON_WEBNN;
    default:
        return COLUMNS;
    }
}

/* Whether the versions (may be NULL) have this one: the first that tells counts. */
static int versions_have(const char *versions, int64_t version)
{
    while (versions && *versions) {
        int is_out = *versions == '!';
        char *end;
        long long first = strtoll(versions + is_out, &end, 10), last = first;
        if (*end == '+')
            last = INT64_MAX;
        else if (*end == '-')
            last = strtoll(end + 1, &end, 10);
        if (version >= first && version <= last)
            return !is_out;
        versions = strchr(end, ',');
        versions += versions != NULL;
    }
    return 0;
}

enum wi_support wi_operator_support(
    const char *domain, const char *type, int64_t opset, enum wi_platform platform)
{
    const struct operator_row *row = operator_row_find(domain, type);
    enum column column = platform_column(platform);
    if (!row || column == COLUMNS || opset <= 0)
        return WI_SUPPORT_UNKNOWN;
    if (versions_have(row->versions[column], opset))
        return WI_SUPPORT_YES;
    if (!row->versions[ON_WASM])
        return WI_SUPPORT_UNKNOWN; /* one of onnxruntime's own, which may have a kernel on the CPU
                                    */
    int has_cpu = versions_have(row->versions[ON_WASM], opset);
    return column != ON_WASM && has_cpu ? WI_SUPPORT_CPU : WI_SUPPORT_NO;
}

const char *wi_operator_note(const char *domain, const char *type, enum wi_platform platform)
{
    const struct operator_row *row = operator_row_find(domain, type);
    enum column column = platform_column(platform);
    return row && column < COLUMNS ? row->notes[column] : NULL;
}
