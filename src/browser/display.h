/* What an X server leaves in /tmp when it is killed. */
#ifndef WI_BROWSER_DISPLAY_H
#define WI_BROWSER_DISPLAY_H

/* Removes the socket of the display that webinfer-desk noted in `directory`/run, if it had one, its
 * server is gone and nobody else has taken the number since. */
void wi_display_tidy(const char *directory);

#endif
