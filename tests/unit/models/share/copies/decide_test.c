/* Which copies are made, kept and let go: tables of situations, as each of several daemons sees
 * them. */
#include "../../../test.h"

#include "base/hash.h"
#include "base/memory.h"
#include "models/share/copies/decide.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAEMONS 4
#define INTERVAL 1000.0
#define ROOM 1000000u

static const char *const ids[DAEMONS] = {"anna", "bert", "carl", "dora"};

/* What the daemons have of one model, a letter for each: P it is published there, C a copy whose
 * origin is anna, X a copy of somebody who is not there, "-" nothing, "." it is not there. */
struct view {
    const char *has;
    uint64_t takes[DAEMONS];
    struct wi_copies_memory memory[DAEMONS]; /* of each */
    double now;
    unsigned replicas;
};

static void begin(struct view *view, unsigned replicas, const char *has)
{
    *view = (struct view){.has = has, .replicas = replicas};
    for (size_t i = 0; i < DAEMONS; i++)
        view->takes[i] = ROOM;
}

static void end(struct view *view)
{
    for (size_t i = 0; i < DAEMONS; i++)
        wi_copies_memory_clear(&view->memory[i]);
}

static struct wi_cid cid_of(unsigned number)
{
    struct wi_cid cid = {.codec = WI_CODEC_DAG_PB};
    wi_hash(&number, sizeof number, cid.hash);
    return cid;
}

static struct wi_copies_row row_of(char letter, size_t daemon)
{
    return (struct wi_copies_row){.cid = cid_of(0),
        .daemon = daemon,
        .bytes = 1000,
        .published = letter == 'P',
        .origin = letter == 'X' ? "gone" : ids[0]};
}

/* What `who` decides, of those whom it sees (NULL: all that are there); the fate of its own copy,
 * if it has one, goes to `fate`. */
static int decide(struct view *view, size_t who, const char *sees, enum wi_copies_fate *fate)
{
    struct wi_copies_daemon daemons[DAEMONS];
    struct wi_copies_row rows[DAEMONS];
    struct wi_copies_decision decision;
    size_t count = 0, row_count = 0;
    for (size_t i = 0; i < DAEMONS; i++) {
        size_t daemon = (who + i) % DAEMONS;
        if (view->has[daemon] == '.' || (sees && i > 0 && sees[daemon] == '.'))
            continue;
        if (view->has[daemon] != '-')
            rows[row_count++] = row_of(view->has[daemon], count);
        daemons[count++] = (struct wi_copies_daemon){ids[daemon], view->takes[daemon]};
    }
    const struct wi_copies_situation situation = {.now_ms = view->now,
        .interval_ms = INTERVAL,
        .replicas = view->replicas,
        .daemons = daemons,
        .daemon_count = count,
        .rows = rows,
        .count = row_count};
    wi_copies_decide(&situation, &view->memory[who], &decision);
    if (fate)
        *fate = decision.fates[0];
    int pulls = decision.pull != NULL;
    wi_copies_decision_clear(&decision);
    return pulls;
}

/* Who pulls, as bits. */
static unsigned turn(struct view *view)
{
    unsigned who = 0;
    for (size_t i = 0; i < DAEMONS; i++)
        if (view->has[i] != '.')
            who |= (unsigned)decide(view, i, NULL, NULL) << i;
    view->now += INTERVAL;
    return who;
}

/* Of those whose letter is "-" the one that is to pull, by another way. */
static unsigned least_of(const struct view *view)
{
    char text[WI_CID_TEXT], least[2 * WI_HASH_SIZE + 1] = "z";
    const struct wi_cid cid = cid_of(0);
    unsigned who = 0;
    wi_cid_print(&cid, text);
    for (size_t i = 0; i < DAEMONS; i++) {
        unsigned char hash[WI_HASH_SIZE];
        char hex[WI_HASH_HEX_SIZE], both[128];
        snprintf(both, sizeof both, "%s%s", text, ids[i]);
        wi_hash(both, strlen(both), hash);
        wi_hash_hex(hash, hex);
        if (view->has[i] != '-' || view->takes[i] < 1000 || strcmp(hex, least) > 0)
            continue;
        memcpy(least, hex, sizeof least);
        who = 1u << i;
    }
    return who;
}

/* --- who pulls -------------------------------------------------------------------------------- */

