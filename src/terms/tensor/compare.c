/* Comparing answers; see compare.h. */
#include "terms/tensor/compare.h"

#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A real number may differ by the sum of a share of itself, a share of the largest number in its
 * tensor, and `nats`, but at least by `smallest`. */
struct margin {
    double relative, of_largest, smallest, nats;
};
/* Of tensors as a graph has them: in 32 bits or more, and in fewer. */
static const struct margin exact = {1e-3, 1e-4, 1e-6, 0}, coarse = {1e-2, 1e-3, 1e-5, 0};

/* tests/lib/oracle.mjs reads this table, so that the tests allow an accelerator exactly these
 * differences. Weights of four bits count as those of eight: accelerators may round the other
 * factor to eight bits (MatMulNBits with accuracy_level 4). */
static const struct wi_tolerance tolerances[] = {
    {"fp32", 5e-3, 0},
    {"fp16", 1e-2, 1},
    {"q8", 3e-2, 1},
    {"q4", 3e-2, 1},
};
#define FINEST 0
#define COARSEST (sizeof tolerances / sizeof *tolerances - 1)
#define DEPTH_FACTOR 2
/* By so many nats another, a logit makes its probability 5 % another; few bits by so much more. */
#define NATS 0.05
#define LOOSE 5
/* A log-probability also by so much of itself. */
#define OF_LOGPROB 0.01
/* By so much a sound may be longer than another that is the same. */
#define LONGER 0.05

/* --- by precision ----------------------------------------------------------------------------- */

/* The row of that name, or `otherwise`. */
static const struct wi_tolerance *tolerance_find(
    const char *precision, const struct wi_tolerance *otherwise)
{
    /* GGUF's names for them, and types of as few bits. */
    static const char *const same[][2] = {
        {"F32", "fp32"}, {"F16", "fp16"}, {"BF16", "fp16"}, {"bf16", "fp16"}};
    for (size_t i = 0; precision && i < sizeof same / sizeof *same; i++)
        if (strcmp(precision, same[i][0]) == 0)
            precision = same[i][1];
    for (size_t i = 0; precision && i < sizeof tolerances / sizeof *tolerances; i++)
        if (strcmp(precision, tolerances[i].precision) == 0)
            return &tolerances[i];
    return otherwise;
}

const struct wi_tolerance *wi_tolerance_of(const char *precision)
{
    return tolerance_find(precision, &tolerances[COARSEST]);
}

const struct wi_tolerance *wi_tolerance_of_graph(const char *precision)
{
    return tolerance_find(precision, &tolerances[FINEST]);
}

/* --- findings --------------------------------------------------------------------------------- */

/* Notes an error in tolerances, if it is the worst so far. */
__attribute__((format(printf, 3, 4))) static void comparison_note(
    struct wi_comparison *out, double ratio, const char *format, ...)
{
    va_list arguments;
    if (!(ratio > out->ratio))
        return;
    out->ratio = ratio;
    va_start(arguments, format);
    vsnprintf(out->detail, sizeof out->detail, format, arguments);
    va_end(arguments);
    wi_text_mend(out->detail);
}

/* A comparison that is open by its form stays so. */
static void leave_open(struct wi_comparison *out, enum wi_compare_open open, const char *why)
{
    if (out->open != WI_OPEN_FORM)
        out->open = open;
    if (!(out->ratio > 1))
        wi_text_copy(out->detail, sizeof out->detail, why);
}

/* What differs is not open. */
static void comparison_settle(struct wi_comparison *out)
{
    if (out->ratio > 1)
        out->open = WI_OPEN_NOT;
    out->same = out->ratio <= 1 && !out->open;
}

/* --- elements -------------------------------------------------------------------------------- */

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    double value;

    if (exponent == 0x1f)
        value = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction | 0x400, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

