/* Requests for language models, which more than one fuzzer makes. */
#ifndef WI_TESTS_FUZZ_TEXT_H
#define WI_TESTS_FUZZ_TEXT_H

#include "wire/dialect.h"
#include "wire/text.h"
#include <stdlib.h>

static const struct wi_config_models limits = {.max_picture_pixels = 1000, .slots = 4};

/* What goes to a node is an object, and so are the options. */
static void check_settled(struct wi_infer *infer, const struct wi_model *model)
{
    wi_text_settle(infer, model);
    if (infer->asked->task == WI_TASK_NONE || !json_is_object(infer->asked->input) ||
        (infer->asked->options && !json_is_object(infer->asked->options)))
        abort();
}

/* Settles a request that was read for the first that takes it: a model that makes vectors, one that
 * writes, or one that may do any task. */
static void check_text(const struct wi_dialect *dialect, struct wi_infer *infer)
{
    struct wi_model speaker = {.name = (char *)"s",
        .type = WI_TYPE_TEXT_GENERATION,
        .engine = WI_ENGINE_LLAMA,
        .format = WI_FORMAT_GGUF,
        .memory = {.fits = 1}};
    struct wi_model embedder = speaker;
    struct wi_model folder = {
        .name = (char *)"f", .engine = WI_ENGINE_PIPELINE, .format = WI_FORMAT_HUGGINGFACE};
    struct wi_error error;
    embedder.type = WI_TYPE_TEXT_EMBEDDING;
    if (dialect->check(infer, &embedder, &limits, &error) == WI_OK)
        check_settled(infer, &embedder);
    else if (dialect->check(infer, &speaker, &limits, &error) == WI_OK)
        check_settled(infer, &speaker);
    else if (dialect->check(infer, &folder, &limits, &error) == WI_OK)
        check_settled(infer, &folder);
}

#endif