TEST(one_daemon_pulls_after_two_intervals)
{
    static const struct {
        unsigned replicas;
        const char *has;
        int pulls;
    } cases[] = {
        {2, "P---", 1}, {2, "P--.", 1}, {2, "P-..", 1}, {3, "PC--", 1}, {4, "PCC-", 1},
        {2, "PP--", 0}, {2, "PC--", 0}, {2, "PC..", 0}, {1, "P---", 0}, {0, "P---", 0},
        {9, "PCCC", 0},                 /* nobody is left who could */
        {2, "----", 0}, {2, "X---", 1}, /* its origin is there no more, and has not taken it back */
        {2, ".C--", 1}, {2, "XX--", 0}, {2, "-C--", 0}, /* anna has published it no longer */
        {3, "-CP-", 1},                                 /* but carl has */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view view;
        begin(&view, cases[i].replicas, cases[i].has);
        assert_int_equal(turn(&view), 0);
        assert_int_equal(turn(&view), 0);
        unsigned who = turn(&view);
        if (who != (cases[i].pulls ? least_of(&view) : 0))
            fail_msg("%u copies of %s: %x pulls", cases[i].replicas, cases[i].has, who);
        assert_int_equal(turn(&view), who); /* until it is there */
        end(&view);
    }
}

TEST(who_is_back_within_two_intervals_was_not_missed)
{
    struct view view;
    begin(&view, 2, "PC--");
    for (int i = 0; i < 5; i++) {
        view.has = "PC--";
        assert_int_equal(turn(&view), 0);
        view.has = "P.--";
        assert_int_equal(turn(&view), 0);
        assert_int_equal(turn(&view), 0);
    }
    assert_int_equal(turn(&view), least_of(&view));
    end(&view);
}

TEST(who_has_no_room_is_passed_over)
{
    struct view view;
    begin(&view, 2, "P---");
    unsigned first = least_of(&view);
    for (size_t i = 0; i < DAEMONS; i++)
        view.takes[i] = first == 1u << i ? 999 : ROOM;
    assert_int_not_equal(least_of(&view), first);
    turn(&view), turn(&view);
    assert_int_equal(turn(&view), least_of(&view));
    memset(view.takes, 0, sizeof view.takes);
    assert_int_equal(turn(&view), 0);
    end(&view);
}

/* Whoever sees whom: somebody pulls who can see that there are too few. */
TEST(who_sees_fewer_makes_more_copies_and_never_fewer)
{
    for (unsigned seen = 0; seen < 1u << (DAEMONS * DAEMONS); seen += 7) {
        struct view view;
        unsigned pulls = 0, may = 0;
        begin(&view, 2, "P---");
        for (int i = 0; i < 3; i++, view.now += INTERVAL) {
            pulls = may = 0;
            for (size_t who = 0; who < DAEMONS; who++) {
                char sees[DAEMONS + 1] = "";
                for (size_t k = 0; k < DAEMONS; k++)
                    sees[k] = seen >> (DAEMONS * who + k) & 1 ? '-' : '.';
                pulls |= (unsigned)decide(&view, who, sees, NULL) << who;
                may |= (unsigned)(who > 0 && sees[0] == '-') << who;
            }
        }
        /* The least of those who see it at all cannot be outdone by anybody whom it sees, unless
         * that one does not see it. */
        view.has = "P---";
        unsigned least = least_of(&view);
        if (may & least)
            assert_true(pulls & least);
        assert_int_equal(pulls & ~may, 0);
        end(&view);
    }
}

/* --- which model ------------------------------------------------------------------------------ */

TEST(what_ran_most_goes_first)
{
    const struct wi_copies_daemon daemons[] = {{"anna", ROOM}, {"bert", 0}};
    struct wi_copies_row rows[] = {{cid_of(1), 1, 10, 5, 1, "bert", NULL},
        {cid_of(2), 1, 10, 50, 1, "bert", NULL}, {cid_of(3), 1, ROOM + 1, 500, 1, "bert", NULL},
        {cid_of(4), 1, 10, 49, 1, "bert", NULL}};
    struct wi_copies_situation situation = {.interval_ms = INTERVAL,
        .replicas = 2,
        .daemons = daemons,
        .daemon_count = 2,
        .rows = rows,
        .count = 4};
    struct wi_copies_memory memory = {0};
    struct wi_copies_decision decision;
    wi_copies_decide(&situation, &memory, &decision);
    assert_null(decision.pull);
    wi_copies_decision_clear(&decision);
    situation.now_ms = 2 * INTERVAL;
    wi_copies_decide(&situation, &memory, &decision);
    assert_ptr_equal(decision.pull, &rows[1]);
    wi_copies_decision_clear(&decision);
    wi_copies_memory_clear(&memory);
}

