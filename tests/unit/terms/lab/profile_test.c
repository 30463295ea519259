/* Profiles of unknown origin: what is refused, what is added up, and what two of them and a trace
 * tell. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/lab/profile.h"
#include <stdlib.h>
#include <string.h>

/* What a text is, in which ' stands for ". */
static json_t *read_text(const char *text)
{
    char *quoted = wi_strdup(text);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *document = json_loads(quoted, 0, NULL);
    if (!document)
        fail_msg("%s is no JSON", text);
    free(quoted);
    return document;
}

#define HEAD "'source':'onnxruntime','platform':'webgpu','clock':'gpu','runs':2"
#define GRAPH                                                                                      \
    "{" HEAD ",'nodes':["                                                                          \
    "{'name':'a','operator':'Conv','platform':'webgpu','calls':2,'ms':3,'cpu_ms':1,"               \
    "'began_ms':0.5,'shapes':'float[1]','odd':1},"                                                 \
    "{'name':'b','operator':'Gather','platform':'wasm','calls':2,'ms':1,'reason':'no kernel'},"    \
    "{'name':'c','operator':'Conv','calls':2,'ms':2},"                                             \
    "{'name':'d','operator':'MemcpyToHost','platform':'webgpu','calls':2,'ms':0,"                  \
    "'copied_bytes':4096}],"                                                                       \
    "'left_out':{'nodes':3,'ms':0.5,'events':1},'operators':[{'lies':1}],'other':7,'more':[1]}"

static json_t *settled(const char *text, double run_ms)
{
    json_t *profile = read_text(text);
    struct wi_error error = {0};
    if (wi_profile_settle(profile, run_ms, "", &error) != WI_OK)
        fail_msg("%s: %s", error.field, error.detail);
    return profile;
}

static const json_t *at(const json_t *profile, const char *list, size_t index)
{
    const json_t *row = json_array_get(json_object_get(profile, list), index);
    assert_non_null(row);
    return row;
}

static double number(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_number(value))
        fail_msg("there is no number %s", member);
    return json_number_value(value);
}

static const char *text(const json_t *object, const char *member)
{
    const char *value = json_string_value(json_object_get(object, member));
    if (!value)
        fail_msg("there is no text %s", member);
    return value;
}

TEST(nodes_of_one_operator_and_platform_are_added_up_the_longest_first)
{
    json_t *profile = settled(GRAPH, 10);
    assert_int_equal(json_array_size(json_object_get(profile, "operators")), 3);
    const json_t *conv = at(profile, "operators", 0), *gather = at(profile, "operators", 1);
    assert_string_equal(text(conv, "operator"), "Conv");
    assert_float_equal(number(conv, "ms"), 5, 1e-12);
    assert_float_equal(number(conv, "share"), 0.5, 1e-12);
    assert_int_equal(number(conv, "nodes"), 2);
    assert_int_equal(number(conv, "calls"), 4);
    assert_true(json_is_false(json_object_get(conv, "fell_back")));
    assert_null(json_object_get(conv, "reason"));
    assert_string_equal(text(gather, "platform"), "wasm");
    assert_string_equal(text(gather, "reason"), "no kernel");
    assert_true(json_is_true(json_object_get(gather, "fell_back")));
    assert_int_equal(number(at(profile, "operators", 2), "copied_bytes"), 4096);
    json_decref(profile);
}

