/** How much of a prompt an engine reads at a time: no cancel is heard meanwhile. */

/** It is not to take longer than this … */
export const READING_MS = 300;
/** … or than so many tokens take. */
export const READING_LEAST = 8;
