/* Settings of Hugging Face folders, as exporters write them and as anybody may. */
#include "../../test.h"

#include "terms/format/format.h"
#include "terms/format/model.h"
#include "view_of.h"
#include <stdlib.h>
#include <string.h>

/* Each file has its text's length, but for a graph and its weights. */
static uint64_t graph_bytes, weight_bytes;

static enum wi_code take(struct wi_format_reading *reading, const char *path,
    enum wi_view_reach reach, int keep, uint64_t *bytes)
{
    (void)reading;
    *bytes = strcmp(path, "onnx/model.onnx") == 0        ? graph_bytes
             : strcmp(path, "onnx/model.onnx_data") == 0 ? weight_bytes
                                                         : UINT64_C(8) << 30;
    return reach == WI_VIEW_MODEL && !keep ? WI_OK : WI_INTERNAL;
}

static enum wi_code read_folder(
    const char *name, const char *const *files, struct wi_facts *info, struct wi_error *error)
{
    struct wi_variant variant = {0};
    for (const char *const *file = files; *file; file += 2)
        wi_strings_add(&variant.files, *file);
    const struct texts texts = {texts_view, files};
    struct wi_format_reading reading = {
        .name = name, .variant = &variant, .view = &texts.view, .take = take};
    enum wi_code code = wi_format_huggingface.read(&reading);
    *info = reading.facts;
    *error = reading.error;
    wi_strings_clear(&variant.files);
    return code;
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TOKENIZER "tokenizer.json", "{}"
#define PROCESSOR "preprocessor_config.json", "{}"

static void tells(const char *model_type, const char *architecture, const char *more,
    enum wi_model_type type, const char *tasks)
{
    struct wi_facts info;
    struct wi_error error;
    char names[256];
    char *config = wi_sprintf(
        "{\"model_type\":\"%s\",\"architectures\":[\"%s\"]%s}", model_type, architecture, more);
    if (read_folder("m", FILES("config.json", config, TOKENIZER, PROCESSOR), &info, &error) !=
        WI_OK)
        fail_msg("%s: %s", config, error.detail);
    wi_task_list_print(&info.tasks, names, sizeof names);
    assert_string_equal(names, tasks);
    assert_int_equal(info.type, type);
    free(config);
}

TEST(test_architectures)
{
    tells("bert", "BertModel", "", WI_TYPE_TEXT_EMBEDDING, "embed, rerank");
    tells("bert", "BertForMaskedLM", "", WI_TYPE_TEXT_EMBEDDING, "fill-mask");
    tells("bert", "BertForTokenClassification", "", WI_TYPE_TEXT_EMBEDDING, "token-classification");
    tells("bert", "BertForQuestionAnswering", "", WI_TYPE_TEXT_EMBEDDING, "question-answering");
    tells("bert", "BertForSequenceClassification", ",\"id2label\":{\"0\":\"a\",\"1\":\"b\"}",
        WI_TYPE_TEXT_EMBEDDING, "text-classification");
    tells("bert", "BertForSequenceClassification", ",\"id2label\":{\"0\":\"LABEL_0\"}",
        WI_TYPE_TEXT_EMBEDDING, "rerank, text-classification");
    tells("bert", "BertForSequenceClassification",
        ",\"id2label\":{\"0\":\"ENTAILMENT\",\"1\":\"neutral\"}", WI_TYPE_TEXT_EMBEDDING,
        "text-classification, zero-shot-classification");
    tells("gpt2", "GPT2LMHeadModel", "", WI_TYPE_TEXT_GENERATION, "complete");
    tells("qwen3", "Qwen3ForCausalLM", "", WI_TYPE_TEXT_GENERATION, "complete");
    tells("t5", "T5ForConditionalGeneration", "", WI_TYPE_TEXT2TEXT,
        "text2text-generation, summarization, translation");
    tells("marian", "MarianMTModel", "", WI_TYPE_TEXT2TEXT, "translation, text2text-generation");
    tells("vit", "ViTForImageClassification", "", WI_TYPE_VISION, "image-classification");
    tells("vit", "ViTModel", "", WI_TYPE_VISION, "image-feature-extraction");
    tells("detr", "DetrForObjectDetection", "", WI_TYPE_VISION, "object-detection");
    tells("detr", "DetrForSegmentation", "", WI_TYPE_VISION, "image-segmentation");
    tells(
        "segformer", "SegformerForSemanticSegmentation", "", WI_TYPE_VISION, "image-segmentation");
    tells("depth_anything", "DepthAnythingForDepthEstimation", "", WI_TYPE_VISION,
        "depth-estimation");
    tells("whisper", "WhisperForConditionalGeneration", "", WI_TYPE_AUDIO,
        "automatic-speech-recognition");
    tells("wav2vec2", "Wav2Vec2ForCTC", "", WI_TYPE_AUDIO, "automatic-speech-recognition");
    tells(
        "wav2vec2", "Wav2Vec2ForSequenceClassification", "", WI_TYPE_AUDIO, "audio-classification");
    tells("audio-spectrogram-transformer", "ASTForAudioClassification", "", WI_TYPE_AUDIO,
        "audio-classification");
    tells("vits", "VitsModel", "", WI_TYPE_AUDIO, "text-to-speech");
    tells("clip", "CLIPModel", "", WI_TYPE_MULTIMODAL, "zero-shot-image-classification");
    tells("clap", "ClapModel", "", WI_TYPE_MULTIMODAL, "zero-shot-audio-classification");
    tells("vision-encoder-decoder", "VisionEncoderDecoderModel", "", WI_TYPE_MULTIMODAL,
        "image-to-text, document-question-answering");
    tells("llava", "LlavaForConditionalGeneration", "", WI_TYPE_MULTIMODAL,
        "image-to-text, visual-question-answering");
    tells("llava_qwen2", "LlavaQwen2ForCausalLM", "", WI_TYPE_MULTIMODAL,
        "image-to-text, visual-question-answering");
    tells("smolvlm", "SmolVLMForConditionalGeneration", "", WI_TYPE_MULTIMODAL,
        "image-to-text, visual-question-answering");
    tells("idefics3", "Idefics3ForConditionalGeneration", "", WI_TYPE_MULTIMODAL,
        "image-to-text, visual-question-answering");
    /* What no page computes is listed by none of its tasks. */
    tells("paligemma", "PaliGemmaForConditionalGeneration", "", WI_TYPE_MULTIMODAL, "");
    tells("blip", "BlipForConditionalGeneration", "", WI_TYPE_MULTIMODAL, "");
    tells("blip", "BlipForQuestionAnswering", "", WI_TYPE_MULTIMODAL, "");
    tells("vilt", "ViltForQuestionAnswering", "", WI_TYPE_MULTIMODAL, "");
    tells("layoutlm", "LayoutLMForQuestionAnswering", "", WI_TYPE_MULTIMODAL, "");
    tells("llava_qwen", "LlavaQwen2ForCausalLM", "", WI_TYPE_MULTIMODAL, "");
    tells("bert", "BertForTimeTravel", "", WI_TYPE_TEXT_EMBEDDING, "");
    tells("strange", "Strange", "", WI_TYPE_UNKNOWN, "");
}

TEST(test_figures)
{
    static const char config[] =
        "{\"model_type\":\"roberta\",\"architectures\":[\"RobertaForMaskedLM\"],"
        "\"max_position_embeddings\":514,\"vocab_size\":50265,\"id2label\":{\"0\":\"a\"}}";
    struct wi_facts info;
    struct wi_error error;
    assert_int_equal(read_folder("m",
                         FILES("config.json", config, TOKENIZER, "tokenizer_config.json",
                             "{\"model_max_length\":512}", "1_Pooling/config.json",
                             "{\"pooling_mode_cls_token\":true}"),
                         &info, &error),
        WI_OK);
    assert_int_equal(info.context, 512);
    assert_int_equal(info.vocabulary, 50265);
    assert_int_equal(info.huggingface.labels, 1);
    assert_string_equal(info.huggingface.pooling, "cls");
    assert_int_equal(info.tasks.items[0], WI_TASK_EMBED); /* whatever its head */
    assert_int_equal(read_folder("m",
                         FILES("config.json", config, TOKENIZER, "tokenizer_config.json",
                             "{\"model_max_length\":1e30}"),
                         &info, &error),
        WI_OK);
    assert_int_equal(info.context, 512); /* two positions are the padding's, as in the page */
    assert_int_equal(info.tasks.items[0], WI_TASK_FILL_MASK);
    assert_int_equal(read_folder("m",
                         FILES("config.json", config, TOKENIZER, "sentence_bert_config.json",
                             "{\"max_seq_length\":128}"),
                         &info, &error),
        WI_OK);
    assert_int_equal(info.context, 128);
}

TEST(test_names_and_templates)
{
    static const char classes[] = "{\"architectures\":[\"BertForSequenceClassification\"],"
                                  "\"id2label\":{\"0\":\"a\",\"1\":\"b\"}}";
    static const char speaker[] = "{\"architectures\":[\"GPT2LMHeadModel\"]}";
    static const char seer[] = "{\"model_type\":\"llava\","
                               "\"architectures\":[\"LlavaForConditionalGeneration\"]}";
    static const char unserved[] = "{\"model_type\":\"qwen2_vl\","
                                   "\"architectures\":[\"Qwen2VLForConditionalGeneration\"]}";
    struct wi_facts info;
    struct wi_error error;
    assert_int_equal(
        read_folder("o/x-reranker", FILES("config.json", classes, TOKENIZER), &info, &error),
        WI_OK);
    assert_int_equal(info.tasks.items[0], WI_TASK_RERANK);
    assert_int_equal(read_folder("m",
                         FILES("config.json", speaker, TOKENIZER, "tokenizer_config.json",
                             "{\"chat_template\":\"x\"}"),
                         &info, &error),
        WI_OK);
    assert_int_equal(info.tasks.items[0], WI_TASK_CHAT);
    assert_int_equal(info.tasks.count, 2);
    assert_int_equal(
        read_folder("m",
            FILES("config.json", seer, TOKENIZER, PROCESSOR, "chat_template.jinja", "x"), &info,
            &error),
        WI_OK);
    assert_int_equal(info.tasks.items[2], WI_TASK_CHAT);
    assert_int_equal(info.tasks.count, 3);
    assert_int_equal(
        read_folder("m",
            FILES("config.json", unserved, TOKENIZER, PROCESSOR, "chat_template.jinja", "x"), &info,
            &error),
        WI_OK);
    assert_int_equal(info.tasks.count, 0);
}

TEST(test_refusals)
{
    static const struct {
        const char *file, *text, *says;
    } rows[] = {
        {"config.json", "", "config.json: it is empty"},
        {"config.json", "{", "config.json: line 1"},
        {"config.json", "[]", "config.json: it must be a JSON object"},
        {"config.json", "version https://git-lfs.github.com/spec/v1", "pointer of Git LFS"},
        {"config.json", "{\"architectures\":7}", "architectures must be a list"},
        {"config.json", "{\"architectures\":[7]}", "architectures must be a name"},
        {"config.json", "{\"id2label\":[]}", "id2label must be an object"},
        {"config.json", "{\"id2label\":{\"a\":\"b\"}}", "\"a\" is none"},
        {"config.json", "{\"id2label\":{\"0\":1}}", "\"0\" is none"},
        {"tokenizer_config.json", "{", "tokenizer_config.json: line 1"},
        {"1_Pooling/config.json", "7", "1_Pooling/config.json: "},
    };
    struct wi_facts info;
    struct wi_error error;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int main_file = strcmp(rows[i].file, "config.json") == 0;
        enum wi_code code = read_folder("m",
            FILES(rows[i].file, rows[i].text, main_file ? "x" : "config.json", "{}"), &info,
            &error);
        if (code != WI_MODEL_INVALID || strcmp(error.field, rows[i].file) != 0 ||
            !strstr(error.detail, rows[i].says))
            fail_msg("%s: %s: %s", rows[i].text, error.field, error.detail);
    }
    assert_int_equal(read_folder("m", FILES(TOKENIZER), &info, &error), WI_MODEL_INVALID);
    assert_string_equal(error.detail, "config.json: it is missing from the folder");
}

