/* An answer that is shown as it comes. */
#ifndef WI_CLI_LIVE_H
#define WI_CLI_LIVE_H

#include "cli/cli.h"

/* How the answer is shown. All borrowed; members that are 0 have no effect. */
struct wi_live {
    struct wi_cli *cli;
    struct wi_buffer *text; /* gets the text as well */
    int stops;              /* ^C ends the answer without an error */
    void (*describe)(struct wi_buffer *out, const json_t *answer); /* NULL: wi_cli_infer_print */
};

/* Sends a request for a stream and shows the answer. WI_EXIT_OK also if it was stopped. */
enum wi_exit wi_cli_live(const struct wi_live *live, struct wi_rest_request *request);

#endif
