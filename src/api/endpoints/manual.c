/* See manual.h. Each part is an mdoc list that the page contains exactly as it is printed here. */
#include "api/endpoints/manual.h"

#include "api/endpoints/openapi.h"
#include "base/buffer.h"
#include "settings/config/mdoc.h"
#include "terms/kernel/kernel_model.h"
#include "terms/task/task.h"
#include "work/pool/facts/rules.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* A table: a term that fits `widest` has its text on the same line. */
static void begin_list(FILE *out, const char *widest)
{
    fprintf(out, ".Bl -tag -width \"%s\" -compact\n", widest);
}

/* As a sentence of its own. */
static void print_sentence(const char *text, FILE *out)
{
    char line[256];
    snprintf(line, sizeof line, "%c%s.", toupper((unsigned char)*text), text + 1);
    wi_mdoc_text(line, out);
}

/* --- parameters and members ------------------------------------------------------------------ */

/* A maximum from here on is not printed: JSON has no larger exact integers. */
#define EXACT_MAX 9007199254740991.0

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* "integer, 0 to 9"; behind it the row's help. */
static void print_limits(const struct wi_param *row, FILE *out)
{
    static const char *const kinds[] = {[WI_PARAM_STRING] = "string",
        [WI_PARAM_INTEGER] = "integer",
        [WI_PARAM_NUMBER] = "number",
        [WI_PARAM_BOOL] = "boolean",
        [WI_PARAM_ENUM] = "",
        [WI_PARAM_OBJECT] = "object",
        [WI_PARAM_ARRAY] = "list",
        [WI_PARAM_ANY] = "any"};
    struct wi_buffer text = {0};
    int is_word = row->kind == WI_PARAM_ANY && row->form && !row->form[strspn(row->form, LETTERS)];
    wi_buffer_puts(&text, is_word ? row->form : kinds[row->kind]);
    if (row->kind == WI_PARAM_ENUM)
        for (const char *const *name = row->names; *name; name++)
            wi_buffer_strings(&text,
                name == row->names ? ""
                : name[1]          ? ", "
                                   : " or ",
                *name, NULL);
    if (row->kind == WI_PARAM_ARRAY && row->max > 0)
        wi_buffer_printf(&text, " of %.15g to %.15g", row->min, row->max);
    else if ((row->kind == WI_PARAM_INTEGER || row->kind == WI_PARAM_NUMBER) &&
             (row->min != 0 || row->max != 0) && row->max < EXACT_MAX)
        wi_buffer_printf(&text, ", %.15g to %.15g", row->min, row->max);
    wi_buffer_strings(&text, row->required ? ", required" : "", row->help ? ": " : "",
        row->help ? row->help : "", NULL);
    wi_mdoc_text(text.text, out);
    wi_buffer_clear(&text);
}

static void print_param(const struct wi_param *row, const char *before, FILE *out)
{
    fprintf(out, ".It Li %s%s\n", before, row->name);
    print_limits(row, out);
}

/* The length of a name without the mark of an optional member. */
static int name_length(const struct wi_member *row)
{
    size_t length = strlen(row->name);
    return (int)(length - (row->name[length - 1] == '?'));
}

/* Neighbours about which there is nothing to say are one row. */
static void print_members(const struct wi_schema *schema, const char *before, FILE *out)
{
    int is_silent = 0;
    for (size_t i = 0; i < schema->count; i++) {
        const struct wi_member *row = &schema->members[i];
        fputs(!is_silent ? ".It Li " : row->help ? "\n.It Li " : " , ", out);
        fprintf(out, "%s%.*s", row->help ? before : "", name_length(row), row->name);
        is_silent = !row->help;
        if (row->help) {
            fputs("\n", out);
            wi_mdoc_text(row->help, out);
        }
    }
    fputs(is_silent ? "\n" : "", out);
}

static void print_schema(const struct wi_schema *schema, const char *before, FILE *out)
{
    for (const struct wi_param *row = schema->params; row && row->name; row++)
        print_param(row, before, out);
    print_members(schema, before, out);
}