TEST(test_missing)
{
    struct wi_facts info;
    struct wi_error error;
    assert_int_equal(read_folder("m",
                         FILES("config.json", "{\"model_type\":\"bert\",\"architectures\":["
                                              "\"BertModel\"]}"),
                         &info, &error),
        WI_MODEL_INVALID);
    assert_string_equal(error.field, "tokenizer.json");
    assert_int_equal(
        read_folder("m",
            FILES("config.json", "{\"architectures\":[\"ViTForImageClassification\"]}"), &info,
            &error),
        WI_MODEL_INVALID);
    assert_string_equal(error.field, "preprocessor_config.json");
}

/* A graph with so many MiB beside a tokenizer, and so many of weights in a file of their own. */
static enum wi_code weigh(uint64_t graph, uint64_t weights, struct wi_error *error)
{
    struct wi_model model = {
        .name = (char *)"m", .engine = WI_ENGINE_PIPELINE, .format = WI_FORMAT_HUGGINGFACE};
    graph_bytes = graph << 20;
    weight_bytes = weights << 20;
    assert_int_equal(read_folder("m",
                         FILES("config.json", "{\"architectures\":[\"BertModel\"]}",
                             "onnx/model.onnx", "", "onnx/model.onnx_data", "", TOKENIZER),
                         &model.facts, error),
        WI_OK);
    return wi_model_check_engine(&model, error);
}

