/* The inputs of ours that stand for clients'. */
#include "../test.h"

#include "base/memory.h"
#include "check/probe.h"
#include "wire/picture.h"
#include <string.h>

static struct wi_model folder = {.engine = WI_ENGINE_PIPELINE, .format = WI_FORMAT_HUGGINGFACE};

static int fill_so(struct wi_job_spec *spec, enum wi_task_kind task, const char *input,
    const char *options, int compares)
{
    struct wi_job_spec client = {.model = &folder,
        .task = task,
        .input = json_loads(input, 0, NULL),
        .options = json_loads(options, 0, NULL)};
    *spec = (struct wi_job_spec){0};
    int code = wi_probe_fill(spec, &client, compares);
    json_decref(client.input);
    json_decref(client.options);
    return code;
}

static void probe(enum wi_task_kind task, const char *options, struct wi_job_spec *spec)
{
    assert_int_equal(fill_so(spec, task, "{}", options, 1), 0);
}

static const json_t *option(const struct wi_job_spec *spec, const char *name)
{
    return json_object_get(spec->options, name);
}

TEST(a_translation_keeps_its_languages_and_nothing_else)
{
    struct wi_job_spec spec;
    probe(WI_TASK_TRANSLATION,
        "{\"source_language\":\"eng_Latn\",\"target_language\":\"deu_Latn\",\"stop\":[\"secret\"]}",
        &spec);
    assert_int_equal(spec.task, WI_TASK_TRANSLATION);
    assert_string_equal(json_string_value(option(&spec, "source_language")), "eng_Latn");
    assert_string_equal(json_string_value(option(&spec, "target_language")), "deu_Latn");
    assert_null(option(&spec, "stop"));
    assert_true(json_is_true(option(&spec, "truncate")));
    assert_true(json_is_string(json_object_get(spec.input, "prompt")));
    wi_job_spec_clear(&spec);
    probe(WI_TASK_TRANSLATION, "{}", &spec);
    assert_null(option(&spec, "target_language"));
    wi_job_spec_clear(&spec);
}

/* To find probabilities takes time, and so is none of what only measures. */
TEST(text_tells_its_probabilities_where_it_is_compared)
{
    struct wi_job_spec spec;
    probe(WI_TASK_CHAT, "{}", &spec);
    assert_int_equal(spec.task, WI_TASK_COMPLETE);
    assert_null(option(&spec, "truncate"));
    assert_true(json_is_true(option(&spec, "logprobs")));
    assert_true(json_integer_value(option(&spec, "top_logprobs")) > 1);
    wi_job_spec_clear(&spec);
    assert_int_equal(fill_so(&spec, WI_TASK_COMPLETE, "{}", "{}", 0), 0);
    assert_null(option(&spec, "logprobs"));
    wi_job_spec_clear(&spec);
}

TEST(a_conversation_with_a_model_that_sees_stands_for_its_look_too)
{
    struct wi_job_spec spec;
    wi_task_list_add(&folder.huggingface.tasks, WI_TASK_VISUAL_QUESTION);
    probe(WI_TASK_CHAT, "{}", &spec);
    folder.huggingface.tasks = (struct wi_task_list){0};
    assert_int_equal(spec.task, WI_TASK_VISUAL_QUESTION);
    assert_int_equal(spec.tensors.count, 1);
    assert_non_null(json_object_get(spec.input, "question"));
    assert_true(json_is_true(option(&spec, "logprobs")));
    wi_job_spec_clear(&spec);
}

TEST(a_gap_is_called_as_the_client_calls_it)
{
    static const char *const masks[] = {"<mask>", "[MASK]"};
    for (size_t i = 0; i < 2; i++) {
        struct wi_job_spec spec;
        char *input = wi_sprintf("{\"texts\":[\"my secret %s\"]}", masks[i]);
        assert_int_equal(fill_so(&spec, WI_TASK_FILL_MASK, input, "{}", 1), 0);
        const char *text =
            json_string_value(json_array_get(json_object_get(spec.input, "texts"), 0));
        assert_non_null(strstr(text, masks[i]));
        assert_null(strstr(text, "secret"));
        wi_job_spec_clear(&spec);
        free(input);
    }
}