/* --- the parts ------------------------------------------------------------------------------- */

static int is_below(const struct wi_route *route, const char *start)
{
    return strncmp(route->pattern, start, strlen(start)) == 0;
}

/* Parameters without a text mean the same as a request's members of the same names. */
static int is_like_request(const struct wi_schema *query)
{
    const struct wi_param *row = query->params;
    while (row && row->name && !row->help)
        row++;
    return row && !row->name;
}

static void print_query(const struct wi_schema *query, FILE *out)
{
    if (!is_like_request(query)) {
        begin_list(out, "?limit");
        print_schema(query, "?", out);
        fputs(".El\n", out);
        return;
    }
    fputs("The query accepts these parameters, as does the body of a request:\n.Li ", out);
    for (const struct wi_param *row = query->params; row->name; row++)
        fprintf(out, "%s%s", row->name, row[1].name ? " , " : " .\n");
}

/* Routes that run a model for clients of other APIs are described with those APIs; the cluster,
 * join links, channels and the laboratory have manuals of their own. */
static int is_elsewhere(const struct wi_route *route)
{
    return is_below(route, "/v2") || is_below(route, "/api") || is_below(route, "/v1/cluster") ||
           is_below(route, "/v1/admin/join") || is_below(route, "/v1/devices") ||
           is_below(route, "/v1/channels") || is_below(route, "/v1/results") ||
           is_below(route, "/v1/history/") || is_below(route, "/v1/matrix") ||
           (route->handle == wi_handle_infer && route->dialect != &wi_dialect_native);
}

/* Those whose pattern begins with `start`; NULL: those that no other page has. */
static void list_routes_of(const char *start, FILE *out)
{
    for (const struct wi_route *route = wi_routes; route->method; route++) {
        if (start ? !is_below(route, start) : is_elsewhere(route))
            continue;
        fprintf(out, ".It Li %s %s\n", route->method, route->pattern);
        print_sentence(route->summary, out);
        if (route->help)
            wi_mdoc_text(route->help, out);
        if (route->query)
            print_query(wi_openapi_schema(route->query), out);
    }
}

static void print_routes_of(const char *start, FILE *out)
{
    begin_list(out, "POST /v1/nodes/{id}/undrain");
    list_routes_of(start, out);
    fputs(".El\n", out);
}

static void print_routes(FILE *out)
{
    print_routes_of(NULL, out);
}

static void print_kserve_routes(FILE *out)
{
    print_routes_of("/v2", out);
}

static void print_cluster_routes(FILE *out)
{
    print_routes_of("/v1/cluster", out);
}

static void print_join_routes(FILE *out)
{
    begin_list(out, "POST /v1/nodes/{id}/undrain");
    list_routes_of("/v1/admin/join", out);
    list_routes_of("/v1/devices", out);
    fputs(".El\n", out);
}

static void print_channels_routes(FILE *out)
{
    print_routes_of("/v1/channels", out);
}

static void print_lab_routes(FILE *out)
{
    begin_list(out, "POST /v1/nodes/{id}/undrain");
    list_routes_of("/v1/results", out);
    list_routes_of("/v1/history/", out);
    list_routes_of("/v1/matrix", out);
    fputs(".El\n", out);
}

static void print_one(const char *name, FILE *out)
{
    begin_list(out, "hypothesis_template");
    print_schema(wi_openapi_schema(name), "", out);
    fputs(".El\n", out);
}

static void print_codes(FILE *out)
{
    begin_list(out, "context_length_exceeded");
    for (int i = WI_OK + 1; i < WI_CODE_COUNT; i++) {
        enum wi_code code = (enum wi_code)i;
        char text[256];
        fprintf(out, ".It Li %s\n", wi_code_name(code));
        if (wi_code_retry_after(code) > 0)
            snprintf(text, sizeof text, "%d, %u s: %s", wi_code_status(code),
                wi_code_retry_after(code), wi_code_help(code));
        else
            snprintf(text, sizeof text, "%d: %s", wi_code_status(code), wi_code_help(code));
        wi_mdoc_text(text, out);
    }
    fputs(".El\n", out);
}

