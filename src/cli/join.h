/* Join links from the daemon, for webinfer token join and webinfer simulate. */
#ifndef WI_CLI_JOIN_H
#define WI_CLI_JOIN_H

#include "base/secret.h"
#include "cli/cli.h"

struct wi_join_link {
    char id[WI_ID_SIZE];
    char url[600]; /* with the token */
    int64_t nodes, expires_at;
};

/* Asks the daemon for one; complains by itself. Wipe the link when it is not needed any more. */
enum wi_exit wi_cli_join(
    struct wi_cli *cli, size_t nodes, int64_t seconds, struct wi_join_link *link);

#endif
