/* Lists that come in pages, requested one after the other; see pages.h. */
#include "cli/pages.h"

#include "base/memory.h"
#include "base/net/http.h"
#include "cli/plain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The maximum and default number of rows of a page. */
#define PAGE_ROWS 100
#define ROWS_MAX 1000000000

int wi_pages_read_most(struct wi_pages *pages)
{
    const char *limit = wi_argument(&pages->cli->arguments, "limit");
    uint64_t most = PAGE_ROWS;

    if (!limit || (wi_parse_length(limit, &most) == 0 && most > 0 && most <= ROWS_MAX)) {
        pages->most = (size_t)most;
        return 0;
    }
    wi_cli_fail(WI_EXIT_USAGE, "--limit %s is not a number of rows from 1 to %d", limit, ROWS_MAX);
    return -1;
}

static int page_is_last(const struct wi_pages *pages)
{
    return pages->_count > 0 && (!pages->_next || (pages->most > 0 && pages->_rows >= pages->most));
}

static void page_drop(struct wi_pages *pages)
{
    json_decref(pages->_page);
    pages->_page = NULL;
    wi_rest_answer_clear(&pages->_answer);
}

static void page_fail(struct wi_pages *pages, const char *what)
{
    if (!pages->quiet)
        fprintf(stderr, "webinfer: %s%s %s\n", pages->cli->rest.url, pages->path, what);
    pages->result = WI_EXIT_FAILED;
    page_drop(pages);
}

static char *page_path(const struct wi_pages *pages)
{
    size_t left = pages->most > 0 ? pages->most - pages->_rows : PAGE_ROWS;
    struct wi_buffer path = {0};

    wi_buffer_printf(&path, "%s%climit=%zu", pages->path, strchr(pages->path, '?') ? '&' : '?',
        left < PAGE_ROWS ? left : PAGE_ROWS);
    wi_rest_add_argument(&path, '&', "after", pages->_next);
    return path.text;
}

/* The rows of the page that came last; borrowed until the next page. */
static const json_t *page_rows(const struct wi_pages *pages)
{
    return json_object_get(pages->_page, pages->member);
}

static void page_ask(struct wi_pages *pages)
{
    char *path = page_path(pages);

    wi_cli_send(pages->cli, &(struct wi_rest_request){.path = path}, &pages->_answer);
    free(path);
    if (!pages->quiet)
        pages->result = wi_cli_check(pages->cli, &pages->_answer);
    else if (pages->_answer.status != 200)
        pages->result = WI_EXIT_FAILED;
    if (pages->result != WI_EXIT_OK) {
        page_drop(pages);
        return;
    }
    pages->_page = json_loadb(pages->_answer.body.text, pages->_answer.body.size, 0, NULL);
    if (!json_is_array(page_rows(pages)))
        page_fail(pages, "is not an answer from webinferd");
}

/* A next that repeats would be requested again and again. Each is compared with an earlier one,
 * which is replaced less and less often, so that a cycle of any length is noticed. */
static int page_comes_again(struct wi_pages *pages)
{
    if (pages->_mark && strcmp(pages->_next, pages->_mark) == 0)
        return 1;
    if (pages->_count > pages->_mark_at) {
        free(pages->_mark);
        pages->_mark = wi_strdup(pages->_next);
        pages->_mark_at = 2 * pages->_count;
    }
    return 0;
}

/* A list of models has two other lists that come in pages as well; a service that sends them whole
 * sends the same list each time. All other members are the same in each page. */
static void page_keep_rest(struct wi_pages *pages)
{
    static const char *const parts[] = {"data", "published"};

    if (!pages->rest) {
        pages->rest = json_copy(pages->_page);
        json_object_del(pages->rest, pages->member);
        json_object_del(pages->rest, "next");
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_t *list = json_object_get(pages->rest, parts[i]);
        json_t *more = json_object_get(pages->_page, parts[i]);
        if (json_is_array(list) && json_is_array(more) && !json_equal(list, more))
            json_array_extend(list, more);
    }
}

static void page_take(struct wi_pages *pages)
{
    const char *next = wi_json_text(pages->_page, "next");
    size_t rows = json_array_size(page_rows(pages));

    page_keep_rest(pages);
    pages->_count++;
    pages->_rows += rows;
    free(pages->_next);
    pages->_next = next ? wi_strdup(next) : NULL;
    pages->has_more = next != NULL;
    if (next && (rows == 0 || page_comes_again(pages)))
        page_fail(pages, "has no end: the server names the same next page again");
}