/* The upper half of a binary32. */
static double brain_value(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;

    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

/* A real element; offsets of outside make no alignment, so it is copied out. */
static double real_at(enum wi_datatype type, const unsigned char *bytes, size_t index)
{
    uint16_t bits;
    float single;
    double value;

    switch (type) {
    case WI_FP64:
        memcpy(&value, bytes + index * sizeof value, sizeof value);
        return value;
    case WI_FP32:
        memcpy(&single, bytes + index * sizeof single, sizeof single);
        return (double)single;
    default:
        memcpy(&bits, bytes + index * sizeof bits, sizeof bits);
        return type == WI_FP16 ? half_value(bits) : brain_value(bits);
    }
}

/* --- one tensor ------------------------------------------------------------------------------- */

static double largest_of(const struct wi_tensor *tensor)
{
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t count = tensor->size / wi_datatype_size(tensor->datatype);
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        double value = fabs(real_at(tensor->datatype, bytes, i));
        if (value > largest && isfinite(value))
            largest = value;
    }
    return largest;
}

/* The error of one value in tolerances. */
static double error_of(double reference, double got, double largest, const struct margin *margin)
{
    if (got == reference || (isnan(got) && isnan(reference)))
        return 0;
    if (!isfinite(got) || !isfinite(reference))
        return (double)INFINITY;
    double tolerance =
        margin->nats + margin->relative * fabs(reference) + margin->of_largest * largest;
    return fabs(got - reference) / fmax(tolerance, margin->smallest);
}

/* Both are of one type and size. Whether any of the reference is a number. */
static int compare_reals(const struct wi_tensor *reference, const struct wi_tensor *got,
    const struct margin *margin, struct wi_comparison *out)
{
    enum wi_datatype type = reference->datatype;
    const unsigned char *want = wi_tensor_bytes(reference), *have = wi_tensor_bytes(got);
    size_t count = reference->size / wi_datatype_size(type), at = 0;
    double largest = largest_of(reference), worst = 0;
    int has_number = 0;
    for (size_t i = 0; i < count; i++) {
        double value = real_at(type, want, i);
        double ratio = error_of(value, real_at(type, have, i), largest, margin);
        has_number |= !isnan(value);
        out->has_nan |= isnan(value) != 0;
        if (ratio > worst) {
            worst = ratio;
            at = i;
        }
    }
    comparison_note(out, worst, "%.80s at %zu: %.9g where WASM gives %.9g", reference->name, at,
        worst > 0 ? real_at(type, have, at) : 0, worst > 0 ? real_at(type, want, at) : 0);
    return has_number;
}

/* Where two byte strings of one size first differ; `size` if they do not. */
static size_t first_difference(const unsigned char *a, const unsigned char *b, size_t size)
{
    size_t at = 0;
    if (memcmp(a, b, size) == 0)
        return size;
    while (a[at] == b[at])
        at++;
    return at;
}

static int same_form(
    const struct wi_tensor *reference, const struct wi_tensor *got, struct wi_comparison *out)
{
    char have[80], want[80];
    if (reference->datatype != got->datatype) {
        comparison_note(out, (double)INFINITY, "%.80s is %s where WASM gives %s", reference->name,
            wi_datatype_name(got->datatype), wi_datatype_name(reference->datatype));
        return 0;
    }
    if (reference->rank != got->rank ||
        memcmp(reference->dims, got->dims, reference->rank * sizeof *got->dims) != 0) {
        wi_shape_format(got->dims, got->rank, have, sizeof have);
        wi_shape_format(reference->dims, reference->rank, want, sizeof want);
        comparison_note(out, (double)INFINITY, "%.48s has the shape %s where WASM gives %s",
            reference->name, have, want);
        return 0;
    }
    if (reference->size != got->size) /* strings only: else the shape says it */
        comparison_note(out, (double)INFINITY, "%.80s differs in its text", reference->name);
    return reference->size == got->size;
}

/* Whether it tells anything: NaN alone does not. */
static int compare_tensor(const struct wi_tensor *reference, const struct wi_tensor *got,
    const struct margin *margin, struct wi_comparison *out)
{
    enum wi_datatype type = reference->datatype;
    size_t width = wi_datatype_size(type), at;
    if (!same_form(reference, got, out) || reference->size == 0)
        return 1;
    if (wi_datatype_is_real(type)) {
        int few = margin == &exact && (type == WI_FP16 || type == WI_BF16);
        return compare_reals(reference, got, few ? &coarse : margin, out);
    }
    at = first_difference(wi_tensor_bytes(reference), wi_tensor_bytes(got), reference->size);
    if (at < reference->size)
        comparison_note(out, (double)INFINITY, "%.80s differs at %zu, and %s must be equal",
            reference->name, width ? at / width : at, wi_datatype_name(type));
    return 1;
}

