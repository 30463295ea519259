/* What becomes of each attempt by lot, in the shares that the options give. */
#include "simulate/simulate.h"

double sim_random(struct sim *sim)
{
    /* xorshift64*, so that a seed gives the same lots again */
    sim->random ^= sim->random >> 12;
    sim->random ^= sim->random << 25;
    sim->random ^= sim->random >> 27;
    return (double)((sim->random * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0;
}

enum sim_fate sim_draw(struct sim *sim)
{
    const struct sim_options *options = sim->options;
    double lot = sim_random(sim);

    if ((lot -= options->fail_rate) < 0)
        return SIM_FAIL;
    if ((lot -= options->drop_rate) < 0)
        return SIM_DROP;
    if ((lot -= options->late_rate) < 0)
        return SIM_LATE;
    return lot - options->cut_rate < 0 ? SIM_CUT : SIM_ANSWER;
}