TEST(what_no_node_has_is_named)
{
    static const struct {
        const char *source, *platform, *clock;
        double run_ms, other_ms;
        const char *what;
    } rows[] = {{"onnxruntime", "wasm", "cpu", 10, 8, "between the operators"},
        {"onnxruntime", "webgpu", "gpu", 10, 8, "the CPU's work for the GPU's operators"},
        {"onnxruntime", "webgpu", "cpu", 10, 8, "the device's work"},
        {"llama.cpp", "wasm", "cpu", 10, 8, "tokenizing"},
        {"simulated", "simulated", "cpu", 10, 8, "between the operators"},
        {"kernels", "webgpu", "gpu", 1, 0, "none: nodes were computed at the same time"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *given = wi_sprintf("{'source':'%s','platform':'%s','clock':'%s','runs':1,'nodes':["
                                 "{'name':'n','operator':'o','calls':1,'ms':2}]}",
            rows[i].source, rows[i].platform, rows[i].clock);
        json_t *profile = settled(given, rows[i].run_ms);
        const json_t *other = json_object_get(profile, "other");
        assert_float_equal(number(other, "ms"), rows[i].other_ms, 1e-12);
        if (!strstr(text(other, "what"), rows[i].what))
            fail_msg("%s: %s", given, text(other, "what"));
        json_decref(profile);
        free(given);
    }
}

/* So that the sums of operators and nodes are those of the run. */
TEST(all_shares_together_are_the_run)
{
    json_t *profile = settled(GRAPH, 10);
    const json_t *row;
    double operators = 0, nodes = 0;
    size_t i;
    json_array_foreach(json_object_get(profile, "operators"), i, row) operators +=
        number(row, "ms");
    json_array_foreach(json_object_get(profile, "nodes"), i, row) nodes += number(row, "ms");
    double rest = number(json_object_get(profile, "left_out"), "ms") +
                  number(json_object_get(profile, "other"), "ms");
    assert_float_equal(operators, nodes, 1e-12);
    assert_float_equal(operators + rest, 10, 1e-12);
    json_decref(profile);
}

TEST(what_is_not_known_goes_and_what_is_computed_here_is_not_believed)
{
    json_t *profile = settled(GRAPH, 10);
    assert_null(json_object_get(profile, "more"));
    assert_null(json_object_get(at(profile, "nodes", 0), "odd"));
    assert_null(json_object_get(at(profile, "operators", 0), "lies"));
    assert_string_equal(text(at(profile, "nodes", 2), "platform"), "webgpu");
    assert_int_equal(json_object_size(profile), 9);
    json_decref(profile);
}

TEST(a_settled_profile_is_settled_again_as_it_was)
{
    json_t *profile = settled(GRAPH, 10), *before = json_deep_copy(profile);
    struct wi_error error;
    assert_int_equal(wi_profile_settle(profile, -1, "", &error), WI_OK);
    assert_true(json_equal(profile, before));
    json_decref(profile);
    json_decref(before);
}

static void check_bad(const char *given, double run_ms, enum wi_code code, const char *field)
{
    json_t *profile = read_text(given);
    struct wi_error error = {0};
    enum wi_code got = wi_profile_settle(profile, run_ms, "p.", &error);
    if (got != code || strcmp(error.field, field) != 0)
        fail_msg("%.200s: %s at \"%s\"", given, wi_code_name(got), error.field);
    json_decref(profile);
}

#define NODES(nodes) "{" HEAD ",'nodes':" nodes "}"

TEST(bad_profiles_are_refused)
{
    check_bad("{}", 1, WI_MISSING_FIELD, "p.source");
    check_bad(NODES("7"), 1, WI_INVALID_FIELD, "p.nodes");
    check_bad(NODES("[7]"), 1, WI_INVALID_FIELD, "p.nodes[0]");
    check_bad(NODES("[{'operator':'o','calls':1,'ms':1}]"), 1, WI_MISSING_FIELD, "p.nodes[0].name");
    check_bad(NODES("[{'name':'n','operator':'o','calls':0,'ms':1}]"), 1, WI_INVALID_FIELD,
        "p.nodes[0].calls");
    check_bad(NODES("[{'name':'n','operator':'o','calls':1,'ms':-1}]"), 1, WI_INVALID_FIELD,
        "p.nodes[0].ms");
    check_bad(NODES("[{'name':'n','operator':'o','calls':1,'ms':1e10}]"), 1, WI_INVALID_FIELD,
        "p.nodes[0].ms");
    check_bad("{'source':'me','platform':'wasm','clock':'cpu','runs':1,'nodes':[]}", 1,
        WI_INVALID_FIELD, "p.source");
    check_bad("{'source':'kernels','platform':'wasm','clock':'sun','runs':1,'nodes':[]}", 1,
        WI_INVALID_FIELD, "p.clock");
    check_bad("{'source':'kernels','platform':'wasm','clock':'cpu','runs':51,'nodes':[]}", 1,
        WI_INVALID_FIELD, "p.runs");
    check_bad("{" HEAD ",'nodes':[],'left_out':{'ms':-1}}", 1, WI_INVALID_FIELD, "p.left_out.ms");
    check_bad(NODES("[]"), -1, WI_MISSING_FIELD, "p.run_ms");
    check_bad("{" HEAD ",'nodes':[],'capture':7}", 1, WI_INVALID_FIELD, "p.capture");
    check_bad("{" HEAD ",'nodes':[],'capture':{}}", 1, WI_MISSING_FIELD, "p.capture.possible");
    check_bad("{" HEAD ",'nodes':[],'capture':{'possible':1}}", 1, WI_INVALID_FIELD,
        "p.capture.possible");
    check_bad("{" HEAD ",'nodes':[],'capture':{'possible':true,'fixed_sizes':false,'node':[]}}", 1,
        WI_INVALID_FIELD, "p.capture.node");
}

TEST(a_reason_that_is_too_long_is_refused)
{
    char *reason = wi_alloc(600), *given;
    memset(reason, 'r', 599);
    given = wi_sprintf(
        "{" HEAD ",'nodes':[],'capture':{'possible':false,'fixed_sizes':false,'reason':'%s'}}",
        reason);
    check_bad(given, 1, WI_INVALID_FIELD, "p.capture.reason");
    free(given);
    free(reason);
}

TEST(what_is_said_of_graph_capture_stays)
{
    json_t *profile = settled("{" HEAD ",'nodes':[],'capture':{'possible':false,"
                              "'fixed_sizes':false,'node':'n','operator':null,'reason':'r',"
                              "'more':1}}",
        10);
    json_t *capture = json_object_get(profile, "capture");
    assert_true(json_is_false(json_object_get(capture, "possible")));
    assert_string_equal(text(capture, "node"), "n");
    assert_string_equal(text(capture, "reason"), "r");
    assert_int_equal(json_object_size(capture), 4);
    json_decref(profile);
}

TEST(more_nodes_than_there_may_be_are_refused)
{
    json_t *profile = read_text(NODES("[]")), *nodes = json_object_get(profile, "nodes");
    struct wi_error error;
    for (int i = 0; i < WI_PROFILE_NODES_MAX; i++)
        json_array_append_new(nodes,
            json_pack("{s:s, s:s, s:i, s:i}", "name", "n", "operator", "o", "calls", 1, "ms", 0));
    assert_int_equal(wi_profile_settle(profile, 1, "", &error), WI_OK);
    json_array_append(nodes, json_array_get(nodes, 0));
    assert_int_equal(wi_profile_settle(profile, 1, "", &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "nodes");
    json_decref(profile);
}

TEST(a_run_that_took_no_time_has_no_shares)
{
    json_t *profile = settled(NODES("[{'name':'n','operator':'o','calls':1,'ms':0}]"), 0);
    assert_true(number(at(profile, "operators", 0), "share") == 0);
    assert_true(number(json_object_get(profile, "other"), "share") == 0);
    json_decref(profile);
}

/* --- two of them ------------------------------------------------------------------------------ */

#define OPERATOR(name, where, ms)                                                                  \
    "{'name':'" name where "','operator':'" name "','platform':'" where "','calls':1,'ms':" ms "}"

TEST(two_profiles_are_compared_by_the_time_of_a_run)
{
    static const struct {
        const char *operator_type, *platform, *change;
        double before_ms, now_ms; /* below 0: it is not there */
    } expected[] = {{"Slow", "webgpu", "slower", 10, 20}, {"Fast", "webgpu", "faster", 9, 4},
        {"Gone", "webgpu", "gone", 3, -1}, {"New", "webgpu", "new", -1, 2.5},
        {"Move", "wasm", "moved", -1, 2}, {"Move", "webgpu", "moved", 1.5, -1},
        {"Same", "webgpu", "alike", 10, 10.5}, {"Tiny", "webgpu", "alike", 0.01, 0.04}};
    json_t *before = settled(
        NODES("[" OPERATOR("Slow", "webgpu", "20") "," OPERATOR("Fast", "webgpu",
            "18") "," OPERATOR("Gone", "webgpu", "6") "," OPERATOR("Move", "webgpu",
            "3") "," OPERATOR("Same", "webgpu", "20") "," OPERATOR("Tiny", "webgpu", "0.02") "]"),
        80);
    json_t *now = settled(
        "{'source':'onnxruntime','platform':'webgpu','clock':'gpu','runs':1,"
        "'nodes':[" OPERATOR("Slow", "webgpu", "20") "," OPERATOR(
            "Fast", "webgpu", "4") "," OPERATOR("New", "webgpu", "2.5") "," OPERATOR("Move", "wasm",
            "2") "," OPERATOR("Same", "webgpu", "10.5") "," OPERATOR("Tiny", "webgpu", "0.04") "]}",
        45);
    json_t *list = wi_profile_compare(before, now);
    assert_int_equal(json_array_size(list), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const json_t *row = json_array_get(list, i);
        if (strcmp(text(row, "operator"), expected[i].operator_type) != 0 ||
            strcmp(text(row, "platform"), expected[i].platform) != 0 ||
            strcmp(text(row, "change"), expected[i].change) != 0)
            fail_msg("%zu: %s on %s is %s", i, text(row, "operator"), text(row, "platform"),
                text(row, "change"));
        if (expected[i].before_ms < 0)
            assert_true(json_is_null(json_object_get(row, "before_ms")));
        else
            assert_float_equal(number(row, "before_ms"), expected[i].before_ms, 1e-9);
        if (expected[i].now_ms < 0)
            assert_true(json_is_null(json_object_get(row, "now_ms")));
        else
            assert_float_equal(number(row, "now_ms"), expected[i].now_ms, 1e-9);
    }
    json_decref(list);
    json_decref(before);
    json_decref(now);
}

/* --- as a trace ------------------------------------------------------------------------------- */

TEST(a_trace_has_a_mean_run_with_a_line_for_each_platform)
{
    json_t *profile = settled(GRAPH, 10), *trace = wi_profile_trace(profile, "digits");
    const json_t *events = json_object_get(trace, "traceEvents"), *event;
    double ends[8] = {0}, sum = 0;
    size_t i, nodes = 0, names = 0;
    json_array_foreach(events, i, event)
    {
        names += strcmp(text(event, "name"), "thread_name") == 0;
        if (strcmp(text(event, "ph"), "X") != 0)
            continue;
        size_t line = (size_t)number(event, "tid");
        assert_true(line < 8);
        assert_true(number(event, "ts") >= ends[line]);
        ends[line] = number(event, "ts") + number(event, "dur");
        sum += number(event, "dur");
        nodes++;
    }
    assert_int_equal(nodes, 4);
    assert_int_equal(names, 2);
    assert_float_equal(sum, 1000 * (3 + 1 + 2 + 0) / 2.0, 1e-9);
    event = json_array_get(events, 1);
    assert_string_equal(text(event, "name"), "a");
    assert_float_equal(number(event, "ts"), 500, 1e-9);
    assert_string_equal(text(json_object_get(event, "args"), "shapes"), "float[1]");
    json_decref(trace);
    json_decref(profile);
}
