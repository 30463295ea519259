/* Inputs of tasks other than those of language models: their forms, files, and options. */
#include "../asked.h"
#include "reading.h"

#include "wire/media.h"
#include "wire/text.h"
#include <stdlib.h>

/* What errors say is expected. */
#define PAIRS                                                                                      \
    "a string, a list of strings, {\"text\", \"text_pair\"} or {\"pairs\": [[string, string]]}"
#define PARTS                                                                                      \
    "{\"type\": \"text\", \"text\": string}, or {\"type\": \"image_url\", \"image_url\": "         \
    "{\"url\": \"data:image/png;base64,…\"}}"
#define PICTURES "PNG, JPEG or WebP in base64, or a data URI such as \"data:image/png;base64,…\""
#define SOUNDS                                                                                     \
    "a WAV, FLAC, MP3, Ogg, WebM or MP4 file, or raw samples with sampling_rate and format"

static struct wi_model model = {
    .name = (char *)"m", .engine = WI_ENGINE_PIPELINE, .format = WI_FORMAT_HUGGINGFACE};

static enum wi_code check(
    struct wi_infer *infer, const char *inputs, const char *more, struct wi_error *error)
{
    char *body = wi_sprintf("{\"model_name\":\"m\",\"platform\":\"simulated\",\"inputs\":%s%s%s}",
        inputs, *more ? "," : "", more);
    enum wi_code code = parse(&wi_dialect_native, infer, body, error);
    if (code == WI_OK)
        code = wi_dialect_native.check(infer, &model, &limits, error);
    free(body);
    return code;
}

