/* The inputs of ours that stand for clients'. */
#include "../test.h"

#include "base/memory.h"
#include "wire/picture.h"
#include "wire/probe.h"
#include <math.h>
#include <string.h>

static struct wi_model folder = {
    .engine = WI_ENGINE_PIPELINE, .format = WI_FORMAT_HUGGINGFACE, ._references = 1};

static struct wi_inference *draw_so(
    enum wi_task_kind task, const char *input, const char *options, uint32_t seed)
{
    const struct wi_inference client = {.model = &folder,
        .task = task,
        .input = json_loads(input, 0, NULL),
        .options = json_loads(options, 0, NULL)};
    struct wi_inference *asked = wi_probe_ask(&client, seed);
    json_decref(client.input);
    json_decref(client.options);
    return asked;
}

static struct wi_inference *ask_so(enum wi_task_kind task, const char *input, const char *options)
{
    return draw_so(task, input, options, 0);
}

static struct wi_inference *probe(enum wi_task_kind task, const char *options)
{
    struct wi_inference *asked = ask_so(task, "{}", options);
    assert_non_null(asked);
    return asked;
}

static const json_t *option(const struct wi_inference *asked, const char *name)
{
    return json_object_get(asked->options, name);
}

TEST(a_translation_keeps_its_languages_and_nothing_else)
{
    struct wi_inference *asked =
        probe(WI_TASK_TRANSLATION, "{\"source_language\":\"eng_Latn\",\"target_language\":\"deu_"
                                   "Latn\",\"stop\":[\"secret\"]}");
    assert_int_equal(asked->task, WI_TASK_TRANSLATION);
    assert_string_equal(json_string_value(option(asked, "source_language")), "eng_Latn");
    assert_string_equal(json_string_value(option(asked, "target_language")), "deu_Latn");
    assert_null(option(asked, "stop"));
    assert_true(json_is_true(option(asked, "truncate")));
    assert_true(json_is_string(json_object_get(asked->input, "prompt")));
    wi_inference_release(asked);
    asked = probe(WI_TASK_TRANSLATION, "{}");
    assert_null(option(asked, "target_language"));
    wi_inference_release(asked);
}

TEST(a_conversation_is_text_that_is_gone_on_with)
{
    struct wi_inference *asked = probe(WI_TASK_CHAT, "{}");
    assert_int_equal(asked->task, WI_TASK_COMPLETE);
    assert_null(option(asked, "truncate"));
    assert_int_equal(json_integer_value(option(asked, "temperature")), 0);
    wi_inference_release(asked);
}

TEST(a_conversation_with_a_model_that_sees_stands_for_its_look_too)
{
    wi_task_list_add(&folder.facts.tasks, WI_TASK_VISUAL_QUESTION);
    struct wi_inference *asked = probe(WI_TASK_CHAT, "{}");
    folder.facts.tasks = (struct wi_task_list){0};
    assert_int_equal(asked->task, WI_TASK_VISUAL_QUESTION);
    assert_int_equal(asked->tensors.count, 1);
    assert_non_null(json_object_get(asked->input, "question"));
    wi_inference_release(asked);
}

TEST(a_gap_is_called_as_the_client_calls_it)
{
    static const char *const masks[] = {"<mask>", "[MASK]"};
    for (size_t i = 0; i < 2; i++) {
        char *input = wi_sprintf("{\"texts\":[\"my secret %s\"]}", masks[i]);
        struct wi_inference *asked = ask_so(WI_TASK_FILL_MASK, input, "{}");
        const char *text =
            json_string_value(json_array_get(json_object_get(asked->input, "texts"), 0));
        assert_non_null(strstr(text, masks[i]));
        assert_null(strstr(text, "secret"));
        wi_inference_release(asked);
        free(input);
    }
}

TEST(a_picture_of_ours_is_one)
{
    struct wi_picture picture;
    struct wi_error error;
    struct wi_inference *asked = probe(WI_TASK_ZERO_SHOT_IMAGE, "{}");
    assert_int_equal(asked->tensors.count, 1);
    assert_int_equal(wi_picture_sniff(wi_tensor_bytes(&asked->tensors.items[0]),
                         asked->tensors.items[0].size, &picture, &error),
        WI_OK);
    assert_string_equal(picture.media_type, "image/png");
    assert_true(json_array_size(json_object_get(asked->input, "labels")) > 1);
    assert_true(asked->prompt_tokens == 0);
    wi_inference_release(asked);
}

