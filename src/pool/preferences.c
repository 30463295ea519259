/* Reading the lists of [browser_preferences]; see preferences.h. */
#include "pool/preferences.h"

#include <stdio.h>
#include <string.h>

const struct wi_strings *wi_preferences_of(
    const struct wi_config_preferences *preferences, enum wi_model_type type)
{
    switch (type) {
    case WI_TYPE_TEXT_EMBEDDING:
        return &preferences->text_embedding;
    case WI_TYPE_TEXT_GENERATION:
        return &preferences->text_generation;
    case WI_TYPE_TEXT2TEXT:
        return &preferences->text2text;
    case WI_TYPE_VISION:
        return &preferences->vision;
    case WI_TYPE_AUDIO:
        return &preferences->audio;
    case WI_TYPE_MULTIMODAL:
        return &preferences->multimodal;
    default:
        return &preferences->other;
    }
}

void wi_preferences_parse(
    const char *entry, char kind[32], int *has_platform, enum wi_platform *platform)
{
    const char *slash = strchr(entry, '/');
    int length = slash ? (int)(slash - entry) : (int)strlen(entry);

    snprintf(kind, 32, "%.*s", length, entry);
    *has_platform = 0;
    for (int i = 0; slash && i < WI_PLATFORM_COUNT; i++) {
        if (strcmp(slash + 1, wi_platform_names[i]) == 0) {
            *has_platform = 1;
            *platform = (enum wi_platform)i;
        }
    }
}

int wi_preferences_rank(const struct wi_strings *list, const char *kind, enum wi_platform platform)
{
    int rank = (int)list->count + 1;

    for (size_t i = 0; i < list->count; i++) {
        char named[32];
        int has_platform;
        enum wi_platform wanted;
        wi_preferences_parse(list->items[i], named, &has_platform, &wanted);
        if (strcmp(named, kind) != 0)
            continue;
        if (!has_platform || wanted == platform)
            return (int)i;
        rank = (int)list->count;
    }
    return rank;
}
