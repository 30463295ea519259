/* OpenAI's endpoints for sound: forms, what was heard in every form, and speech. */
#include "../../test.h"

#include "base/memory.h"
#include "wire/captions.h"
#include "wire/openai/openai.h"
#include <stdlib.h>
#include <string.h>

#define FILE_PART                                                                                  \
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"                 \
    "Content-Type: audio/wav\r\n\r\n" WAV "\r\n"
/* 100 samples of silence at 16 kHz. */
#define WAV "OggS is enough to be let through"
#define PART(name, value)                                                                          \
    "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--b--\r\n"

static enum wi_code parse(const struct wi_dialect *dialect, struct wi_infer *infer,
    const char *body, struct wi_error *error)
{
    size_t json_size = 1, size = strlen(body);
    struct wi_blob *blob = wi_blob_new(NULL, size + 1);
    memset(infer, 0, sizeof *infer);
    *error = (struct wi_error){0};
    assert_int_equal(wi_blob_append(blob, body, size), 0);
    assert_int_equal(
        dialect->frame("multipart/form-data; boundary=b", NULL, size, &json_size, error), WI_OK);
    enum wi_code code = wi_dialect_parse(dialect, infer, blob, json_size, NULL, error);
    wi_blob_unref(blob);
    return code;
}

static void reads(const struct wi_dialect *dialect, const char *body, enum wi_openai_form form,
    const char *options)
{
    struct wi_infer infer;
    struct wi_error error;
    if (parse(dialect, &infer, body, &error) != WI_OK)
        fail_msg("%s: %s", error.field, error.detail);
    assert_string_equal(infer.model_name, "w");
    assert_int_equal(infer.asked->task, WI_TASK_SPEECH_RECOGNITION);
    assert_int_equal(((struct wi_openai_extras *)infer.extras)->form, form);
    assert_int_equal(infer.asked->tensors.count, 1);
    assert_memory_equal(wi_tensor_bytes(&infer.asked->tensors.items[0]), WAV, sizeof WAV - 1);
    char *got = json_dumps(infer.asked->options, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(got, options);
    free(got);
    wi_infer_clear(&infer);
}

TEST(test_forms)
{
    const struct wi_dialect *heard = &wi_dialect_openai_transcriptions;
    (void)state;
    reads(heard, FILE_PART PART("model", "w") END, WI_OPENAI_JSON, "{}");
    reads(heard,
        PART("model", "w") PART("language", "de") PART("temperature", "0") PART("prompt", "")
            PART("user", "u") PART("response_format", "text") FILE_PART END,
        WI_OPENAI_TEXT, "{\"language\":\"de\"}");
    reads(heard,
        PART("model", "w") PART("prompt", "so") PART("response_format", "srt") FILE_PART END,
        WI_OPENAI_SRT, "{\"prompt\":\"so\",\"timestamps\":\"segment\"}");
    reads(heard,
        PART("model", "w") PART("timestamp_granularities[]", "word")
            PART("response_format", "verbose_json") FILE_PART END,
        WI_OPENAI_VERBOSE, "{\"timestamps\":\"word\"}");
    reads(heard, PART("model", "w") PART("response_format", "verbose_json") FILE_PART END,
        WI_OPENAI_VERBOSE, "{\"details\":true,\"timestamps\":\"segment\"}");
    reads(&wi_dialect_openai_translations, PART("model", "w") FILE_PART END, WI_OPENAI_JSON,
        "{\"translate\":true}");
}

static void refuses(const char *body, enum wi_code code, const char *field)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(parse(&wi_dialect_openai_transcriptions, &infer, body, &error), code);
    assert_string_equal(error.field, field);
    wi_infer_clear(&infer);
}

TEST(test_what_a_form_must_be_is_said)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(
        parse(&wi_dialect_openai_transcriptions, &infer, "no form", &error), WI_BAD_FRAMING);
    assert_string_equal(error.expected, "multipart/form-data as RFC 7578 describes it");
    wi_infer_clear(&infer);
}

