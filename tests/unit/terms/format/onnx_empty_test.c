/* Tensors without elements: which inputs of a graph may have none wherever it runs. */
#include "../../test.h"

#include "base/memory.h"
#include "onnx_build.h"
#include "terms/format/onnx.h"
#include "terms/model/signature.h"

static struct wi_buffer graph;
static struct wi_onnx_signature signature;

static int set_up(void **state)
{
    graph = (struct wi_buffer){0};
    signature = (struct wi_onnx_signature){0};
    return 0;
}

static int tear_down(void **state)
{
    wi_onnx_clear(&signature);
    wi_buffer_clear(&graph);
    return 0;
}

/* `inputs`: separated by spaces; "-" is one that is left out. */
static void put_node(struct wi_buffer *out, const char *domain, const char *type,
    const char *inputs, const char *output)
{
    struct wi_buffer node = {0};
    char *names = wi_strdup(inputs), *rest = names, *name;
    while ((name = strsep(&rest, " ")))
        put_bytes(&node, 1, name, strcmp(name, "-") == 0 ? 0 : strlen(name));
    put_bytes(&node, 2, output, strlen(output));
    put_bytes(&node, 4, type, strlen(type));
    put_bytes(&node, 7, domain, strlen(domain));
    put_message(out, 1, &node);
    free(names);
}

/* With the inputs ids and past. */
static void finish(void)
{
    put_value(&graph, 11, "ids", 7, 2, (int64_t[]){-1, -2});
    put_value(&graph, 11, "past", 1, 2, (int64_t[]){-1, -2});
    put_value(&graph, 12, "y", 1, 2, (int64_t[]){-1, -2});
    struct wi_buffer model = finish_model(&graph);
    assert_int_equal(
        wi_onnx_read((unsigned char *)model.text, model.size, &signature, NULL), WI_OK);
    wi_buffer_clear(&model);
}

/* Whether past may be empty in a graph of that one node beside the one that reads ids. */
static int takes_past(const char *domain, const char *type, const char *inputs)
{
    put_node(&graph, "", "Cast", "ids", "word");
    put_node(&graph, domain, type, inputs, "y");
    finish();
    int takes = signature.inputs[1].may_be_empty;
    assert_false(signature.inputs[0].may_be_empty);
    wi_onnx_clear(&signature);
    return takes;
}

static enum wi_empty among(int64_t ids, int64_t past)
{
    struct wi_tensor items[] = {{.name = (char *)"ids", .rank = 2, .dims = {1, ids}},
        {.name = (char *)"past", .rank = 2, .dims = {1, past}}};
    struct wi_tensors tensors = {items, 2};
    return wi_onnx_empty_among(&signature, &tensors);
}

FIXTURE(set_up, tear_down)

/* Positions: https://onnx.ai/onnx/operators, and onnxruntime's docs/ContribOperators.md. */
TEST(a_past_may_be_empty_where_an_operator_takes_one)
{
    static const char microsoft[] = "com.microsoft";
    assert_true(takes_past("", "Concat", "past word"));
    assert_true(takes_past("ai.onnx", "Concat", "past word"));
    assert_true(takes_past("", "Shape", "past"));
    assert_true(takes_past("", "Attention", "word word word - past past"));
    assert_true(takes_past(microsoft, "Attention", "word w b mask past"));
    assert_true(takes_past(microsoft, "GroupQueryAttention", "word - - past past lengths total"));
    assert_true(takes_past(microsoft, "MultiHeadAttention", "word word word - - - past past"));
}

TEST(elsewhere_it_may_not)
{
    static const char microsoft[] = "com.microsoft";
    assert_false(takes_past("", "Softmax", "past"));
    assert_false(takes_past("", "MatMul", "word past"));
    assert_false(takes_past("com.example", "Concat", "past word"));
    assert_false(takes_past(microsoft, "Concat", "past word"));
    assert_false(takes_past("", "Concats", "past word"));
    assert_false(takes_past("", "Attention", "word past word"));
    assert_false(takes_past(microsoft, "Attention", "past w b"));
    assert_false(takes_past(microsoft, "MultiHeadAttention", "word past past"));
}

/* What is put behind it may then be empty itself, and whatever computes with both. */
TEST(an_input_alone_is_nothing_to_put_behind_another)
{
    assert_false(takes_past("", "Concat", "past ids"));
    assert_false(takes_past("", "Concat", "past past"));
    assert_true(takes_past("", "Concat", "past ids word"));
}

TEST(each_use_counts)
{
    put_node(&graph, "", "Gather", "table ids", "word");
    put_node(&graph, "", "Concat", "past word", "y");
    put_node(&graph, "", "Softmax", "past", "other");
    finish();
    assert_int_equal(among(1, 0), WI_EMPTY_USED);
}

TEST(requests_are_told_apart)
{
    put_node(&graph, "", "Gather", "table ids", "word");
    put_node(&graph, "", "Concat", "past word", "y");
    finish();
    assert_int_equal(among(1, 3), WI_EMPTY_NONE);
    assert_int_equal(among(1, 0), WI_EMPTY_PAST);
    assert_int_equal(among(0, 3), WI_EMPTY_USED);
    assert_int_equal(among(0, 0), WI_EMPTY_USED);
}
