/* The models that nodes report as loaded; see model_use.h. */
#include "api/endpoints/models/model_use.h"

#include <string.h>

struct walk {
    const struct wi_bridge *bridge;
    wi_loaded_fn *each;
    void *context;
};

static void look_at_node(void *context, const struct wi_node_info *node)
{
    const struct walk *walk = context;
    struct wi_node_state state;
    if (wi_bridge_node_state(walk->bridge, node->id, &state) != 0)
        return;
    for (size_t i = 0; i < json_array_size(state.models); i++) {
        const json_t *model = json_array_get(state.models, i);
        const char *name = json_string_value(json_object_get(model, "name"));
        if (name)
            walk->each(walk->context, node, name, model);
    }
}

void wi_api_each_loaded(const struct wi_bridge *bridge, wi_loaded_fn *each, void *context)
{
    struct walk walk = {bridge, each, context};
    wi_bridge_each(bridge, look_at_node, &walk);
}

/* --- who has what ---------------------------------------------------------------------------- */

struct search {
    const char *wanted; /* NULL: any */
    struct wi_strings *ids, *names;
};

static int base_is_wanted(const char *name, const char *wanted)
{
    size_t length = wi_model_name_base(name);
    return !wanted || (strlen(wanted) == length && strncmp(name, wanted, length) == 0);
}

static void add_use(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model)
{
    const struct search *search = context;
    const char *how = json_string_value(json_object_get(model, "state"));
    int is_gone = how && (strcmp(how, "failed") == 0 || strcmp(how, "evicted") == 0);
    if (is_gone || !base_is_wanted(name, search->wanted))
        return;
    wi_strings_add(search->names, name);
    if (search->ids)
        wi_strings_add(search->ids, node->id);
}

void wi_api_find_nodes(
    struct wi_bridge *bridge, const char *name, struct wi_strings *ids, struct wi_strings *names)
{
    struct search search = {name, ids, names};
    wi_api_each_loaded(bridge, add_use, &search);
}

void wi_api_list_loaded(void *bridge, struct wi_versions_use *use)
{
    struct wi_strings names = {0};
    wi_api_find_nodes(bridge, NULL, NULL, &names);
    for (size_t i = 0; i < names.count; i++) {
        names.items[i][wi_model_name_base(names.items[i])] = '\0';
        wi_strings_add(&use->names, names.items[i]);
    }
    wi_strings_clear(&names);
}
