/* Reading the lists of [browser_preferences]; see preferences.h. */
#include "work/pool/preferences.h"

#include <stdio.h>
#include <string.h>

const struct wi_strings *wi_preferences_of(
    const struct wi_config_preferences *preferences, enum wi_model_type type)
{
    const struct wi_strings *const lists[WI_TYPE_COUNT] = {
        [WI_TYPE_TEXT_EMBEDDING] = &preferences->text_embedding,
        [WI_TYPE_TEXT_GENERATION] = &preferences->text_generation,
        [WI_TYPE_TEXT2TEXT] = &preferences->text2text,
        [WI_TYPE_VISION] = &preferences->vision,
        [WI_TYPE_AUDIO] = &preferences->audio,
        [WI_TYPE_MULTIMODAL] = &preferences->multimodal,
    };
    return lists[type] ? lists[type] : &preferences->other;
}

int wi_preferences_parse(const char *entry, char kind[32])
{
    const char *slash = strchr(entry, '/');

    snprintf(kind, 32, "%.*s", (int)strcspn(entry, "/"), entry);
    return slash ? wi_platform_of_name(slash + 1) : -1;
}

/* How an entry, "KIND" or "KIND/PLATFORM", names what is asked about. */
enum named { NOT, BY_KIND, EXACTLY };

static enum named entry_names(
    const char *entry, const char *kind, size_t kind_length, enum wi_platform platform)
{
    if (strncmp(entry, kind, kind_length) != 0)
        return NOT;
    if (entry[kind_length] == '\0')
        return EXACTLY;
    if (entry[kind_length] != '/')
        return NOT;
    return strcmp(entry + kind_length + 1, wi_platform_names[platform]) == 0 ? EXACTLY : BY_KIND;
}

/* Asked for every platform of every candidate of every request. */
int wi_preferences_rank(const struct wi_strings *list, const char *kind, enum wi_platform platform)
{
    int rank = (int)list->count + 1;
    size_t kind_length = strlen(kind);

    for (size_t i = 0; i < list->count; i++) {
        enum named named = entry_names(list->items[i], kind, kind_length, platform);
        if (named == EXACTLY)
            return (int)i;
        if (named == BY_KIND)
            rank = (int)list->count;
    }
    return rank;
}
