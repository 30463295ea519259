/* Inputs: samples that are read, and what is made up; see quantizer_inputs.h. */
#include "owners/quantizer/quantizer_inputs.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/dialect.h"
#include "wire/probe.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES "samples"
/* Of a folder with more only so many are looked at. */
#define ENTRIES_MAX 1000
/* What an input may hold. */
#define INPUT_BYTES_MAX ((size_t)64 << 20)

/* What the thread has. */
struct reading {
    struct wi_inputs *inputs; /* NULL: they are gone */
    char *folder;             /* of the model */
    struct wi_strings names;
    struct wi_blob *bodies[WI_INPUTS_SAMPLES_MAX]; /* requests: JSON, and the sample behind it */
    size_t json_sizes[WI_INPUTS_SAMPLES_MAX];
    size_t count;
};

struct wi_inputs {
    struct wi_model *model;
    const struct wi_run_deps *runs;
    void (*on_ready)(void *context);
    void *context;
    struct wi_work *work;                  /* while it reads */
    struct reading *reading;               /* what it reads, or has read */
    size_t samples[WI_INPUTS_SAMPLES_MAX]; /* of what was read, those that the model takes */
    size_t count;
};

/* --- reading samples -------------------------------------------------------------------------- */

static const struct {
    const char *end;
    const char *input; /* of a request */
} sample_kinds[] = {
    {".png", "image"},
    {".jpg", "image"},
    {".jpeg", "image"},
    {".webp", "image"},
    {".wav", "audio"},
};

/* NULL for what is none. */
static const char *input_of(const char *name)
{
    for (size_t i = 0; i < sizeof sample_kinds / sizeof *sample_kinds; i++)
        if (wi_text_ends(name, sample_kinds[i].end))
            return sample_kinds[i].input;
    return NULL;
}

static int names_add(void *context, int folder, const char *name, const struct stat *status)
{
    struct wi_strings *names = context;
    if (S_ISREG(status->st_mode) && status->st_size > 0 &&
        (uint64_t)status->st_size <= WI_INPUTS_SAMPLE_BYTES && input_of(name) &&
        wi_file_path_ok(name))
        wi_strings_add(names, name);
    return names->count == ENTRIES_MAX;
}

/* As a client sends it: {"inputs": {"image": {"binary_data_size": …}}}, and the bytes. */
static void add_body(
    struct reading *reading, const char *input, const unsigned char *bytes, size_t size)
{
    char *json = wi_sprintf(
        "{\"model_name\":\"sample\",\"inputs\":{\"%s\":{\"binary_data_size\":%zu}}}", input, size);
    size_t json_size = strlen(json);
    struct wi_blob *body = wi_blob_new(NULL, json_size + size);
    wi_blob_append(body, json, json_size);
    wi_blob_append(body, bytes, size);
    reading->json_sizes[reading->count] = json_size;
    reading->bodies[reading->count++] = body;
    free(json);
}

static void read_sample(struct reading *reading, const char *name)
{
    struct stat status;
    char *path = wi_sprintf(SAMPLES "/%s", name);
    int fd = wi_open_inside(reading->folder, reading->folder, path, &status, NULL);
    if (fd >= 0 && (uint64_t)status.st_size <= WI_INPUTS_SAMPLE_BYTES) {
        size_t size = (size_t)status.st_size;
        unsigned char *bytes = wi_alloc(size + 1);
        if (wi_read_all(fd, bytes, size, 0) == (ssize_t)size)
            add_body(reading, input_of(name), bytes, size);
        free(bytes);
    }
    wi_close(fd);
    free(path);
}

static void read_samples(void *data)
{
    struct reading *reading = data;
    char *path = wi_sprintf("%s/" SAMPLES, reading->folder);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    free(path);
    if (folder < 0)
        return;
    wi_path_each(folder, names_add, &reading->names);
    wi_close(folder);
    wi_names_sort(reading->names.items, reading->names.count, sizeof *reading->names.items);
    for (size_t i = 0; i < reading->names.count && reading->count < WI_INPUTS_SAMPLES_MAX; i++)
        read_sample(reading, reading->names.items[i]);
}

