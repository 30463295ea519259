/* Parts of pages, turn by turn; see page_gather.h. */
#include "api/http/page_gather.h"

#include "api/http/waiting.h"
#include "base/loop.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>

struct gathering {
    struct wi_request *request;
    size_t left, most; /* rows: of the page; of a part */
    wi_page_part_fn *part;
    wi_gathered_fn *end;
    void *work;
    wi_step_free_fn *free_work;
    struct wi_gathered gathered;
    struct wi_turn *turn; /* NULL until one was not enough */
};

static void free_gathering(struct gathering *gathering)
{
    wi_turn_free(gathering->turn);
    wi_buffer_clear(&gathering->gathered.rows);
    free(gathering);
}

/* The request has gone. */
static void on_gone(void *work)
{
    struct gathering *gathering = work;
    if (gathering->free_work)
        gathering->free_work(gathering->work);
    free_gathering(gathering);
}

static void add_rows(struct wi_buffer *out, json_t *rows)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        wi_buffer_puts(out, out->size > 0 ? "," : "");
        wi_buffer_json(out, json_array_get(rows, i));
    }
    json_decref(rows);
}

/* Whether there is another part. */
static int add_part(struct gathering *gathering)
{
    struct wi_gathered *gathered = &gathering->gathered;
    size_t most = gathering->left < gathering->most ? gathering->left : gathering->most;
    struct wi_page_part part = {.after = gathered->last, .most = most};
    gathering->part(gathering->request, &part);
    gathering->left -= most;
    int goes_on = part.more && part.last && gathering->left > 0;
    gathered->more = part.more;
    if (part.last)
        snprintf(gathered->last, sizeof gathered->last, "%s", part.last);
    add_rows(&gathered->rows, part.rows); /* which may have held the key */
    return goes_on;
}

/* The next part comes in another turn of the loop, and then in its client's. */
static void gather_later(struct gathering *gathering)
{
    wi_request_wait(gathering->request, on_gone, gathering);
    wi_turn_schedule(gathering->turn);
}

static void gather_more(struct wi_request *request, void *work)
{
    struct gathering *gathering = work;
    if (add_part(gathering)) {
        gather_later(gathering);
        return;
    }
    gathering->end(request, gathering->work, &gathering->gathered);
    free_gathering(gathering);
}

static void on_turn(void *context)
{
    struct gathering *gathering = context;
    wi_request_go_on(gathering->request, gather_more, on_gone, gathering);
}

void wi_request_gather(struct wi_request *request, const struct wi_page *page, size_t most,
    wi_page_part_fn *part, wi_gathered_fn *end, void *work, wi_step_free_fn *free_work)
{
    struct gathering *gathering = wi_alloc(sizeof *gathering);
    *gathering = (struct gathering){.request = request,
        .left = (size_t)page->limit,
        .most = most,
        .part = part,
        .end = end,
        .work = work,
        .free_work = free_work};
    snprintf(gathering->gathered.last, sizeof gathering->gathered.last, "%s", page->after);
    if (add_part(gathering)) {
        gathering->turn = wi_turn_new(request->api->deps.loop, on_turn, gathering);
        gather_later(gathering);
        return;
    }
    end(request, work, &gathering->gathered);
    free_gathering(gathering);
}

void wi_gathered_next(const struct wi_gathered *gathered, struct wi_buffer *out)
{
    if (gathered->more)
        wi_buffer_json_string(out, gathered->last);
    else
        wi_buffer_puts(out, "null");
}

void wi_page_put_rest(struct wi_buffer *out, json_t *object)
{
    struct wi_buffer text = {0};
    wi_buffer_json(&text, object);
    wi_buffer_puts(out, text.text + 1);
    wi_buffer_clear(&text);
    json_decref(object);
}
