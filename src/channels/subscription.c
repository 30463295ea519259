/* The names in a subscription, whichever way it comes; see channels.h. */
#include "channels/channels.h"

#include "terms/model_name.h"
#include <string.h>

enum wi_code wi_channel_add(
    const char *name, const char *field, unsigned *channels, struct wi_error *error)
{
    for (int i = 0; i < WI_CHANNEL_COUNT; i++) {
        if (strcmp(wi_channel_names[i], name) != 0)
            continue;
        *channels |= 1u << i;
        return WI_OK;
    }
    wi_error_set(error, WI_INVALID_FIELD, field, "\"%.40s\" is not a channel", name);
    return wi_error_allow(error, "job_results, vector_updates");
}

enum wi_code wi_channel_check_models(
    const struct wi_strings *models, const char *field, struct wi_error *error)
{
    if (models->count > WI_CHANNEL_MODELS_MAX) {
        wi_error_set(error, WI_INVALID_FIELD, field, "there are %zu names", models->count);
        return wi_error_expect(error, "at most %d names", WI_CHANNEL_MODELS_MAX);
    }
    for (size_t i = 0; i < models->count; i++) {
        if (wi_model_check_name(models->items[i], NULL) == WI_OK)
            continue;
        wi_error_set(error, WI_INVALID_FIELD, field, "\"%.100s\" is not the name of a model",
            models->items[i]);
        return wi_error_expect(error, "names of models");
    }
    return WI_OK;
}