/* Those of generation are one list, which other manuals have, too. */
static void print_option_names(enum wi_task_kind task, FILE *out)
{
    const struct wi_param *row = wi_task_options(task, 0);
    const struct wi_param *first = row;
    if (wi_task_samples(task)) {
        fputs("Options: those of\n.Li complete", out);
        for (const struct wi_param *usual = wi_task_options(WI_TASK_COMPLETE, 0); usual->name;
             usual++)
            row++;
    } else {
        fputs(row->name ? "Options:\n" : "", out);
    }
    if (row != first && row->name)
        fputs("\nand\n", out);
    else if (row != first)
        fputs(" .\n", out);
    if (row->name)
        fputs(".Li ", out);
    for (; row->name; row++)
        fprintf(out, "%s%s", row->name, row[1].name ? " , " : " .\n");
}

static void print_tasks(FILE *out)
{
    begin_list(out, "zero-shot-classification");
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++) {
        enum wi_task_kind task = (enum wi_task_kind)i;
        fprintf(out, ".It Li %s\n", wi_task_name(task));
        print_sentence(wi_task_takes_words(task), out);
        if (task != WI_TASK_COMPLETE)
            print_option_names(task, out);
    }
    fputs(".El\n", out);
}

/* Each once, though several tasks have it. */
static int is_first(enum wi_task_kind task, const char *name)
{
    for (int i = WI_TASK_NONE + 1; i < (int)task; i++)
        for (const struct wi_param *row = wi_task_options((enum wi_task_kind)i, 0); row->name;
             row++)
            if (strcmp(row->name, name) == 0)
                return 0;
    return 1;
}

static void print_options(FILE *out)
{
    begin_list(out, "hypothesis_template");
    for (int i = WI_TASK_NONE + 1; i < WI_TASK_COUNT; i++)
        for (const struct wi_param *row = wi_task_options((enum wi_task_kind)i, 0); row->name;
             row++)
            if (is_first((enum wi_task_kind)i, row->name))
                print_param(row, "", out);
    fputs(".El\n", out);
}

/* "a [*, m, k], b [*, k, n] → c [*, m, n]" */
static void print_tensor(const struct wi_kernel_tensor *tensor, const char *before, FILE *out)
{
    fprintf(out, "%s%s [", before, tensor->name);
    for (const char *c = tensor->shape; *c; c++)
        fprintf(out, *c == ',' ? ", " : "%c", *c);
    fputs("]", out);
}

static void print_kernels(FILE *out)
{
    fputs(".Bl -tag -width multiply_add\n", out);
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++) {
        if (wi_kernel_is_ours(kernel))
            continue;
        fprintf(out, ".It Li %s\n", kernel->name);
        for (const struct wi_kernel_tensor *input = kernel->inputs; input->name; input++)
            print_tensor(input, input == kernel->inputs ? "" : ", ", out);
        print_tensor(&kernel->output, " → ", out);
        fputs(":\n", out);
        wi_mdoc_text(kernel->help, out);
        if (!kernel->options->name)
            continue;
        begin_list(out, "operation");
        for (const struct wi_param *row = kernel->options; row->name; row++)
            print_param(row, "", out);
        fputs(".El\n", out);
    }
    fputs(".El\n", out);
}

static void print_kernel_models(FILE *out)
{
    fputs(".Bl -tag -width builtin/transformer\n", out);
    for (const struct wi_kernel_model *model = wi_kernel_models; model->name; model++) {
        fprintf(out, ".It Li builtin/%s\n", model->name);
        print_tensor(&model->input, "", out);
        print_tensor(&model->output, " → ", out);
        for (const struct wi_kernel_size *size = model->sizes; size->name; size++)
            fprintf(out, ",%s%s from %" PRId64 " to %" PRId64, size == model->sizes ? "\n" : " ",
                size->name, size->least, size->most);
        fputs(":\n", out);
        wi_mdoc_text(model->help, out);
    }
    fputs(".El\n", out);
}