/* The next page, as the whole answer; borrowed until the next call. NULL: there is none. */
static const json_t *page_next(struct wi_pages *pages)
{
    page_drop(pages);
    if (pages->result != WI_EXIT_OK || page_is_last(pages))
        return NULL;
    page_ask(pages);
    if (pages->_page)
        page_take(pages);
    return pages->_page;
}

const json_t *wi_pages_row(struct wi_pages *pages)
{
    while (pages->_at >= json_array_size(page_rows(pages))) {
        if (!page_next(pages))
            return NULL;
        pages->_at = 0;
    }
    return json_array_get(page_rows(pages), pages->_at++);
}

enum wi_exit wi_pages_close(struct wi_pages *pages)
{
    page_drop(pages);
    json_decref(pages->rest);
    free(pages->_next);
    free(pages->_mark);
    pages->rest = NULL;
    pages->_next = pages->_mark = NULL;
    return pages->result;
}

static void json_print(struct wi_buffer *text)
{
    wi_plain_json(stdout, text->text, text->size);
    wi_buffer_clear(text);
}

static void json_print_rows(const struct wi_pages *pages)
{
    struct wi_buffer text = {0};
    const json_t *row;
    size_t i;

    if (pages->_count == 1)
        wi_buffer_strings(&text, "{\"", pages->member, "\":[", NULL);
    json_array_foreach(page_rows(pages), i, row)
    {
        wi_buffer_puts(&text, i > 0 || pages->_count > 1 ? ",\n" : "\n");
        wi_buffer_json(&text, row);
    }
    json_print(&text);
}

static void json_print_rest(const struct wi_pages *pages)
{
    struct wi_buffer text = {0};
    const char *name;
    json_t *value;

    wi_buffer_puts(&text, "],\"next\":");
    if (pages->_next)
        wi_buffer_json_string(&text, pages->_next);
    else
        wi_buffer_puts(&text, "null");
    json_object_foreach(pages->rest, name, value)
    {
        wi_buffer_puts(&text, ",");
        wi_buffer_json_string(&text, name);
        wi_buffer_puts(&text, ":");
        wi_buffer_json(&text, value);
    }
    wi_buffer_puts(&text, "}\n");
    json_print(&text);
}

static void json_show(struct wi_pages *pages)
{
    if (!page_next(pages))
        return;
    if (page_is_last(pages)) {
        wi_plain_json(stdout, pages->_answer.body.text, pages->_answer.body.size);
        return;
    }
    do {
        json_print_rows(pages);
    } while (page_next(pages));
    if (pages->result == WI_EXIT_OK)
        json_print_rest(pages);
}

enum wi_exit wi_pages_show(
    struct wi_pages *pages, void (*print)(void *context, const json_t *page), void *context)
{
    const json_t *page;

    if (pages->cli->json)
        json_show(pages);
    else
        while ((page = page_next(pages)))
            print(context, page);
    return pages->result;
}

struct rows {
    const struct wi_pages *pages;
    struct wi_sheet sheet;
};

/* A new reference. */
static json_t *rows_inside(const json_t *rows, const char *member)
{
    json_t *row, *item, *all = json_array();
    size_t i, k;

    json_array_foreach(rows, i, row)
    {
        json_array_foreach(json_object_get(row, member), k, item)
        {
            json_t *copy = json_copy(item);
            json_object_set(copy, "_of", row);
            json_array_append_new(all, copy);
        }
    }
    return all;
}

static void rows_print(void *context, const json_t *page)
{
    struct rows *rows = context;
    const json_t *all = page_rows(rows->pages);
    json_t *inside = rows->pages->inner ? rows_inside(all, rows->pages->inner) : NULL;

    wi_sheet_print(&rows->sheet, inside ? inside : all);
    json_decref(inside);
}

enum wi_exit wi_pages_table(
    struct wi_pages *pages, const struct wi_column *columns, const char *none)
{
    struct rows rows = {.pages = pages, .sheet = {.columns = columns}};
    enum wi_exit result = wi_pages_show(pages, rows_print, &rows);

    if (result == WI_EXIT_OK && !pages->cli->json)
        wi_sheet_end(&rows.sheet, none);
    return wi_pages_close(pages);
}
