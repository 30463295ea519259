/* The table of pins: one for each name, sorted by it. For the loop's thread only. */
#include "models/share/blockstore/private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Where the name is, or would be. */
static size_t table_place(const struct wi_blockstore *blocks, const char *model)
{
    size_t low = 0, high = blocks->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(blocks->entries[middle]->pin.model, model) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_at(const struct wi_blockstore *blocks, size_t place, const char *model)
{
    return place < blocks->count && strcmp(blocks->entries[place]->pin.model, model) == 0;
}

struct wi_pin_entry *wi_pin_table_find(const struct wi_blockstore *blocks, const char *model)
{
    size_t place = table_place(blocks, model);
    return is_at(blocks, place, model) ? blocks->entries[place] : NULL;
}

static void pin_entry_tell(const struct wi_pin_entry *entry)
{
    wi_change_tell(entry->blocks->deps->listener, WI_CHANGE_MODEL, entry->pin.model, NULL);
}

/* --- the state of a pin ----------------------------------------------------------------------- */

/* A reading has found a change before a check did. */
static void on_changed(void *context, const char *path)
{
    char *why = wi_sprintf("%s has changed", path);
    wi_pin_table_stale(context, why);
    free(why);
}

/* Readings may keep the outline. */
static void drop_outline(struct wi_pin_entry *entry)
{
    if (entry->outline) {
        entry->outline->on_changed = NULL;
        wi_outline_unref(entry->outline);
    }
    entry->outline = NULL;
}

static void take_outline(struct wi_pin_entry *entry, struct wi_outline *outline)
{
    drop_outline(entry);
    entry->outline = outline;
    outline->on_changed = on_changed;
    outline->context = entry;
}

void wi_pin_table_whole(struct wi_pin_entry *entry, struct wi_outline *outline)
{
    struct wi_pin *pin = &entry->pin;
    int is_new = outline || pin->stale;
    if (outline)
        take_outline(entry, outline);
    for (size_t i = 0; i < entry->outline->file_count; i++)
        entry->outline->files[i].seen = entry->pin.files[i].seen;
    if (pin->stale)
        wi_info("content", pin->model, "its files are again those that were published as %s",
            pin->cid_text);
    pin->stale = 0;
    if (is_new)
        pin_entry_tell(entry);
}

void wi_pin_table_stale(struct wi_pin_entry *entry, const char *why)
{
    struct wi_pin *pin = &entry->pin;
    if (pin->stale)
        return;
    pin->stale = 1;
    if (pin->kind != WI_PIN_PULLED) /* which may go at any time */
        wi_warn("content", pin->model,
            "%s was published, and none of its blocks is served any more: %s; publish it again, or "
            "restore the files",
            pin->cid_text, why);
    pin_entry_tell(entry);
}

/* --- which there are -------------------------------------------------------------------------- */

void wi_pin_entry_free(struct wi_pin_entry *entry)
{
    drop_outline(entry);
    wi_pin_clear(&entry->pin);
    free(entry);
}

static struct wi_pin_entry *table_add(struct wi_blockstore *blocks, size_t place)
{
    struct wi_pin_entry *entry = wi_alloc(sizeof *entry);
    entry->blocks = blocks;
    blocks->entries = wi_realloc_array(blocks->entries, blocks->count + 1, sizeof *blocks->entries);
    memmove(blocks->entries + place + 1, blocks->entries + place,
        (blocks->count - place) * sizeof *blocks->entries);
    blocks->entries[place] = entry;
    blocks->count++;
    return entry;
}

void wi_pin_table_put(struct wi_blockstore *blocks, struct wi_pin *pin, struct wi_outline *outline)
{
    size_t place = table_place(blocks, pin->model);
    int known = is_at(blocks, place, pin->model);
    struct wi_pin_entry *entry = known ? blocks->entries[place] : table_add(blocks, place);
    drop_outline(entry);
    wi_pin_clear(&entry->pin);
    entry->pin = WI_TAKE(*pin);
    entry->is_spare = 0;
    if (outline)
        take_outline(entry, outline);
    pin_entry_tell(entry);
}

void wi_pin_table_remove(struct wi_pin_entry *entry)
{
    struct wi_blockstore *blocks = entry->blocks;
    size_t place = table_place(blocks, entry->pin.model);
    blocks->count--;
    memmove(blocks->entries + place, blocks->entries + place + 1,
        (blocks->count - place) * sizeof *blocks->entries);
    pin_entry_tell(entry);
    wi_pin_entry_free(entry);
}
