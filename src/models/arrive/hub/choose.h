/*
 * Which files of a repository make the model that somebody wants. Pure.
 *
 * With patterns (`--file`) these and nothing else. Else by the format
 * (models/catalog/format/format.h):
 *
 *   gguf         the variant that is named; else Q6_K if it fits the memory of a page, else Q4_K_M
 *                if that fits, else the largest that fits. A split set is taken whole, and a
 *                projector (mmproj….gguf) with it. Files of subfolders come to lie in the model's
 *                own folder, where the store looks for them.
 *   huggingface  the dtype that is named, or that `precision` asks for, else the store's first that
 *                fits; with its external data, and the settings and tables of tokenizers. Where a
 *                merged decoder is there, its two halves are left out.
 *   onnx         model.onnx, its external data and model.json
 *
 * Never pickles or scripts, not even by a pattern: wi_format_may_have says what is fetched.
 */
#ifndef WI_MODELS_ARRIVE_HUB_CHOOSE_H
#define WI_MODELS_ARRIVE_HUB_CHOOSE_H

#include "base/memory.h"
#include "models/arrive/hub/tree.h"

struct wi_hub_want {
    const char *variant;            /* NULL: by the rules above */
    const char *precision;          /* "fp32", "fp16", "int8", "int4"; NULL: likewise */
    const struct wi_strings *files; /* patterns with "*" and "?", which match "/" too; NULL: none */
    uint64_t memory;                /* bytes that a page has for models: [pool] model_budget */
};

/* The files to fetch, at most WI_MODEL_FILES_MAX, in `chosen`, which is empty, and with the
 * variant's name in `variant`, which the caller frees (NULL where there is none). WI_OK;
 * WI_HUB_NOT_FOUND where the repository has no model, or not this variant: with those that there
 * are and their sizes; WI_MODEL_TOO_LARGE where none fits; WI_INVALID_FIELD for patterns that match
 * nothing, or what is not fetched. `tree` is finished. */
enum wi_code wi_hub_choose(const struct wi_hub_tree *tree, const struct wi_hub_want *want,
    struct wi_hub_tree *chosen, char **variant, struct wi_error *error);

#endif
