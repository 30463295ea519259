/* THE table of tasks, and what clients and nodes send for them; see task_table.h. */
#include "terms/task/private.h"

#include <stddef.h>

#define SENTENCE                                                                                   \
    "The river comes down from the hills in the north, turns round the old town, and goes on "     \
    "through wide green fields to the sea."
#define LABELS "\"labels\":[\"a river\",\"a red ball\",\"music\"]"
#define TEXTS "{\"texts\":[\"$TEXT\"]}"

const struct wi_task_input_row wi_task_inputs[WI_TAKES_COUNT] = {
    [WI_TAKES_TENSORS] = {.words = "a list of {\"name\", \"datatype\", \"shape\", \"data\"}"},
    [WI_TAKES_MESSAGES] = {"{\"messages\": [{\"role\", \"content\"}]}", WI_FORM(MESSAGES), NULL,
        "messages", "chat", "", NULL},
    [WI_TAKES_PROMPT] = {"a string", WI_FORM(STRING), "prompt", NULL, "generate", " TEXT",
        "{\"prompt\":\"$TEXT\"}"},
    [WI_TAKES_PROMPTS] = {"a string", WI_FORM(STRING) | WI_FORM(LIST), "prompt", "prompts",
        "generate", " TEXT", "{\"prompt\":\"$TEXT\"}"},
    [WI_TAKES_TEXT] = {"a string", WI_FORM(STRING), "text", NULL, "infer",
        " --text TEXT --output DIR", NULL},
    [WI_TAKES_TO_READ] = {"a string, or {\"messages\": [{\"role\", \"content\"}]}",
        WI_FORM(STRING) | WI_FORM(MESSAGES), "text", "messages", "infer", " --text TEXT", NULL},
    [WI_TAKES_TEXTS] = {"a string or a list of strings", WI_FORM(STRING) | WI_FORM(LIST), NULL,
        "texts", "infer", " --text TEXT", TEXTS},
    [WI_TAKES_PAIRS] = {"a string, a list of strings, {\"text\", \"text_pair\"} or "
                        "{\"pairs\": [[string, string]]}",
        WI_FORM(STRING) | WI_FORM(LIST) | WI_FORM(PAIRS), NULL, "texts", "infer", " --text TEXT",
        TEXTS},
    [WI_TAKES_QUERY] = {"{\"query\": string, \"documents\": [string]}", WI_FORM(QUERY), NULL, NULL,
        "infer", " --inputs FILE.json",
        "{\"query\":\"a river\",\"documents\":[\"$TEXT\",\"a red ball\"]}"},
    /* One sentence, since it may not be cut. */
    [WI_TAKES_QUESTION] = {"{\"question\": string, \"context\": string}", WI_FORM(QUESTION), NULL,
        NULL, "infer", " --text TEXT --question TEXT",
        "{\"question\":\"Where does it go?\",\"context\":\"" SENTENCE "\"}"},
    [WI_TAKES_LABELS] = {"{\"text\": string, \"labels\": [string]}, or "
                         "\"texts\": [string]",
        WI_FORM(LABELS), NULL, NULL, "infer", " --text TEXT --label NAME --label NAME",
        "{\"texts\":[\"$TEXT\"]," LABELS "}"},
    [WI_TAKES_PICTURE] = {"{\"image\": \"<base64>\"}", WI_FORM(PICTURE), NULL, NULL, "infer",
        " --image FILE", "{}"},
    [WI_TAKES_PICTURE_LABELS] = {"{\"image\": \"<base64>\", \"labels\": [string]}",
        WI_FORM(PICTURE_LABELS), NULL, NULL, "infer", " --image FILE --label NAME --label NAME",
        "{" LABELS "}"},
    [WI_TAKES_PICTURE_QUESTION] = {"{\"image\": \"<base64>\", \"question\": string}",
        WI_FORM(PICTURE_QUESTION), NULL, NULL, "infer", " --image FILE --question TEXT",
        "{\"question\":\"What is red?\"}"},
    [WI_TAKES_PICTURE_PROMPT] = {"{\"image\": \"<base64>\"}, optionally with \"prompt\"",
        WI_FORM(PICTURE) | WI_FORM(PICTURE_PROMPT), NULL, NULL, "infer", " --image FILE", "{}"},
    [WI_TAKES_SOUND] = {"{\"audio\": \"<base64>\"}", WI_FORM(SOUND), NULL, NULL, "infer",
        " --audio FILE", "{}"},
    [WI_TAKES_SOUND_LABELS] = {"{\"audio\": \"<base64>\", \"labels\": [string]}",
        WI_FORM(SOUND_LABELS), NULL, NULL, "infer", " --audio FILE --label NAME --label NAME",
        "{" LABELS "}"},
};