static void free_reading(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++)
        wi_blob_unref(reading->bodies[i]);
    wi_strings_clear(&reading->names);
    free(reading->folder);
    free(reading);
}

/* --- asking samples --------------------------------------------------------------------------- */

/* NULL where a client would be refused. */
static struct wi_inference *ask_sample(
    const struct wi_inputs *inputs, size_t which, struct wi_model *model)
{
    const struct reading *reading = inputs->reading;
    const struct wi_dialect *native = &wi_dialect_native;
    struct wi_infer infer = {0};
    struct wi_error error;
    struct wi_inference *asked = NULL;
    if (wi_dialect_parse(native, &infer, reading->bodies[which], reading->json_sizes[which], NULL,
            &error) == WI_OK &&
        native->check(&infer, model, &inputs->runs->config->models, &error) == WI_OK) {
        wi_infer_settle(&infer, model);
        asked = infer.asked;
        infer.asked = NULL;
    }
    wi_infer_clear(&infer);
    return asked;
}

static void choose_samples(struct wi_inputs *inputs)
{
    for (size_t i = 0; i < inputs->reading->count; i++) {
        struct wi_inference *asked = ask_sample(inputs, i, inputs->model);
        if (asked)
            inputs->samples[inputs->count++] = i;
        wi_inference_release(asked);
    }
}

static void on_read(void *data, int cancelled)
{
    struct reading *reading = data;
    struct wi_inputs *inputs = reading->inputs;
    (void)cancelled; /* only where the inputs are gone */
    if (!inputs) {
        free_reading(reading);
        return;
    }
    inputs->work = NULL;
    choose_samples(inputs);
    inputs->on_ready(inputs->context);
}

/* --- what is drawn ---------------------------------------------------------------------------- */

static struct wi_inference *draw_tensors(
    struct wi_model *model, unsigned number, struct wi_error *error)
{
    const char *name;
    struct wi_inference *asked = wi_inference_new();
    asked->model = wi_model_ref(model);
    asked->type = model->type;
    if (wi_probe_draw(model, NULL, number, INPUT_BYTES_MAX, &asked->tensors, &name) == 0)
        return asked;
    wi_error_set(error, WI_NOTHING_TO_QUANTIZE, "model_name",
        "no input can be made for %.200s, so its loss cannot be measured", name);
    wi_inference_release(asked);
    return NULL;
}

/* --- the inputs ------------------------------------------------------------------------------- */

static struct wi_inference *make_up(struct wi_model *model, unsigned number, struct wi_error *error)
{
    if (!wi_formats[model->format]->does_tasks)
        return draw_tensors(model, number, error);
    struct wi_inference *asked = wi_probe_first(model, number);
    if (!asked)
        wi_error_set(error, WI_NOTHING_TO_QUANTIZE, "model_name",
            "no input represents the requests of clients, so its loss cannot be measured");
    return asked;
}

struct wi_inference *wi_inputs_make(
    const struct wi_inputs *inputs, struct wi_model *model, unsigned number, struct wi_error *error)
{
    struct wi_inference *asked =
        number < inputs->count ? ask_sample(inputs, inputs->samples[number], model) : NULL;
    return asked ? asked : make_up(model, number + 1, error);
}

size_t wi_inputs_samples(const struct wi_inputs *inputs)
{
    return inputs->count;
}

struct wi_inputs *wi_inputs_new(const struct wi_run_deps *runs, struct wi_model *model,
    void (*on_ready)(void *context), void *context)
{
    struct wi_inputs *inputs = wi_alloc(sizeof *inputs);
    inputs->model = model;
    inputs->runs = runs;
    inputs->on_ready = on_ready;
    inputs->context = context;
    inputs->reading = wi_alloc(sizeof *inputs->reading);
    inputs->reading->inputs = inputs;
    inputs->reading->folder = wi_strdup(model->folder);
    inputs->work = wi_work_start(runs->loop, read_samples, on_read, inputs->reading);
    return inputs;
}

void wi_inputs_free(struct wi_inputs *inputs)
{
    if (!inputs)
        return;
    if (inputs->work) {
        inputs->reading->inputs = NULL;
        wi_work_abandon(inputs->work);
    } else {
        free_reading(inputs->reading);
    }
    free(inputs);
}