TEST(test_refused)
{
#define WITH(name, value) PART("model", "w") PART(name, value) FILE_PART END
    (void)state;
    refuses(PART("model", "w") END, WI_MISSING_FIELD, "file");
    refuses(FILE_PART END, WI_MISSING_FIELD, "model");
    refuses(PART("model", "w") FILE_PART FILE_PART END, WI_INVALID_FIELD, "file");
    refuses(WITH("model", "x"), WI_INVALID_FIELD, "model");
    refuses(WITH("temperature", "0.5"), WI_UNKNOWN_FIELD, "temperature");
    refuses(WITH("chunking_strategy", "server_vad"), WI_UNKNOWN_FIELD, "chunking_strategy");
    refuses(WITH("response_format", "diarized_json"), WI_INVALID_FIELD, "response_format");
    refuses(
        WITH("timestamp_granularities[]", "word"), WI_INVALID_FIELD, "timestamp_granularities[]");
    refuses(WITH("stream", "maybe"), WI_INVALID_FIELD, "stream");
    refuses(WITH("language", "\xff\xfe"), WI_INVALID_FIELD, "language");
    refuses(PART("model", "w") PART("stream", "true") PART("response_format", "vtt") FILE_PART END,
        WI_INVALID_FIELD, "stream");
    refuses(PART("\xff", "x") FILE_PART END, WI_INVALID_FIELD, "?");
    refuses("no form", WI_BAD_FRAMING, "");
    refuses("", WI_BAD_FRAMING, "");
    refuses("--\r\n", WI_BAD_FRAMING, "");
    refuses("--b\r\n", WI_BAD_FRAMING, "");
#undef WITH
}

/* Clients send a list of times as values of one name. */
TEST(test_both_times)
{
    static const char form[] = PART("model", "w") PART("response_format", "verbose_json")
        PART("timestamp_granularities[]", "word") PART("timestamp_granularities[]", "segment")
            FILE_PART END;
    struct wi_infer infer;
    struct wi_error error;
    (void)state;
    assert_int_equal(parse(&wi_dialect_openai_transcriptions, &infer, form, &error), WI_OK);
    const struct wi_openai_extras *extras = infer.extras;
    assert_true(extras->segments && extras->words);
    char *options = json_dumps(infer.asked->options, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(options, "{\"details\":true,\"timestamps\":\"both\"}");
    free(options);
    wi_infer_clear(&infer);
}

/* A form with a value of 128 KiB, and what follows it. */
static void refuses_long(const char *rest, enum wi_code code, const char *field)
{
    static const char start[] = "--b\r\nContent-Disposition: form-data; name=prompt\r\n\r\n";
    size_t head = sizeof start - 1, most = 128 * 1024;
    char *body = calloc(1, head + most + strlen(rest) + 1);
    memcpy(body, start, head);
    memset(body + head, 'x', most);
    memcpy(body + head + most, rest, strlen(rest));
    refuses(body, code, field);
    free(body);
}

/* Values are copied, a file is not. */
TEST(test_long_values)
{
    (void)state;
    refuses_long("\r\n" FILE_PART END, WI_MISSING_FIELD, "model");
    refuses_long("\r\n" PART("model", "w") FILE_PART END, WI_INVALID_FIELD, "model");
}

/* --- answers ---------------------------------------------------------------------------------- */

static void identify(const char *body, unsigned char hash[WI_HASH_SIZE])
{
    wi_dialect_openai_transcriptions.identify((const unsigned char *)body, strlen(body), hash);
}

/* The same form with another boundary is the same request. */
TEST(test_identity)
{
    static const char first[] = PART("model", "w") FILE_PART END;
    static const char other[] =
        "--other \r\nContent-Disposition: form-data; name=model\r\n\r\nw\r\n--other\r\n"
        "Content-Disposition: form-data; filename=b; name=file\r\n\r\n" WAV "\r\n--other--";
    static const char *const different[] = {PART("model", "v") FILE_PART END,
        PART("model", "w") PART("language", "de") FILE_PART END, PART("model", "w") END,
        PART("user", "w") FILE_PART END, "no form", "--other is none, either"};
    unsigned char hash[WI_HASH_SIZE], same[WI_HASH_SIZE], another[WI_HASH_SIZE];
    (void)state;
    identify(first, hash);
    identify(other, same);
    assert_memory_equal(hash, same, sizeof hash);
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        identify(different[i], another);
        assert_memory_not_equal(hash, another, sizeof hash);
        memcpy(hash, another, sizeof hash); /* each differs from the one before, too */
    }
}

#define SAID                                                                                       \
    "{\"text\":\"a <b>. c\",\"duration\":3.25,\"language\":\"en\",\"segments\":["                  \
    "{\"start\":0,\"end\":1.5,\"text\":\"a "                                                       \
    "<b>.\",\"seek\":200,\"tokens\":[4,5],\"temperature\":0,\"avg_logprob\":-0.5,\"compression_"   \
    "ratio\":0.75,\"no_speech_prob\":0.25},{\"start\":3661.5,\"end\":3662,"                        \
    "\"text\":\"c\\n--->d\"},7],\"words\":[{\"start\":0,\"end\":1,\"text\":\"a\"}]}"

