/* The folder in which the client keeps what outlives a command. */
#ifndef WI_CLI_STATE_H
#define WI_CLI_STATE_H

/* wi_state_folder of $HOME, made with the missing folders above it (mode 0700); NULL: there is no
 * place for it. The caller frees it. */
char *wi_cli_state_folder(void);

#endif
