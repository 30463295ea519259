/* See shared_content.h. */
#include "cluster/shared_content.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* A CID that has a row, or that this daemon serves. */
struct shared_cid {
    char text[WI_CID_TEXT];
    struct wi_content_row row; /* as it came; empty: there is none */
    unsigned served;           /* the last sweep in which this daemon served it */
    UT_hash_handle hh;
};

struct wi_shared_content {
    struct wi_shared_content_deps deps;
    unsigned char key[WI_HASH_SIZE];
    struct shared_cid *all;
    unsigned sweep; /* which one it is */
};

/* --- what comes ------------------------------------------------------------------------------- */

static struct shared_cid *cid_find(const struct wi_shared_content *shared, const char *text)
{
    return WI_TABLE_FIND(shared->all, text, strlen(text));
}

static struct shared_cid *cid_get(struct wi_shared_content *shared, const char *text)
{
    struct shared_cid *cid = cid_find(shared, text);
    if (cid)
        return cid;
    cid = wi_alloc(sizeof *cid);
    wi_text_copy(cid->text, sizeof cid->text, text);
    HASH_ADD_STR(shared->all, text, cid);
    return cid;
}

static void cid_drop(struct wi_shared_content *shared, struct shared_cid *cid)
{
    HASH_DEL(shared->all, cid);
    free(cid);
}

static enum wi_read_fault on_row(void *context, const struct wi_row *row)
{
    struct wi_shared_content *shared = context;
    struct wi_content_row read = {0};
    enum wi_read_fault fault =
        row->text ? wi_content_row_read(&read, row->name, row->text, row->size) : WI_READ_GOOD;
    struct shared_cid *cid = cid_find(shared, row->name);
    if (read.count > 0)
        cid_get(shared, row->name)->row = read;
    else if (cid)
        cid_drop(shared, cid);
    return fault;
}

/* --- what is told ----------------------------------------------------------------------------- */

static const char *own_instance(const struct wi_shared_content *shared)
{
    return wi_rows_instance(shared->deps.rows);
}

static size_t rows_room(const struct wi_shared_content *shared)
{
    return wi_rows_room(shared->deps.rows, WI_ROWS_CONTENT);
}

/* What is not stored comes again with a later sweep. */
static void row_ask(
    struct wi_shared_content *shared, const char *cid, const struct wi_content_row *row)
{
    struct wi_buffer text = {0};
    if (row->count == 0) {
        wi_rows_remove(shared->deps.rows, WI_ROWS_CONTENT, cid);
        return;
    }
    wi_content_row_print(row, &text);
    wi_rows_write(shared->deps.rows, WI_ROWS_CONTENT, cid, text.text, text.size);
    wi_buffer_clear(&text);
}

/* Asks for the row without that daemon, if that is in it. */
static void row_ask_without(
    struct wi_shared_content *shared, const struct shared_cid *cid, const char *instance)
{
    struct wi_content_row row = cid->row;
    if (rows_room(shared) == 0 || !wi_content_row_find(&row, instance))
        return;
    wi_content_row_drop(&row, instance);
    row_ask(shared, cid->text, &row);
}

static void on_served(void *data, const char *text)
{
    struct wi_shared_content *shared = data;
    if (!cid_find(shared, text) && HASH_COUNT(shared->all) >= WI_SHARED_CONTENT_MAX)
        return;
    struct shared_cid *cid = cid_get(shared, text);
    struct wi_content_row row = cid->row;
    const struct wi_content_holder *own = wi_content_row_find(&row, own_instance(shared));
    int is_told = own && wi_hash_equal(own->key, shared->key), again = cid->served == shared->sweep;
    cid->served = shared->sweep;
    if (!is_told && !again && rows_room(shared) > 0 &&
        wi_content_row_add(&row, own_instance(shared), shared->key) == 0)
        row_ask(shared, text, &row);
}

static void unserved_tell(struct wi_shared_content *shared)
{
    struct shared_cid *cid, *next;
    HASH_ITER(hh, shared->all, cid, next)
    {
        if (cid->served == shared->sweep)
            continue;
        if (cid->row.count > 0)
            row_ask_without(shared, cid, own_instance(shared));
        else
            cid_drop(shared, cid);
    }
}

/* --- those that are gone ---------------------------------------------------------------------- */

