/*
 * The lists of all models that have no pages, since their clients know none: OpenAI's, Ollama's and
 * KServe's. Each is kept as it is sent (http/kept.h) from the first request for it on, and patched
 * as models come, change and go; many changes at once are printed turn by turn of the loop.
 */
#ifndef WI_API_ENDPOINTS_MODELS_LISTS_H
#define WI_API_ENDPOINTS_MODELS_LISTS_H

#include "api/http/request.h"
#include "api/http/step.h"

enum wi_api_list {
    WI_API_LIST_OPENAI,
    WI_API_LIST_OLLAMA,
    WI_API_LIST_KSERVE,
    WI_API_LIST_KSERVE_READY,
    WI_API_LISTS
};

struct wi_api_lists;
/* Hears of models from now on, and tells api->deps.listener. */
struct wi_api_lists *wi_api_lists_new(struct wi_api *api);
/* When no request is left; NULL is fine. */
void wi_api_lists_free(struct wi_api_lists *lists);
/* The configuration is another: all is printed again when it is asked for. */
void wi_api_lists_renew(struct wi_api_lists *lists);

/* Appends what a list has of a model: JSON objects with commas between, or nothing. The model is as
 * of wi_repository_each. */
typedef void wi_api_print_fn(struct wi_buffer *out, const struct wi_api *api,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem);
/* Adds an object (taken; NULL: none) behind what `out` has. */
void wi_api_list_add(struct wi_buffer *out, json_t *value);

/* Reads the folder again, unless that was just done, and calls back with the list that `print`, the
 * same each time, makes of it; `list` is borrowed for the call. If the request goes first, or the
 * call is over, `work` is freed as of wi_request_find_model. */
typedef void wi_api_list_fn(struct wi_request *request, void *work, struct wi_blob *list);
void wi_api_list_fresh(struct wi_request *request, enum wi_api_list which, wi_api_print_fn *print,
    wi_api_list_fn *on_list, void *work, wi_step_free_fn *free_work);
/* Answers 200 with `head`, the list, and `tail`, texts that it takes over. */
void wi_api_list_answer(struct wi_request *request, struct wi_buffer *head, struct wi_blob *list,
    struct wi_buffer *tail);

/* Calls `each` with every name that the model goes by where lists have aliases, too: its own, which
 * is `name`, unless that is another's alias, and its aliases. */
typedef void wi_api_name_fn(void *context, const char *name);
void wi_api_each_name(
    const struct wi_api *api, const char *name, wi_api_name_fn *each, void *context);

#endif