TEST(a_sound_of_ours_is_one)
{
    int16_t samples[1000], largest = 0;
    struct wi_inference *asked = probe(WI_TASK_AUDIO_CLASSIFICATION, "{}");
    assert_int_equal(asked->tensors.items[0].size, 2 * 16000 * 2);
    memcpy(samples, wi_tensor_bytes(&asked->tensors.items[0]) + 6400, sizeof samples);
    for (size_t i = 0; i < 1000; i++)
        largest = samples[i] > largest ? samples[i] : largest;
    assert_true(largest > 8000);
    assert_true(asked->prompt_tokens == 1);
    wi_inference_release(asked);
}

/* Only a model that counts its tokens can be told to stop. */
TEST(speech_is_kept_short)
{
    strcpy(folder.facts.huggingface.architecture, "WhisperForConditionalGeneration");
    struct wi_inference *asked = probe(WI_TASK_SPEECH_RECOGNITION, "{}");
    assert_true(json_integer_value(option(asked, "max_tokens")) > 0);
    wi_inference_release(asked);
    strcpy(folder.facts.huggingface.architecture, "Wav2Vec2ForCTC");
    asked = probe(WI_TASK_SPEECH_RECOGNITION, "{}");
    assert_null(asked->options);
    wi_inference_release(asked);
}

TEST(every_task_of_a_folder_has_one_but_two)
{
    for (int task = WI_TASK_NONE + 1; task < WI_TASK_COUNT; task++) {
        struct wi_inference *asked = ask_so((enum wi_task_kind)task, "{}", "{}");
        assert_true((asked != NULL) == (task != WI_TASK_TOKENIZE));
        assert_true(asked == NULL || asked->input != NULL);
        wi_inference_release(asked);
    }
}

/* What makes another prompt of the same messages stays; the text that follows is as short as ours.
 */
TEST(a_prompt_of_a_client_keeps_what_it_is_made_from)
{
    struct wi_model gguf = {.engine = WI_ENGINE_LLAMA, .format = WI_FORMAT_GGUF, ._references = 1};
    struct wi_inference client = {.model = &gguf,
        .task = WI_TASK_CHAT,
        .is_private = 1,
        .prompt_tokens = 70,
        .priority = 9,
        .node = "node-1",
        .input = json_pack("{s:[]}", "messages"),
        .options = json_pack(
            "{s:[], s:i, s:i, s:b}", "tools", "context", 512, "max_tokens", 9999, "ignore_eos", 1)};
    struct wi_inference *asked = wi_probe_ask_client(&client);
    assert_int_equal(asked->task, WI_TASK_CHAT);
    assert_ptr_equal(asked->input, client.input);
    assert_true(asked->is_private);
    assert_true(asked->prompt_tokens == 70);
    assert_true(asked->priority == 0 && !asked->node); /* whoever runs it says where */
    assert_true(json_is_array(option(asked, "tools")));
    assert_int_equal(json_integer_value(option(asked, "context")), 512);
    assert_int_equal(json_integer_value(option(asked, "max_tokens")), (int)asked->answer_tokens);
    assert_int_equal(json_integer_value(option(asked, "temperature")), 0);
    assert_null(option(asked, "ignore_eos"));
    wi_inference_release(asked);
    client.task = WI_TASK_EMBED;
    assert_null(wi_probe_ask_client(&client));
    json_decref(client.input);
    json_decref(client.options);
}

static struct wi_tensor picture_of(struct wi_inference *asked)
{
    assert_int_equal(asked->tensors.count, 1);
    return asked->tensors.items[0];
}

TEST(each_seed_has_another_picture)
{
    struct wi_inference *asked[3];
    for (uint32_t i = 0; i < 3; i++)
        asked[i] = draw_so(WI_TASK_IMAGE_CLASSIFICATION, "{}", "{}", i / 2);
    struct wi_tensor first = picture_of(asked[0]), same = picture_of(asked[1]),
                     other = picture_of(asked[2]);
    assert_int_equal(first.size, other.size);
    assert_memory_equal(wi_tensor_bytes(&first), wi_tensor_bytes(&same), first.size);
    assert_memory_not_equal(wi_tensor_bytes(&first), wi_tensor_bytes(&other), first.size);
    for (size_t i = 0; i < 3; i++)
        wi_inference_release(asked[i]);
}