/* --- a graph's answer ------------------------------------------------------------------------- */

/* The tensor of that name, NULL if there is none; its place in the list is `guess` most often. */
static const struct wi_tensor *find_tensor(
    const struct wi_tensors *list, const char *name, size_t guess)
{
    if (guess < list->count && strcmp(list->items[guess].name, name) == 0)
        return &list->items[guess];
    return wi_tensors_find(list, name);
}

static void note_missing(struct wi_comparison *out, const char *name)
{
    comparison_note(out, (double)INFINITY, "there is no output %.80s", name);
}

void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out)
{
    int told = reference->count == 0;
    *out = (struct wi_comparison){0};
    for (size_t i = 0; i < reference->count && isfinite(out->ratio); i++) {
        const struct wi_tensor *want = &reference->items[i];
        const struct wi_tensor *have = find_tensor(got, want->name, i);
        if (have)
            told |= compare_tensor(want, have, tolerance->loose ? &coarse : &exact, out);
        else
            note_missing(out, want->name);
    }
    if (!told)
        leave_open(out, WI_OPEN_NUMBERS, "all that WASM gives is NaN");
    comparison_settle(out);
}

/* --- choices ---------------------------------------------------------------------------------- */

/* The place of the largest of `count` values from `first` on, within these. */
static size_t largest_at(const struct wi_tensor *tensor, size_t first, size_t count)
{
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t at = 0;
    for (size_t i = 1; i < count; i++)
        if (real_at(tensor->datatype, bytes, first + i) >
            real_at(tensor->datatype, bytes, first + at))
            at = i;
    return at;
}

static void note_choices(
    const struct wi_tensor *reference, const struct wi_tensor *got, char *out, size_t size)
{
    struct wi_comparison form = {0};
    size_t width = wi_datatype_size(reference->datatype), rows, moved = 0;
    size_t classes = reference->rank > 0 ? (size_t)reference->dims[reference->rank - 1] : 0;
    if (!wi_datatype_is_real(reference->datatype) || reference->rank > 2 || classes < 2 ||
        !same_form(reference, got, &form))
        return;
    rows = reference->size / width / classes;
    for (size_t row = 0; row < rows; row++)
        if (largest_at(reference, row * classes, classes) !=
            largest_at(got, row * classes, classes))
            moved++;
    if (moved > 0 && rows == 1)
        snprintf(out, size, "%.80s: %zu is the largest, not %zu", reference->name,
            largest_at(got, 0, classes), largest_at(reference, 0, classes));
    else if (moved > 0)
        snprintf(out, size, "%.80s: another one is the largest in %zu of %zu rows", reference->name,
            moved, rows);
    wi_text_mend(out);
}

void wi_compare_choices(
    const struct wi_tensors *reference, const struct wi_tensors *got, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < reference->count && !*out; i++) {
        const struct wi_tensor *have = find_tensor(got, reference->items[i].name, i);
        if (have)
            note_choices(&reference->items[i], have, out, size);
    }
}

/* --- generated text --------------------------------------------------------------------------- */

struct written {
    const struct wi_tensor *tokens, *likely; /* NULL: there is none */
    size_t count;
};

/* 0, or -1 if the two are not of that form. Where neither is there nothing was written. */
static int find_written(struct written *written, const struct wi_tensors *list)
{
    const struct wi_tensor *tokens = wi_tensors_find(list, "tokens");
    const struct wi_tensor *likely = wi_tensors_find(list, "likely");
    *written = (struct written){.tokens = tokens, .likely = likely};
    if (!tokens && !likely)
        return 0;
    if (!tokens || !likely || tokens->datatype != WI_INT32 || likely->datatype != WI_FP32)
        return -1;
    written->count = tokens->size / sizeof(int32_t);
    return likely->size == written->count * WI_COMPARE_LIKELY * sizeof(float) ? 0 : -1;
}

static int32_t token_at(const struct written *written, size_t at)
{
    int32_t token;
    memcpy(&token, wi_tensor_bytes(written->tokens) + at * sizeof token, sizeof token);
    return token;
}

/* Another token, or the end, is accepted there only if it is about as likely. `open`: the result if
 * a rule has chosen the token. */
