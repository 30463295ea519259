/* Kernels and places in a table; see kernels_used.h. A key is the place's key and the name that a
 * page is told. */
#include "work/pool/facts/kernels_used.h"

#include "base/table.h"
#include "base/text.h"
#include "settings/store/db.h"
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 32
#define KEY_SIZE (WI_PLACE_SIZE + NAME_SIZE)

struct use {
    char key[KEY_SIZE];
    UT_hash_handle hh;
};

struct wi_kernels_used {
    struct wi_db *db;
    struct use *items; /* in the order in which they were noted */
};

static void kernel_name(char name[NAME_SIZE], const struct wi_kernel *kernel, int halves)
{
    wi_join(name, NAME_SIZE, kernel->name, halves ? " FP16" : "", NULL);
}

static void use_key(char key[KEY_SIZE], const struct wi_place *place, const char *name)
{
    wi_join(key, KEY_SIZE, place->key, "\t", name, NULL);
}

static struct use *use_find(const struct wi_kernels_used *used, const char *key)
{
    return WI_TABLE_FIND(used->items, key, strlen(key));
}

static void use_drop(struct wi_kernels_used *used, struct use *use)
{
    HASH_DEL(used->items, use);
    free(use);
}

static void use_add(struct wi_kernels_used *used, const char *key)
{
    struct use *use = wi_alloc(sizeof *use);

    if (HASH_COUNT(used->items) >= WI_KERNELS_USED_MAX) {
        wi_db_forget(used->db, WI_DB_KERNELS_USED, used->items->key);
        use_drop(used, used->items);
    }
    wi_text_copy(use->key, sizeof use->key, key);
    HASH_ADD_STR(used->items, key, use);
}

static void use_load(void *context, const char *key, const char *value)
{
    struct wi_kernels_used *used = context;

    if (strlen(key) < KEY_SIZE && !use_find(used, key))
        use_add(used, key);
}

struct wi_kernels_used *wi_kernels_used_new(struct wi_db *db)
{
    struct wi_kernels_used *used = wi_alloc(sizeof *used);

    used->db = db;
    wi_db_each(db, WI_DB_KERNELS_USED, 0, use_load, used);
    return used;
}

void wi_kernels_used_free(struct wi_kernels_used *used)
{
    if (!used)
        return;
    while (used->items)
        use_drop(used, used->items);
    free(used);
}

void wi_kernels_used_note(struct wi_kernels_used *used, const struct wi_place *place,
    const struct wi_kernel *kernel, int halves)
{
    char name[NAME_SIZE], key[KEY_SIZE];

    kernel_name(name, kernel, halves);
    use_key(key, place, name);
    if (use_find(used, key))
        return;
    use_add(used, key);
    wi_db_put(used->db, WI_DB_KERNELS_USED, 0, key, "{}");
}

void wi_kernels_used_list(
    const struct wi_kernels_used *used, const struct wi_place *place, struct wi_strings *names)
{
    char name[NAME_SIZE], key[KEY_SIZE];

    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++)
        for (int halves = 0; halves <= kernel->halves; halves++) {
            kernel_name(name, kernel, halves);
            use_key(key, place, name);
            if (use_find(used, key))
                wi_strings_add(names, name);
        }
}