static const char *prompt_of(const struct wi_inference *asked)
{
    return json_string_value(json_object_get(asked->input, "prompt"));
}

/* A node that knows the usual text would tell it from a client's. */
TEST(each_text_with_a_seed_has_its_words_in_another_order)
{
    struct wi_inference *usual = ask_so(WI_TASK_COMPLETE, "{}", "{}"),
                        *one = draw_so(WI_TASK_COMPLETE, "{}", "{}", 7),
                        *other = draw_so(WI_TASK_COMPLETE, "{}", "{}", 7);
    assert_non_null(strstr(prompt_of(usual), "comes down from the hills"));
    assert_string_not_equal(strchr(prompt_of(one), ' '), strchr(prompt_of(other), ' '));
    assert_null(strstr(prompt_of(one), "comes down from the hills"));
    assert_in_range(
        strlen(prompt_of(one)), strlen(prompt_of(usual)) - 40, strlen(prompt_of(usual)) + 40);
    wi_inference_release(usual);
    wi_inference_release(one);
    wi_inference_release(other);
}

TEST(a_text_is_as_long_as_is_asked)
{
    struct wi_inference client = {.model = &folder, .task = WI_TASK_CHAT};
    struct wi_inference *usual = wi_probe_ask(&client, 0), *long_one, *longest, *shortest;
    double per_token = (double)strlen(prompt_of(usual)) / usual->prompt_tokens;
    long_one = wi_probe_ask_long(&client, 600);
    assert_true(long_one->prompt_tokens == 600);
    assert_int_equal(long_one->task, WI_TASK_COMPLETE);
    assert_in_range(strlen(prompt_of(long_one)), 0.9 * 600 * per_token, 1.1 * 600 * per_token);
    longest = wi_probe_ask_long(&client, 1e9);
    assert_true(longest->prompt_tokens == WI_PROBE_PROMPT_TOKENS);
    shortest = wi_probe_ask_long(&client, 0);
    assert_true(shortest->prompt_tokens == 1 && *prompt_of(shortest));
    client.task = WI_TASK_EMBED;
    assert_null(wi_probe_ask_long(&client, 600));
    wi_inference_release(usual);
    wi_inference_release(long_one);
    wi_inference_release(longest);
    wi_inference_release(shortest);
}

/* ---------------------------------------------------------------- like a client's tensors */

static struct wi_tensor *put(
    struct wi_inference *client, const char *name, enum wi_datatype type, int64_t count, int value)
{
    struct wi_tensor *tensor = wi_tensors_add(&client->tensors);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = 1;
    tensor->dims[0] = count;
    tensor->size = (size_t)count * wi_datatype_size(type);
    tensor->blob = wi_blob_new(NULL, tensor->size);
    for (size_t i = 0; i < tensor->size; i++)
        wi_blob_append(tensor->blob, &(unsigned char){(unsigned char)value}, 1);
    return tensor;
}

static int same_bytes(const struct wi_tensor *a, const struct wi_tensor *b)
{
    return a->size == b->size && memcmp(wi_tensor_bytes(a), wi_tensor_bytes(b), a->size) == 0;
}

