/*
 * Chooses the files of a repository that make up the wanted model. Pure.
 *
 * With patterns (`--file`), exactly the files that match them. Otherwise the format decides
 * (terms/format/format.h):
 *
 *   gguf         the named variant; else Q6_K if it fits the memory of a page, else Q4_K_M if that
 *                fits, else the largest that fits. A split set is taken whole, and a projector
 *                (mmproj….gguf) with it. Files of subfolders are placed directly in the model's
 *                folder, where the store looks for them.
 *   huggingface  the named dtype, or the one that `precision` asks for, else the first in the
 *                store's order that fits; with its external data, and the settings and tables of
 *                tokenizers. Where there is a merged decoder, its two halves are left out.
 *   onnx         model.onnx, its external data and model.json
 *
 * Pickles and scripts are never chosen, not even by a pattern: wi_format_may_have says what may be
 * fetched.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CHOOSE_H
#define WI_MODELS_ARRIVE_HUB_CHOOSE_H

#include "base/memory.h"
#include "models/arrive/hub/hub_tree.h"

struct wi_hub_want {
    const char *variant;            /* NULL: by the rules above */
    const char *precision;          /* "fp32", "fp16", "int8", "int4"; NULL: likewise */
    const struct wi_strings *files; /* patterns with "*" and "?", which match "/" too; NULL: none */
    uint64_t memory;                /* bytes available to models in a page: [pool] model_budget */
};

/* Sets `chosen`, which is empty, to the files to fetch, at most WI_MODEL_FILES_MAX, and `variant`
 * to the variant's name, which the caller frees (NULL where there is none). `tree` is finished.
 * WI_OK; WI_HUB_NOT_FOUND if the repository has no model or lacks the variant: the error lists the
 * existing variants and their sizes; WI_MODEL_TOO_LARGE if none fits; WI_INVALID_FIELD if the
 * patterns match nothing, or match something that is not fetched. */
enum wi_code wi_hub_choose(const struct wi_hub_tree *tree, const struct wi_hub_want *want,
    struct wi_hub_tree *chosen, char **variant, struct wi_error *error);

#endif
