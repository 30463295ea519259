/* Known answers, held against the page's kernels in C: what is right passes, what is not is found.
 */
#include "../test.h"

#include "base/memory.h"
#include "kernel.h"
#include "proof/answers.h"
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

/* Takes the sizes that a shape names for the first time. */
static void add_sizes(struct kernel_call *call, const char *names[KERNEL_SIZES], size_t *count,
    const char *shape, const struct wi_tensor *tensor)
{
    unsigned named = 0, at = 0;
    for (const char *c = shape; *c; c++)
        named += *c >= 'a' && *c <= 'z';
    if (*shape == '*') {
        uint32_t lead = 1;
        while (at < tensor->rank - named)
            lead *= (uint32_t)tensor->dims[at++];
        if (*count == 0)
            names[(*count)++] = "*";
        call->size[0] = lead;
    }
    for (const char *c = shape; *c; c++) {
        size_t i = 0;
        if (*c < 'a' || *c > 'z')
            continue;
        while (i < *count && *names[i] != *c)
            i++;
        names[i] = c;
        *count = i == *count ? i + 1 : *count;
        call->size[i] = (uint32_t)tensor->dims[at++];
    }
}

static void add_options(
    struct kernel_call *call, const struct wi_kernel *kernel, const json_t *options)
{
    for (size_t i = 0; kernel->options[i].name; i++) {
        const json_t *value = json_object_get(options, kernel->options[i].name);
        const char *const *words = kernel->options[i].names;
        call->option[i] = (float)(json_is_true(value) ? 1 : json_number_value(value));
        for (int word = 0; json_is_string(value) && words[word]; word++)
            if (strcmp(words[word], json_string_value(value)) == 0)
                call->option[i] = (float)word;
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
    const char *names[KERNEL_SIZES];
    struct wi_error error;
    size_t count = 0;
    assert_int_equal(wi_kernel_check_inputs(kernel, &answer.inputs, &error), WI_OK);
    assert_int_equal(wi_kernel_check_options(kernel, options, &error), WI_OK);
    for (size_t i = 0; i < answer.inputs.count; i++) {
        call.in[i] = (const float *)(const void *)wi_tensor_bytes(&answer.inputs.items[i]);
        add_sizes(&call, names, &count, kernel->inputs[i].shape, &answer.inputs.items[i]);
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
            fail_msg("%s has no known answer: see src/proof/answers.c", kernel->name);
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