#define SEED_MAX 9007199254740991.0 /* what every peer can hold exactly */
#define LANGUAGE_MAX 32

#define ROW(member, kind, least, most, text)                                                       \
    WI_PARAM(wi_task_said, member, kind, .min = (least), .max = (most), .help = (text))
/* A row with a type of its own; see wire/describe/schema.h. */
#define FORM(member, kind, most, type, text)                                                       \
    WI_PARAM(wi_task_said, member, kind, .max = (most), .form = (type), .help = (text))
#define WORD(member, text, ...)                                                                    \
    WI_PARAM(wi_task_said, member, ENUM, .names = (const char *const[]){__VA_ARGS__, NULL},        \
        .help = (text))
#define OPTIONS(...) ((const struct wi_param[]){__VA_ARGS__, WI_PARAM_END})
#define NO_OPTIONS ((const struct wi_param[]){WI_PARAM_END})

/* Of what writes text, whichever engine does it. */
#define WRITING                                                                                    \
    ROW(max_tokens, INTEGER, 1, WI_TOKENS_MAX, "The maximum number of tokens in an answer."),      \
        ROW(temperature, NUMBER, 0, 2, "0 selects the most likely token."),                        \
        ROW(top_p, NUMBER, 0, 1,                                                                   \
            "Keeps the most likely tokens that have this total probability."),                     \
        ROW(top_k, INTEGER, 0, 1000000,                                                            \
            "Keeps only this many of the most likely tokens; 0 keeps all."),                       \
        ROW(min_p, NUMBER, 0, 1,                                                                   \
            "Keeps only tokens with at least this share of the best token's probability."),        \
        ROW(repeat_penalty, NUMBER, WI_TEXT_PENALTY_MIN, WI_TEXT_PENALTY_MAX,                      \
            "A penalty for repetition; 1 means none."),                                            \
        ROW(frequency_penalty, NUMBER, -2, 2, "A penalty that grows with each use of a token."),   \
        ROW(presence_penalty, NUMBER, -2, 2, "One penalty for any used token."),                   \
        FORM(logit_bias, OBJECT, 0, "{number}", "Biases for tokens, by token number."),            \
        FORM(stop, ANY, 0, "string|[string]", "Up to 16 strings that end the answer."),            \
        ROW(seed, INTEGER, -SEED_MAX, SEED_MAX, "The seed for sampling."),                         \
        ROW(n, INTEGER, 1, WI_TEXT_ANSWERS, "The number of answers."),                             \
        ROW(logprobs, BOOL, 0, 0, "Whether to return log probabilities."),                         \
        ROW(top_logprobs, INTEGER, 0, 20,                                                          \
            "With logprobs: the number of alternatives for each token."),                          \
        FORM(response_format, OBJECT, 0, "ResponseFormat",                                         \
            "The format: text, json_object, json_schema."),                                        \
        ROW(grammar, STRING, 1, WI_TEXT_SCHEMA, "A GBNF grammar that constrains the text."),       \
        FORM(json_schema, ANY, 0, "object|boolean", "A JSON schema that constrains the text."),    \
        ROW(deterministic, BOOL, 0, 0,                                                             \
            "Whether the request runs alone, with a reproducible result."),                        \
        CONTEXT
/* What means something in a conversation alone. */
#define CONVERSING                                                                                 \
    FORM(tools, ARRAY, 128, "[Tool]", "Functions that the model may call."),                       \
        FORM(tool_choice, ANY, 0, "ToolChoice", "none, auto, required, or the tool to call."),     \
        ROW(chat_template_kwargs, OBJECT, 0, 0, "Variables for the model's chat template.")
#define CONTEXT                                                                                    \
    ROW(context, INTEGER, 16, WI_TOKENS_MAX, "The number of tokens that the context must hold.")
