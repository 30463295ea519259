/* The daemons that borrow, and the lines of each; see borrowers.h. */
#include "uplink/borrowers.h"

#include "base/memory.h"
#include "base/net/url.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* --- themselves ------------------------------------------------------------------------------- */

static void borrower_end_lines(const struct wi_uplink_borrower *borrower, const char *reason)
{
    for (struct wi_uplink_line *line = borrower->run->lines; line; line = line->next)
        if (line->borrower == borrower)
            wi_uplink_line_end(line, reason);
}

static void borrower_refuse(struct wi_uplink_borrower *borrower, enum wi_exit exit, const char *why)
{
    if (!borrower->is_member) {
        wi_uplink_end(borrower->run, exit, "%s", why);
        return;
    }
    if (!borrower->is_told)
        wi_uplink_tell("%s; it is tried again now and then", why);
    borrower->is_told = borrower->is_refused = 1;
    borrower_end_lines(borrower, "it is no relay there");
}

struct wi_uplink_borrower *wi_uplink_borrower_new(
    struct wi_uplink_run *run, const char *name, const char *url, const struct wi_join_link *link)
{
    struct wi_uplink_borrower *borrower = wi_alloc(sizeof *borrower);
    borrower->run = run;
    borrower->to = name ? wi_sprintf("%s (%s)", name, url) : wi_strdup(url);
    borrower->link = *link;
    borrower->is_member = name != NULL;
    borrower->refuse = borrower_refuse;
    borrower->next = run->borrowers;
    run->borrowers = borrower;
    return borrower;
}

void wi_uplink_borrower_end(struct wi_uplink_borrower *borrower, const char *reason)
{
    struct wi_uplink_borrower **at = &borrower->run->borrowers;
    borrower_end_lines(borrower, reason);
    while (*at != borrower)
        at = &(*at)->next;
    *at = borrower->next;
    OPENSSL_cleanse(&borrower->link, sizeof borrower->link);
    free(borrower->to);
    free(borrower);
}

int wi_uplink_borrower_is_up(const struct wi_uplink_borrower *borrower)
{
    for (struct wi_uplink_line *line = borrower->run->lines; line; line = line->next)
        if (line->borrower == borrower && wi_worker_is_up(line->worker))
            return 1;
    return 0;
}

/* --- their lines ------------------------------------------------------------------------------ */

static struct wi_uplink_line *line_find(const struct wi_uplink_borrower *borrower, const char *kind)
{
    struct wi_uplink_line *line = borrower->run->lines;
    while (line && (line->borrower != borrower || strcmp(line->kind, kind) != 0))
        line = line->next;
    return line;
}

/* A joined node of the own daemon calls its kind as it likes: there is no end to names. */
static int may_open(struct wi_uplink_borrower *borrower)
{
    size_t count = 0;
    for (const struct wi_uplink_line *line = borrower->run->lines; line; line = line->next)
        count += line->borrower == borrower;
    if (count < WI_UPLINK_KINDS_MAX)
        return 1;
    if (!borrower->said_many)
        wi_uplink_tell("only %d kinds of browsers are lent to %s, the first that there were",
            WI_UPLINK_KINDS_MAX, borrower->to);
    borrower->said_many = 1;
    return 0;
}

static void borrower_lend(
    struct wi_uplink_borrower *borrower, const struct wi_uplink_kind *kind, uint64_t slots)
{
    struct wi_uplink_line *line = line_find(borrower, kind->name);
    if (!line && !may_open(borrower))
        return;
    char *capabilities = wi_uplink_kind_capabilities(kind, borrower->run->name, slots);
    if (line)
        wi_uplink_line_describe(line, capabilities);
    else
        wi_uplink_line_new(borrower, kind->name, capabilities);
}

/* How many nodes of the kind are lent; 0 also where nothing has said what they can: a sample, or
 * one that its line was opened for. */
static uint64_t slots_lent(const struct wi_uplink_run *run, const struct wi_uplink_kind *kind)
{
    int is_known = kind->sample != NULL;
    for (const struct wi_uplink_line *line = run->lines; line && !is_known; line = line->next)
        is_known = line->borrower && strcmp(line->kind, kind->name) == 0;
    return is_known ? wi_uplink_kind_slots(kind, run->options->slots) : 0;
}

static void lines_pause_without(
    const struct wi_uplink_run *run, const struct wi_uplink_kind *kinds, size_t count)
{
    for (struct wi_uplink_line *line = run->lines; line; line = line->next) {
        uint64_t slots = 0;
        for (size_t i = 0; i < count; i++)
            if (strcmp(kinds[i].name, line->kind) == 0)
                slots = slots_lent(run, &kinds[i]);
        wi_worker_pause(line->worker, slots == 0);
    }
}

int wi_uplink_borrowers_lend(
    struct wi_uplink_run *run, const struct wi_uplink_kind *kinds, size_t count)
{
    struct wi_uplink_borrower *borrower = run->borrowers;
    int lends = 0;
    for (; borrower && !run->ending; borrower = borrower->next)
        for (size_t i = 0; i < count && !run->ending && !borrower->is_refused; i++)
            if (kinds[i].sample && slots_lent(run, &kinds[i]) > 0)
                borrower_lend(borrower, &kinds[i], slots_lent(run, &kinds[i]));
    for (size_t i = 0; i < count; i++)
        lends |= slots_lent(run, &kinds[i]) > 0;
    lines_pause_without(run, kinds, count);
    return lends;
}
