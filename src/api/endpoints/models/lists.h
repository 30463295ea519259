/*
 * The lists of all models that have no pages, since their clients know none: OpenAI's, Ollama's and
 * KServe's. From the first request on, each list is kept in the form in which it is sent
 * (http/kept.h), and is patched as models come, change and go. Many changes at once are printed
 * over several turns of the loop.
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
/* Listens to changes of models from now on, and passes them on to api->deps.listener. */
struct wi_api_lists *wi_api_lists_new(struct wi_api *api);
/* When no request is left; NULL is fine. */
void wi_api_lists_free(struct wi_api_lists *lists);
/* The configuration has changed: every list is printed again when it is asked for. */
void wi_api_lists_renew(struct wi_api_lists *lists);

/* Appends the entries of a list for one model: JSON objects with commas between, or nothing. The
 * arguments about the model are those of wi_repository_each_after. */
typedef void wi_api_print_fn(struct wi_buffer *out, const struct wi_api *api,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem);
/* Appends an object (taken; NULL: none) to `out`. */
void wi_api_list_add(struct wi_buffer *out, json_t *value);

/* Reads the folder again, unless that was just done, and calls `on_list` with the list that `print`
 * makes of it; `list` is borrowed for the call. `print` has to be the same for a list each time.
 * `work` is freed as by wi_request_find_model, after the call or if the request ends first. */
typedef void wi_api_list_fn(struct wi_request *request, void *work, struct wi_blob *list);
void wi_api_list_fresh(struct wi_request *request, enum wi_api_list which, wi_api_print_fn *print,
    wi_api_list_fn *on_list, void *work, wi_step_free_fn *free_work);
/* Answers 200 with `head`, the list, and `tail`, texts that it takes over. */
void wi_api_list_answer(struct wi_request *request, struct wi_buffer *head, struct wi_blob *list,
    struct wi_buffer *tail);

/* Calls `each` with every name of the model in lists that contain aliases: its own, which is
 * `name`, unless that is an alias of another model, and its aliases. */
typedef void wi_api_name_fn(void *context, const char *name);
void wi_api_each_name(
    const struct wi_api *api, const char *name, wi_api_name_fn *each, void *context);

#endif