TEST(a_draw_takes_shapes_and_small_whole_numbers_of_a_request)
{
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    put(client, "x", WI_FP32, 512, 0x40);
    put(client, "sr", WI_INT64, 1, 9)->rank = 0;
    put(client, "mask", WI_BOOL, 64, 1);
    put(client, "ids", WI_INT64, 65, 9);
    wi_inference_find_set(client);
    struct wi_inference *asked = wi_probe_like(client, 1, WI_PROBE_BOTH_SIGNS),
                        *again = wi_probe_like(client, 1, WI_PROBE_BOTH_SIGNS),
                        *other = wi_probe_like(client, 2, WI_PROBE_BOTH_SIGNS);
    const struct wi_tensor *sent = client->tensors.items, *drawn = asked->tensors.items;
    assert_int_equal(asked->tensors.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(drawn[i].name, sent[i].name);
        assert_int_equal(drawn[i].datatype, sent[i].datatype);
        assert_int_equal(drawn[i].rank, sent[i].rank);
        assert_memory_equal(drawn[i].dims, sent[i].dims, sizeof sent[i].dims);
        assert_int_equal(same_bytes(&drawn[i], &sent[i]), i == 1 || i == 2);
    }
    assert_true(same_bytes(&drawn[0], &again->tensors.items[0]));
    assert_false(same_bytes(&drawn[0], &other->tensors.items[0]));
    assert_string_equal(asked->set, client->set); /* so the verdict is about the same */
    wi_inference_find_set(asked);
    assert_string_equal(asked->set, client->set);
    wi_inference_release(asked);
    wi_inference_release(again);
    wi_inference_release(other);
    wi_inference_release(client);
}

static double value_at(const struct wi_tensor *tensor, size_t index)
{
    double wide;
    float single;
    if (tensor->datatype == WI_FP64)
        memcpy(&wide, wi_tensor_bytes(tensor) + index * sizeof wide, sizeof wide);
    else
        memcpy(&single, wi_tensor_bytes(tensor) + index * sizeof single, sizeof single);
    return tensor->datatype == WI_FP64 ? wide : (double)single;
}

static uint16_t half_at(const struct wi_tensor *tensor, size_t index)
{
    uint16_t half;
    memcpy(&half, wi_tensor_bytes(tensor) + index * sizeof half, sizeof half);
    return half;
}

/* The same numbers, without their signs. */
TEST(a_draw_may_be_of_positive_numbers)
{
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    put(client, "s", WI_FP32, 500, 0);
    put(client, "d", WI_FP64, 500, 0);
    put(client, "h", WI_FP16, 256, 0);
    put(client, "more", WI_FP16, 257, 0);
    put(client, "ids", WI_INT64, 65, 9);
    struct wi_inference *drawn = wi_probe_like(client, 1, WI_PROBE_BOTH_SIGNS),
                        *positive = wi_probe_like(client, 1, WI_PROBE_POSITIVE);
    const struct wi_tensor *of = drawn->tensors.items, *is = positive->tensors.items;
    int negative = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 500; j++) {
            negative += value_at(&of[i], j) < 0;
            assert_true(value_at(&is[i], j) == fabs(value_at(&of[i], j)));
        }
    assert_in_range(negative, 400, 600); /* of 1,000 by halves the deviation is 16 */
    negative = 0;
    for (size_t j = 0; j < 256; j++) {
        negative += half_at(&of[2], j) >= 0x8000;
        assert_int_equal(half_at(&is[2], j), half_at(&of[2], j) & 0x7fff);
    }
    assert_in_range(negative, 64, 192);      /* the deviation is 8 */
    assert_true(same_bytes(&is[3], &of[3])); /* 16 bits cannot add up so many */
    assert_true(same_bytes(&is[4], &of[4]));
    wi_inference_release(drawn);
    wi_inference_release(positive);
    wi_inference_release(client);
}

/* Worked out by hand from IEEE 754: in the binade from 1 to 2 a bit of the fraction is 2^-23 of
 * FP32 and 2^-52 of FP64, so that a step of 2^-15 is 2^8 and 2^37 of them; 1.5 is 0x3e00 of FP16,
 * and the numbers next to it are 0x3e01 and 0x3dff. A step from zero is 2^8 times 2^-149. */
