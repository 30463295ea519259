/* Routing: what is said where nothing can take the demand; see route_refuse.h. */
#include "pool/route_refuse.h"

#include "pool/platforms.h"

/* One that has what the demand needs of a node, else NULL. */
static const struct wi_candidate *find_fit(
    const struct wi_option *options, size_t count, const struct wi_demand *demand)
{
    for (size_t i = count; i > 0; i--)
        if (!wi_route_unfit(options[i - 1].candidate->info, demand))
            return options[i - 1].candidate;
    return NULL;
}

/* No candidate has what the demand needs of a node. */
static enum wi_pick refuse_unfit(const struct wi_option *options, size_t count,
    const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    int has_engine = 0, has_ours = !demand->ours_only;

    for (size_t i = 0; i < count; i++) {
        const struct wi_node_info *info = options[i].candidate->info;
        has_engine |= info->engines[asked->model->engine].available;
        has_ours |= *info->session != '\0';
    }
    if (!has_engine)
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "model_name",
            "no node has the engine that runs such models, which is %s",
            wi_engine_names[asked->model->engine]);
    else if (!has_ours)
        wi_error_set(error, WI_UNAVAILABLE, "",
            "the only nodes that the request allows were not started by the service, which gives "
            "no such work to others: [pool] strangers says what they get");
    else
        wi_error_set(error, WI_UNAVAILABLE, "",
            "no other node can go on with the answer that its node had begun");
    return WI_PICK_NEVER;
}

enum wi_pick wi_route_refuse(const struct wi_option *options, size_t count,
    const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_candidate *candidate = find_fit(options, count, demand);
    struct wi_choice ignored;

    if (!candidate && (count > 0 || !wi_engine_in_page(asked->model->engine)))
        return refuse_unfit(options, count, demand, error);
    if (count == 0 && (wi_platforms_simulated(demand) || (asked->node && !asked->browser)))
        wi_error_set(error, WI_UNAVAILABLE, "platform",
            wi_platforms_simulated(demand)
                ? "no simulated node that the request allows is there"
                : "the node is simulated and runs only what asks for the platform simulated");
    else if (count == 0 && asked->node)
        wi_error_set(error, WI_UNAVAILABLE, "browser", "the node %.80s is no %.40s", asked->node,
            asked->browser);
    else if (count == 0)
        wi_error_set(error, WI_UNAVAILABLE, asked->browser ? "browser" : "",
            "no node%s%.40s is there", asked->browser ? " of browser " : "",
            asked->browser ? asked->browser : "");
    else if (asked->has_platform)
        wi_route_platforms(candidate, demand, &ignored, error);
    else
        wi_platforms_unsupported(candidate, demand, error);
    return WI_PICK_NEVER;
}

enum wi_pick wi_route_refuse_draining(const struct wi_demand *demand, struct wi_error *error)
{
    if (demand->asked->node)
        wi_error_set(error, WI_UNAVAILABLE, "node",
            "the node %.80s is draining and takes no new work: leave it out, or name another",
            demand->asked->node);
    else
        wi_error_set(error, WI_UNAVAILABLE, "",
            "every node that could run it is draining and takes no new work; POST "
            "/v1/nodes/ID/undrain takes one back");
    return WI_PICK_NEVER;
}
