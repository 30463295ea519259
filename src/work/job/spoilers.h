/*
 * The clients whose requests have spoiled a batch: it failed, and then one of theirs failed alone.
 * Their requests for that model are not joined with others for a while, so that the others do not
 * run twice again. The while doubles each time that it happens again soon. Pure.
 *
 * They are counted in a fixed number of rows, as in opinions.h: no client can choose the clients
 * that share its row, or have its own row forgotten.
 */
#ifndef WI_WORK_JOB_SPOILERS_H
#define WI_WORK_JOB_SPOILERS_H

/* In ms: the first while, and the longest. A client that has spoiled nothing for the last while and
 * WI_SPOILERS_GOOD_MS more begins again with the first. */
#define WI_SPOILERS_FIRST_MS 1000.0
#define WI_SPOILERS_LONGEST_MS 60000.0
#define WI_SPOILERS_GOOD_MS 600000.0

/* Zero-initialise. */
#define WI_SPOILERS_ROWS 1024
struct wi_spoilers {
    struct wi_spoilers_row {
        double until, while_ms;
    } rows[WI_SPOILERS_ROWS];
};

/* The client (NULL is a client, too) has spoiled a batch of the model. Returns the while that
 * begins, in ms; 0 if one has not ended yet. `now` is wi_now_ms(). */
double wi_spoilers_note(
    struct wi_spoilers *spoilers, const char *client, const char *model, double now);
/* Whether its requests for the model are to run alone. */
int wi_spoilers_has(
    const struct wi_spoilers *spoilers, const char *client, const char *model, double now);

#endif
