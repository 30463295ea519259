/* GET /v1/models: a page of the models as rows show them, and for OpenAI's clients the list of all.
 */
#include "api/endpoints/models/models.h"

#include "api/endpoints/models/lists.h"
#include "api/endpoints/models/model_row.h"
#include "api/endpoints/models/published.h"
#include "api/endpoints/models/pull_endpoint.h"
#include "api/endpoints/models/quantize.h"
#include "api/http/page_gather.h"
#include "base/memory.h"
#include <stdlib.h>

/* Models whose rows are made in a turn of the loop, in about two milliseconds. */
#define PART 100

/* --- a page ---------------------------------------------------------------------------------- */

struct listing {
    const struct wi_api *api;
    const char *after;
    size_t limit;
    const char *last; /* the name of the last one; NULL: there is none */
    int more;         /* there are others behind it */
    struct wi_api_loaded loaded;
    json_t *published; /* of wi_api_published_index */
    json_t *list;
};

static void row_want(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct listing *listing = context;
    listing->last = row ? row->name : model->name;
    wi_api_loaded_want(&listing->loaded, listing->last);
}

static void add_model(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct listing *listing = context;
    json_t *entry = wi_api_model_row(listing->api, &listing->loaded, row, model, problem);
    if (entry && row)
        wi_api_add_published(listing->published, row->name, entry);
    if (entry)
        json_array_append_new(listing->list, entry);
}

static void list_models(struct listing *listing)
{
    struct wi_repository *repository = listing->api->deps.repository;
    listing->list = json_array();
    listing->loaded = wi_api_loaded_new(WI_API_LOADED_SHOWN);
    listing->more =
        wi_repository_each_after(repository, listing->after, listing->limit, row_want, listing);
    wi_api_loaded_find(&listing->loaded, listing->api);
    listing->published =
        wi_api_published_index(listing->api, listing->after, listing->more ? listing->last : NULL);
    (void)wi_repository_each_after(repository, listing->after, listing->limit, add_model, listing);
    wi_api_loaded_clear(&listing->loaded);
    json_decref(listing->published);
}

json_t *wi_api_models_json(const struct wi_api *api, size_t most, size_t *more)
{
    struct listing listing = {.api = api, .after = "", .limit = most};
    size_t count = wi_repository_count(api->deps.repository);
    list_models(&listing);
    *more = count > most ? count - most : 0;
    return listing.list;
}

static void add_one(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct listing *listing = context;
    listing->list = wi_api_model_row(listing->api, &listing->loaded, row, model, problem);
}

json_t *wi_api_model_json(const struct wi_api *api, const char *name, int where)
{
    struct listing listing = {.api = api, .loaded = wi_api_loaded_new(WI_API_LOADED_SHOWN)};
    wi_api_loaded_want(&listing.loaded, name);
    if (where)
        wi_api_loaded_find(&listing.loaded, api);
    wi_repository_one(api->deps.repository, name, add_one, &listing);
    if (listing.list)
        wi_api_add_pins(api, name, listing.list);
    if (!where) {
        json_object_del(listing.list, "loaded");
        json_object_del(listing.list, "loaded_more");
    }
    wi_api_loaded_clear(&listing.loaded);
    return listing.list;
}

/* --- the same for OpenAI's clients ----------------------------------------------------------- */

struct openai {
    const struct wi_api *api;
    const struct wi_model *model;
    struct wi_buffer *out;
};

static void add_name(void *context, const char *name)
{
    const struct openai *openai = context;
    wi_api_list_add(openai->out, wi_api_openai_json(openai->api, name, openai->model));
}

static void print_openai(struct wi_buffer *out, const struct wi_api *api,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct openai openai = {api, model, out};
    if (!problem)
        wi_api_each_name(api, row ? row->name : model->name, add_name, &openai);
}

struct data {
    const struct wi_api *api;
    struct wi_buffer rows;
};

static void add_data(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct data *data = context;
    struct wi_buffer one = {0};
    print_openai(&one, data->api, row, model, problem);
    if (one.size > 0)
        wi_buffer_strings(&data->rows, data->rows.size > 0 ? "," : "", one.text, NULL);
    wi_buffer_clear(&one);
}

/* --- the whole answer ------------------------------------------------------------------------- */

/* Entries of the folder that look like models, and why each is none. */
static json_t *ignored_json(const struct wi_list *folder)
{
    json_t *out = json_array();
    for (size_t i = 0; i < folder->ignored_count; i++)
        json_array_append_new(out, json_pack("{s:s, s:s}", "name", folder->ignored[i].name,
                                       "reason", folder->ignored[i].problem));
    return out;
}