TEST(test_memory)
{
    struct wi_error error;
    assert_int_equal(weigh(1279, 0, &error), WI_OK);
    assert_int_equal(weigh(1281, 0, &error), WI_MODEL_TOO_LARGE);
    assert_int_equal(wi_code_status(error.code), 413);
    assert_string_equal(error.field, "model_name");
    assert_string_equal(error.expected, "at most 4096 MiB");
    assert_non_null(strstr(error.detail, "m takes about 4099 MiB in a page: 3.2 times the 1281"));
    assert_non_null(strstr(error.detail, "MiB of weights in files of their own; a page has 4096"));
    assert_int_equal(weigh(10, 4063, &error), WI_OK);
    assert_int_equal(weigh(10, 4065, &error), WI_MODEL_TOO_LARGE);
}

/* --- settings without which it is answered ---------------------------------------------------- */

#define GPT2 "config.json", "{\"model_type\":\"gpt2\",\"architectures\":[\"GPT2LMHeadModel\"]}"

static void ignores(const char *const *files, const char *expected)
{
    struct wi_facts info;
    struct wi_error error;
    assert_int_equal(read_folder("m", files, &info, &error), WI_OK);
    char *text = json_dumps(info.huggingface.ignored, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text ? text : "", expected);
    free(text);
    wi_facts_clear(&info);
}

