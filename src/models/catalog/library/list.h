/*
 * What a store's folder holds: its models, and what lies there as if it were one and is none. Read
 * with nothing opened but folders and each model.json; blocks, and shares no state, so that a
 * worker thread can do it.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_LIST_H
#define WI_MODELS_CATALOG_LIBRARY_LIST_H

#include "base/error.h"
#include "models/catalog/format/format.h"
#include "models/catalog/library/versions.h"
#include <stddef.h>

/* At most so many models are listed; a store of more still serves every one of them by name. */
#define WI_LIST_MAX 10000
/* Of what is ignored so many are listed, the others counted. */
#define WI_LIST_IGNORED_MAX 100
/* So many entries of folders are looked at; what comes after them is not listed. */
#define WI_LIST_LOOKS_MAX 100000

struct wi_list_row {
    char *name; /* of a model "NAME" or "OWNER/NAME"; of what is ignored its path, as valid UTF-8 */
    enum wi_model_format format; /* of a model */
    struct wi_variants variants; /* of a model; none for `onnx` */
    struct wi_versions versions; /* of a model that was pulled */
    char *problem; /* why it is ignored; of a model what is wrong with its model.json, or NULL */
};

/* Both sorted by name. Zero-initialise; free with wi_list_clear. */
struct wi_list {
    struct wi_list_row *models, *ignored;
    size_t model_count, ignored_count;
    size_t ignored_more; /* beside those that are listed */
    uint64_t disk_bytes; /* of the whole disk that the folder is on; 0: it is not known */
};

/* Fills an empty list. A folder that cannot be read has nothing in it; but where that is for a
 * shortage, -1 with errno, else 0. */
int wi_list_read(const char *directory, struct wi_list *list);
void wi_list_clear(struct wi_list *list);
/* NULL if there is none of that name. */
const struct wi_list_row *wi_list_model(const struct wi_list *list, const char *name);
const struct wi_list_row *wi_list_ignored(const struct wi_list *list, const char *name);
/* The first of the models whose name comes behind `name`; their number if there is none. */
size_t wi_list_place(const struct wi_list *list, const char *name);
/* Why what lies in the folder by that name, which is a model's, is none: a new string; NULL: it is
 * one, or there is nothing. Looks at that alone, and at no more than a few thousand entries of it;
 * blocks likewise. */
char *wi_list_why_none(const char *directory, const char *name);
/* Fills `error` with WI_MODEL_NOT_FOUND for a name that is no model: why it is none (`why`, or
 * NULL: what the list says), or which one may have been meant, and the names that there are, as
 * many as the error holds. The list may be older than what is known of the name. */
void wi_list_explain(
    const struct wi_list *list, const char *name, const char *why, struct wi_error *error);

#endif
