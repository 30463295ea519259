/* Tensors and options held against a row of the table; see kernel.h. */
#include "terms/kernel/kernel.h"

#include "base/memory.h"
#include "terms/tensor/draw.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIZES_MAX 10 /* more than any row of the table names */

/* The sizes of a kernel's dimensions in one run: of each name, and of the dimensions in place of
 * "*". */
struct sizes {
    struct size {
        const char *name; /* in the table's text */
        size_t length;
        int64_t value; /* negative: not known yet */
    } named[SIZES_MAX];
    unsigned count;
    int has_leading;
    unsigned leading;
    int64_t lead[WI_TENSOR_MAX_RANK];
    enum wi_datatype datatype; /* of all tensors */
};

const char *wi_kernel_shape_next(const char **shape, size_t *length)
{
    const char *name = *shape;
    if (!*name)
        return NULL;
    *length = strcspn(name, ",");
    *shape = name + *length + (name[*length] == ',');
    return name;
}

static unsigned count_names(const char *shape)
{
    unsigned count = 0;
    size_t length;
    while (wi_kernel_shape_next(&shape, &length))
        count++;
    return count;
}

/* The size of that name, or a new one without a value. */
static struct size *sizes_get(struct sizes *sizes, const char *name, size_t length)
{
    for (unsigned i = 0; i < sizes->count; i++)
        if (sizes->named[i].length == length && memcmp(sizes->named[i].name, name, length) == 0)
            return &sizes->named[i];
    assert(sizes->count < SIZES_MAX);
    sizes->named[sizes->count] = (struct size){name, length, -1};
    return &sizes->named[sizes->count++];
}

/* Takes the sizes of a tensor of that shape into `sizes`; whether they fit those that are there. */
static int sizes_bind(struct sizes *sizes, const char *shape, const struct wi_tensor *tensor)
{
    int leads = *shape == '*';
    const char *rest = !leads ? shape : shape[1] ? shape + 2 : shape + 1, *name;
    unsigned named = count_names(rest), at = tensor->rank - named;
    size_t length;
    if (tensor->rank < named || (!leads && at > 0))
        return 0;
    if (leads && !sizes->has_leading) {
        sizes->has_leading = 1;
        sizes->leading = at;
        memcpy(sizes->lead, tensor->dims, at * sizeof *tensor->dims);
    }
    if (leads &&
        (sizes->leading != at || memcmp(sizes->lead, tensor->dims, at * sizeof *tensor->dims) != 0))
        return 0;
    while ((name = wi_kernel_shape_next(&rest, &length))) {
        struct size *size = sizes_get(sizes, name, length);
        if (size->value < 0)
            size->value = tensor->dims[at];
        if (size->value != tensor->dims[at++])
            return 0;
    }
    return 1;
}

/* The dimensions of a tensor of that shape; every name in it has a size. */
static unsigned dims_of(struct sizes *sizes, const char *shape, int64_t dims[WI_TENSOR_MAX_RANK])
{
    unsigned rank = 0;
    size_t length;
    const char *name;
    while ((name = wi_kernel_shape_next(&shape, &length))) {
        if (*name != '*') {
            dims[rank++] = sizes_get(sizes, name, length)->value;
            continue;
        }
        memcpy(dims, sizes->lead, sizes->leading * sizeof *dims);
        rank = sizes->leading;
    }
    return rank;
}

/* --- inputs of ours --------------------------------------------------------------------------- */

/* How many dimensions replace "*" in all of the kernel's tensors. */
static unsigned drawn_lead(const struct wi_kernel *kernel)
{
    unsigned most = 0;
    for (const struct wi_kernel_tensor *one = kernel->inputs; one->name; one++) {
        unsigned count = count_names(one->shape) - (*one->shape == '*');
        most = count > most ? count : most;
    }
    return most < 2 ? 2 - most : 0;
}