static void compare_parting(const struct written *written, size_t at, const struct margin *margin,
    enum wi_compare_open open, struct wi_comparison *out)
{
    const unsigned char *row =
        wi_tensor_bytes(written->likely) + at * WI_COMPARE_LIKELY * sizeof(float);
    double chosen = real_at(WI_FP32, row, 0), next = real_at(WI_FP32, row, 1);
    if (!(chosen >= next)) /* a rule chose a token that is not the likeliest */
        leave_open(out, open, "the texts part where it is not the likeliest that comes");
    else
        comparison_note(out, error_of(chosen, next, 0, margin) / 2,
            "the texts part at token %zu, which has %.5g, and the next likely %.5g", at, chosen,
            next);
}

static void compare_written(
    const struct written *wanted, const struct written *had, int loose, struct wi_comparison *out)
{
    const double more = loose ? LOOSE : 1;
    const struct margin margin = {more * OF_LOGPROB, 0, 0, more * NATS};
    size_t least = wanted->count < had->count ? wanted->count : had->count, same = 0;
    while (same < least && token_at(wanted, same) == token_at(had, same))
        same++;
    if (least > 0) {
        /* Where they part, both have read the same. */
        struct wi_tensor want = *wanted->likely, have = *had->likely;
        want.size = have.size =
            (same < least ? same + 1 : least) * WI_COMPARE_LIKELY * sizeof(float);
        (void)compare_reals(&want, &have, &margin, out);
    }
    if (same < least || wanted->count > had->count)
        compare_parting(wanted, same, &margin, WI_OPEN_NUMBERS, out);
    else if (had->count > wanted->count)
        compare_parting(had, same, &margin, WI_OPEN_FORM, out);
}

/* Whether it tells anything. */
static int compare_texts(const struct wi_tensors *reference, const struct wi_tensors *got,
    int loose, struct wi_comparison *out)
{
    struct written wanted, had;
    if (find_written(&wanted, reference) != 0)
        leave_open(out, WI_OPEN_NUMBERS, "the tokens of WASM cannot be read");
    else if (wanted.count == 0)
        return 0;
    else if (find_written(&had, got) != 0)
        comparison_note(out, (double)INFINITY, "the tokens cannot be read");
    else
        compare_written(&wanted, &had, loose, out);
    return 1;
}

/* --- outputs of a task's graphs --------------------------------------------------------------- */

static int is_longer(const struct wi_tensor *reference, const struct wi_tensor *got)
{
    double wanted = (double)reference->size, had = (double)got->size;
    return reference->datatype == got->datatype && wanted != had &&
           fabs(had - wanted) <= LONGER * wanted;
}

static struct margin margin_of(const char *name, const struct wi_tolerance *tolerance)
{
    double nats = !strstr(name, "logits") ? 0 : tolerance->loose ? LOOSE * NATS : NATS;
    return (struct margin){0, DEPTH_FACTOR * tolerance->of_largest, exact.smallest, nats};
}

/* Whether it says anything. */
static int compare_output(const struct wi_tensor *reference, const struct wi_tensor *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out)
{
    const struct margin margin = margin_of(reference->name, tolerance);
    if (is_longer(reference, got)) {
        leave_open(out, WI_OPEN_NUMBERS, "one is a little longer than the other");
        return 1;
    }
    int tells = compare_tensor(reference, got, &margin, out);
    return tells && (!wi_datatype_is_real(reference->datatype) || largest_of(reference) > 0);
}

static int is_of_text(const char *name)
{
    return strcmp(name, "tokens") == 0 || strcmp(name, "likely") == 0;
}

void wi_compare_raw(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out)
{
    int told = 0;
    *out = (struct wi_comparison){0};
    for (size_t i = 0; i < reference->count; i++) {
        const struct wi_tensor *want = &reference->items[i];
        const struct wi_tensor *have = find_tensor(got, want->name, i);
        if (is_of_text(want->name))
            continue;
        if (have)
            told |= compare_output(want, have, tolerance, out);
        else
            note_missing(out, want->name);
    }
    told |= compare_texts(reference, got, tolerance->loose, out);
    if (!told)
        leave_open(out, WI_OPEN_NUMBERS, "there is nothing to compare");
    comparison_settle(out);
}
