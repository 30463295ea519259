/* Tunings in a table; see tunings.h. A key is the owner's, the kernel's name and the class. */
#include "work/pool/facts/tunings.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

struct wi_tuning_owner wi_tuning_owner(const struct wi_place *place, const char *node_id)
{
    struct wi_tuning_owner owner = {.joined = place->joined};

    wi_text_copy(owner.key, sizeof owner.key, place->joined ? node_id : place->key);
    return owner;
}

static void item_key(char key[WI_TUNING_KEY_SIZE], const struct wi_tuning_owner *owner,
    const char *kernel, const char *size_class)
{
    wi_join(key, WI_TUNING_KEY_SIZE, owner->key, "\t", kernel, "\t", size_class, NULL);
}

static struct wi_tuning_item *item_find(const struct wi_tunings *tunings, const char *key)
{
    return WI_TABLE_FIND(tunings->items, key, strlen(key));
}

static void item_drop(struct wi_tunings *tunings, struct wi_tuning_item *item)
{
    HASH_DEL(tunings->items, item);
    free(item);
}

static int is_owner(const struct wi_tuning_item *item, const struct wi_tuning_owner *owner)
{
    return item->owner.joined == owner->joined && strcmp(item->owner.key, owner->key) == 0;
}

/* Of a node that joined, the oldest one beyond its share; of all of ours, or of all that joined,
 * the oldest; NULL: there is room. */
static struct wi_tuning_item *item_surplus(
    const struct wi_tunings *tunings, const struct wi_tuning_owner *owner)
{
    struct wi_tuning_item *oldest = NULL, *of_all = NULL;
    size_t count = 0, all = 0;

    for (struct wi_tuning_item *item = tunings->items; item; item = item->hh.next) {
        if (!item->owner.joined == !owner->joined && all++ == 0)
            of_all = item;
        if (is_owner(item, owner) && count++ == 0)
            oldest = item;
    }
    if (owner->joined && count >= WI_TUNINGS_JOINED)
        return oldest;
    return all >= (owner->joined ? WI_TUNINGS_ALL_JOINED : WI_TUNINGS_MAX) ? of_all : NULL;
}

static struct wi_tuning_item *item_add(struct wi_tunings *tunings, const char *key,
    const struct wi_tuning_owner *owner, const struct wi_kernel *kernel, const char *size_class)
{
    struct wi_tuning_item *item = wi_alloc(sizeof *item), *old = item_surplus(tunings, owner);

    if (old && (old->tuning.is_known || old->tuning.is_hung) && !old->owner.joined)
        wi_db_forget(tunings->db, WI_DB_TUNINGS, old->key);
    if (old)
        item_drop(tunings, old);
    wi_text_copy(item->key, sizeof item->key, key);
    item->owner = *owner;
    item->tuning.kernel = kernel;
    wi_text_copy(item->tuning.size_class, sizeof item->tuning.size_class, size_class);
    HASH_ADD_STR(tunings->items, key, item);
    return item;
}

/* Whether one of its candidates has hung there. */
static int has_hung(const struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const struct wi_kernel *kernel)
{
    for (const struct wi_tuning_item *item = tunings->items; item; item = item->hh.next)
        if (item->tuning.is_hung && item->tuning.kernel == kernel && is_owner(item, owner))
            return 1;
    return 0;
}

/* --- over a restart --------------------------------------------------------------------------- */

/* The member that a candidate is in which has hung. */
#define HUNG "hung"

/* Cuts what is behind the last tab off; NULL where there is none. */
static const char *field_cut(char *text)
{
    char *tab = strrchr(text, '\t');

    if (!tab)
        return NULL;
    *tab = '\0';
    return tab + 1;
}

static void item_load(void *context, const char *key, const char *value)
{
    struct wi_tunings *tunings = context;
    struct wi_kernel_choice choice;
    struct wi_tuning_owner owner = {0};
    struct wi_place place;
    struct wi_error error;
    char text[WI_TUNING_KEY_SIZE];

    if (strlen(key) >= sizeof text || item_find(tunings, key))
        return;
    wi_text_copy(text, sizeof text, key);
    const char *size_class = field_cut(text), *name = size_class ? field_cut(text) : NULL;
    const struct wi_kernel *kernel = name ? wi_kernel_find(name) : NULL;
    json_t *object = json_loads(value, 0, NULL), *hung = json_object_get(object, HUNG);
    if (kernel && wi_kernel_is_size_class(kernel, size_class) &&
        wi_place_parse(&place, text) == 0 &&
        wi_kernel_choice_read(&choice, hung ? hung : object, "", &error) == WI_OK) {
        wi_text_copy(owner.key, sizeof owner.key, text);
        struct wi_tuning_item *item = item_add(tunings, key, &owner, kernel, size_class);
        item->tuning.is_known = !hung;
        item->tuning.is_hung = hung != NULL;
        item->tuning.choice = choice;
    }
    json_decref(object);
}