int wi_kernel_draw(const struct wi_kernel *kernel, uint32_t seed, struct wi_tensors *inputs)
{
    struct wi_pcg32 draw = wi_draw_new(seed);
    unsigned lead = drawn_lead(kernel);
    for (const struct wi_kernel_tensor *one = kernel->inputs; one->name; one++) {
        struct wi_tensor *tensor = wi_tensors_add(inputs);
        tensor->name = wi_strdup(one->name);
        tensor->datatype = WI_FP32;
        tensor->rank = count_names(one->shape) - (*one->shape == '*');
        tensor->rank += *one->shape == '*' ? lead : 0;
        for (unsigned i = 0; i < tensor->rank; i++)
            tensor->dims[i] = WI_KERNEL_DRAWN_DIM;
        if (wi_tensor_draw(tensor, WI_KERNEL_BYTES_MAX, &draw) != 0)
            return -1;
    }
    return 0;
}

/* --- inputs ----------------------------------------------------------------------------------- */

static void list_inputs(const struct wi_kernel *kernel, char *out, size_t size)
{
    size_t used = 0;
    for (const struct wi_kernel_tensor *one = kernel->inputs; one->name && used < size; one++)
        used += (size_t)snprintf(
            out + used, size - used, "%s%s [%s]", used ? ", " : "", one->name, one->shape);
}

static enum wi_code tensor_refuse(const struct wi_kernel *kernel, const struct wi_tensor *tensor,
    size_t index, struct wi_error *error)
{
    char field[48], names[160];
    snprintf(field, sizeof field, "inputs[%zu].name", index);
    list_inputs(kernel, names, sizeof names);
    wi_error_set(error, WI_INPUT_UNKNOWN, field, "the kernel %s has no input %.128s; it has %s",
        kernel->name, tensor->name, names);
    return wi_error_expect(error, "%s, each once", names);
}

static enum wi_code no_fit(const struct wi_kernel *kernel, const struct wi_kernel_tensor *wanted,
    const struct wi_tensor *tensor, size_t index, struct wi_error *error)
{
    char field[48], found[240], all[160];
    snprintf(field, sizeof field, "inputs[%zu].shape", index);
    wi_shape_format(tensor->dims, tensor->rank, found, sizeof found);
    list_inputs(kernel, all, sizeof all);
    wi_error_set(error, WI_INPUT_SHAPE, field,
        "input %s has shape %.200s, which does not fit the others: %s takes %s", wanted->name,
        found, kernel->name, all);
    return wi_error_expect(error,
        "[%s], where equal names are equal sizes and * is any number of sizes", wanted->shape);
}

static enum wi_code no_floats(const struct wi_kernel *kernel, const struct wi_tensor *tensor,
    size_t index, struct wi_error *error)
{
    const char *wanted = kernel->halves ? "FP32 or FP16, all inputs alike" : "FP32";
    char field[48];
    snprintf(field, sizeof field, "inputs[%zu].datatype", index);
    wi_error_set(error, WI_INPUT_DATATYPE, field, "input %.128s is %s; the kernel %s takes %s",
        tensor->name, wi_datatype_name(tensor->datatype), kernel->name, wanted);
    return wi_error_expect(error, "%s", wanted);
}

/* Whether an input may have that datatype: the first one, or one after it. */
static int kernel_takes(
    const struct wi_kernel *kernel, const struct sizes *sizes, enum wi_datatype type)
{
    return sizes->datatype ? type == sizes->datatype
                           : type == WI_FP32 || (kernel->halves && type == WI_FP16);
}

/* The inputs in the table's order into `sizes`. */
static enum wi_code bind_inputs(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    struct sizes *sizes, struct wi_error *error)
{
    char names[160];
    if (!kernel->inputs->name)
        sizes->datatype = WI_FP32;
    for (const struct wi_kernel_tensor *wanted = kernel->inputs; wanted->name; wanted++) {
        const struct wi_tensor *tensor = wi_tensors_find(inputs, wanted->name);
        if (!tensor) {
            list_inputs(kernel, names, sizeof names);
            wi_error_set(error, WI_INPUT_MISSING, "inputs", "input %s is missing; %s takes %s",
                wanted->name, kernel->name, names);
            return wi_error_expect(error, "%s", names);
        }
        size_t index = (size_t)(tensor - inputs->items);
        if (!kernel_takes(kernel, sizes, tensor->datatype))
            return no_floats(kernel, tensor, index, error);
        sizes->datatype = tensor->datatype;
        if (!sizes_bind(sizes, wanted->shape, tensor))
            return no_fit(kernel, wanted, tensor, index, error);
    }
    return WI_OK;
}