TEST(numbers_are_nudged_by_little)
{
    const double double_one = -1.5;
    const float single_one = 1.5f, zero = 0;
    const uint16_t half_one = 0x3e00;
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    memcpy(put(client, "d", WI_FP64, 1, 0)->blob->bytes, &double_one, sizeof double_one);
    memcpy(put(client, "s", WI_FP32, 1, 0)->blob->bytes, &single_one, sizeof single_one);
    memcpy(put(client, "h", WI_FP16, 1, 0)->blob->bytes, &half_one, sizeof half_one);
    memcpy(put(client, "z", WI_FP32, 1, 0)->blob->bytes, &zero, sizeof zero);
    put(client, "ids", WI_INT64, 3, 9);
    for (uint32_t seed = 1; seed <= 50; seed++) {
        struct wi_inference *nudged = wi_probe_nudge(client, seed);
        const struct wi_tensor *is = nudged->tensors.items;
        assert_true(fabs(value_at(&is[0], 0) + 1.5) == 1.0 / 32768);
        assert_true(fabs(value_at(&is[1], 0) - 1.5) == 1.0 / 32768);
        assert_true(half_at(&is[2], 0) == 0x3e01 || half_at(&is[2], 0) == 0x3dff);
        assert_true(value_at(&is[3], 0) == 0 || value_at(&is[3], 0) == ldexp(1, 8 - 149));
        assert_true(same_bytes(&is[4], &client->tensors.items[4]));
        wi_inference_release(nudged);
    }
    assert_memory_equal(wi_tensor_bytes(&client->tensors.items[1]), &single_one, 4); /* shared */
    wi_inference_release(client);
}

/* 1.5 and -1.5 in turn, whose sum is 0: its condition number has no bound. Of n numbers 7/8 n go up
 * and 1/8 n down, so that the sum moves by 3/4 n steps; the deviation is the root of n (1 - 9/16),
 * of 10,000 numbers 66. */
TEST(a_nudge_shows_how_a_sum_is_conditioned)
{
    enum { COUNT = 10000 };
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    float *singles = (float *)(void *)put(client, "s", WI_FP32, COUNT, 0)->blob->bytes;
    unsigned char *halves = put(client, "h", WI_FP16, COUNT, 0)->blob->bytes;
    for (size_t i = 0; i < COUNT; i++) {
        const uint16_t half = i % 2 ? 0xbe00 : 0x3e00;
        singles[i] = i % 2 ? -1.5f : 1.5f;
        memcpy(halves + i * sizeof half, &half, sizeof half);
    }
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct wi_inference *nudged = wi_probe_nudge(client, seed);
        const struct wi_tensor *is = nudged->tensors.items;
        double steps = 0, half_steps = 0;
        for (size_t i = 0; i < COUNT; i++) {
            int bits = half_at(&is[1], i) - (i % 2 ? 0xbe00 : 0x3e00);
            steps += (value_at(&is[0], i) - (i % 2 ? -1.5 : 1.5)) * 32768;
            half_steps += i % 2 ? -bits : bits;
        }
        assert_true(fabs(steps - 7500) < 6 * 66 && fabs(half_steps - 7500) < 6 * 66);
        wi_inference_release(nudged);
    }
    wi_inference_release(client);
}

/* Each also goes down at times: what is the same for numbers that change alike shows, too. */
TEST(a_nudge_moves_numbers_apart)
{
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    float *ones = (float *)(void *)put(client, "s", WI_FP32, 64, 0)->blob->bytes;
    for (size_t i = 0; i < 64; i++)
        ones[i] = 1.5f;
    int apart = 0;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct wi_inference *nudged = wi_probe_nudge(client, seed);
        for (size_t i = 1; i < 64; i++)
            apart += value_at(&nudged->tensors.items[0], i) < 1.5;
        wi_inference_release(nudged);
    }
    assert_in_range(apart, 100, 215); /* of 1,260 an eighth is 158, the deviation 12 */
    wi_inference_release(client);
}

TEST(what_has_no_real_numbers_is_not_nudged)
{
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    put(client, "ids", WI_INT64, 3, 9);
    put(client, "b", WI_BF16, 3, 9);
    assert_null(wi_probe_nudge(client, 1));
    put(client, "x", WI_FP32, 3, 9);
    client->input = json_object(); /* a picture's file, or so */
    assert_null(wi_probe_nudge(client, 1));
    wi_inference_release(client);
}

TEST(what_is_large_or_text_is_not_drawn)
{
    struct wi_inference *client = wi_inference_new();
    client->model = wi_model_ref(&folder);
    put(client, "x", WI_FP32, (int64_t)(WI_PROBE_BYTES_MAX / 4) + 1, 0);
    assert_null(wi_probe_like(client, 1, WI_PROBE_BOTH_SIGNS));
    client->tensors.items[0].datatype = WI_BYTES;
    client->tensors.items[0].dims[0] = 1;
    assert_null(wi_probe_like(client, 1, WI_PROBE_BOTH_SIGNS));
    wi_inference_release(client);
}
