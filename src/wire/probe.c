/* Inputs of the service, by the inputs of a task; see probe.h. */
#include "wire/probe.h"

#include "base/memory.h"
#include "terms/task/task_table.h"
#include "terms/tensor/draw.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* About 60 tokens in most vocabularies, enough to measure reading, and some to measure writing. */
static const char prompt[] =
    "The river comes down from the hills in the north, turns round the old town, and goes on "
    "through wide green fields to the sea. In spring it carries the snow of the mountains; in "
    "autumn it is low, and children walk across it on the stones. Tell how the river";
#define PROMPT_TOKENS 60.0
#define ANSWER_TOKENS 16
/* A question about one sentence, because it may not be cut. */
#define QUESTION_TOKENS 36.0

static uint32_t draw_number(void)
{
    uint32_t number = 0;

    uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
    return number;
}

/* A word of it; `*length` is the number of its bytes. */
static const char *draw_word(struct wi_pcg32 *draw, size_t *length)
{
    size_t at = wi_pcg32_next(draw) % (sizeof prompt - 1);

    while (at > 0 && prompt[at - 1] != ' ')
        at--;
    *length = strcspn(prompt + at, " ");
    return prompt + at;
}

/* Its words, drawn to this many bytes in an unpredictable order. */
static char *mix_prompt(size_t bytes)
{
    struct wi_buffer text = {0};
    struct wi_pcg32 draw = wi_draw_new(draw_number());

    wi_buffer_printf(&text, "%u.", draw_number());
    while (text.size < bytes) {
        size_t length;
        const char *word = draw_word(&draw, &length);
        wi_buffer_puts(&text, " ");
        wi_buffer_add(&text, word, length);
    }
    return text.text;
}

#define WI_PROBE_SOUND_RATE 16000

#define SIDE 96
#define ROW_BYTES (1 + 3 * SIDE) /* which filter, and three colours */
#define PIXEL_BYTES (SIDE * ROW_BYTES)
#define SOUND_SECONDS 2
#define TURN (2 * 3.14159265358979)
/* The size of a free dimension that most graphs take. */
#define FREE_DIM 1

/* --- the picture ------------------------------------------------------------------------------ */

/* From 0 to `below` - 1, different for each seed and place; 0 for the seed 0. */
static int seed_vary(uint32_t seed, uint32_t place, int below)
{
    uint32_t mixed = seed * 2654435761u ^ place * 2246822519u;
    mixed ^= mixed >> 15;
    mixed *= 3266489917u;
    return seed == 0 ? 0 : (int)((mixed >> 8) % (unsigned)below);
}

static int in_disc(int x, int y, uint32_t seed)
{
    x -= 32 + seed_vary(seed, 1, 40);
    y -= 36 + seed_vary(seed, 2, 40);
    int radius = 20 - seed_vary(seed, 3, 14);
    return x * x + y * y < radius * radius;
}

static int in_square(int x, int y, uint32_t seed)
{
    int left = 56 - seed_vary(seed, 4, 50), top = 48 - seed_vary(seed, 5, 44);
    return x >= left && x < left + 30 && y >= top && y < top + 36;
}

static void pixel_paint(unsigned char rgb[3], int x, int y, uint32_t seed)
{
    const unsigned char red[3] = {(unsigned char)(214 - seed_vary(seed, 6, 150)), 48,
        (unsigned char)(36 + seed_vary(seed, 7, 150))};
    const unsigned char blue[3] = {30, (unsigned char)(60 + seed_vary(seed, 8, 180)), 170};
    const unsigned char slope[3] = {(unsigned char)(2 * x + 40 + seed_vary(seed, 9, 100)),
        (unsigned char)(200 - y), (unsigned char)(x + y)};
    memcpy(rgb, in_disc(x, y, seed) ? red : in_square(x, y, seed) ? blue : slope, 3);
}

static void paint_all(unsigned char rows[PIXEL_BYTES], uint32_t seed)
{
    for (int y = 0; y < SIDE; y++) {
        unsigned char *row = rows + (size_t)y * ROW_BYTES;
        row[0] = 0; /* no filter */
        for (int x = 0; x < SIDE; x++)
            pixel_paint(row + 1 + 3 * x, x, y, seed);
    }
}