static enum wi_code read_options(const struct wi_kernel *kernel, const json_t *options,
    struct wi_kernel_options *read, struct wi_error *error)
{
    return options
               ? wi_params_read(kernel->options, options, WI_PARAMS_STRICT, "options.", read, error)
               : WI_OK;
}

static int64_t option_value(const struct wi_kernel *kernel, const struct wi_kernel_options *options,
    const char *name, size_t length)
{
    const struct wi_param *row = kernel->options;
    while (strlen(row->name) != length || memcmp(row->name, name, length) != 0)
        row++;
    return *(const int64_t *)(const void *)((const char *)options + row->offset);
}

/* Adds the sizes that no input has. */
static void sizes_derive(const struct wi_kernel *kernel, struct sizes *sizes, const json_t *options)
{
    struct wi_kernel_options read = wi_kernel_defaults;
    const char *shape = kernel->output.shape, *name;
    size_t length;
    (void)read_options(kernel, options, &read, NULL);
    while ((name = wi_kernel_shape_next(&shape, &length))) {
        struct size *size = *name == '*' ? NULL : sizes_get(sizes, name, length);
        if (size && size->value < 0)
            size->value = option_value(kernel, &read, name, length);
    }
}

/* Each is one that the kernel has, and there once. */
static enum wi_code check_names(
    const struct wi_kernel *kernel, const struct wi_tensors *inputs, struct wi_error *error)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct wi_kernel_tensor *one = kernel->inputs;
        while (one->name && strcmp(one->name, inputs->items[i].name) != 0)
            one++;
        if (!one->name || wi_tensors_find(inputs, one->name) != &inputs->items[i])
            return tensor_refuse(kernel, &inputs->items[i], i, error);
    }
    return WI_OK;
}

#define ELEMENTS_MAX ((int64_t)(WI_KERNEL_BYTES_MAX / sizeof(float)))

/* Whether its dimensions without those of 0 make so few elements: the others are counted through
 * all the same. */
static int is_small(const int64_t *dims, unsigned rank)
{
    int64_t product = 1;
    for (unsigned i = 0; i < rank; i++) {
        if (dims[i] > ELEMENTS_MAX / product)
            return 0;
        product *= dims[i] > 0 ? dims[i] : 1;
    }
    return 1;
}

static enum wi_code check_bytes(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    struct sizes *sizes, struct wi_error *error)
{
    int64_t dims[WI_TENSOR_MAX_RANK];
    unsigned rank = dims_of(sizes, kernel->output.shape, dims);
    int64_t elements = wi_shape_elements(dims, rank);
    uint64_t taken = wi_tensors_bytes(inputs);
    int fits = is_small(dims, rank) && taken <= WI_KERNEL_BYTES_MAX &&
               (uint64_t)elements <= (WI_KERNEL_BYTES_MAX - taken) / sizeof(float);
    for (size_t i = 0; i < inputs->count && fits; i++)
        fits = is_small(inputs->items[i].dims, inputs->items[i].rank);
    if (fits)
        return WI_OK;
    wi_error_set(error, WI_ANSWER_TOO_LARGE, "inputs",
        "the tensors of a kernel may have %" PRIu64 " bytes together; its inputs have %" PRIu64
        " and its output %" PRId64 " elements of 4",
        WI_KERNEL_BYTES_MAX, taken, elements);
    return wi_error_expect(error, "smaller inputs");
}

enum wi_code wi_kernel_check_inputs(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, struct wi_error *error)
{
    struct sizes sizes = {0};
    enum wi_code code = check_names(kernel, inputs, error);
    if (code == WI_OK)
        code = bind_inputs(kernel, inputs, &sizes, error);
    if (code != WI_OK)
        return code;
    sizes_derive(kernel, &sizes, options);
    return check_bytes(kernel, inputs, &sizes, error);
}