static void settles(const char *inputs, const char *more, const char *task, const char *input)
{
    struct wi_infer infer;
    struct wi_error error;
    if (check(&infer, inputs, more, &error) != WI_OK)
        fail_msg("%s: %s: %s", inputs, error.field, error.detail);
    wi_text_settle(&infer, &model);
    assert_string_equal(wi_task_name(infer.asked->task), task);
    char *got = json_dumps(infer.asked->input, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(got, input);
    free(got);
    wi_infer_clear(&infer);
}

static void refuses(const char *inputs, const char *more, enum wi_code code, const char *field,
    const char *expected)
{
    struct wi_infer infer;
    struct wi_error error;
    enum wi_code got = check(&infer, inputs, more, &error);
    if (got != code || strcmp(error.field, field) != 0)
        fail_msg("%s %s: %s, field \"%s\": %s", inputs, more, wi_code_name(got), error.field,
            error.detail);
    assert_string_equal(error.expected, expected);
    wi_infer_clear(&infer);
}

/* A picture of one pixel, and a WAV file of two samples. */
#define PNG                                                                                        \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg" \
    "gg=="
#define WAV "UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQQAAAAAAAAA"
#define IMAGE "{\"image\":\"" PNG "\"}"
#define AUDIO "{\"audio\":\"" WAV "\"}"
#define FILE_OF(name, type) "\"" name "\":{\"media_type\":\"" type "\",\"tensor\":0}"

TEST(test_text)
{
    settles("{\"text\":\"a\",\"text_pair\":\"b\"}", "", "text-classification",
        "{\"pairs\":[[\"a\",\"b\"]]}");
    settles("{\"pairs\":[[\"a\",\"b\"],[\"c\",\"d\"]]}", "", "text-classification",
        "{\"pairs\":[[\"a\",\"b\"],[\"c\",\"d\"]]}");
    settles("{\"question\":\"q\",\"context\":\"c\"}", "", "question-answering",
        "{\"context\":\"c\",\"question\":\"q\"}");
    settles("{\"text\":\"a\",\"labels\":[\"x\",\"y\"]}", "", "zero-shot-classification",
        "{\"labels\":[\"x\",\"y\"],\"texts\":[\"a\"]}");
    settles("{\"texts\":[\"a\",\"b\"],\"labels\":[\"x\"]}", "", "zero-shot-classification",
        "{\"labels\":[\"x\"],\"texts\":[\"a\",\"b\"]}");
    settles("\"a\"", "\"task\":\"fill-mask\"", "fill-mask", "{\"texts\":[\"a\"]}");
    settles("\"a\"", "\"task\":\"translation\"", "translation", "{\"prompt\":\"a\"}");
    settles(
        "{\"text\":\"a\"}", "\"task\":\"text-to-speech\"", "text-to-speech", "{\"text\":\"a\"}");
    settles("\"a\"", "\"task\":\"feature-extraction\"", "embed", "{\"texts\":[\"a\"]}");
    settles("\"a\"", "\"model_type\":\"text2text\"", "text2text-generation", "{\"prompt\":\"a\"}");
}

TEST(test_files)
{
    settles(IMAGE, "", "image-classification", "{" FILE_OF("image", "image/png") "}");
    settles("\"data:image/png;base64," PNG "\"", "\"task\":\"depth-estimation\"",
        "depth-estimation", "{" FILE_OF("image", "image/png") "}");
    settles("{\"image\":\"" PNG "\",\"labels\":[\"x\"]}", "", "zero-shot-image-classification",
        "{" FILE_OF("image", "image/png") ",\"labels\":[\"x\"]}");
    settles("{\"image\":\"" PNG "\",\"question\":\"q\"}", "", "visual-question-answering",
        "{" FILE_OF("image", "image/png") ",\"question\":\"q\"}");
    settles("{\"image\":\"" PNG "\",\"prompt\":\"p\"}", "", "image-to-text",
        "{" FILE_OF("image", "image/png") ",\"prompt\":\"p\"}");
    settles(AUDIO, "", "automatic-speech-recognition", "{" FILE_OF("audio", "audio/wav") "}");
    settles("\"data:audio/x-wav;base64," WAV "\"", "", "automatic-speech-recognition",
        "{" FILE_OF("audio", "audio/wav") "}");
    settles("{\"audio\":\"" WAV "\",\"labels\":[\"x\"]}", "", "zero-shot-audio-classification",
        "{" FILE_OF("audio", "audio/wav") ",\"labels\":[\"x\"]}");
    settles("{\"audio\":\"AAAAAAAA\",\"format\":\"s16le\",\"sampling_rate\":8000}",
        "\"task\":\"audio-classification\"", "audio-classification",
        "{\"audio\":{\"channels\":1,\"media_type\":\"audio/pcm;format=s16le\","
        "\"sampling_rate\":8000,\"tensor\":0}}");
}

/* The first of the model's own tasks that the form suits. */
TEST(test_own_tasks)
{
    wi_task_list_add(&model.facts.tasks, WI_TASK_TEXT_CLASSIFICATION);
    wi_task_list_add(&model.facts.tasks, WI_TASK_ZERO_SHOT_CLASSIFICATION);
    model.type = WI_TYPE_TEXT_EMBEDDING;
    settles("\"a\"", "", "text-classification", "{\"texts\":[\"a\"]}");
    settles("{\"text\":\"a\",\"labels\":[\"x\"]}", "", "zero-shot-classification",
        "{\"labels\":[\"x\"],\"texts\":[\"a\"]}");
    refuses("\"a\"", "\"task\":\"embed\"", WI_INPUT_INVALID, "task", "");
    refuses("{\"query\":\"a\",\"documents\":[\"b\"]}", "", WI_INPUT_INVALID, "inputs", PAIRS);
    refuses("[]", "", WI_INPUT_INVALID, "inputs", PAIRS);
    refuses(IMAGE, "", WI_INPUT_INVALID, "inputs", PAIRS);
    model.facts.tasks = (struct wi_task_list){0};
    model.type = WI_TYPE_UNKNOWN;
}

/* A message of `role` with these parts. */
#define SAYS(role, parts) "{\"role\":\"" role "\",\"content\":[" parts "]}"
#define MESSAGES(list) "{\"messages\":[" list "]}"
#define TEXT "{\"type\":\"text\",\"text\":\"t\"}"
#define SHOWN(url) "{\"type\":\"image_url\",\"image_url\":" url "}"
#define DATA "\"data:image/png;base64," PNG "\""
#define SEEN(tensor)                                                                               \
    "{\"image\":{\"media_type\":\"image/png\",\"tensor\":" tensor "},\"type\":\"image\"}"
/* The same with 1025 pixels. */
#define LARGE                                                                                      \
    "\"data:image/"                                                                                \
    "png;base64,iVBORw0KGgoAAAANSUhEUgAABAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"                     \
    "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\""

TEST(test_messages)
{
    static const struct {
        const char *inputs, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {MESSAGES(SAYS("user", SHOWN("{\"url\":\"http://x/y.png\"}"))), "[0].content[0]",
            WI_INVALID_FIELD, PARTS},
        {MESSAGES(SAYS("user", TEXT "," SHOWN("\"y.png\""))), "[0].content[1]", WI_INVALID_FIELD,
            PARTS},
        {MESSAGES(SAYS("user", SHOWN("7"))), "[0].content[0]", WI_INVALID_FIELD, PARTS},
        {MESSAGES(SAYS("user", SHOWN("{}"))), "[0].content[0].image_url.url", WI_MISSING_FIELD,
            "a value"},
        {MESSAGES(SAYS("user", SHOWN("{\"url\":" DATA ",\"size\":1}"))),
            "[0].content[0].image_url.size", WI_UNKNOWN_FIELD, ""},
        {MESSAGES(SAYS("user", "{\"type\":\"image_url\"}")), "[0].content[0].image_url",
            WI_MISSING_FIELD, "a value"},
        {MESSAGES(SAYS("user", "{\"type\":\"input_audio\"}")), "[0].content[0]", WI_INVALID_FIELD,
            PARTS},
        {MESSAGES(SAYS("user", SHOWN("\"data:text/plain,x\""))), "[0].content[0]",
            WI_PICTURE_INVALID, PICTURES},
        {MESSAGES(SAYS("user", SHOWN("\"data:image/png;base64,AAAA\""))), "[0].content[0]",
            WI_PICTURE_INVALID, PICTURES},
        {MESSAGES(SAYS("user", TEXT) "," SAYS("system", SHOWN(DATA))), "[1].content[0]",
            WI_INVALID_FIELD, "{\"type\": \"text\", \"text\": string}"},
        {MESSAGES(SAYS("user", TEXT "," SHOWN(LARGE))), "[0].content[1]", WI_PICTURE_TOO_LARGE,
            "at most 1000 pixels"},
        {MESSAGES(SAYS("user", SHOWN(DATA) "," SHOWN(LARGE) "," SHOWN(DATA))), "[0].content[1]",
            WI_PICTURE_TOO_LARGE, "at most 1000 pixels"},
    };
    refuses(MESSAGES(SAYS("user", SHOWN(DATA))), "", WI_INVALID_FIELD,
        "inputs.messages[0].content[0]",
        "{\"type\": \"text\", \"text\": string}"); /* the model takes none */
    wi_task_list_add(&model.facts.tasks, WI_TASK_VISUAL_QUESTION);
    wi_task_list_add(&model.facts.tasks, WI_TASK_CHAT);
    settles(MESSAGES(SAYS("user", TEXT "," SHOWN(DATA)) "," SAYS("assistant", TEXT) "," SAYS(
                "user", SHOWN("{\"url\":" DATA ",\"detail\":\"low\"}"))),
        "", "chat",
        "{\"messages\":[{\"content\":[{\"text\":\"t\",\"type\":\"text\"}," SEEN(
            "0") "],\"role\":\"user\"},"
                 "{\"content\":[{\"text\":\"t\",\"type\":\"text\"}],\"role\":\"assistant\"},"
                 "{\"content\":[" SEEN("1") "],\"role\":\"user\"}]}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *field = wi_sprintf("inputs.messages%s", rows[i].field);
        refuses(rows[i].inputs, "", rows[i].code, field, rows[i].expected);
        free(field);
    }
    struct wi_buffer many = {0};
    for (int i = 0; i <= WI_TEXT_PICTURES; i++)
        wi_buffer_puts(&many, i ? "," SHOWN(DATA) : SHOWN(DATA));
    char *inputs = wi_sprintf(MESSAGES(SAYS("user", "%s")), many.text);
    refuses(inputs, "", WI_INVALID_FIELD, "inputs.messages[0].content[16]",
        "at most 16 pictures in a request");
    free(inputs);
    wi_buffer_clear(&many);
    model.facts.tasks = (struct wi_task_list){0};
}

TEST(test_refusals)
{
    refuses("{\"question\":\"q\"}", "", WI_INVALID_FIELD, "inputs.context", "");
    refuses("{\"text\":\"q\",\"image\":\"x\"}", "", WI_INVALID_FIELD, "inputs",
        "{\"messages\"}, {\"query\", \"documents\"}, {\"text\", \"text_pair\"}, {\"pairs\"}, "
        "{\"question\", \"context\"}, {\"text\" or \"texts\", \"labels\"}, or {\"image\"} or "
        "{\"audio\"}, which may have \"labels\"");
    refuses("{\"labels\":[\"x\"]}", "", WI_INVALID_FIELD, "inputs.text", "");
    refuses(
        "{\"text\":\"a\",\"labels\":[7]}", "", WI_INVALID_FIELD, "inputs.labels[0]", "a string");
    refuses(
        "{\"text\":\"a\",\"labels\":[]}", "", WI_INVALID_FIELD, "inputs.labels", "1 to 2048 texts");
    refuses(
        "{\"pairs\":[[\"a\"]]}", "", WI_INVALID_FIELD, "inputs.pairs[0]", "a list of two strings");
    refuses("{\"pairs\":[[\"a\",7]]}", "", WI_INVALID_FIELD, "inputs.pairs[0]", "a string");
    refuses("{\"pairs\":{}}", "", WI_INVALID_FIELD, "inputs.pairs",
        "a list of 1 to 2048 pairs [text, text]");
    refuses("{\"text\":\"a\",\"sampling_rate\":8000}", "", WI_INVALID_FIELD, "inputs.sampling_rate",
        "");
    refuses("{\"audio\":\"AAAA\",\"format\":\"s16le\"}", "", WI_INVALID_FIELD,
        "inputs.sampling_rate", "1000 to 384000");
    refuses("{\"audio\":\"AAAA\",\"format\":\"s16le\",\"sampling_rate\":8000}", "",
        WI_AUDIO_INVALID, "inputs.audio", SOUNDS);
    refuses("{\"audio\":\"AAAA\",\"format\":\"mp3\"}", "", WI_INVALID_FIELD, "inputs.format", "");
    refuses("{\"audio\":7}", "", WI_INVALID_FIELD, "inputs.audio",
        "a sound in base64, a data URI, or {\"binary_data_size\"}");
    refuses("{\"audio\":\"\"}", "", WI_AUDIO_INVALID, "inputs.audio", SOUNDS);
    refuses("{\"audio\":\"AAAA\"}", "", WI_AUDIO_INVALID, "inputs.audio", SOUNDS);
    refuses("\"data:audio/wav,xx\"", "", WI_AUDIO_INVALID, "inputs.audio", SOUNDS);
    refuses("{\"image\":\"AAAA\"}", "", WI_PICTURE_INVALID, "inputs.image", PICTURES);
    refuses("\"a\"", "\"task\":\"dance\"", WI_INVALID_FIELD, "task", "");
    refuses(AUDIO, "\"task\":\"object-detection\"", WI_INPUT_INVALID, "inputs",
        "{\"image\": \"<base64>\"}");
}

/* `count` strings of `length` characters each, as JSON without brackets. */
static char *repeat(size_t count, const char *character, size_t length)
{
    struct wi_buffer list = {0};
    for (size_t i = 0; i < count; i++) {
        wi_buffer_puts(&list, i ? ",\"" : "\"");
        for (size_t k = 0; k < length; k++)
            wi_buffer_puts(&list, character);
        wi_buffer_puts(&list, "\"");
    }
    return list.text;
}

static void judges(size_t texts, const char *character, size_t labels, size_t length,
    enum wi_code code, const char *field, const char *expected)
{
    struct wi_infer infer;
    struct wi_error error;
    char *text = repeat(texts, "a", 1), *label = repeat(labels, character, length);
    char *inputs = wi_sprintf("{\"texts\":[%s],\"labels\":[%s]}", text, label);
    if (code == WI_OK)
        assert_int_equal(check(&infer, inputs, "", &error), WI_OK);
    else
        refuses(inputs, "", code, field, expected);
    if (code == WI_OK)
        wi_infer_clear(&infer);
    free(inputs);
    free(text);
    free(label);
}

TEST(test_labels)
{
    judges(WI_TEXT_JUDGED / 256, "b", 256, 1, WI_OK, "", "");
    judges(WI_TEXT_JUDGED / 256 + 1, "b", 256, 1, WI_INVALID_FIELD, "inputs.texts",
        "at most 16 texts with so many labels");
    judges(1, "b", WI_TEXT_LABELS + 1, 1, WI_INVALID_FIELD, "inputs.labels", "1 to 256 labels");
    judges(1, "b", 2, WI_TEXT_LABEL_MAX, WI_OK, "", "");
    judges(1, "b", 2, WI_TEXT_LABEL_MAX + 1, WI_INVALID_FIELD, "inputs.labels[0]",
        "1 to 1000 characters");
    judges(1, "\u00e4", 1, WI_TEXT_LABEL_MAX, WI_OK, "", "");
    judges(1, "\U0001f600", 1, WI_TEXT_LABEL_MAX / 2, WI_OK, "", "");
    judges(1, "\U0001f600", 1, WI_TEXT_LABEL_MAX / 2 + 1, WI_INVALID_FIELD, "inputs.labels[0]",
        "1 to 1000 characters");
    refuses("{\"text\":\"a\",\"labels\":[\"b\",\"\"]}", "", WI_INVALID_FIELD, "inputs.labels[1]",
        "1 to 1000 characters");
}

TEST(test_options)
{
    static const struct {
        const char *inputs, *task, *options, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {"\"a\"", "embed", "\"pooling\":\"max\"", "options.pooling", WI_INVALID_FIELD, ""},
        {"\"a\"", "embed", "\"context\":7", "options.context", WI_UNKNOWN_FIELD, ""},
        {"\"a\"", "text-classification", "\"top\":0", "options.top", WI_INVALID_FIELD, "1 to 1000"},
        {"\"a\"", "token-classification", "\"ignore_labels\":[7]", "options.ignore_labels",
            WI_INVALID_FIELD, "a list of strings of 1 to 1000 bytes"},
        {"{\"text\":\"a\",\"labels\":[\"b\"]}", "zero-shot-classification",
            "\"hypothesis_template\":\"x\"", "options.hypothesis_template", WI_INVALID_FIELD,
            "a text with {} once, where the label goes"},
        {"{\"text\":\"a\",\"labels\":[\"b\"]}", "zero-shot-classification",
            "\"hypothesis_template\":\"{} or {}\"", "options.hypothesis_template", WI_INVALID_FIELD,
            "a text with {} once, where the label goes"},
        {"\"a\"", "token-classification", "\"ignore_labels\":[\"\"]", "options.ignore_labels",
            WI_INVALID_FIELD, "a list of strings of 1 to 1000 bytes"},
        {AUDIO, "automatic-speech-recognition", "\"max_tokens\":4097", "options.max_tokens",
            WI_INVALID_FIELD, "1 to 4096"},
        {IMAGE, "object-detection", "\"threshold\":2", "options.threshold", WI_INVALID_FIELD,
            "0 to 1"},
        {IMAGE, "depth-estimation", "\"top\":2", "options.top", WI_UNKNOWN_FIELD, ""},
        {AUDIO, "automatic-speech-recognition", "\"timestamps\":\"often\"", "options.timestamps",
            WI_INVALID_FIELD, ""},
        {"\"a\"", "text-to-speech", "\"speed\":9", "options.speed", WI_INVALID_FIELD, "0.25 to 4"},
        {"\"a\"", "complete", "\"grammar\":\"root ::= [a]\"", "options.grammar", WI_UNKNOWN_FIELD,
            ""},
        {"\"a\"", "complete", "\"n\":2", "options.n", WI_INVALID_FIELD,
            "1 to 1, as many answers as a node makes at a time"},
        {"\"a\"", "complete", "\"response_format\":{\"type\":\"json_object\"}",
            "options.response_format", WI_UNKNOWN_FIELD, ""},
        {"{\"question\":\"q\",\"image\":\"" PNG "\"}", "document-question-answering", "\"top\":2",
            "options.top", WI_UNKNOWN_FIELD, ""},
        {"\"a\"", "summarization", "\"target_language\":\"de\"", "options.target_language",
            WI_UNKNOWN_FIELD, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *more = wi_sprintf("\"task\":\"%s\",\"options\":{%s}", rows[i].task, rows[i].options);
        refuses(rows[i].inputs, more, rows[i].code, rows[i].field, rows[i].expected);
        free(more);
    }
    settles("\"a\"",
        "\"task\":\"translation\",\"options\":{\"target_language\":\"de\",\"top_k\":1}",
        "translation", "{\"prompt\":\"a\"}");
    settles("\"a\"", "\"task\":\"complete\",\"options\":{\"response_format\":{\"type\":\"text\"}}",
        "complete", "{\"prompt\":\"a\"}");
}

TEST(test_length)
{
    char *text = wi_sprintf("\"%0*d\"", WI_TEXT_PER_TOKEN * 4 + 1, 0);
    model.facts.context = 4;
    refuses(text, "\"task\":\"embed\"", WI_CONTEXT_LENGTH, "inputs",
        "at most 256 bytes, 64 for each token");
    char *asked = wi_sprintf("{\"question\":\"q\",\"context\":%s}", text);
    refuses(asked, "\"task\":\"question-answering\"", WI_CONTEXT_LENGTH, "inputs",
        "at most 256 bytes, 64 for each token");
    free(asked);
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(
        check(&infer, text, "\"task\":\"embed\",\"options\":{\"truncate\":true}", &error), WI_OK);
    wi_infer_clear(&infer);
    model.facts.context = 0;
    free(text);
}

/* A precision leads to the variant that has it; of those that there are the model's name alone
 * means the first. */
TEST(test_precision)
{
    struct wi_variant variants[] = {
        {.name = (char *)"q8"}, {.name = (char *)"fp32"}, {.name = (char *)"fp16"}};
    struct wi_infer infer = {
        .model_name = wi_strdup("m"), .asked = ASKED(.precision = wi_strdup("fp16"))};
    model.variants = (struct wi_variants){variants, 3};
    model.variant = variants[0].name;
    assert_true(wi_text_choose_variant(&infer, &model));
    assert_string_equal(infer.model_name, "m:fp16");
    assert_false(wi_text_choose_variant(&infer, &model)); /* it is named now */
    wi_infer_clear(&infer);
    infer = (struct wi_infer){
        .model_name = wi_strdup("m"), .asked = ASKED(.precision = wi_strdup("int8"))};
    assert_false(wi_text_choose_variant(&infer, &model)); /* which q8 is */
    wi_infer_clear(&infer);
    settles("\"a\"", "\"task\":\"embed\",\"precision\":\"int8\"", "embed", "{\"texts\":[\"a\"]}");
    refuses("\"a\"", "\"task\":\"embed\",\"precision\":\"bf16\"", WI_PRECISION_UNSUPPORTED,
        "precision", "");
    model.variants = (struct wi_variants){0};
    model.variant = NULL;
}

/* A file that came beside the JSON, and what the JSON has beside it. */
TEST(test_taken)
{
    static const char bytes[] = "xxfLaC and more";
    struct wi_blob *blob = wi_blob_new(NULL, sizeof bytes);
    struct wi_infer infer = {.asked = wi_inference_new()};
    struct wi_sound sound = {0};
    struct wi_error error;
    assert_int_equal(wi_blob_append(blob, bytes, sizeof bytes - 1), 0);
    assert_int_equal(wi_media_take_sound(&infer, blob, 2, 13, &sound, &error), WI_OK);
    wi_blob_unref(blob);
    assert_string_equal(sound.media_type, "audio/flac");
    assert_int_equal(infer.asked->tensors.count, 1);
    assert_int_equal(infer.asked->tensors.items[0].offset, 2);
    json_t *labels = json_pack("[s]", "x");
    assert_int_equal(wi_text_read_beside(&infer, "labels", labels, "labels", &error), WI_OK);
    json_decref(labels);
    assert_int_equal(infer.form, WI_FORM_SOUND_LABELS);
    wi_infer_clear(&infer);
}