static void missing_ask(struct wi_shared_content *shared, const struct wi_members_view *view)
{
    struct wi_members_view seen = *view; /* and those that were asked about */
    for (const struct shared_cid *cid = shared->all; cid; cid = cid->hh.next)
        for (size_t i = 0; i < cid->row.count; i++)
            wi_rows_ask_lapsed(
                shared->deps.rows, WI_ROWS_CONTENT, cid->row.holders[i].instance, &seen);
}

/* What does not fit, or comes while other changes are under way, comes again with a later sweep. */
static void on_lapsed(void *context, const char *instance)
{
    struct wi_shared_content *shared = context;
    if (rows_room(shared) < WI_ROWS_CHANGING_MAX)
        return;
    for (const struct shared_cid *cid = shared->all; cid; cid = cid->hh.next)
        row_ask_without(shared, cid, instance);
}

static void on_sweep(void *context, const struct wi_members_view *view)
{
    struct wi_shared_content *shared = context;
    if (rows_room(shared) < WI_ROWS_CHANGING_MAX)
        return;
    shared->sweep++;
    shared->deps.served(shared->deps.served_context, on_served, shared);
    unserved_tell(shared);
    if (view->is_first && rows_room(shared) == WI_ROWS_CHANGING_MAX)
        missing_ask(shared, view);
}

/* --- those that serve a CID ------------------------------------------------------------------- */

/* The beginning of a URL and nothing else, so that a record cannot have other paths asked for. */
static int url_is_base(const char *url)
{
    return *url && !strpbrk(url, "?#@\\");
}

static const struct shared_cid *cid_known(
    const struct wi_shared_content *shared, const struct wi_cid *cid)
{
    char text[WI_CID_TEXT];
    wi_cid_print(cid, text);
    return cid_find(shared, text);
}

int wi_shared_content_may_come(const struct wi_shared_content *shared, const struct wi_cid *cid)
{
    const struct shared_cid *known = cid_known(shared, cid);
    const struct wi_shared_content_deps *deps = &shared->deps;
    int may_come = !wi_rows_is_ready(deps->rows);
    for (size_t i = 0; known && i < known->row.count; i++) {
        const char *instance = known->row.holders[i].instance;
        may_come |= strcmp(instance, own_instance(shared)) != 0 &&
                    !deps->find(deps->find_context, instance);
    }
    return may_come;
}

void wi_shared_content_each(const struct wi_shared_content *shared, const struct wi_cid *cid,
    wi_content_server_fn *each, void *context)
{
    const struct shared_cid *known = cid_known(shared, cid);
    const struct wi_shared_content_deps *deps = &shared->deps;
    const struct wi_cluster_member *own = deps->find(deps->find_context, own_instance(shared));
    for (size_t i = 0; known && i < known->row.count; i++) {
        const struct wi_content_holder *holder = &known->row.holders[i];
        const struct wi_cluster_member *member = deps->find(deps->find_context, holder->instance);
        if (!member || !url_is_base(member->bridge) ||
            (own && strcmp(member->bridge, own->bridge) == 0))
            continue;
        const struct wi_content_server server = {member->name, member->bridge, holder->key};
        each(context, &server);
    }
}

/* --- the beginning and the end ---------------------------------------------------------------- */

struct wi_shared_content *wi_shared_content_new(const struct wi_shared_content_deps *deps)
{
    struct wi_shared_content *shared = wi_alloc(sizeof *shared);
    const struct wi_row_follower follower = {.on_row = on_row,
        .on_sweep = on_sweep,
        .on_lapsed = on_lapsed,
        .context = shared,
        .most = WI_SHARED_CONTENT_MAX};
    wi_random_bytes(shared->key, sizeof shared->key);
    shared->deps = *deps;
    wi_rows_follow(deps->rows, WI_ROWS_CONTENT, &follower);
    return shared;
}

void wi_shared_content_free(struct wi_shared_content *shared)
{
    struct shared_cid *cid;
    if (!shared)
        return;
    wi_rows_unfollow(shared->deps.rows, WI_ROWS_CONTENT);
    while ((cid = WI_TABLE_TAKE(shared->all)))
        free(cid);
    free(shared);
}

const unsigned char *wi_shared_content_key(const struct wi_shared_content *shared)
{
    return shared->key;
}
