/*
 * Lists of files, asked for step by step as the hub's layout has them: which commit the revision
 * is, then the list, page by page, then the lengths that it does not say, LENGTHS_AT_ONCE at a
 * time.
 *
 * Answers have up to 4 MiB, and there may be 200 of them: they are read on a thread, which has the
 * tree alone meanwhile.
 */
#include "models/arrive/hub/hub_list.h"

#include "base/loop.h"
#include "base/memory.h"
#include "models/arrive/hub/ask.h"
#include "terms/format/format.h"
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 200, LENGTHS_AT_ONCE = 8 };

/* One file's length on its way. */
struct length {
    struct wi_hub_list *list;
    struct wi_hub_ask *ask; /* NULL: it is free */
    size_t index;           /* of the file */
};

typedef enum wi_code read_fn(
    struct wi_hub_tree *tree, const char *text, size_t size, struct wi_error *error);
typedef void then_fn(struct wi_hub_list *list);

/* An answer that is being parsed off the loop. */
struct reading {
    struct wi_work *work; /* NULL: none is */
    char *text;
    size_t size;
    read_fn *read;
    then_fn *then; /* on the loop, once it is read well */
    enum wi_code code;
    struct wi_error error;
};

struct wi_hub_list {
    uv_loop_t *loop;
    struct wi_http *http;
    const struct wi_hub *hub;
    const struct wi_hub_layout *layout;
    struct wi_hub_reference reference;
    char *what;              /* for errors: the reference without its variant */
    struct wi_hub_tree tree; /* a thread's while an answer is read */
    struct reading reading;
    struct wi_hub_ask *ask; /* of the steps that come one after another */
    char *next;             /* the page after the one that is read; NULL: it is the last */
    unsigned pages;
    struct length lengths[LENGTHS_AT_ONCE];
    size_t measured; /* files whose length was asked for, or need not be */
    size_t asked;    /* of them, by the network */
    wi_hub_list_fn *on_tree;
    void *context;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void free_list(struct wi_hub_list *list)
{
    wi_hub_ask_cancel(list->ask);
    for (size_t i = 0; i < LENGTHS_AT_ONCE; i++)
        wi_hub_ask_cancel(list->lengths[i].ask);
    wi_hub_reference_clear(&list->reference);
    wi_hub_tree_clear(&list->tree);
    free(list->reading.text);
    free(list->next);
    free(list->what);
    free(list);
}

/* With an error, or with the tree. */
static void list_finish(struct wi_hub_list *list, const struct wi_error *error)
{
    list->on_tree(list->context, error ? NULL : &list->tree, error);
    free_list(list);
}

/* Takes `url`. */
static void list_ask(struct wi_hub_list *list, char *url, wi_hub_ask_fn *on_answer)
{
    const struct wi_hub_question question = {"GET", url, list->what, 0};
    list->ask = wi_hub_ask_start(list->loop, list->http, list->hub, &question, on_answer, list);
    free(url);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void reading_run(void *data)
{
    struct wi_hub_list *list = data;
    struct reading *reading = &list->reading;
    reading->code = reading->read(&list->tree, reading->text, reading->size, &reading->error);
    if (reading->code == WI_OK && !list->next)
        reading->code = wi_hub_tree_finish(&list->tree, &reading->error);
}

static void on_run(void *data, int cancelled)
{
    struct wi_hub_list *list = data;
    struct reading *reading = &list->reading;
    reading->work = NULL;
    free(WI_TAKE(reading->text));
    if (cancelled)
        free_list(list);
    else if (reading->code != WI_OK)
        list_finish(list, &reading->error);
    else
        reading->then(list);
}

/* If it is one it is read, and `then` is next. */
static void list_read_answer(struct wi_hub_list *list, const struct wi_http_answer *answer,
    const struct wi_error *problem, read_fn *read, then_fn *then)
{
    list->ask = NULL;
    if (problem) {
        list_finish(list, problem);
        return;
    }
    list->reading = (struct reading){.text = wi_strndup(answer->body, answer->body_size),
        .size = answer->body_size,
        .read = read,
        .then = then};
    list->reading.work = wi_work_start(list->loop, reading_run, on_run, list);
}

/* --- lengths ---------------------------------------------------------------------------------- */

static void list_measure(struct wi_hub_list *list);

/* A length that the server does not tell stays unknown; one that does not answer ends it all. */
static void on_length(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *problem)
{
    struct length *length = context;
    struct wi_hub_list *list = length->list;
    length->ask = NULL;
    if (problem && (answer->status == 0 || problem->code == WI_HUB_BUSY)) {
        list_finish(list, problem);
        return;
    }
    const char *header = problem ? NULL : wi_http_call_header(answer->call, "content-length");
    if (header && *header && strspn(header, "0123456789") == strlen(header))
        wi_hub_tree_set_bytes(&list->tree, length->index, strtoull(header, NULL, 10));
    list->asked--;
    list_measure(list);
}

static void ask_length(struct wi_hub_list *list, struct length *length, size_t index)
{
    const char *path = list->tree.files[index].remote;
    char *url = wi_hub_url(
        list->hub, list->layout->file_url, list->reference.repository, list->tree.commit, path);
    const struct wi_hub_question question = {"HEAD", url, path, 0};
    length->list = list;
    length->index = index;
    length->ask = wi_hub_ask_start(list->loop, list->http, list->hub, &question, on_length, length);
    list->asked++;
    free(url);
}

static int is_to_measure(const struct wi_hub_file *file)
{
    return file->bytes == WI_HUB_BYTES_UNKNOWN && wi_format_may_have(file->path);
}

/* Asks for as many lengths as may be under way, of files that could be wanted. */
static void list_measure(struct wi_hub_list *list)
{
    for (size_t i = 0; i < LENGTHS_AT_ONCE; i++) {
        while (
            list->measured < list->tree.count && !is_to_measure(&list->tree.files[list->measured]))
            list->measured++;
        if (!list->lengths[i].ask && list->measured < list->tree.count)
            ask_length(list, &list->lengths[i], list->measured++);
    }
    if (list->asked == 0)
        list_finish(list, NULL);
}

/* Where the list says what the revision is, one that is asked for must be the one that is there. */
static void end_list(struct wi_hub_list *list)
{
    const char *revision = list->reference.revision;
    struct wi_error error;
    if (revision && !list->layout->revision_url && strcmp(revision, list->tree.commit) != 0) {
        wi_error_set(&error, WI_HUB_NOT_FOUND, "model",
            "%.120s on hub %s has changed to another revision: %s is now %s",
            list->reference.repository, list->hub->name, list->layout->rules.revisions,
            list->tree.commit);
        list_finish(list, &error);
    } else if (list->tree.count > WI_MODEL_FILES_MAX) {
        list_finish(list, NULL); /* too many to ask for each; those chosen are asked for later */
    } else {
        list_measure(list);
    }
}

/* --- the list --------------------------------------------------------------------------------- */

/* What a Link header names as the next page, by RFC 8288: <URL>; rel="next", more of them behind
 * commas. The caller frees it; NULL if there is none. */
static char *next_of(const char *link)
{
    while (link && (link = strchr(link, '<'))) {
        const char *url = link + 1, *end = strchr(url, '>');
        if (!end)
            return NULL;
        link = end + strcspn(end, ",<");
        size_t size = (size_t)(link - end); /* of what is said of this one */
        if (memmem(end, size, "rel=\"next\"", 10) || memmem(end, size, "rel=next", 8))
            return wi_strndup(url, (size_t)(end - url));
    }
    return NULL;
}

static void on_page(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *problem);

/* `next` is the hub's own: on_page has looked. */
static void ask_next_page(struct wi_hub_list *list)
{
    list_ask(list, WI_TAKE(list->next), on_page);
}

static void on_page(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *problem)
{
    struct wi_hub_list *list = context;
    struct wi_error error;
    char *next =
        problem || list->layout->list ? NULL : next_of(wi_http_call_header(answer->call, "link"));
    list->next = next ? wi_hub_own_url(list->hub, url, next) : NULL;
    if (next && (!list->next || ++list->pages >= PAGES_MAX)) {
        wi_error_set(&error, WI_HUB_FAILED, "model",
            list->next ? "hub %s has more than %d pages of files for %.120s"
                       : "hub %s (at most %d pages) continues the files of %.120s elsewhere",
            list->hub->name, PAGES_MAX, list->what);
        problem = &error;
    }
    list_read_answer(
        list, answer, problem, list->layout->read_list, next ? ask_next_page : end_list);
    free(next);
}

static void ask_list(struct wi_hub_list *list)
{
    const char *commit = list->tree.commit ? list->tree.commit : "";
    list_ask(list,
        wi_hub_url(list->hub, list->layout->list_url, list->reference.repository, commit, ""),
        on_page);
}

static void on_revision(void *context, const struct wi_http_answer *answer, const char *url,
    const struct wi_error *problem)
{
    list_read_answer(context, answer, problem, wi_hub_tree_read_revision, ask_list);
}

/* --- the whole -------------------------------------------------------------------------------- */

struct wi_hub_list *wi_hub_list_start(uv_loop_t *loop, struct wi_http *http,
    const struct wi_hub *hub, const struct wi_hub_reference *reference, wi_hub_list_fn *on_tree,
    void *context)
{
    struct wi_hub_list *list = wi_alloc(sizeof *list);
    const char *revision = reference->revision;
    *list = (struct wi_hub_list){
        .loop = loop, .http = http, .hub = hub, .on_tree = on_tree, .context = context};
    list->reference.repository = wi_strdup(reference->repository);
    list->reference.revision = wi_strdup(revision);
    list->layout = &wi_hub_layouts[hub->layout];
    list->what = list->layout->list ? wi_sprintf("%s/%s", reference->repository, list->layout->list)
                                    : wi_sprintf("%s%s%s", reference->repository,
                                          revision ? "@" : "", revision ? revision : "");
    if (list->layout->revision_url)
        list_ask(list,
            wi_hub_url(hub, list->layout->revision_url, reference->repository,
                revision ? revision : "main", ""),
            on_revision);
    else
        ask_list(list);
    return list;
}

void wi_hub_list_cancel(struct wi_hub_list *list)
{
    if (!list)
        return;
    wi_hub_ask_cancel(WI_TAKE(list->ask));
    if (list->reading.work)
        wi_work_abandon(list->reading.work); /* on_run frees it */
    else
        free_list(list);
}
