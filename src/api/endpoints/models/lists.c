/* The lists, the changes noted in them, and the requests that wait for them; see lists.h. */
#include "api/endpoints/models/lists.h"

#include "api/endpoints/endpoints.h"
#include "api/http/kept.h"
#include "api/http/waiting.h"
#include "base/loop.h"
#include "base/memory.h"
#include "models/models.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Rows that are printed in a turn of the loop: a millisecond, or less. */
#define SLICE 200

struct list {
    const struct wi_api *api;
    wi_api_print_fn *print;
    struct wi_kept_list *kept; /* NULL until it is asked for */
    int is_stale;              /* every model is to be noted */
    int is_wanted;             /* in this turn: a request waits for it */
};

/* A request for one: it waits for the folder to be read, and then, in `waiters`, for its list. */
struct waiter {
    struct wi_request *request;
    struct list *list;
    int is_queued; /* in `waiters` */
    wi_api_list_fn *on_list;
    void *work;
    wi_step_free_fn *free_work;
    struct waiter *prev, *next;
};

struct wi_api_lists {
    struct wi_api *api;
    struct wi_change_listener listener; /* of the repository */
    struct list lists[WI_API_LISTS];
    struct waiter *waiters;
    struct wi_turn *turn;
};

/* --- what changes ---------------------------------------------------------------------------- */

static void on_change(void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    struct wi_api_lists *lists = context;
    char *name = kind == WI_CHANGE_MODEL ? wi_model_name_without(id) : NULL;
    for (size_t i = 0; name && i < WI_API_LISTS; i++)
        if (lists->lists[i].kept)
            wi_kept_note(lists->lists[i].kept, name);
    free(name);
    wi_change_tell(lists->api->deps.listener, kind, id, owner);
}

void wi_api_lists_renew(struct wi_api_lists *lists)
{
    for (size_t i = 0; i < WI_API_LISTS; i++)
        lists->lists[i].is_stale = 1;
}

/* --- printing -------------------------------------------------------------------------------- */

struct printing {
    const struct list *list;
    struct wi_buffer *out;
};

static void print_model(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    const struct printing *printing = context;
    printing->list->print(printing->out, printing->list->api, row, model, problem);
}

static void print_key(void *context, const char *key, struct wi_buffer *out)
{
    const struct list *list = context;
    struct printing printing = {list, out};
    wi_repository_one(list->api->deps.repository, key, print_model, &printing);
}

static void note_model(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    wi_kept_note(context, row ? row->name : model->name);
}

/* Whether it tells of everything that is known, after a turn's part of what is to be printed. */
static int list_go_on(struct list *list)
{
    if (!list->kept)
        list->kept = wi_kept_new(print_key, list);
    if (list->is_stale) {
        list->is_stale = 0;
        wi_kept_note_all(list->kept);
        (void)wi_repository_each_after(
            list->api->deps.repository, "", SIZE_MAX, note_model, list->kept);
    }
    return wi_kept_go_on(list->kept, SLICE) == 0;
}

void wi_api_list_add(struct wi_buffer *out, json_t *value)
{
    if (!value)
        return; /* jansson makes nothing of text that is not UTF-8 */
    wi_buffer_puts(out, out->size > 0 ? "," : "");
    wi_buffer_json(out, value);
    json_decref(value);
}

void wi_api_each_name(
    const struct wi_api *api, const char *name, wi_api_name_fn *each, void *context)
{
    const struct wi_aliases *aliases = wi_repository_aliases(api->deps.repository);
    size_t length = strlen(name);
    if (!wi_aliases_find(aliases, name))
        each(context, name);
    for (size_t i = 0; i < aliases->count; i++) {
        /* A variant that an alias names is the model's that is listed. */
        const struct wi_alias *alias = &aliases->items[i];
        if (strncmp(alias->model, name, length) == 0 && wi_model_name_base(alias->model) == length)
            each(context, alias->name);
    }
}

/* --- requests -------------------------------------------------------------------------------- */

static void free_waiter(struct waiter *waiter)
{
    if (waiter->is_queued)
        DL_DELETE(waiter->request->api->endpoints->lists->waiters, waiter);
    free(waiter);
}

