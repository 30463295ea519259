/* From a file to a configuration that can be used, or to all that is wrong with it. */
#include "config/options.h"

struct wi_config *wi_config_load(const char *path, struct wi_problems *problems)
{
    struct wi_config *config = wi_config_new();
    size_t before = problems->count;

    if (path)
        wi_config_read(config, path, problems);
    wi_config_check(config, problems);
    if (problems->count == before)
        return config;
    wi_config_free(config);
    return NULL;
}
