/* The table, with its words for people; see rules.h. */
#include "work/pool/facts/rules.h"

#include <stddef.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)

const char *const wi_evidence_names[] = {[WI_EVIDENCE_CLAIM] = "claim",
    [WI_EVIDENCE_ENDING] = "ending",
    [WI_EVIDENCE_DISPUTED] = "disputed",
    [WI_EVIDENCE_OPEN] = "open",
    [WI_EVIDENCE_CLIENT_INPUT] = "client_input",
    [WI_EVIDENCE_OUR_INPUT] = "our_input",
    [WI_EVIDENCE_KNOWN_ANSWER] = "known_answer",
    [WI_EVIDENCE_CHALLENGE] = "challenge",
    NULL};

const char *const wi_evidence_texts[] = {
    [WI_EVIDENCE_CLAIM] = "the page says that it cannot run the model on that platform",
    [WI_EVIDENCE_ENDING] = "requests failed on the node, and succeeded in a browser of the service",
    [WI_EVIDENCE_DISPUTED] =
        "requests failed on the node, and succeeded on another joined node, or "
        "nodes of two join tokens had wrong blocks of models from it",
    [WI_EVIDENCE_OPEN] = "an answer cannot be judged because of a choice that the node made",
    [WI_EVIDENCE_CLIENT_INPUT] =
        "an answer to a client's input differs from the service's own answer",
    [WI_EVIDENCE_OUR_INPUT] =
        "answers to the service's own inputs differ from the service's answers",
    [WI_EVIDENCE_KNOWN_ANSWER] = "a kernel's answer differs from the known one",
    [WI_EVIDENCE_CHALLENGE] = "a product in a challenge is wrong"};

const char *const wi_effect_names[] = {"share", "verdict", "hold", "quarantine", NULL};

#define BY_CHECK "a check succeeds"
#define BY_OURS                                                                                    \
    "it answers the service's own inputs correctly; checks are repeated after 1, 2, 4 and at "     \
    "most 30 days"
#define BY_FEWER "fewer of its last 50 answers are of this kind"
#define BY_RIGHT "ten answers in a row are judged correct"
#define BY_ADMIN "an admin forgives it (webinfer forgive)"
#define BY_ADMIN_OR_DAY BY_ADMIN " or, for a join token, 24 hours have passed"

#define OURS WI_ABOUT_OURS
#define JOINED WI_ABOUT_JOINED
#define RELAY WI_ABOUT_RELAY

/* Of one kind those that take the node away come last. */
const struct wi_evidence_rule wi_evidence_rules[] = {
    {WI_EVIDENCE_CLAIM, OURS, WI_EFFECT_VERDICT, 1, WI_VERDICT_UNABLE_MS, BY_CHECK, WI_UNABLE},
    {WI_EVIDENCE_CLAIM, JOINED, WI_EFFECT_VERDICT, 1, WI_VERDICT_UNABLE_MS, BY_CHECK, WI_UNABLE},
    {WI_EVIDENCE_CLAIM, RELAY, WI_EFFECT_VERDICT, 1, WI_VERDICT_UNABLE_MS, BY_CHECK, WI_UNABLE},
    {WI_EVIDENCE_ENDING, JOINED, WI_EFFECT_SHARE, 3, 0, BY_FEWER, WI_UNKNOWN},
    {WI_EVIDENCE_ENDING, JOINED, WI_EFFECT_QUARANTINE, 10, HOUR_MS, BY_ADMIN, WI_UNKNOWN},
    {WI_EVIDENCE_ENDING, RELAY, WI_EFFECT_SHARE, 3, 0, BY_FEWER, WI_UNKNOWN},
    {WI_EVIDENCE_DISPUTED, JOINED, WI_EFFECT_SHARE, 3, 0, BY_FEWER, WI_UNKNOWN},
    {WI_EVIDENCE_DISPUTED, RELAY, WI_EFFECT_SHARE, 3, 0, BY_FEWER, WI_UNKNOWN},
    {WI_EVIDENCE_OPEN, OURS, WI_EFFECT_VERDICT, 1, 0, BY_CHECK, WI_UNKNOWN},
    {WI_EVIDENCE_OPEN, JOINED, WI_EFFECT_VERDICT, 1, 0, BY_CHECK, WI_UNKNOWN},
    {WI_EVIDENCE_OPEN, JOINED, WI_EFFECT_SHARE, 2, 0, BY_FEWER, WI_UNKNOWN},
    {WI_EVIDENCE_OPEN, JOINED, WI_EFFECT_HOLD, 5, HOUR_MS, BY_ADMIN, WI_UNKNOWN},
    {WI_EVIDENCE_OPEN, RELAY, WI_EFFECT_VERDICT, 1, 0, BY_CHECK, WI_UNKNOWN},
    {WI_EVIDENCE_CLIENT_INPUT, OURS, WI_EFFECT_VERDICT, 1, 0, BY_CHECK, WI_UNKNOWN},
    {WI_EVIDENCE_CLIENT_INPUT, JOINED, WI_EFFECT_VERDICT, 1, 0, BY_CHECK, WI_UNKNOWN},
    {WI_EVIDENCE_CLIENT_INPUT, JOINED, WI_EFFECT_SHARE, 1, 0, BY_RIGHT, WI_UNKNOWN},
    {WI_EVIDENCE_CLIENT_INPUT, RELAY, WI_EFFECT_VERDICT, 1, 0, BY_CHECK, WI_UNKNOWN},
    {WI_EVIDENCE_OUR_INPUT, OURS, WI_EFFECT_VERDICT, 1, 0, BY_OURS, WI_WRONG},
    {WI_EVIDENCE_OUR_INPUT, JOINED, WI_EFFECT_VERDICT, 1, 0, BY_OURS, WI_WRONG},
    {WI_EVIDENCE_OUR_INPUT, JOINED, WI_EFFECT_QUARANTINE, 1, 0, BY_ADMIN_OR_DAY, WI_UNKNOWN},
    {WI_EVIDENCE_OUR_INPUT, RELAY, WI_EFFECT_VERDICT, 1, 0, BY_OURS, WI_WRONG},
    {WI_EVIDENCE_OUR_INPUT, RELAY, WI_EFFECT_HOLD, 1, DAY_MS, BY_ADMIN, WI_UNKNOWN},
    {WI_EVIDENCE_KNOWN_ANSWER, OURS, WI_EFFECT_VERDICT, 1, 0, BY_OURS, WI_WRONG},
    {WI_EVIDENCE_KNOWN_ANSWER, JOINED, WI_EFFECT_QUARANTINE, 1, 0, BY_ADMIN_OR_DAY, WI_UNKNOWN},
    {WI_EVIDENCE_KNOWN_ANSWER, RELAY, WI_EFFECT_HOLD, 1, DAY_MS, BY_ADMIN, WI_UNKNOWN},
    {WI_EVIDENCE_CHALLENGE, OURS, WI_EFFECT_VERDICT, 1, 0, BY_OURS, WI_WRONG},
    {WI_EVIDENCE_CHALLENGE, JOINED, WI_EFFECT_QUARANTINE, 1, 0, BY_ADMIN_OR_DAY, WI_UNKNOWN},
    {0},
};