/* --- its file (PNG, RFC 1950 and 1951) -------------------------------------------------------- */

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static uint32_t crc_of(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint32_t adler_of(const unsigned char *bytes, size_t size)
{
    uint32_t low = 1, high = 0;
    for (size_t i = 0; i < size; i++) {
        low = (low + bytes[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

/* `chunk`: four letters and the data. */
static void append_chunk(struct wi_blob *blob, const unsigned char *chunk, size_t size)
{
    unsigned char number[4];
    put_u32(number, (uint32_t)(size - 4));
    wi_blob_append(blob, number, sizeof number);
    wi_blob_append(blob, chunk, size);
    put_u32(number, crc_of(chunk, size));
    wi_blob_append(blob, number, sizeof number);
}

/* Its pixels, as one stored block. */
static void append_pixels(struct wi_blob *blob, uint32_t seed)
{
    enum { HEAD = 4 + 2 + 5 };
    unsigned char chunk[HEAD + PIXEL_BYTES + 4] = {'I', 'D', 'A', 'T', 0x78, 0x01, 1,
        PIXEL_BYTES & 0xff, PIXEL_BYTES >> 8, ~PIXEL_BYTES & 0xff, (0xffff - PIXEL_BYTES) >> 8};
    paint_all(chunk + HEAD, seed);
    put_u32(chunk + HEAD + PIXEL_BYTES, adler_of(chunk + HEAD, PIXEL_BYTES));
    append_chunk(blob, chunk, sizeof chunk);
}

static json_t *picture_make(struct wi_inference *asked, uint32_t seed)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char head[] = {'I', 'H', 'D', 'R', 0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 2, 0, 0, 0};
    struct wi_blob *blob = wi_blob_new(NULL, PIXEL_BYTES + 128);
    wi_blob_append(blob, signature, sizeof signature);
    append_chunk(blob, head, sizeof head);
    append_pixels(blob, seed);
    append_chunk(blob, (const unsigned char *)"IEND", 4);
    wi_tensors_add_bytes(&asked->tensors, "image", blob, 0, blob->size);
    return json_pack("{s:i, s:s}", "tensor", 0, "media_type", "image/png");
}

/* --- the sound -------------------------------------------------------------------------------- */

/* From -1 to 1, at this many seconds from its beginning. */
static double sound_at(double seconds, uint32_t seed)
{
    double pace = 2.5 + 0.1 * seed_vary(seed, 1, 20), pitch = 140 + seed_vary(seed, 2, 90);
    double loudness = 0.5 - 0.5 * cos(TURN * pace * seconds); /* like syllables */
    double voice = sin(TURN * (pitch + 30 * seconds) * seconds);
    double colour = sin(TURN * (700 + seed_vary(seed, 3, 900) + 260 * seconds) * seconds);
    return loudness * (0.5 * voice + 0.3 * colour);
}

static json_t *sound_make(struct wi_inference *asked, uint32_t seed)
{
    size_t count = (size_t)SOUND_SECONDS * WI_PROBE_SOUND_RATE;
    struct wi_blob *blob = wi_blob_new(NULL, 2 * count);
    for (size_t i = 0; i < count; i++) {
        int sample = (int)(32767 * sound_at((double)i / WI_PROBE_SOUND_RATE, seed));
        const unsigned char bytes[2] = {(unsigned char)((unsigned)sample & 0xff),
            (unsigned char)((unsigned)sample >> 8 & 0xff)};
        wi_blob_append(blob, bytes, sizeof bytes);
    }
    wi_tensors_add_bytes(&asked->tensors, "audio", blob, 0, blob->size);
    return json_pack("{s:i, s:s, s:i, s:i}", "tensor", 0, "media_type", "audio/pcm;format=s16le",
        "sampling_rate", WI_PROBE_SOUND_RATE, "channels", 1);
}

/* --- options ---------------------------------------------------------------------------------- */

static void options_take(
    json_t *options, const json_t *client, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *option = json_object_get(client, names[i]);
        if (option)
            json_object_set(options, names[i], option);
    }
}

static int has_option(const struct wi_inference *client, const char *name)
{
    int gguf = wi_formats[client->model->format]->gguf_options;
    return wi_params_find(wi_task_options(client->task, gguf), name) != NULL;
}

/* A model that spells what it hears has no tokens to count. */
static int client_spells(const struct wi_inference *client)
{
    return client->task == WI_TASK_SPEECH_RECOGNITION &&
           strstr(client->model->facts.huggingface.architecture, "ForCTC");
}

/* The output is short, and the same each time; the input may be longer than the model reads. Models
 * of several languages need their names, which are not private to the client. */
static json_t *options_of(const struct wi_inference *client)
{
    static const char *const languages[] = {"source_language", "target_language"};
    json_t *options = json_object();

    if (has_option(client, "temperature"))
        json_object_set_new(options, "temperature", json_integer(0));
    if (has_option(client, "max_tokens") && !client_spells(client))
        json_object_set_new(options, "max_tokens", json_integer(ANSWER_TOKENS));
    if (has_option(client, "truncate"))
        json_object_set_new(options, "truncate", json_true());
    options_take(options, client->options, languages, sizeof languages / sizeof *languages);
    if (json_object_size(options) > 0)
        return options;
    json_decref(options);
    return NULL;
}

/* The client's own, as far as they change the prompt made from its messages. */
static json_t *client_options(const struct wi_inference *client)
{
    static const char *const names[] = {"tools", "chat_template_kwargs", "context"};
    json_t *options = options_of(client);

    options_take(options, client->options, names, sizeof names / sizeof *names);
    return options;
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* Each vocabulary has its own name of the gap, which the client knows. */
static char *fill_in(const char *probe, const struct wi_inference *client, const char *text)
{
    const json_t *own = json_array_get(json_object_get(client->input, "texts"), 0);
    const char *gap = strstr(probe, "[MASK]"), *place = strstr(probe, "$TEXT");

    if (gap && json_is_string(own) && strstr(json_string_value(own), "<mask>"))
        return wi_sprintf("%.*s<mask>%s", (int)(gap - probe), probe, gap + strlen("[MASK]"));
    return place
               ? wi_sprintf("%.*s%s%s", (int)(place - probe), probe, text, place + strlen("$TEXT"))
               : wi_strdup(probe);
}

/* NULL if there is no input for it. */
static json_t *input_of(
    struct wi_inference *asked, const struct wi_inference *client, const char *text, uint32_t seed)
{
    const struct wi_task_row *row = &wi_tasks[asked->task];
    const char *probe = row->probe ? row->probe : wi_task_inputs[row->takes].probe;

    if (!probe)
        return NULL;
    char *filled = fill_in(probe, client, text);
    json_t *input = json_loads(filled, 0, NULL);
    free(filled);
    if (row->takes >= WI_TAKES_SOUND)
        json_object_set_new(input, "audio", sound_make(asked, seed));
    else if (row->takes >= WI_TAKES_PICTURE)
        json_object_set_new(input, "image", picture_make(asked, seed));
    return input;
}

/* As wi_infer_settle foresees them. */
static void answer_foresee(struct wi_inference *asked)
{
    if (wi_task_reads_text(asked->task))
        asked->prompt_tokens =
            asked->task == WI_TASK_QUESTION_ANSWERING ? QUESTION_TOKENS : PROMPT_TOKENS;
    else if (!wi_task_runs_evenly(asked->task))
        asked->prompt_tokens = 1;
    if (wi_task_generates(asked->task))
        asked->answer_tokens = ANSWER_TOKENS;
}

/* A conversation is text that a model continues; for a vision model its reading of a picture is
 * compared as well. */
static enum wi_task_kind task_for(const struct wi_inference *client)
{
    if (client->task != WI_TASK_CHAT)
        return client->task;
    return wi_task_list_has(&client->model->facts.tasks, WI_TASK_VISUAL_QUESTION)
               ? WI_TASK_VISUAL_QUESTION
               : WI_TASK_COMPLETE;
}

/* `text` is taken over. */
static struct wi_inference *client_ask(const struct wi_inference *client, char *text, uint32_t seed)
{
    struct wi_inference *asked = wi_inference_new();

    asked->model = wi_model_ref(client->model);
    asked->type = client->type;
    asked->has_type = client->has_type;
    asked->precision = wi_strdup(client->precision);
    asked->task = task_for(client);
    asked->input = input_of(asked, client, text, seed);
    free(text);
    if (!asked->input) {
        wi_inference_release(asked);
        return NULL;
    }
    asked->options = options_of(client);
    answer_foresee(asked);
    return asked;
}

struct wi_inference *wi_probe_ask(const struct wi_inference *client, uint32_t seed)
{
    /* Its beginning differs each time: computing a cached beginning again would measure nothing. */
    char *text =
        seed == 0 ? wi_sprintf("%u. %s", draw_number(), prompt) : mix_prompt(sizeof prompt - 1);
    return client_ask(client, text, seed);
}

/* The sentences from a later place on, followed by those before it. */
static char *turn_prompt(uint32_t seed)
{
    size_t place = (size_t)seed_vary(seed, 1, (int)sizeof prompt - 1);

    while (place > 0 && prompt[place - 1] != ' ')
        place--;
    return wi_sprintf("%u. %s %.*s", seed, prompt + place, (int)place, prompt);
}

/* An input of ours for a task of that model; NULL for a task without one. */
static struct wi_inference *vary_task(struct wi_model *model, enum wi_task_kind task, uint32_t seed)
{
    struct wi_inference *client = wi_inference_new();

    client->model = wi_model_ref(model);
    client->type = model->type;
    client->task = task;
    struct wi_inference *asked = client_ask(client, turn_prompt(seed), seed);
    wi_inference_release(client);
    return asked;
}

static int draw_value(const struct wi_onnx_value *value, size_t most, struct wi_pcg32 *draw,
    struct wi_tensors *inputs)
{
    struct wi_tensor *tensor = wi_tensors_add(inputs);

    tensor->name = wi_strdup(value->name);
    tensor->datatype = value->datatype;
    tensor->rank = value->has_shape ? value->rank : 1;
    for (unsigned d = 0; d < tensor->rank; d++)
        tensor->dims[d] = value->has_shape && value->dims[d] >= 0 ? value->dims[d] : FREE_DIM;
    return value->tensor && value->has_datatype ? wi_tensor_draw(tensor, most, draw) : -1;
}

static int draw_like(
    const struct wi_tensor *like, size_t most, struct wi_pcg32 *draw, struct wi_tensors *inputs)
{
    const struct wi_tensors one = {(struct wi_tensor *)like, 1};

    if (wi_tensor_is_small(like)) {
        wi_tensors_share(inputs, &one);
        return 0;
    }
    struct wi_tensor *tensor = wi_tensors_add(inputs);
    tensor->name = wi_strdup(like->name);
    tensor->datatype = like->datatype;
    tensor->rank = like->rank;
    memcpy(tensor->dims, like->dims, sizeof tensor->dims);
    return wi_tensor_draw(tensor, most, draw);
}

int wi_probe_draw(const struct wi_model *model, const struct wi_tensors *like, uint32_t seed,
    size_t most, struct wi_tensors *inputs, const char **name)
{
    const struct wi_onnx_signature *signature = &model->facts.signature;
    struct wi_pcg32 draw = wi_draw_new(seed);

    for (size_t i = 0; i < (like ? like->count : signature->input_count); i++) {
        *name = like ? like->items[i].name : signature->inputs[i].name;
        if (like ? draw_like(&like->items[i], most, &draw, inputs)
                 : draw_value(&signature->inputs[i], most, &draw, inputs))
            return -1;
    }
    return 0;
}

/* Clears the signs of a drawn tensor, which is not shared. */
static void drop_signs(struct wi_tensor *tensor)
{
    const enum wi_datatype type = tensor->datatype;
    const size_t size = wi_datatype_size(type);

    if (!wi_datatype_is_real(type) ||
        (type == WI_FP16 && tensor->size / size > WI_PROBE_HALVES_MAX))
        return;
    for (size_t at = 0; at < tensor->size; at += size)
        tensor->blob->bytes[at + size - 1] &= 0x7f; /* little-endian */
}

struct wi_inference *wi_probe_like(
    const struct wi_inference *client, uint32_t seed, enum wi_probe_signs signs)
{
    struct wi_inference *asked = wi_inference_again(client);
    const char *name;

    wi_tensors_clear(&asked->tensors);
    json_decref(asked->input);
    asked->input = NULL;
    if (wi_probe_draw(asked->model, client->input ? NULL : &client->tensors, seed,
            WI_PROBE_BYTES_MAX, &asked->tensors, &name) != 0) {
        wi_inference_release(asked);
        return NULL;
    }
    for (size_t i = 0; i < asked->tensors.count && signs == WI_PROBE_POSITIVE; i++)
        drop_signs(&asked->tensors.items[i]);
    return asked;
}

/* The error of a sum, in any order, is bounded by a multiple of u Σ|x| (Higham, Accuracy and
 * Stability of Numerical Algorithms, 2nd edition, 4.2). So its condition number is Σ|x| / |Σx|. If
 * all numbers go up, the sum changes by a share of Σ|x|, which shows that number; random changes up
 * and down would average out, and show about the root of the sum of x² instead. But a softmax or a
 * norm does not change when all its numbers change alike, and sums of products have factors of both
 * signs: there the numbers that go down by chance show how the answer is conditioned. */
static int nudge_goes_up(struct wi_pcg32 *draw)
{
    return wi_pcg32_next(draw) >> 29 != 0; /* seven of eight */
}

/* Moves a number by one step: its bits are an integer, and a step is one unit above the last
 * `moved` bits. */
static void nudge_bits(unsigned char *at, size_t size, int moved, struct wi_pcg32 *draw)
{
    const uint64_t sign = UINT64_C(1) << (8 * size - 1), step = UINT64_C(1) << moved;
    uint64_t bits = 0;

    memcpy(&bits, at, size); /* little-endian */
    if (nudge_goes_up(draw) == !(bits & sign))
        bits += step;
    else if ((bits & (sign - 1)) > step) /* not beyond zero */
        bits -= step;
    memcpy(at, &bits, size);
}

/* The number of last bits of a real number's fraction that are below the step; -1: it is not
 * moved. */
static int nudged_bits(enum wi_datatype type)
{
    return type == WI_FP64 ? 52 - 15 : type == WI_FP32 ? 23 - 15 : type == WI_FP16 ? 0 : -1;
}

/* 1 if there were numbers to move, 0 if not, and -1 if there was no memory. */
static int nudge_tensor(struct wi_tensor *tensor, struct wi_pcg32 *draw)
{
    const size_t size = wi_datatype_size(tensor->datatype);
    const int moved = nudged_bits(tensor->datatype);

    if (moved < 0 || tensor->size == 0)
        return 0;
    struct wi_blob *blob = wi_blob_new(NULL, tensor->size);
    if (!blob)
        return -1;
    wi_blob_append(blob, wi_tensor_bytes(tensor), tensor->size);
    for (size_t at = 0; at < tensor->size; at += size)
        nudge_bits(blob->bytes + at, size, moved, draw);
    wi_blob_unref(tensor->blob);
    tensor->blob = blob;
    tensor->offset = 0;
    return 1;
}

struct wi_inference *wi_probe_nudge(const struct wi_inference *asked, uint32_t seed)
{
    struct wi_inference *nudged = wi_inference_again(asked);
    struct wi_pcg32 draw = wi_draw_new(seed);
    int moved = 0, failed = asked->input != NULL;

    for (size_t i = 0; i < nudged->tensors.count && !failed; i++) {
        int result = nudge_tensor(&nudged->tensors.items[i], &draw);
        failed = result < 0;
        moved |= result > 0;
    }
    if (moved && !failed)
        return nudged;
    wi_inference_release(nudged);
    return NULL;
}

struct wi_inference *wi_probe_first(struct wi_model *model, uint32_t seed)
{
    const struct wi_task_list *tasks = &model->facts.tasks;
    struct wi_inference *made = NULL;

    for (size_t i = 0; i < tasks->count && !made; i++)
        made = vary_task(model, tasks->items[i], seed);
    return made;
}

static struct wi_inference *draw_usual(struct wi_model *model, uint32_t seed)
{
    struct wi_inference *asked = wi_inference_new();
    const char *name;

    asked->model = wi_model_ref(model);
    asked->type = model->type;
    if (wi_probe_draw(model, NULL, seed, WI_PROBE_BYTES_MAX, &asked->tensors, &name) == 0)
        return asked;
    wi_inference_release(asked);
    return NULL;
}

struct wi_inference *wi_probe_usual(struct wi_model *model, enum wi_task_kind task, uint32_t seed)
{
    enum wi_task_kind usual =
        model->type == WI_TYPE_TEXT_EMBEDDING ? WI_TASK_EMBED : WI_TASK_COMPLETE;

    if (!wi_formats[model->format]->does_tasks)
        return draw_usual(model, seed);
    if (task != WI_TASK_NONE)
        return vary_task(model, task, seed);
    return model->facts.tasks.count > 0 ? wi_probe_first(model, seed)
                                        : vary_task(model, usual, seed);
}

struct wi_inference *wi_probe_ask_client(const struct wi_inference *client)
{
    if (!wi_formats[client->model->format]->gguf_options || !wi_task_samples(client->task) ||
        client->prompt_tokens > WI_PROBE_PROMPT_TOKENS)
        return NULL;
    struct wi_inference *asked = wi_inference_again(client);
    json_decref(asked->options);
    asked->options = client_options(client);
    wi_strings_clear(&asked->outputs);
    asked->answer_tokens = ANSWER_TOKENS;
    return asked;
}

struct wi_inference *wi_probe_ask_long(const struct wi_inference *client, double tokens)
{
    double most = fmin(tokens, WI_PROBE_PROMPT_TOKENS);

    if (!wi_task_samples(client->task))
        return NULL;
    struct wi_inference *asked =
        client_ask(client, mix_prompt((size_t)(most * (sizeof prompt - 1) / PROMPT_TOKENS)), 0);
    if (asked)
        asked->prompt_tokens = fmax(most, 1);
    return asked;
}
