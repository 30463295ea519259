/* The kernels by name; see kernel.h. */
#include "terms/kernel/kernel.h"

#include "base/text.h"
#include <string.h>

#define ROW(member, kind, least, most, text)                                                       \
    WI_PARAM(wi_kernel_options, member, kind, .min = (least), .max = (most), .help = (text))
#define OPTIONS(...) .options = ((const struct wi_param[]){__VA_ARGS__, WI_PARAM_END})
#define NO_OPTIONS .options = ((const struct wi_param[]){WI_PARAM_END})

static const char *const operations[] = {"sum", "mean", "max", "min", NULL};

const struct wi_kernel_options wi_kernel_defaults = {.epsilon = 1e-5, .rate = 1};

const struct wi_kernel wi_kernels[] = {
    {"add", "c = a + b.", {{"a", "*"}, {"b", "*"}}, {"c", "*"}, NO_OPTIONS},
    {"attention",
        "y = softmax(q · kᵀ · scale) · v. The matrix of scores is never stored as a whole.",
        {{"q", "*,m,d"}, {"k", "*,n,d"}, {"v", "*,n,e"}}, {"y", "*,m,e"},
        OPTIONS(
            ROW(causal, BOOL, 0, 0, "Whether query i of m uses only the first i + 1 + n - m keys."),
            ROW(scale, NUMBER, 0, 1e6, "0, the default, means 1 / √d."))},
    {"challenge", NULL, {{0}}, {"c", "n,n"},
        OPTIONS(WI_PARAM(wi_kernel_options, n, INTEGER, .required = 1, .min = 1, .max = 1024),
            WI_PARAM(wi_kernel_options, seed, STRING, .required = 1, .min = 16, .max = 16))},
    {"gelu", "y = x · Φ(x), via the error function.", {{"x", "*"}}, {"y", "*"}, NO_OPTIONS},
    {"layer_norm", "y = (x - mean) / √(variance + epsilon) · scale + bias, over n.",
        {{"x", "*,n"}, {"scale", "n"}, {"bias", "n"}}, {"y", "*,n"},
        OPTIONS(ROW(epsilon, NUMBER, 1e-12, 1, "0.00001 by default."))},
    {"matmul", "c = a · b. Sums are computed in FP32, even for FP16 tensors.",
        {{"a", "*,m,k"}, {"b", "*,k,n"}}, {"c", "*,m,n"}, NO_OPTIONS, .halves = 1},
    {"multiply", "c = a · b, element by element.", {{"a", "*"}, {"b", "*"}}, {"c", "*"},
        NO_OPTIONS},
    {"multiply_add", "d = a · b + c, element by element.", {{"a", "*"}, {"b", "*"}, {"c", "*"}},
        {"d", "*"}, NO_OPTIONS},
    {"reduce", "y = the sum, mean, maximum or minimum over n.", {{"x", "*,n"}}, {"y", "*"},
        OPTIONS(WI_PARAM(
            wi_kernel_options, operation, ENUM, .names = operations, .help = "sum by default."))},
    {"relu", "y = x where x is positive, else 0.", {{"x", "*"}}, {"y", "*"}, NO_OPTIONS},
    {"silu", "y = x / (1 + e^-x).", {{"x", "*"}}, {"y", "*"}, NO_OPTIONS},
    {"softmax", "y = e^x / Σ e^x, over n.", {{"x", "*,n"}}, {"y", "*,n"}, NO_OPTIONS},
    {"som_distance",
        "The squared distance of each point of data from each unit of a self-organising map.",
        {{"data", "n,d"}, {"weights", "u,d"}}, {"distances", "n,u"}, NO_OPTIONS},
    {"som_update", "updated = weights + rate · Σ influence · (data - weights). The sum is over n.",
        {{"weights", "u,d"}, {"data", "n,d"}, {"influence", "n,u"}}, {"updated", "u,d"},
        OPTIONS(ROW(rate, NUMBER, -1e6, 1e6, "1 by default."))},
    {"transpose", "y = x with m and n exchanged.", {{"x", "*,m,n"}}, {"y", "*,n,m"}, NO_OPTIONS},
    {0},
};

const struct wi_kernel *wi_kernel_find(const char *name)
{
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++)
        if (strcmp(kernel->name, name) == 0)
            return kernel;
    return NULL;
}

void wi_kernel_names(char *text, size_t size)
{
    *text = '\0';
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++)
        if (!wi_kernel_is_ours(kernel))
            wi_text_list_add(text, size, kernel->name);
}