TEST(test_settings_that_are_ignored)
{
    ignores(FILES(GPT2, TOKENIZER, "generation_config.json",
                "{\"num_return_sequences\":4,\"top_k\":50,\"num_beams\":4,\"early_stopping\":true,"
                "\"a_new_one\":\"x\"}"),
        "[{\"file\":\"generation_config.json\",\"member\":\"num_return_sequences\",\"reason\":"
        "\"a request gets one answer\",\"value\":4},{\"file\":\"generation_config.json\","
        "\"member\":\"a_new_one\",\"reason\":\"it is not known\",\"value\":\"x\"}]");
    ignores(FILES(GPT2, TOKENIZER, "preprocessor_config.json", "{\"magic\":true}"),
        "[{\"file\":\"preprocessor_config.json\",\"member\":\"magic\",\"reason\":\"it is not "
        "known\",\"value\":true}]");
}

TEST(test_settings_that_ask_for_nothing)
{
    ignores(FILES(GPT2, TOKENIZER, "generation_config.json",
                "{\"num_beams\":1,\"num_return_sequences\":1.0,\"a\":null,\"b\":false,\"c\":\"\","
                "\"d\":[],\"e\":{},\"epsilon_cutoff\":0.0}"),
        "");
    ignores(FILES(GPT2, TOKENIZER, "generation_config.json", "{}"), "");
}

TEST(test_settings_of_generation_in_config)
{
#define SEQUENCES                                                                                  \
    "config.json",                                                                                 \
        "{\"model_type\":\"bart\",\"architectures\":[\"BartForConditionalGeneration\"],"           \
        "\"num_return_sequences\":2,\"hidden_size\":3}"
    ignores(FILES(SEQUENCES, TOKENIZER),
        "[{\"file\":\"config.json\",\"member\":\"num_return_sequences\",\"reason\":\"a request "
        "gets one answer\",\"value\":2}]");
    ignores(FILES(SEQUENCES, TOKENIZER, "generation_config.json", "{\"num_beams\":1}"), "");
}

TEST(test_ignored_settings_are_bounded)
{
    struct wi_facts info;
    struct wi_error error;
    json_t *all = json_object();
    for (int i = 0; i < 200; i++) {
        char name[200];
        snprintf(name, sizeof name, "%03d%0150d", i, i);
        json_object_set_new(all, name, json_string(name));
    }
    char *text = json_dumps(all, 0);
    assert_int_equal(
        read_folder("m", FILES(GPT2, TOKENIZER, "processor_config.json", text), &info, &error),
        WI_OK);
    assert_int_equal(json_array_size(info.huggingface.ignored), 64);
    const json_t *first = json_array_get(info.huggingface.ignored, 0);
    assert_int_equal(json_string_length(json_object_get(first, "member")), 80);
    assert_null(json_object_get(first, "value"));
    wi_facts_clear(&info);
    free(text);
    json_decref(all);
}
