/* What is known of a demand's model at a place; see prospect.h. */
#include "work/pool/prospect.h"

#include "base/clock.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/preferences.h"

const struct wi_model *wi_pool_model_on(const struct wi_demand *demand, enum wi_platform platform)
{
    return wi_inference_on(demand->asked, platform)->model;
}

struct wi_prospect wi_pool_prospect(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *info, enum wi_platform platform, const struct wi_place *place)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_model *model = wi_pool_model_on(demand, platform);
    struct wi_prospect prospect = {
        .rank =
            wi_preferences_rank(wi_preferences_of(&pool->config->browser_preferences, asked->type),
                info->kind, platform)};

    if (model->builtin || !place || !info->platforms[platform].available)
        return prospect;
    const struct wi_known known =
        wi_verdicts_get(pool->verdicts, model, place, wi_inference_variant(asked), asked->set);
    prospect.place = place;
    prospect.estimate = wi_estimates_get(pool->estimates, model->hash, place);
    prospect.verdict = known.verdict;
    prospect.is_short =
        asked->lessens && wi_shortages_has(pool->shortages, model->hash, place, wi_wall_ms());
    prospect.is_due = known.verdict == WI_WRONG && known.due;
    prospect.rests = known.verdict == WI_UNKNOWN && !known.due;
    return prospect;
}