enum wi_code wi_kernel_check_options(
    const struct wi_kernel *kernel, const json_t *options, struct wi_error *error)
{
    struct wi_kernel_options read = wi_kernel_defaults;
    return read_options(kernel, options, &read, error);
}

/* --- classes of sizes ------------------------------------------------------------------------- */

/* Of a size in a class: a tensor has fewer elements. */
#define SIZE_MAX_IN_CLASS ((int64_t)1 << 32)

static void sizes_name(struct sizes *sizes, const char *shape)
{
    const char *name;
    size_t length;
    while ((name = wi_kernel_shape_next(&shape, &length)))
        sizes_get(sizes, name, length);
}

/* Its sizes without values: as its inputs name them, and "*"; then those that no input has. */
static struct sizes list_sizes(const struct wi_kernel *kernel)
{
    struct sizes sizes = {0};
    for (const struct wi_kernel_tensor *one = kernel->inputs; one->name; one++)
        sizes_name(&sizes, one->shape);
    sizes_name(&sizes, kernel->output.shape);
    return sizes;
}

static int64_t class_of(int64_t size)
{
    int64_t power = size > 0 ? 1 : 0;
    while (power < size && power < SIZE_MAX_IN_CLASS)
        power *= 2;
    return power;
}

int wi_kernel_size_class(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, char text[WI_KERNEL_CLASS_SIZE])
{
    const struct sizes listed = list_sizes(kernel);
    struct sizes sizes = {0};
    struct wi_error error;
    size_t used = 0;
    *text = '\0';
    if (listed.count == 0 || bind_inputs(kernel, inputs, &sizes, &error) != WI_OK ||
        sizes.datatype != WI_FP32)
        return -1;
    sizes_derive(kernel, &sizes, options);
    for (unsigned i = 0; i < listed.count && used < WI_KERNEL_CLASS_SIZE; i++) {
        const struct size *one = &listed.named[i];
        int64_t size = *one->name == '*' ? wi_shape_elements(sizes.lead, sizes.leading)
                                         : sizes_get(&sizes, one->name, one->length)->value;
        used += (size_t)snprintf(
            text + used, WI_KERNEL_CLASS_SIZE - used, "%s%" PRId64, i ? "x" : "", class_of(size));
    }
    return used < WI_KERNEL_CLASS_SIZE ? 0 : -1;
}

/* Reads a number that a class may have; -1 for anything else. */
static int64_t read_size(const char **text)
{
    int64_t value = 0;
    const char *digit = *text;
    for (; *digit >= '0' && *digit <= '9' && digit - *text < 11; digit++)
        value = value * 10 + (*digit - '0');
    int is_one = digit > *text && (**text != '0' || digit == *text + 1) &&
                 value <= SIZE_MAX_IN_CLASS && class_of(value) == value;
    *text = digit;
    return is_one ? value : -1;
}

int wi_kernel_is_size_class(const struct wi_kernel *kernel, const char *text)
{
    unsigned count = list_sizes(kernel).count;
    for (unsigned i = 0; i < count; i++)
        if ((i > 0 && *text++ != 'x') || read_size(&text) < 0)
            return 0;
    return count > 0 && *text == '\0';
}

/* --- the answer ------------------------------------------------------------------------------- */

enum wi_code wi_kernel_check_answer(const struct wi_kernel *kernel, const struct wi_tensors *inputs,
    const json_t *options, const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_tensor *output = outputs->items;
    struct sizes sizes = {0};
    int64_t dims[WI_TENSOR_MAX_RANK];
    char shape[240];
    enum wi_code code = bind_inputs(kernel, inputs, &sizes, error);
    if (code != WI_OK)
        return code;
    sizes_derive(kernel, &sizes, options);
    unsigned rank = dims_of(&sizes, kernel->output.shape, dims);
    if (outputs->count == 1 && strcmp(output->name, kernel->output.name) == 0 &&
        output->datatype == sizes.datatype && output->rank == rank &&
        memcmp(output->dims, dims, rank * sizeof *dims) == 0)
        return WI_OK;
    wi_shape_format(dims, rank, shape, sizeof shape);
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
        "the kernel %s has one output, %s, %s %s", kernel->name, kernel->output.name,
        wi_datatype_name(sizes.datatype), shape);
}