/* Its request has gone. */
static void drop_waiter(void *work)
{
    struct waiter *waiter = work;
    if (waiter->free_work)
        waiter->free_work(waiter->work);
    free_waiter(waiter);
}

static void give_list(struct wi_request *request, void *work)
{
    struct waiter *waiter = work;
    const struct waiter one = *waiter;
    free_waiter(waiter);
    one.on_list(request, one.work, wi_kept_text(one.list->kept));
}

/* The folder was read. */
static void on_folder(struct wi_request *request, void *work)
{
    struct waiter *waiter = work;
    struct wi_api_lists *lists = request->api->endpoints->lists;
    if (list_go_on(waiter->list)) {
        give_list(request, waiter);
        return;
    }
    waiter->is_queued = 1;
    DL_APPEND(lists->waiters, waiter);
    wi_request_wait(request, drop_waiter, waiter);
    wi_turn_schedule(lists->turn);
}

static void on_turn(void *context)
{
    struct wi_api_lists *lists = context;
    struct waiter *waiter, *next;
    int is_done[WI_API_LISTS] = {0};
    DL_FOREACH(lists->waiters, waiter)
    waiter->list->is_wanted = 1;
    for (size_t i = 0; i < WI_API_LISTS; i++) {
        is_done[i] = lists->lists[i].is_wanted && list_go_on(&lists->lists[i]);
        lists->lists[i].is_wanted = 0;
    }
    DL_FOREACH_SAFE(lists->waiters, waiter, next)
    {
        if (!is_done[waiter->list - lists->lists])
            continue;
        DL_DELETE(lists->waiters, waiter);
        waiter->is_queued = 0;
        wi_request_go_on(waiter->request, give_list, drop_waiter, waiter);
    }
    if (lists->waiters)
        wi_turn_schedule(lists->turn);
}

void wi_api_list_fresh(struct wi_request *request, enum wi_api_list which, wi_api_print_fn *print,
    wi_api_list_fn *on_list, void *work, wi_step_free_fn *free_work)
{
    struct waiter *waiter = wi_alloc(sizeof *waiter);
    *waiter = (struct waiter){.request = request,
        .list = &request->api->endpoints->lists->lists[which],
        .on_list = on_list,
        .work = work,
        .free_work = free_work};
    waiter->list->print = print;
    wi_request_list(request, on_folder, waiter, drop_waiter);
}

/* --- the answer ------------------------------------------------------------------------------ */

struct answer {
    char *head, *tail;
    struct wi_blob *list;
};

static void free_answer(void *context)
{
    struct answer *answer = context;
    wi_blob_unref(answer->list);
    free(answer->head);
    free(answer->tail);
    free(answer);
}

void wi_api_list_answer(struct wi_request *request, struct wi_buffer *head, struct wi_blob *list,
    struct wi_buffer *tail)
{
    struct answer *answer = wi_alloc(sizeof *answer);
    size_t head_size = head->size, tail_size = tail->size;
    *answer = (struct answer){wi_buffer_take(head), wi_buffer_take(tail), wi_blob_ref(list)};
    const struct MHD_IoVec parts[] = {
        {answer->head, head_size}, {list->bytes, list->size}, {answer->tail, tail_size}};
    wi_request_answer_slices(request, 200, "application/json", parts, 3, free_answer, answer);
}

/* --- their life ------------------------------------------------------------------------------ */

struct wi_api_lists *wi_api_lists_new(struct wi_api *api)
{
    struct wi_api_lists *lists = wi_alloc(sizeof *lists);
    lists->api = api;
    lists->listener = (struct wi_change_listener){lists, on_change};
    lists->turn = wi_turn_new(api->deps.loop, on_turn, lists);
    for (size_t i = 0; i < WI_API_LISTS; i++)
        lists->lists[i] = (struct list){.api = api, .is_stale = 1};
    wi_repository_tell(api->deps.repository, &lists->listener);
    return lists;
}

void wi_api_lists_free(struct wi_api_lists *lists)
{
    if (!lists)
        return;
    wi_repository_tell(lists->api->deps.repository, lists->api->deps.listener);
    for (size_t i = 0; i < WI_API_LISTS; i++)
        wi_kept_free(lists->lists[i].kept);
    wi_turn_free(lists->turn);
    free(lists);
}