TEST(a_picture_of_ours_is_one)
{
    struct wi_job_spec spec;
    struct wi_picture picture;
    struct wi_error error;
    probe(WI_TASK_ZERO_SHOT_IMAGE, "{}", &spec);
    assert_int_equal(spec.tensors.count, 1);
    assert_int_equal(wi_picture_sniff(wi_tensor_bytes(&spec.tensors.items[0]),
                         spec.tensors.items[0].size, &picture, &error),
        WI_OK);
    assert_string_equal(picture.media_type, "image/png");
    assert_true(json_array_size(json_object_get(spec.input, "labels")) > 1);
    assert_true(spec.prompt_tokens == 0);
    wi_job_spec_clear(&spec);
}

TEST(a_sound_of_ours_is_one)
{
    struct wi_job_spec spec;
    int16_t samples[1000], largest = 0;
    probe(WI_TASK_AUDIO_CLASSIFICATION, "{}", &spec);
    assert_int_equal(spec.tensors.items[0].size, 2 * 16000 * 2);
    memcpy(samples, wi_tensor_bytes(&spec.tensors.items[0]) + 6400, sizeof samples);
    for (size_t i = 0; i < 1000; i++)
        largest = samples[i] > largest ? samples[i] : largest;
    assert_true(largest > 8000);
    assert_true(spec.prompt_tokens == 1);
    wi_job_spec_clear(&spec);
}

/* Only a model that counts its tokens can be told to stop. */
TEST(speech_is_kept_short)
{
    struct wi_job_spec spec;
    strcpy(folder.huggingface.architecture, "WhisperForConditionalGeneration");
    probe(WI_TASK_SPEECH_RECOGNITION, "{}", &spec);
    assert_true(json_integer_value(option(&spec, "max_tokens")) > 0);
    wi_job_spec_clear(&spec);
    strcpy(folder.huggingface.architecture, "Wav2Vec2ForCTC");
    probe(WI_TASK_SPEECH_RECOGNITION, "{}", &spec);
    assert_null(spec.options);
    wi_job_spec_clear(&spec);
}

TEST(every_task_of_a_folder_has_one_but_two)
{
    for (int task = WI_TASK_NONE + 1; task < WI_TASK_COUNT; task++) {
        struct wi_job_spec spec;
        int code = fill_so(&spec, (enum wi_task_kind)task, "{}", "{}", 1);
        assert_int_equal(code, task == WI_TASK_TOKENIZE ? -1 : 0);
        assert_true((spec.input != NULL) == (code == 0));
        wi_job_spec_clear(&spec);
    }
}

/* What makes another prompt of the same messages stays; the text that follows is as short as ours.
 */
TEST(a_prompt_of_a_client_keeps_what_it_is_made_from)
{
    struct wi_model gguf = {.engine = WI_ENGINE_LLAMA, .format = WI_FORMAT_GGUF};
    struct wi_job_spec spec = {0}, client = {.model = &gguf,
                                       .task = WI_TASK_CHAT,
                                       .is_private = 1,
                                       .prompt_tokens = 70,
                                       .input = json_pack("{s:[]}", "messages"),
                                       .options = json_pack("{s:[], s:i, s:i, s:b}", "tools",
                                           "context", 512, "max_tokens", 9999, "ignore_eos", 1)};
    assert_int_equal(wi_probe_fill_client(&spec, &client), 0);
    assert_int_equal(spec.task, WI_TASK_CHAT);
    assert_ptr_equal(spec.input, client.input);
    assert_true(spec.is_private);
    assert_true(spec.prompt_tokens == 70);
    assert_true(json_is_array(option(&spec, "tools")));
    assert_int_equal(json_integer_value(option(&spec, "context")), 512);
    assert_int_equal(json_integer_value(option(&spec, "max_tokens")), (int)spec.answer_tokens);
    assert_int_equal(json_integer_value(option(&spec, "temperature")), 0);
    assert_true(json_is_true(option(&spec, "logprobs")));
    assert_null(option(&spec, "ignore_eos"));
    wi_job_spec_clear(&spec);
    client.task = WI_TASK_EMBED;
    assert_int_equal(wi_probe_fill_client(&spec, &client), -1);
    json_decref(client.input);
    json_decref(client.options);
}
