/* When each model was used last; of those that were pulled it is written down too. */
#include "base/table.h"
#include "library/repository_private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define NOTE_AFTER_S 60

/* When a model was used last; both in Unix seconds. */
struct use {
    char *name; /* without variant */
    int64_t at, noted_at;
    UT_hash_handle hh;
};

static void note_use(void *data)
{
    wi_versions_touch(data);
}

static void free_note(void *data, int cancelled)
{
    (void)cancelled;
    free(data);
}

static struct use *find_use(const struct wi_repository *repository, const char *name)
{
    struct use *use;
    size_t length = strcspn(name, ":");

    HASH_FIND(hh, repository->uses, name, length, use);
    return use;
}

void wi_model_use(struct wi_model *model)
{
    struct wi_repository *repository = model->_repository;
    struct use *use = repository ? find_use(repository, model->name) : NULL;

    if (!repository || !model->folder)
        return;
    if (!use) {
        use = wi_alloc(sizeof *use);
        use->name = wi_strndup(model->name, strcspn(model->name, ":"));
        HASH_ADD_KEYPTR(hh, repository->uses, use->name, strlen(use->name), use);
    }
    use->at = wi_wall_ms() / 1000;
    if (model->version == 0 || use->at < use->noted_at + NOTE_AFTER_S)
        return;
    use->noted_at = use->at;
    wi_work_start(repository->loop, note_use, free_note, wi_strdup(model->folder));
}

int64_t wi_repository_used_at(const struct wi_repository *repository, const char *name)
{
    const struct use *use = find_use(repository, name);

    return use ? use->at : 0;
}

void wi_repository_forget_uses(struct wi_repository *repository)
{
    struct use *use, *next;

    HASH_ITER(hh, repository->uses, use, next)
    {
        HASH_DEL(repository->uses, use);
        free(use->name);
        free(use);
    }
}