static void prints(const struct wi_infer *infer, const char *media_type, const char *expected)
{
    struct wi_tensors none = {0};
    struct wi_error error;
    json_t *said = json_loads(SAID, 0, NULL);
    const struct wi_outcome outcome = {
        .id = "job-1", .model_name = "m", .result = said, .outputs = &none};
    struct wi_printing *printing = wi_dialect_openai_transcriptions.print(infer, &outcome, &error);
    wi_printing_run(printing);
    assert_string_equal(printing->text.text, expected);
    if (media_type)
        assert_string_equal(printing->media_type, media_type);
    else
        assert_null(printing->media_type);
    wi_printing_free(printing);
    json_decref(said);
}

TEST(test_heard)
{
    struct wi_openai_extras extras = {0};
    struct wi_inference asked = {.task = WI_TASK_SPEECH_RECOGNITION};
    const struct wi_infer heard = {.asked = &asked, .extras = &extras};
    (void)state;
    prints(
        &heard, NULL, "{\"text\":\"a <b>. c\",\"usage\":{\"type\":\"duration\",\"seconds\":4}}\n");
    extras.form = WI_OPENAI_TEXT;
    prints(&heard, "text/plain; charset=utf-8", "a <b>. c\n");
    extras.form = WI_OPENAI_SRT;
    prints(&heard, "application/x-subrip; charset=utf-8",
        "1\n00:00:00,000 --> 00:00:01,500\na <b>.\n\n2\n01:01:01,500 --> 01:01:02,000\nc ->d\n\n");
    extras.form = WI_OPENAI_VTT;
    prints(&heard, "text/vtt; charset=utf-8",
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\na &lt;b&gt;.\n\n01:01:01.500 --> 01:01:02.000\n"
        "c ---&gt;d\n\n");
    extras.form = WI_OPENAI_VERBOSE;
    extras.words = 1;
    prints(&heard, NULL,
        "{\"task\":\"transcribe\",\"text\":\"a <b>. c\",\"language\":\"en\",\"duration\":3.25,"
        "\"words\":[{\"word\":\"a <b>.\",\"start\":0,\"end\":1.5},{\"word\":\"c\\n--->d\","
        "\"start\":3661.5,\"end\":3662}],\"usage\":{\"type\":\"duration\",\"seconds\":4}}\n");
    extras.segments = 1;
    asked.options = json_pack("{s:b}", "translate", 1);
    prints(&heard, NULL,
        "{\"task\":\"translate\",\"text\":\"a <b>. c\",\"language\":\"english\",\"duration\":3.25,"
        "\"segments\":[{\"id\":0,\"seek\":200,\"start\":0,\"end\":1.5,\"text\":\"a <b>.\","
        "\"tokens\":[4,5],\"temperature\":0,\"avg_logprob\":-0.5,\"compression_ratio\":0.75,"
        "\"no_speech_prob\":0.25},{\"id\":1,\"seek\":0,\"start\":3661.5,\"end\":3662,\"text\":"
        "\"c\\n--->d\",\"tokens\":[],\"temperature\":0,\"avg_logprob\":0,\"compression_ratio\":0,"
        "\"no_speech_prob\":0}],\"words\":[{\"word\":\"a\",\"start\":0,\"end\":1}],"
        "\"usage\":{\"type\":\"duration\",\"seconds\":4}}\n");
    json_decref(asked.options);
}

/* In one pass: whoever sends the text may have made it long. */
TEST(test_long_dashes)
{
    size_t count = 1 << 20;
    char *text = calloc(1, count + 1);
    struct wi_buffer out = {0};
    (void)state;
    memset(text, '-', count);
    json_t *segments = json_pack("[{s:s}]", "text", text);
    wi_captions_write(&out, segments, WI_CAPTIONS_SRT);
    assert_non_null(strstr(out.text, text));
    json_decref(segments);
    wi_buffer_clear(&out);
    text[count - 1] = '>';
    segments = json_pack("[{s:s}]", "text", text);
    wi_captions_write(&out, segments, WI_CAPTIONS_SRT);
    assert_string_equal(out.text, "1\n00:00:00,000 --> 00:00:00,000\n->\n\n");
    json_decref(segments);
    wi_buffer_clear(&out);
    free(text);
}

