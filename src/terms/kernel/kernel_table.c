/* The kernels by name; see kernel.h. */
#include "terms/kernel/kernel.h"

#include "base/text.h"
#include <string.h>

#define ROW(member, kind, least, most, text)                                                       \
    WI_PARAM(wi_kernel_options, member, kind, .min = (least), .max = (most), .help = (text))
#define OPTIONS(...) .options = ((const struct wi_param[]){__VA_ARGS__, WI_PARAM_END})
#define NO_OPTIONS .options = ((const struct wi_param[]){WI_PARAM_END})

static const char *const operations[] = {"sum", "mean", "max", "min", NULL};

#define EXTENTS(...) .extents = ((const struct wi_kernel_extent[]){__VA_ARGS__, {0}})

const struct wi_kernel_options wi_kernel_defaults = {
    .epsilon = 1e-5, .rate = 1, .factor = 1.0 / 255, .height = 224, .width = 224, .hop = 160};

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
            WI_PARAM(wi_kernel_options, seed, STRING, .required = 1, .min = 16, .max = 16)),
        EXTENTS({"n", "n", 0, 0})},
    {"gelu", "y = x · Φ(x), via the error function.", {{"x", "*"}}, {"y", "*"}, NO_OPTIONS},
    {"layer_norm", "y = (x - mean) / √(variance + epsilon) · scale + bias, over n.",
        {{"x", "*,n"}, {"scale", "n"}, {"bias", "n"}}, {"y", "*,n"},
        OPTIONS(ROW(epsilon, NUMBER, 1e-12, 1, "0.00001 by default."))},
    {"matmul", "c = a · b. Sums are computed in FP32, even for FP16 tensors.",
        {{"a", "*,m,k"}, {"b", "*,k,n"}}, {"c", "*,m,n"}, NO_OPTIONS, .halves = 1},
    {"mel_spectrogram",
        "The input of speech models such as Whisper: the mel spectrogram of an audio signal. A "
        "window is centred at each multiple of hop; beyond the signal's ends, its samples are "
        "reflected. p is the power of each bin, multiplied by filters and summed over bins. l is "
        "the log10 of the larger of 1e-10 and p, and L is the largest l. y = (the larger of l and "
        "L - 8) / 4 + 1.",
        {{"samples", "*,t"}, {"window", "n"}, {"filters", "mels,bins"}}, {"y", "*,mels,frames"},
        OPTIONS(ROW(hop, INTEGER, 1, 65536,
            "The number of samples from one window to the next; 160 by default.")),
        EXTENTS({"t", NULL, 0, 16000}, {"n", NULL, 2048, 400}, {"bins", NULL, 2048, 201},
            {"mels", NULL, 0, 80}, {"frames", "t/hop", 0, 0})},
    {"multiply", "c = a · b, element by element.", {{"a", "*"}, {"b", "*"}}, {"c", "*"},
        NO_OPTIONS},
    {"multiply_add", "d = a · b + c, element by element.", {{"a", "*"}, {"b", "*"}, {"c", "*"}},
        {"d", "*"}, NO_OPTIONS},
    {"reduce", "y = the sum, mean, maximum or minimum over n.", {{"x", "*,n"}}, {"y", "*"},
        OPTIONS(WI_PARAM(
            wi_kernel_options, operation, ENUM, .names = operations, .help = "sum by default."))},
    {"relu", "y = x where x is positive, else 0.", {{"x", "*"}}, {"y", "*"}, NO_OPTIONS},
    {"resize_normalise",
        "Scales a picture to a different size, with bilinear interpolation between the centres of "
        "pixels. Then y = (x · factor - mean) / deviation for each channel of c. The channels are "
        "the last dimension of x, and come before height and width in y.",
        {{"x", "*,h,w,c"}, {"mean", "c"}, {"deviation", "c"}}, {"y", "*,c,height,width"},
        OPTIONS(ROW(factor, NUMBER, -1e6, 1e6, "1 / 255 by default."),
            ROW(height, INTEGER, 1, 16384, "224 by default."),
            ROW(width, INTEGER, 1, 16384, "224 by default.")),
        EXTENTS({"h", NULL, 32768, 256}, {"w", NULL, 32768, 256}, {"c", NULL, 0, 3},
            {"height", "height", 0, 0}, {"width", "width", 0, 0})},
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