/* --- what was found, and what it may change --------------------------------------------------- */

static void put_duration(struct wi_buffer *out, int64_t ms)
{
    int64_t hours = ms / 3600000;
    if (hours % 24 == 0)
        wi_buffer_printf(out, " for %" PRId64 " day%s", hours / 24, hours == 24 ? "" : "s");
    else
        wi_buffer_printf(out, " for %" PRId64 " hour%s", hours, hours == 1 ? "" : "s");
}

static void put_effect(struct wi_buffer *out, const struct wi_evidence_rule *rule)
{
    static const char *const verdicts[WI_VERDICT_COUNT] = {
        [WI_UNKNOWN] =
            "is given the verdict unknown for such inputs, which are compared again later",
        [WI_WRONG] = "is given the verdict wrong",
        [WI_UNABLE] = "is given the verdict unable"};
    static const char *const others[] = {
        [WI_EFFECT_SHARE] = "gets only work for which no other node has room",
        [WI_EFFECT_HOLD] = "gets no work",
        [WI_EFFECT_QUARANTINE] = "is put under quarantine"};
    wi_buffer_puts(
        out, rule->effect == WI_EFFECT_VERDICT ? verdicts[rule->verdict] : others[rule->effect]);
    if (rule->for_ms)
        put_duration(out, rule->for_ms);
}

static void put_subject(struct wi_buffer *out, const struct wi_evidence_rule *rule)
{
    int is_verdict = rule->effect == WI_EFFECT_VERDICT;
    if (rule->about == WI_ABOUT_JOINED)
        wi_buffer_puts(out, is_verdict ? " joined node's party " : " joined node ");
    else if (rule->about == WI_ABOUT_RELAY)
        wi_buffer_puts(out, is_verdict                       ? " relay's party "
                            : rule->effect == WI_EFFECT_HOLD ? " relay's place "
                                                             : " relay ");
}

/* "Once this applies to 5 of its last 50 answers, a joined node gets no work for 1 hour, …" */
static void print_rule(const struct wi_evidence_rule *rule, FILE *out)
{
    struct wi_buffer text = {0};
    if (rule->count > 1)
        wi_buffer_printf(&text, "Once this applies to %u of its last %d answers, a", rule->count,
            WI_CONDUCT_LENGTH);
    else
        wi_buffer_puts(
            &text, rule->about == WI_ABOUT_OURS ? "One of the service's browsers " : "A");
    put_subject(&text, rule);
    put_effect(&text, rule);
    wi_buffer_strings(&text, rule->for_ms ? ", or until " : ", until ", rule->undone, ".", NULL);
    fputs(".It\n", out);
    wi_mdoc_text(text.text, out);
    wi_buffer_clear(&text);
}

static void print_evidence(FILE *out)
{
    fputs(".Bl -tag -width known_answer\n", out);
    for (int kind = 0; kind < WI_EVIDENCE_COUNT; kind++) {
        fprintf(out, ".It Li %s\n", wi_evidence_names[kind]);
        print_sentence(wi_evidence_texts[kind], out);
        fputs(".Bl -bullet -compact\n", out);
        for (const struct wi_evidence_rule *rule = wi_evidence_rules; rule->effect; rule++)
            if ((int)rule->kind == kind)
                print_rule(rule, out);
        fputs(".El\n", out);
    }
    fputs(".El\n", out);
}