static json_t *aliases_json(const struct wi_aliases *aliases)
{
    json_t *out = json_object();
    for (size_t i = 0; i < aliases->count; i++)
        json_object_set_new(out, aliases->items[i].name, json_string(aliases->items[i].model));
    return out;
}

/* The most room that a model can get here if all others are removed for it. */
static json_t *room_json(const struct wi_api *api, const struct wi_list *folder)
{
    uint64_t quota = api->deps.config->models.quota, room = folder->disk_bytes;
    if (quota > 0 && (room == 0 || quota < room))
        room = quota;
    return room > 0 ? json_integer((json_int_t)room) : json_null();
}

/* All but `object`, `data`, `models` and `next`. */
static json_t *rest_json(
    const struct wi_api *api, const char *after, const char *last, const struct wi_list *folder)
{
    json_t *pulls = wi_api_pulls_json(api->deps.pulls);
    wi_api_add_makings(api->deps.quantizer, pulls);
    return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "pulls", pulls, "ignored",
        ignored_json(folder), "ignored_more", (json_int_t)folder->ignored_more, "aliases",
        aliases_json(wi_repository_aliases(api->deps.repository)), "published",
        wi_api_published_json(api, after, last), "room", room_json(api, folder));
}

struct query {
    struct wi_page page;
    json_t *arguments;    /* owns the texts of `page` */
    struct wi_blob *list; /* of all, for OpenAI's clients; NULL: the page's alone is wanted */
};

static void free_query(void *work)
{
    struct query *query = work;
    json_decref(query->arguments);
    wi_blob_unref(query->list);
    free(query);
}

static void list_part(const struct wi_request *request, struct wi_page_part *part)
{
    struct listing listing = {.api = request->api, .after = part->after, .limit = part->most};
    list_models(&listing);
    part->rows = listing.list;
    part->last = listing.last;
    part->more = listing.more;
}

/* Prints the members after `data`. */
static void put_rest(struct wi_buffer *out, const struct wi_api *api, const struct query *query,
    const struct wi_gathered *gathered)
{
    const struct wi_list *folder = wi_repository_list(api->deps.repository);
    const char *last = gathered->more ? gathered->last : NULL;
    wi_buffer_strings(
        out, "],\"models\":[", gathered->rows.text ? gathered->rows.text : "", "],\"next\":", NULL);
    wi_gathered_next(gathered, out);
    wi_buffer_puts(out, ",");
    wi_page_put_rest(out, rest_json(api, query->page.after, last, folder));
    wi_buffer_puts(out, "\n");
}

static void put_data(struct wi_buffer *out, const struct wi_api *api, const struct wi_page *page)
{
    struct data data = {.api = api};
    (void)wi_repository_each_after(
        api->deps.repository, page->after, (size_t)page->limit, add_data, &data);
    wi_buffer_add(out, data.rows.text, data.rows.size);
    wi_buffer_clear(&data.rows);
}

/* A client that asks for no page may not know pages, and gets all models as `data`. */
static void on_page(struct wi_request *request, void *work, const struct wi_gathered *gathered)
{
    const struct query *query = work;
    struct wi_buffer head = {0}, tail = {0};
    wi_buffer_puts(&head, "{\"object\":\"list\",\"data\":[");
    if (query->list) {
        put_rest(&tail, request->api, query, gathered);
        wi_api_list_answer(request, &head, query->list, &tail);
    } else {
        put_data(&head, request->api, &query->page);
        put_rest(&head, request->api, query, gathered);
        wi_request_answer_text(request, 200, "application/json", &head);
    }
    free_query(work);
}

static void on_list(struct wi_request *request, void *work, struct wi_blob *list)
{
    struct query *query = work;
    query->list = query->page.is_asked ? NULL : wi_blob_ref(list);
    wi_request_gather(request, &query->page, PART, list_part, on_page, query, free_query);
}

/* A client that asks for the whole list has often just added a model, so the answer waits until a
 * thread has read the folder again. */
void wi_handle_models(struct wi_request *request)
{
    struct query *query = wi_alloc(sizeof *query);
    struct wi_error error;
    if (wi_page_read(request, &query->page, &query->arguments, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_query(query);
        return;
    }
    wi_api_list_fresh(request, WI_API_LIST_OPENAI, print_openai, on_list, query, free_query);
}
