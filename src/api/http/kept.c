/* Rows in one text, and the changes that are merged into the next; see kept.h. */
#include "api/http/kept.h"

#include "base/memory.h"
#include "base/table.h"
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct row {
    char *key;
    size_t at, size; /* in the text, without the comma behind it */
};

/* A key that was noted. */
struct change {
    char *key;
    struct wi_buffer text; /* that it has now, once it was printed */
    int is_printed;
    struct change *prev, *next; /* among those to be printed */
    UT_hash_handle hh;
};

struct wi_kept_list {
    wi_kept_print_fn *print;
    void *context;
    struct row *rows; /* sorted by key; none is empty */
    size_t count;
    struct wi_blob *text;
    struct change *changes; /* by key */
    struct change *waiting; /* those to be printed, in the order in which they were noted */
    size_t waiting_count;
};

static struct wi_blob *new_text(size_t capacity)
{
    struct wi_blob *text = wi_blob_new(NULL, capacity);
    if (!text)
        abort(); /* the models' names are bounded, and so are their texts */
    return text;
}

struct wi_kept_list *wi_kept_new(wi_kept_print_fn *print, void *context)
{
    struct wi_kept_list *kept = wi_alloc(sizeof *kept);
    kept->print = print;
    kept->context = context;
    kept->text = new_text(0);
    return kept;
}

static void free_rows(struct wi_kept_list *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        free(kept->rows[i].key);
    free(kept->rows);
}

static void free_change(struct change *change)
{
    free(change->key);
    wi_buffer_clear(&change->text);
    free(change);
}

void wi_kept_free(struct wi_kept_list *kept)
{
    struct change *change;
    if (!kept)
        return;
    while ((change = WI_TABLE_TAKE(kept->changes)))
        free_change(change);
    free_rows(kept);
    wi_blob_unref(kept->text);
    free(kept);
}

/* --- noting ---------------------------------------------------------------------------------- */

static void await_printing(struct wi_kept_list *kept, struct change *change)
{
    change->is_printed = 0;
    DL_APPEND(kept->waiting, change);
    kept->waiting_count++;
}

void wi_kept_note(struct wi_kept_list *kept, const char *key)
{
    struct change *change = WI_TABLE_FIND(kept->changes, key, strlen(key));
    if (change && !change->is_printed)
        return;
    if (!change) {
        change = wi_alloc(sizeof *change);
        change->key = wi_strdup(key);
        HASH_ADD_KEYPTR(hh, kept->changes, change->key, strlen(change->key), change);
    }
    await_printing(kept, change);
}

void wi_kept_note_all(struct wi_kept_list *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        wi_kept_note(kept, kept->rows[i].key);
}

/* --- merging --------------------------------------------------------------------------------- */

static int compare_keys(const struct change *one, const struct change *other)
{
    return strcmp(one->key, other->key);
}

/* The result of merging the rows and the changes. */
struct merge {
    struct row *rows;
    size_t count;
    struct wi_blob *text;
};

static void add_row(struct merge *merge, char *key, size_t size)
{
    merge->rows[merge->count++] = (struct row){key, merge->text->size, size};
}

static void add_text(struct merge *merge, const void *bytes, size_t size)
{
    if (wi_blob_append(merge->text, bytes, size) != 0)
        abort(); /* there is room */
}

static void end_piece(struct merge *merge)
{
    add_text(merge, ",", 1);
}

/* The rows from `first` to before `end`, whose text is copied at once. */
static void add_rows(struct merge *merge, const struct wi_kept_list *kept, size_t first, size_t end)
{
    if (first == end)
        return;
    size_t from = kept->rows[first].at, base = merge->text->size;
    size_t size = kept->rows[end - 1].at + kept->rows[end - 1].size - from;
    for (size_t i = first; i < end; i++) {
        struct row *row = &merge->rows[merge->count++];
        *row = kept->rows[i];
        row->at = base + (row->at - from);
    }
    add_text(merge, kept->text->bytes + from, size);
    end_piece(merge);
}

/* Takes the key over, or frees it. */
static void add_change(struct merge *merge, struct change *change)
{
    if (change->text.size == 0)
        return;
    add_row(merge, change->key, change->text.size);
    change->key = NULL;
    add_text(merge, change->text.text, change->text.size);
    end_piece(merge);
}

/* The first row from `at` on whose key is not before that one. */
static size_t find_place(const struct wi_kept_list *kept, size_t at, const char *key)
{
    size_t end = kept->count;
    while (at < end) {
        size_t middle = at + (end - at) / 2;
        if (strcmp(kept->rows[middle].key, key) < 0)
            at = middle + 1;
        else
            end = middle;
    }
    return at;
}

/* Room for all, with the commas, whatever of the old is replaced. */
static size_t room_for(const struct wi_kept_list *kept)
{
    size_t room = kept->text->size + kept->count + 1;
    for (const struct change *change = kept->changes; change; change = change->hh.next)
        room += change->text.size + 1;
    return room;
}

static void take_merged(struct wi_kept_list *kept, const struct merge *merge)
{
    free(kept->rows);
    wi_blob_unref(kept->text);
    kept->rows = merge->rows;
    kept->count = merge->count;
    kept->text = merge->text;
    if (kept->text->size > 0)
        kept->text->size--; /* the comma behind the last one */
}

static void merge_changes(struct wi_kept_list *kept)
{
    struct merge merge = {.rows = wi_realloc_array(NULL,
                              kept->count + HASH_COUNT(kept->changes) + 1, sizeof(struct row)),
        .text = new_text(room_for(kept))};
    struct change *change;
    size_t at = 0;
    HASH_SORT(kept->changes, compare_keys);
    while ((change = WI_TABLE_TAKE(kept->changes))) {
        size_t place = find_place(kept, at, change->key);
        add_rows(&merge, kept, at, place);
        at = place;
        if (at < kept->count && strcmp(kept->rows[at].key, change->key) == 0)
            free(kept->rows[at++].key);
        add_change(&merge, change);
        free_change(change);
    }
    add_rows(&merge, kept, at, kept->count);
    take_merged(kept, &merge);
}

/* --- printing -------------------------------------------------------------------------------- */

static void print_next(struct wi_kept_list *kept)
{
    struct change *change = kept->waiting;
    DL_DELETE(kept->waiting, change);
    kept->waiting_count--;
    wi_buffer_clear(&change->text);
    kept->print(kept->context, change->key, &change->text);
    change->is_printed = 1;
}

size_t wi_kept_go_on(struct wi_kept_list *kept, size_t most)
{
    for (; kept->waiting && most > 0; most--)
        print_next(kept);
    if (!kept->waiting && kept->changes)
        merge_changes(kept);
    return kept->waiting_count;
}

struct wi_blob *wi_kept_text(const struct wi_kept_list *kept)
{
    return kept->text;
}