TEST(test_stream)
{
    const struct wi_dialect *heard = &wi_dialect_openai_transcriptions;
    const struct wi_infer infer = {.dialect = heard};
    const struct wi_stream_face face = {&infer, "job-1", "m"};
    const struct wi_part part = {.text = "so", .text_length = 2};
    const struct wi_error wrong = {
        .code = WI_AUDIO_INVALID, .detail = "no", .field = "inputs.audio"};
    struct wi_buffer out = {0};
    struct wi_error error;
    json_t *said = json_loads("{\"text\":\"so\",\"duration\":1}", 0, NULL);
    const struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .result = said};
    (void)state;
    assert_null(heard->stream_begin);
    heard->stream_part(&out, &face, &part);
    heard->stream_error(&out, &face, &wrong, NULL);
    assert_string_equal(out.text,
        "data: {\"type\":\"transcript.text.delta\",\"delta\":\"so\"}\n\n"
        "data: {\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\","
        "\"param\":\"file\",\"code\":\"audio_invalid\"}}\n\n");
    wi_buffer_clear(&out);
    struct wi_printing *printing = heard->stream_done(&infer, &outcome, &error);
    wi_printing_run(printing);
    assert_string_equal(printing->text.text,
        "data: {\"type\":\"transcript.text.done\",\"text\":\"so\",\"usage\":{\"type\":\"duration\","
        "\"seconds\":1}}\n\n");
    wi_printing_free(printing);
    json_decref(said);
}

/* --- speech ----------------------------------------------------------------------------------- */

static const unsigned char wav[] = "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0"
                                   "\2\0\x10\0data\4\0\0\0abcd";

static struct wi_printing *speak(enum wi_openai_form form, const unsigned char *bytes, size_t size)
{
    struct wi_openai_extras extras = {.form = form};
    const struct wi_infer infer = {.extras = &extras};
    struct wi_tensors outputs = {0};
    struct wi_tensor *tensor = wi_tensors_add(&outputs);
    struct wi_error error;
    tensor->name = wi_strdup("audio");
    tensor->blob = wi_blob_new(NULL, size);
    assert_int_equal(wi_blob_append(tensor->blob, bytes, size), 0);
    tensor->size = size;
    const struct wi_outcome outcome = {.id = "job-1", .model_name = "m", .outputs = &outputs};
    struct wi_printing *printing = wi_dialect_openai_speech.print(&infer, &outcome, &error);
    wi_tensors_clear(&outputs);
    return printing;
}

static void spoken(enum wi_openai_form form, const char *media_type, size_t skipped)
{
    struct wi_printing *printing = speak(form, wav, sizeof wav - 1);
    wi_printing_run(printing);
    const struct wi_slice *slices = printing->slices;
    assert_int_equal(printing->slice_count, 2);
    assert_int_equal(slices[0].size, 0);
    assert_int_equal(slices[1].size, sizeof wav - 1 - skipped);
    assert_memory_equal(slices[1].bytes, wav + skipped, slices[1].size);
    assert_string_equal(printing->media_type, media_type);
    wi_printing_free(printing);
}

TEST(test_speech)
{
    (void)state;
    spoken(WI_OPENAI_WAV, "audio/wav", 0);
    spoken(WI_OPENAI_PCM, "audio/pcm", 44);
    assert_null(speak(WI_OPENAI_WAV, wav, sizeof wav - 2));
    assert_null(speak(WI_OPENAI_WAV, wav, 10));
}

TEST(test_speech_parameters)
{
    static const struct {
        const char *body;
        enum wi_code code;
        const char *field;
    } rows[] = {
        {"{\"model\":\"v\",\"input\":\"hi\",\"voice\":\"alloy\"}", WI_OK, ""},
        {"{\"model\":\"v\",\"input\":\"hi\",\"response_format\":\"pcm\",\"speed\":1,"
         "\"stream_format\":\"audio\"}",
            WI_OK, ""},
        {"{\"model\":\"v\"}", WI_MISSING_FIELD, "input"},
        {"{\"model\":\"v\",\"input\":\"hi\",\"response_format\":\"mp3\"}", WI_INVALID_FIELD,
            "response_format"},
        {"{\"model\":\"v\",\"input\":\"hi\",\"instructions\":\"softly\"}", WI_UNKNOWN_FIELD,
            "instructions"},
        {"{\"model\":\"v\",\"input\":\"hi\",\"stream_format\":\"sse\"}", WI_UNKNOWN_FIELD,
            "stream_format"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_infer infer = {0};
        struct wi_error error = {0};
        size_t size = strlen(rows[i].body);
        struct wi_blob *blob = wi_blob_new(NULL, size + 1);
        assert_int_equal(wi_blob_append(blob, rows[i].body, size), 0);
        assert_int_equal(
            wi_dialect_parse(&wi_dialect_openai_speech, &infer, blob, size, NULL, &error),
            rows[i].code);
        assert_string_equal(error.field, rows[i].field);
        if (strcmp(rows[i].field, "response_format") == 0)
            assert_string_equal(error.allowed, "wav, pcm");
        wi_blob_unref(blob);
        wi_infer_clear(&infer);
    }
}
