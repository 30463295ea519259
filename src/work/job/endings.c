/*
 * What becomes of it for a joined node that a job ended badly there: nothing, until the job has
 * ended well at another. This is the one place that decides that.
 */
#include "work/job/private.h"

#include "base/memory.h"
#include "work/pool/evidence.h"
#include <string.h>

/* What a client has chosen may be why one node refuses what another takes: that lessens the node's
 * share for a while, and never sends it away. The same holds where a joined node has answered,
 * whose word alone condemns no other. */
static const struct {
    enum wi_evidence_kind evidence; /* where a browser of ours has answered */
    const char *reason;             /* for people */
} rows[] = {
    [WI_ENDING_REFUSED] = {WI_EVIDENCE_ENDING,
        "it reported a request as failed that another node has answered"},
    [WI_ENDING_UNABLE] = {WI_EVIDENCE_CLIENT_INPUT,
        "it said that it cannot run a request that another node has answered"},
    [WI_ENDING_INPUT] = {WI_EVIDENCE_CLIENT_INPUT,
        "it refused the input of a request that another node has answered"},
    [WI_ENDING_LOST] = {WI_EVIDENCE_ENDING, "it lost a request that another node has answered"},
    [WI_ENDING_STALLED] = {WI_EVIDENCE_ENDING,
        "it stopped in the middle of an answer that another node has completed"},
    [WI_ENDING_LATE] = {WI_EVIDENCE_ENDING, "it took more than half of the available time for a "
                                            "request that another node has answered"},
};

void wi_job_note_ending(struct wi_job *job, enum wi_ending how)
{
    struct wi_job_endings *endings = job->endings;
    if (!job->place.joined || wi_job_is_shadow(job))
        return;
    if (!endings)
        endings = job->endings = wi_alloc(sizeof *endings);
    if (endings->count == WI_JOB_ENDINGS)
        return;
    memcpy(endings->rows[endings->count].node, job->node, sizeof job->node);
    endings->rows[endings->count++].how = how;
}

void wi_job_find_endings(const struct wi_job *job, const char *node_id)
{
    const struct wi_job_endings *endings = job->endings;
    const struct wi_node_info *node = wi_pool_node_info(job->jobs->pool, node_id);
    int is_ours = node && *node->session;
    for (unsigned i = 0; endings && i < endings->count; i++) {
        const enum wi_ending how = endings->rows[i].how;
        const struct wi_evidence_found found = {
            .kind = is_ours ? rows[how].evidence : WI_EVIDENCE_DISPUTED,
            .node = endings->rows[i].node,
            .joined = 1,
            .finding.detail = rows[how].reason};
        if (strcmp(found.node, node_id) != 0)
            wi_pool_found(job->jobs->pool, &found);
    }
}