#define DIMENSIONS ROW(dimensions, INTEGER, 1, 65536, "How many dimensions to keep.")
#define NORMALIZE ROW(normalize, BOOL, 0, 0, "Whether vectors are scaled to length 1.")
#define TRUNCATE ROW(truncate, BOOL, 0, 0, "Whether to truncate overlong texts.")
#define ADD_SPECIAL ROW(add_special, BOOL, 0, 0, "Whether special tokens are included.")
#define TOP ROW(top, INTEGER, 1, 1000, "The number of results to return.")
#define THRESHOLD ROW(threshold, NUMBER, 0, 1, "The minimum score; 0.5 by default.")
#define TEMPLATE                                                                                   \
    ROW(hypothesis_template, STRING, 1, 1024, "A template in which {} stands for the label.")

#define OF(type) (1u << WI_TYPE_##type)
#define GENERATORS (OF(TEXT_GENERATION) | OF(TEXT2TEXT) | OF(MULTIMODAL))
#define READERS OF(TEXT_EMBEDDING)
/* Of these anything may be expected. */
#define ANYTHING (~0u)

static const struct wi_param writing[] = {WRITING, WI_PARAM_END};
static const struct wi_param conversing[] = {WRITING, CONVERSING, WI_PARAM_END};
/* Of what reads a text whole before it writes another. */
static const struct wi_param rewriting[] = {WRITING, TRUNCATE, WI_PARAM_END};

#define WRITES(list)                                                                               \
    .generates = 1, .samples = 1, .options = list, .check = wi_answer_text, .is_one = 1,           \
    .sample = "{\"text\":\"simulated\",\"finish_reason\":\"stop\"}"
#define GIVES_LABELS                                                                               \
    .list = "labels", .members = WI_LABEL_MEMBERS,                                                 \
    .sample = "{\"labels\":[{\"label\":\"yes\",\"index\":0,\"probability\":0.5},"                  \
              "{\"label\":\"no\",\"index\":1,\"probability\":0.25}]}"
#define GIVES_ANSWERS                                                                              \
    .list = "answers", .members = WI_ANSWER_MEMBERS,                                               \
    .sample = "{\"answers\":[{\"answer\":\"simulated\",\"score\":1}]}"