#define API "man/webinfer-api.7"
#define CHANNELS "man/webinfer-channels.7"
#define CLUSTER "man/webinfer-cluster.7"
#define COMPUTE "man/webinfer-compute.7"
#define JOIN "man/webinfer-join.7"
#define LAB "man/webinfer-lab.7"
#define MODELS "man/webinfer-models.7"
#define PROOF "man/webinfer-proof.7"
#define RELAY "man/webinfer-relay.7"
#define SOUND "man/webinfer-sound.7"
#define KSERVE "man/webinfer-kserve.7"
static const struct {
    const char *name, *page;
    void (*print)(FILE *out); /* NULL: the members of */
    const char *schema;
} parts[] = {
    {"routes", API, print_routes, NULL},
    {"model", API, NULL, "Model"},
    {"memory", API, NULL, "Memory"},
    {"infer", API, NULL, "InferRequest"},
    {"codes", API, print_codes, NULL},
    {"tasks", API, print_tasks, NULL},
    {"options", API, print_options, NULL},
    {"pull-order", MODELS, NULL, "PullOrder"},
    {"pull", MODELS, NULL, "Pull"},
    {"quantize-order", MODELS, NULL, "QuantizeOrder"},
    {"made", MODELS, NULL, "Made"},
    {"made-measured", MODELS, NULL, "MadeMeasured"},
    {"made-place", MODELS, NULL, "MadePlace"},
    {"graph-capture", MODELS, NULL, "GraphCapture"},
    {"upload-order", MODELS, NULL, "UploadOrder"},
    {"upload-file", MODELS, NULL, "UploadFile"},
    {"published", MODELS, NULL, "Published"},
    {"pin", MODELS, NULL, "Pin"},
    {"content", MODELS, NULL, "Content"},
    {"block-source", MODELS, NULL, "BlockSource"},
    {"content-model", MODELS, NULL, "ContentModel"},
    {"channels-routes", CHANNELS, print_channels_routes, NULL},
    {"job-completed", CHANNELS, NULL, "JobCompleted"},
    {"channel-job", CHANNELS, NULL, "ChannelJob"},
    {"vector-batch", CHANNELS, NULL, "VectorBatch"},
    {"channel-missed", CHANNELS, NULL, "ChannelMissed"},
    {"cluster-routes", CLUSTER, print_cluster_routes, NULL},
    {"cluster", CLUSTER, NULL, "Cluster"},
    {"cluster-member", CLUSTER, NULL, "ClusterMember"},
    {"compute", COMPUTE, NULL, "ComputeRequest"},
    {"kernels", COMPUTE, print_kernels, NULL},
    {"kernel-models", COMPUTE, print_kernel_models, NULL},
    {"benchmark-order", COMPUTE, NULL, "BenchmarkRequest"},
    {"benchmark", COMPUTE, NULL, "Benchmark"},
    {"profile", COMPUTE, NULL, "Profile"},
    {"profile-operator", COMPUTE, NULL, "ProfileOperator"},
    {"profile-node", COMPUTE, NULL, "ProfileNode"},
    {"join-routes", JOIN, print_join_routes, NULL},
    {"join-order", JOIN, NULL, "JoinOrder"},
    {"lab-routes", LAB, print_lab_routes, NULL},
    {"lab-run", LAB, NULL, "LabRun"},
    {"lab-cell", LAB, NULL, "LabCell"},
    {"evidence", PROOF, print_evidence, NULL},
    {"relay-fields", RELAY, NULL, "Relay"},
    {"relay-continue", RELAY, NULL, "Continuation"},
    {"sound-order", SOUND, NULL, "SoundOrder"},
    {"sound-state", SOUND, NULL, "SoundState"},
    {"sound-partial", SOUND, NULL, "SoundPartial"},
    {"sound-final", SOUND, NULL, "SoundFinal"},
    {"kserve-routes", KSERVE, print_kserve_routes, NULL},
    {"kserve-infer", KSERVE, NULL, "KserveInfer"},
    {"kserve-generate", KSERVE, NULL, "KserveGenerate"},
    {"kserve-parameters", KSERVE, NULL, "KserveParameters"},
    {"kserve-error", KSERVE, NULL, "KserveError"},
};

const char *wi_api_manual_print(size_t index, FILE *out)
{
    if (index >= sizeof parts / sizeof *parts)
        return NULL;
    fprintf(out, ".\\\" begin %s, made by scripts/manual.mjs\n", parts[index].name);
    if (parts[index].print)
        parts[index].print(out);
    else
        print_one(parts[index].schema, out);
    fprintf(out, ".\\\" end %s\n", parts[index].name);
    return parts[index].name;
}

const char *wi_api_manual_page(size_t index)
{
    return parts[index].page;
}