static void item_keep(struct wi_tunings *tunings, const struct wi_tuning_item *item)
{
    struct wi_buffer out = {0};

    if (item->owner.joined)
        return;
    wi_buffer_puts(&out, item->tuning.is_hung ? "{\"" HUNG "\":" : "");
    wi_kernel_choice_add(&out, &item->tuning.choice);
    wi_buffer_puts(&out, item->tuning.is_hung ? "}" : "");
    wi_db_put(tunings->db, WI_DB_TUNINGS, 0, item->key, out.text);
    wi_buffer_clear(&out);
}

struct wi_tunings *wi_tunings_new(struct wi_db *db)
{
    struct wi_tunings *tunings = wi_alloc(sizeof *tunings);

    tunings->db = db;
    wi_db_each(db, WI_DB_TUNINGS, 0, item_load, tunings);
    return tunings;
}

void wi_tunings_free(struct wi_tunings *tunings)
{
    if (!tunings)
        return;
    while (tunings->items)
        item_drop(tunings, tunings->items);
    free(tunings);
}

/* --- measuring -------------------------------------------------------------------------------- */

void wi_tunings_note(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const struct wi_kernel *kernel, const char *size_class)
{
    char key[WI_TUNING_KEY_SIZE];

    item_key(key, owner, kernel->name, size_class);
    if (!item_find(tunings, key))
        item_add(tunings, key, owner, kernel, size_class);
}

/* The result is unknown, and it may be tried once more. */
static int item_is_open(const struct wi_tunings *tunings, const struct wi_tuning_item *item)
{
    return !item->tuning.is_known && item->tries < WI_TUNING_TRIES &&
           !has_hung(tunings, &item->owner, item->tuning.kernel);
}

int wi_tunings_are_open(const struct wi_tunings *tunings)
{
    for (const struct wi_tuning_item *item = tunings->items; item; item = item->hh.next)
        if (item_is_open(tunings, item))
            return 1;
    return 0;
}

static int item_is_under_way(const struct wi_tuning_item *item, double now)
{
    return *item->node && now - item->begun_at < WI_TUNING_PATIENCE_MS;
}

const struct wi_tuning *wi_tunings_begin(struct wi_tunings *tunings,
    const struct wi_tuning_owner *owner, const char *node_id, double now)
{
    struct wi_tuning_item *next = NULL;

    for (struct wi_tuning_item *item = tunings->items; item; item = item->hh.next) {
        if (!is_owner(item, owner) || item->tuning.is_known)
            continue;
        if (item_is_under_way(item, now))
            return NULL;
        if ((!next || item->begun_at < next->begun_at) && item_is_open(tunings, item))
            next = item;
    }
    if (!next)
        return NULL;
    wi_text_copy(next->node, sizeof next->node, node_id);
    next->begun_at = now;
    next->tries++;
    return &next->tuning;
}

int wi_tunings_end(struct wi_tunings *tunings, const struct wi_tuning_owner *owner,
    const char *node_id, const struct wi_node_tuning *said)
{
    const struct wi_kernel_choice *choice = said->hung ? said->hung : said->choice;
    char key[WI_TUNING_KEY_SIZE];

    item_key(key, owner, said->kernel->name, said->size_class);
    struct wi_tuning_item *item = item_find(tunings, key);
    if (!item || !*node_id || strcmp(item->node, node_id) != 0)
        return 0;
    *item->node = '\0';
    item->tries = 0; /* it has answered */
    if (choice) {
        item->tuning.is_known = !said->hung;
        item->tuning.is_hung = said->hung != NULL;
        item->tuning.choice = *choice;
        item_keep(tunings, item);
    }
    return 1;
}

void wi_tunings_forget(struct wi_tunings *tunings, const char *node_id)
{
    struct wi_tuning_item *item, *next;

    HASH_ITER(hh, tunings->items, item, next)
    {
        if (item->owner.joined && strcmp(item->owner.key, node_id) == 0)
            item_drop(tunings, item);
        else if (strcmp(item->node, node_id) == 0)
            *item->node = '\0';
    }
}

/* --- what is known ---------------------------------------------------------------------------- */

json_t *wi_tunings_json(const struct wi_tunings *tunings, const struct wi_tuning_owner *owner)
{
    json_t *list = NULL;

    for (const struct wi_tuning_item *item = tunings->items; item; item = item->hh.next) {
        const struct wi_tuning *tuning = &item->tuning;
        const struct wi_kernel_choice *choice = &tuning->choice;
        if (!is_owner(item, owner) || !tuning->is_known)
            continue;
        list = list ? list : json_array();
        json_array_append_new(list,
            json_pack("{s:s, s:s, s:{s:s, s:[I, I]}}", "kernel", tuning->kernel->name, "size_class",
                tuning->size_class, "choice", "variant", choice->variant, "workgroup",
                (json_int_t)choice->workgroup[0], (json_int_t)choice->workgroup[1]));
    }
    return list;
}
