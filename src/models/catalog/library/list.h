/*
 * The content of a store's folder: its models, and the entries that look like models but are none.
 * Only folders and each model.json are opened. Blocks, and shares no state, so that a worker thread
 * can do it.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_LIST_H
#define WI_MODELS_CATALOG_LIBRARY_LIST_H

#include "models/models.h"

/* Models that are listed at most; a larger store still serves every model by name. */
#define WI_LIST_MAX 10000
/* Ignored entries that are listed at most; the rest is counted. */
#define WI_LIST_IGNORED_MAX 100
/* Entries of folders that are looked at; later ones are not listed. */
#define WI_LIST_LOOKS_MAX 100000

/* Fills an empty list. An unreadable folder counts as empty, unless that is due to a shortage: then
 * -1 with errno, else 0. */
int wi_list_read(const char *directory, struct wi_list *list);
void wi_list_clear(struct wi_list *list);
/* NULL if there is none of that name. */
const struct wi_list_row *wi_list_model(const struct wi_list *list, const char *name);
const struct wi_list_row *wi_list_ignored(const struct wi_list *list, const char *name);
/* The index of the first model whose name comes after `name`; the number of models if there is
 * none. */
size_t wi_list_place(const struct wi_list *list, const char *name);
/* Why the entry of that name, which is a valid model name, is no model: a new string; NULL: it is
 * one, or does not exist. Looks only at that entry, and at no more than a few thousand entries in
 * it; blocks likewise. */
char *wi_list_why_none(const char *directory, const char *name);
/* Fills `error` with WI_MODEL_NOT_FOUND for a name that is no model: why it is none (`why`; NULL:
 * as the list says) or which model may have been meant, and the existing names, as many as the
 * error holds. The list may be older than what is known of the name. */
void wi_list_explain(
    const struct wi_list *list, const char *name, const char *why, struct wi_error *error);

#endif