const struct wi_task_row wi_tasks[WI_TASK_COUNT] = {
    [WI_TASK_NONE] = {.options = NO_OPTIONS},
    [WI_TASK_CHAT] = {"chat", {"text-generation"}, WI_TAKES_MESSAGES, GENERATORS, WI_FORM(MESSAGES),
        WRITES(conversing), .gguf_options = conversing},
    [WI_TASK_COMPLETE] = {"complete", {"text-generation"}, WI_TAKES_PROMPTS, GENERATORS, 0,
        WRITES(writing), .gguf_options = writing},
    [WI_TASK_EMBED] = {"embed", {"feature-extraction"}, WI_TAKES_TEXTS, READERS | OF(MULTIMODAL),
        WI_FORM(LIST), .outputs = "embeddings", .tensors = {{"embeddings", WI_OUTPUT_ROWS}},
        .options = OPTIONS(WORD(pooling, "How to combine vectors.", "mean", "cls", "last", "none"),
            NORMALIZE, DIMENSIONS, TRUNCATE),
        /* Their files say how to pool. */
        .gguf_options = OPTIONS(DIMENSIONS, NORMALIZE, CONTEXT), .command = "embed",
        .arguments = " TEXT"},
    [WI_TASK_RERANK] = {"rerank", {"sentence-similarity", "text-ranking"}, WI_TAKES_QUERY,
        READERS | OF(MULTIMODAL), WI_FORM(QUERY), .options = OPTIONS(TRUNCATE),
        .gguf_options = OPTIONS(CONTEXT), .check = wi_answer_scores, .is_one = 1},
    [WI_TASK_TOKENIZE] = {"tokenize", {NULL}, WI_TAKES_TO_READ, ANYTHING, 0,
        .options = OPTIONS(ADD_SPECIAL, CONVERSING),
        .gguf_options = OPTIONS(ADD_SPECIAL, CONVERSING), .check = wi_answer_tokens, .is_one = 1},
    [WI_TASK_TEXT_CLASSIFICATION] = {"text-classification", {NULL}, WI_TAKES_PAIRS, READERS,
        WI_FORM(PAIRS),
        .options = OPTIONS(TOP, TRUNCATE,
            WORD(activation, "The function that computes probabilities.", "softmax", "sigmoid",
                "none")),
        GIVES_LABELS},
    [WI_TASK_TOKEN_CLASSIFICATION] = {"token-classification", {NULL}, WI_TAKES_TEXTS, READERS, 0,
        .options = OPTIONS(WORD(aggregation, "simple joins an entity's tokens.", "none", "simple"),
            FORM(ignore_labels, ARRAY, WI_TEXT_IGNORED, "[string]", "Labels that are left out."),
            TRUNCATE),
        .list = "entities", .members = WI_ENTITY_MEMBERS,
        .sample = "{\"entities\":[{\"entity\":\"NAME\",\"score\":1,\"start\":0,\"end\":2,"
                  "\"word\":\"By\"},{\"entity\":\"NAME\",\"score\":1,\"start\":3,\"end\":6,"
                  "\"word\":\"Ann\"}]}"},
    [WI_TASK_FILL_MASK] = {"fill-mask", {NULL}, WI_TAKES_TEXTS, READERS, 0, .options = OPTIONS(TOP),
        .check = wi_answer_fills,
        .sample = "{\"fills\":[{\"token\":1,\"token_text\":\"word\",\"token_str\":\"word\","
                  "\"probability\":1,\"text\":\"word\",\"sequence\":\"word\"}]}",
        .probe = "{\"texts\":[\"The river goes to the [MASK].\"]}"},
    [WI_TASK_QUESTION_ANSWERING] = {"question-answering", {NULL}, WI_TAKES_QUESTION, READERS,
        WI_FORM(QUESTION), .options = OPTIONS(TOP), GIVES_ANSWERS},
    [WI_TASK_ZERO_SHOT_CLASSIFICATION] = {"zero-shot-classification", {NULL}, WI_TAKES_LABELS,
        READERS, WI_FORM(LABELS),
        .options = OPTIONS(ROW(multi_label, BOOL, 0, 0, "Whether more than one label may apply."),
            TEMPLATE, TRUNCATE),
        GIVES_LABELS},
    [WI_TASK_TEXT2TEXT] = {"text2text-generation", {NULL}, WI_TAKES_PROMPT, OF(TEXT2TEXT), 0,
        WRITES(rewriting)},
    [WI_TASK_TRANSLATION] = {"translation", {NULL}, WI_TAKES_PROMPT, OF(TEXT2TEXT), 0,
        WRITES(OPTIONS(WRITING, TRUNCATE,
            ROW(source_language, STRING, 1, LANGUAGE_MAX,
                "The input's language, as the model names it."),
            ROW(target_language, STRING, 1, LANGUAGE_MAX, NULL)))},
    [WI_TASK_SUMMARIZATION] = {"summarization", {NULL}, WI_TAKES_PROMPT, OF(TEXT2TEXT), 0,
        WRITES(rewriting)},
    [WI_TASK_IMAGE_CLASSIFICATION] = {"image-classification", {NULL}, WI_TAKES_PICTURE, OF(VISION),
        WI_FORM(PICTURE), .options = OPTIONS(TOP), GIVES_LABELS},
    [WI_TASK_OBJECT_DETECTION] = {"object-detection", {NULL}, WI_TAKES_PICTURE, OF(VISION), 0,
        .options = OPTIONS(THRESHOLD), .list = "boxes", .members = WI_BOX_MEMBERS,
        .sample = "{\"boxes\":[{\"label\":\"thing\",\"score\":1,"
                  "\"box\":{\"xmin\":0,\"ymin\":0,\"xmax\":1,\"ymax\":1}}]}"},
    [WI_TASK_IMAGE_SEGMENTATION] = {"image-segmentation", {NULL}, WI_TAKES_PICTURE, OF(VISION), 0,
        .outputs = "mask_0, mask_1, …", .tensors = {{"mask_", WI_OUTPUT_PNG}},
        .options = OPTIONS(
            THRESHOLD, WORD(subtask, "The kind of masks.", "semantic", "instance", "panoptic")),
        .check = wi_answer_segments,
        .sample = "{\"segments\":[{\"label\":\"thing\",\"score\":1,\"mask\":\"mask_0\"}]}"},
    [WI_TASK_DEPTH_ESTIMATION] = {"depth-estimation", {NULL}, WI_TAKES_PICTURE, OF(VISION), 0,
        .outputs = "depth, predicted_depth",
        .tensors = {{"depth", WI_OUTPUT_PNG}, {"predicted_depth", WI_OUTPUT_MATRIX}},
        .options = NO_OPTIONS, .sample = "{\"width\":1,\"height\":1}"},
    [WI_TASK_IMAGE_FEATURES] = {"image-feature-extraction", {NULL}, WI_TAKES_PICTURE,
        OF(VISION) | OF(MULTIMODAL), 0, .outputs = "embeddings",
        .tensors = {{"embeddings", WI_OUTPUT_MATRIX}}, .options = NO_OPTIONS},
    [WI_TASK_SPEECH_RECOGNITION] = {"automatic-speech-recognition", {NULL}, WI_TAKES_SOUND,
        OF(AUDIO), WI_FORM(SOUND), .generates = 1,
        .options = OPTIONS(ROW(language, STRING, 1, LANGUAGE_MAX, "The spoken language."),
            ROW(translate, BOOL, 0, 0, "Whether to translate into English."),
            WORD(timestamps, "The parts with times.", "none", "segment", "word", "both"),
            ROW(details, BOOL, 0, 0, "Whether segments list their tokens and probabilities."),
            ROW(max_tokens, INTEGER, 1, 4096, "The maximum number of tokens in an answer."),
            ROW(prompt, STRING, 1, 4096, "The text that precedes the transcript.")),
        .check = wi_answer_transcript, .sample = "{\"text\":\"simulated\",\"duration\":0}"},
    [WI_TASK_AUDIO_CLASSIFICATION] = {"audio-classification", {NULL}, WI_TAKES_SOUND, OF(AUDIO), 0,
        .options = OPTIONS(TOP), GIVES_LABELS},
    [WI_TASK_TEXT_TO_SPEECH] = {"text-to-speech", {NULL}, WI_TAKES_TEXT, OF(AUDIO), 0,
        .outputs = "audio", .tensors = {{"audio", WI_OUTPUT_WAV}},
        .options = OPTIONS(ROW(speaker, STRING, 1, 64, "The voice."),
            ROW(speed, NUMBER, 0.25, 4, "The speaking rate; 1 by default.")),
        .check = wi_answer_speech, .sample = "{\"sampling_rate\":16000,\"duration\":0.0000625}",
        .probe = "{\"text\":\"The river goes to the sea.\"}"},
    [WI_TASK_ZERO_SHOT_IMAGE] = {"zero-shot-image-classification", {NULL}, WI_TAKES_PICTURE_LABELS,
        OF(MULTIMODAL), WI_FORM(PICTURE_LABELS), .options = OPTIONS(TEMPLATE), GIVES_LABELS},
    [WI_TASK_ZERO_SHOT_AUDIO] = {"zero-shot-audio-classification", {NULL}, WI_TAKES_SOUND_LABELS,
        OF(MULTIMODAL) | OF(AUDIO) /* CLAP is known as a model of sounds */, WI_FORM(SOUND_LABELS),
        .options = OPTIONS(TEMPLATE), GIVES_LABELS},
    [WI_TASK_IMAGE_TO_TEXT] = {"image-to-text", {NULL}, WI_TAKES_PICTURE_PROMPT, OF(MULTIMODAL),
        WI_FORM(PICTURE) | WI_FORM(PICTURE_PROMPT), WRITES(writing)},
    [WI_TASK_DOCUMENT_QUESTION] = {"document-question-answering", {NULL}, WI_TAKES_PICTURE_QUESTION,
        OF(MULTIMODAL), 0, .options = NO_OPTIONS, GIVES_ANSWERS},
    [WI_TASK_VISUAL_QUESTION] = {"visual-question-answering", {NULL}, WI_TAKES_PICTURE_QUESTION,
        OF(MULTIMODAL), WI_FORM(PICTURE_QUESTION), WRITES(writing)},
};
