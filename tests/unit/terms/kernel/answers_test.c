/* Known answers, held against the page's kernels in C: what is right passes, what is not is found.
 */
#include "../../test.h"

#include "base/memory.h"
#include "kernel.h"
#include "terms/kernel/answers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(const struct kernel_call *call);
} kernels[] = {
#define ROW(name) {#name, kernel_##name},
    KERNEL_LIST(ROW)};

static void (*find(const char *name))(const struct kernel_call *)
{
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i].name, name) == 0)
            return kernels[i].run;
    fail_msg("there is no C of the kernel %s", name);
    return NULL;
}

/* --- a page's part, for the shapes that are asked --------------------------------------------- */

struct sizes {
    struct kernel_call *call;
    struct {
        const char *name;
        size_t length;
    } names[KERNEL_SIZES];
    size_t count;
};

/* That of the size, a new one if there is none of that name. */
static uint32_t *size_of(struct sizes *sizes, const char *name, size_t length)
{
    size_t i = 0;
    while (i < sizes->count &&
           (sizes->names[i].length != length || memcmp(sizes->names[i].name, name, length) != 0))
        i++;
    sizes->names[i].name = name;
    sizes->names[i].length = length;
    sizes->count = i == sizes->count ? i + 1 : sizes->count;
    return &sizes->call->size[i];
}

static void add_sizes(struct sizes *sizes, const char *shape, const struct wi_tensor *tensor)
{
    const char *rest = shape, *name;
    unsigned named = 0, at = 0;
    size_t length;
    while ((name = wi_kernel_shape_next(&rest, &length)))
        named += *name != '*';
    while ((name = wi_kernel_shape_next(&shape, &length))) {
        uint32_t *size = size_of(sizes, name, length), lead = 1;
        while (*name == '*' && at < tensor->rank - named)
            lead *= (uint32_t)tensor->dims[at++];
        *size = *name == '*' ? lead : (uint32_t)tensor->dims[at++];
    }
}

static void add_options(
    struct kernel_call *call, const struct wi_kernel *kernel, const json_t *options)
{
    size_t at = 0;
    for (const struct wi_param *row = kernel->options; row->name; row++) {
        const json_t *value = json_object_get(options, row->name);
        call->option[at] = (float)(json_is_true(value) ? 1 : json_number_value(value));
        for (int word = 0; json_is_string(value) && row->names[word]; word++)
            if (strcmp(row->names[word], json_string_value(value)) == 0)
                call->option[at] = (float)word;
        at++;
    }
}

/* One answer to kernel `index`, to be spoiled. */
struct answer {
    struct wi_tensors inputs, outputs;
    float *values;
};

#define ROOM 4096

static struct answer answer_of(size_t index, uint32_t seed)
{
    const struct wi_kernel *kernel = wi_answer_kernel(index);
    struct answer answer = {.values = wi_alloc(ROOM * sizeof(float))};
    json_t *options = wi_answer_ask(index, seed, &answer.inputs);
    struct kernel_call call = {.out = answer.values};
    struct sizes sizes = {.call = &call};
    struct wi_error error;
    assert_int_equal(wi_kernel_check_inputs(kernel, &answer.inputs, options, &error), WI_OK);
    assert_int_equal(wi_kernel_check_options(kernel, options, &error), WI_OK);
    for (size_t i = 0; i < answer.inputs.count; i++) {
        call.in[i] = (const float *)(const void *)wi_tensor_bytes(&answer.inputs.items[i]);
        add_sizes(&sizes, kernel->inputs[i].shape, &answer.inputs.items[i]);
    }
    add_options(&call, kernel, options);
    find(kernel->name)(&call);
    struct wi_tensor *output = wi_tensors_add(&answer.outputs);
    output->blob = wi_blob_new(NULL, ROOM * sizeof(float));
    output->blob->size = output->size = ROOM * sizeof(float);
    memcpy(output->blob->bytes, answer.values, output->size);
    json_decref(options);
    return answer;
}

static int is_right(size_t index, const struct answer *answer)
{
    char detail[200] = "";
    memcpy(answer->outputs.items[0].blob->bytes, answer->values, ROOM * sizeof(float));
    return wi_answer_is_right(index, &answer->inputs, &answer->outputs, detail, sizeof detail);
}

static void drop(struct answer *answer)
{
    wi_tensors_clear(&answer->inputs);
    wi_tensors_clear(&answer->outputs);
    free(answer->values);
}

/* --- the tests -------------------------------------------------------------------------------- */

TEST(test_every_kernel_of_clients_has_a_known_answer)
{
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++) {
        size_t i = 0;
        while (wi_answer_kernel(i) && wi_answer_kernel(i) != kernel)
            i++;
        if (!wi_answer_kernel(i) && !wi_kernel_is_ours(kernel))
            fail_msg("%s has no known answer: see src/terms/kernel/answers.c", kernel->name);
    }
}

TEST(test_the_page_s_kernels_are_right)
{
    for (size_t i = 0; wi_answer_kernel(i); i++)
        for (uint32_t seed = 0; seed < 20; seed++) {
            struct answer answer = answer_of(i, seed * 7919);
            if (!is_right(i, &answer))
                fail_msg("%s with seed %u", wi_answer_kernel(i)->name, seed);
            drop(&answer);
        }
}

TEST(test_other_inputs_have_other_answers)
{
    for (size_t i = 0; wi_answer_kernel(i); i++) {
        struct answer one = answer_of(i, 1), other = answer_of(i, 2);
        memcpy(other.values, one.values, ROOM * sizeof(float));
        assert_false(is_right(i, &other));
        drop(&one);
        drop(&other);
    }
}

/* One sign, one element, half precision, what is no number. */
TEST(test_what_is_wrong_is_found)
{
    for (size_t i = 0; wi_answer_kernel(i); i++) {
        struct answer answer = answer_of(i, 5);
        float most = 0;
        size_t at = 0;
        for (size_t j = 0; j < ROOM; j++)
            if (fabsf(answer.values[j]) > most)
                most = fabsf(answer.values[at = j]);
        const float right = answer.values[at];
        const float wrong[] = {-right, right * 1.001f, right + most / 1000, 0, NAN, INFINITY};
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
            answer.values[at] = wrong[j];
            if (is_right(i, &answer))
                fail_msg("%s: %g in the place of %g", wi_answer_kernel(i)->name, (double)wrong[j],
                    (double)right);
        }
        drop(&answer);
    }
}
