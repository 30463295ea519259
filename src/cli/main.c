/* webinfer: the command-line client of webinferd, over its REST API. */
#include "cli/options.h"

int main(int argc, char **argv)
{
    return wi_cli_main(argc, argv, NULL);
}
