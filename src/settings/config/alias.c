/* A sorted list of a few names. */
#include "settings/config/alias.h"

#include "base/memory.h"
#include "base/text.h"
#include "terms/kernel/builtin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum wi_code alias_check(
    const struct wi_aliases *aliases, const char *name, const char *model, struct wi_error *error)
{
    const struct wi_alias *earlier = wi_aliases_find(aliases, name);
    if (wi_model_name_variant(name) || wi_model_check_name(name, NULL) != WI_OK)
        return wi_error_set(error, WI_INVALID_FIELD, name,
            "\"%.100s\" cannot be an alias; allowed: NAME or OWNER/NAME of letters, digits, \".\", "
            "\"_\" and \"-\", beginning with a letter or digit",
            name);
    if (wi_builtin_owns(name))
        return wi_error_set(error, WI_INVALID_FIELD, name,
            "%.100s is the name of a built-in model; choose another name", name);
    if (wi_name_is_content(name))
        return wi_error_set(error, WI_INVALID_FIELD, name,
            "names below " WI_NAME_CONTENT
            " belong to the content with that CID; choose another name");
    if (wi_model_check_name(model, NULL) != WI_OK)
        return wi_error_set(error, WI_INVALID_FIELD, name,
            "\"%.100s\" is not a model name; allowed: MODEL or MODEL:VARIANT", model);
    if (earlier)
        return wi_error_set(
            error, WI_INVALID_FIELD, name, "is given twice, first in line %u", earlier->line);
    if (aliases->count == WI_ALIASES_MAX)
        return wi_error_set(
            error, WI_INVALID_FIELD, name, "there are more than %d aliases", WI_ALIASES_MAX);
    return WI_OK;
}

enum wi_code wi_aliases_add(struct wi_aliases *aliases, const char *name, const char *model,
    const char *file, unsigned line, struct wi_error *error)
{
    enum wi_code code = alias_check(aliases, name, model, error);
    if (code != WI_OK)
        return code;
    aliases->items = wi_realloc_array(aliases->items, aliases->count + 1, sizeof *aliases->items);
    aliases->items[aliases->count++] = (struct wi_alias){
        .name = wi_strdup(name), .model = wi_strdup(model), .file = wi_strdup(file), .line = line};
    wi_names_sort(aliases->items, aliases->count, sizeof *aliases->items);
    return WI_OK;
}

const struct wi_alias *wi_aliases_find(const struct wi_aliases *aliases, const char *name)
{
    ssize_t index = wi_names_find(aliases->items, aliases->count, sizeof *aliases->items, name);
    return index < 0 ? NULL : &aliases->items[index];
}

/* The alias named by `name` without its variant. */
static const struct wi_alias *find_base(const struct wi_aliases *aliases, const char *name)
{
    char base[WI_MODEL_NAME_MAX + 1];
    size_t length = wi_model_name_base(name);
    if (length > WI_MODEL_NAME_MAX)
        return NULL;
    memcpy(base, name, length);
    base[length] = '\0';
    return wi_aliases_find(aliases, base);
}

enum wi_code wi_name_allow(const char *name, const char *field, struct wi_error *error)
{
    if (wi_model_check_name(name, error) != WI_OK) {
        wi_text_copy(error->field, sizeof error->field, field);
        return error->code;
    }
    if (wi_model_name_variant(name))
        return wi_error_set(error, WI_INVALID_FIELD, field,
            "%.160s names a variant, but a model has one name for all of its variants", name);
    if (wi_builtin_owns(name))
        return wi_error_set(
            error, WI_INVALID_FIELD, field, "names in builtin/ are the daemon's own");
    return WI_OK;
}

enum wi_code wi_aliases_allow(
    const struct wi_aliases *aliases, const char *name, const char *field, struct wi_error *error)
{
    enum wi_code code = wi_name_allow(name, field, error);
    if (code != WI_OK)
        return code;
    if (wi_name_is_content(name))
        return wi_error_set(error, WI_INVALID_FIELD, field,
            "names below " WI_NAME_CONTENT " belong to the content with that CID (ipfs://CID pulls "
            "it); choose another name");
    if (aliases && wi_aliases_find(aliases, name))
        return wi_error_set(error, WI_CONFLICT, field,
            "%.160s is an alias of the configuration; choose another name, or remove the alias",
            name);
    return WI_OK;
}

const struct wi_alias *wi_aliases_chained(const struct wi_aliases *aliases)
{
    for (size_t i = 0; i < aliases->count; i++)
        if (find_base(aliases, aliases->items[i].model))
            return &aliases->items[i];
    return NULL;
}

const char *wi_aliases_resolve(
    const struct wi_aliases *aliases, const char *name, char out[WI_MODEL_NAME_MAX + 1])
{
    const struct wi_alias *alias = find_base(aliases, name);
    const char *variant = wi_model_name_variant(name);
    if (variant && strcasecmp(variant, WI_VARIANT_LATEST) == 0) {
        snprintf(out, WI_MODEL_NAME_MAX + 1, "%.*s", (int)wi_model_name_base(name), name);
        name = out;
        variant = NULL;
    }
    if (!alias || (variant && wi_model_name_variant(alias->model)))
        return name;
    snprintf(out, WI_MODEL_NAME_MAX + 1, "%s%s%s", alias->model, variant ? ":" : "",
        variant ? variant : "");
    return out;
}

void wi_aliases_copy(struct wi_aliases *to, const struct wi_aliases *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct wi_alias *alias = &from->items[i];
        wi_aliases_add(to, alias->name, alias->model, alias->file, alias->line, NULL);
    }
}

void wi_aliases_clear(struct wi_aliases *aliases)
{
    for (size_t i = 0; i < aliases->count; i++) {
        free(aliases->items[i].name);
        free(aliases->items[i].model);
        free(aliases->items[i].file);
    }
    free(aliases->items);
    *aliases = (struct wi_aliases){0};
}