/* Two models of anna's, which bert is to copy: how often either ran, there and at carl's. */
static int pulls_second(uint64_t first, uint64_t second, uint64_t second_of_carl)
{
    const struct wi_copies_daemon daemons[] = {{"bert", ROOM}, {"anna", 0}, {"carl", 0}};
    struct wi_copies_row rows[3] = {row_of('P', 1), row_of('P', 1), row_of('C', 2)};
    struct wi_copies_memory memory = {0};
    struct wi_copies_decision decision;
    int is_second = -1;
    rows[1].cid = rows[2].cid = cid_of(1);
    rows[0].runs = first, rows[1].runs = second, rows[2].runs = second_of_carl;
    for (int i = 0; i < 3; i++) {
        const struct wi_copies_situation situation = {.now_ms = i * INTERVAL,
            .interval_ms = INTERVAL,
            .replicas = 3,
            .daemons = daemons,
            .daemon_count = 3,
            .rows = rows,
            .count = 3};
        wi_copies_decide(&situation, &memory, &decision);
        is_second = decision.pull ? wi_cid_equal(&decision.pull->cid, &rows[1].cid) : -1;
        wi_copies_decision_clear(&decision);
    }
    wi_copies_memory_clear(&memory);
    return is_second;
}

TEST(what_ran_most_in_the_last_day_goes_first)
{
    assert_int_equal(pulls_second(2, 1, 0), 0);
    assert_int_equal(pulls_second(2, 3, 0), 1);
    assert_int_equal(pulls_second(2, 1, 2), 1); /* by both daemons together */
    assert_int_equal(pulls_second(4, 1, 2), 0);
}

/* --- what becomes of a copy ------------------------------------------------------------------- */

/* The fate of bert's after so many turns. */
static enum wi_copies_fate fate_after(struct view *view, int turns)
{
    enum wi_copies_fate fate = WI_COPY_KEEP;
    for (int i = 0; i < turns; i++, view->now += INTERVAL)
        decide(view, 1, NULL, &fate);
    return fate;
}

TEST(a_copy_is_kept_spared_or_dropped)
{
    static const struct {
        unsigned replicas;
        const char *has;
        enum wi_copies_fate first, last;
    } cases[] = {
        {2, "PC--", WI_COPY_KEEP, WI_COPY_KEEP},
        {2, "PCC-", WI_COPY_SPARE, WI_COPY_SPARE},
        {0, "PC--", WI_COPY_SPARE, WI_COPY_SPARE},
        {2, ".C--", WI_COPY_KEEP, WI_COPY_KEEP}, /* nobody knows */
        {2, "-C--", WI_COPY_KEEP, WI_COPY_DROP},
        {1, "-CC-", WI_COPY_SPARE, WI_COPY_DROP},
        {2, "-CP-", WI_COPY_KEEP, WI_COPY_KEEP},
        {2, "-X--", WI_COPY_KEEP, WI_COPY_KEEP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view view;
        begin(&view, cases[i].replicas, cases[i].has);
        enum wi_copies_fate first = fate_after(&view, 2), last = fate_after(&view, 1);
        if (first != cases[i].first || last != cases[i].last)
            fail_msg("%s: %d, then %d", cases[i].has, first, last);
        end(&view);
    }
}

TEST(an_origin_that_comes_and_goes_is_not_there_for_two_intervals)
{
    struct view view;
    begin(&view, 2, "-C--");
    for (int i = 0; i < 4; i++) {
        view.has = "-C--";
        assert_int_equal(fate_after(&view, 2), WI_COPY_KEEP);
        view.has = ".C--";
        assert_int_equal(fate_after(&view, 1), WI_COPY_KEEP);
    }
    end(&view);
}

TEST(what_a_stranger_says_of_the_origin_drops_no_copy_of_ours)
{
    struct view view;
    begin(&view, 2, "-XC-"); /* carl says that it is anna's, who has it no longer */
    assert_int_equal(fate_after(&view, 5), WI_COPY_KEEP);
    end(&view);
}
